"""What goes live, and what waits: after bars, pins and `release.promotion`; and a person's approval of it."""

from catalog.deliveries.milestones import approve_held
from catalog.deliveries.withdraw import held_source, still_there
from releases.bars import barred, barred_release, lift, read_bars
from releases.champion import champion_of, crown_again
from releases.pins import pinned
from releases.pointer import current_id, promote
from releases.release import Release, releases_lock
from releases.rollback import finish
from releases.waiting import let_wait, wait_no_more, waiting
from shelfspace.approvals import Approval, approve_what
from shelfspace.errors import ArtifactError
from shelfspace.workspace import Workspace

__all__ = ["approve_champion", "approve_release", "go_live"]


def go_live(workspace: Workspace, release_id: str, cause: str, *, ask: bool) -> str:
    """Make a release live, or let it wait for a person.

    Args:
        cause: why, for the history.
        ask: `release.promotion` is `ask`.

    Returns:
        why it waits, as a sentence; "" where it is live.

    Raises:
        ArtifactError: no such release, it is damaged, or it is made of what a rollback bars.
    """
    with releases_lock(workspace.releases):
        finish(workspace)
        made = Release.load(workspace.releases / release_id)
        live = current_id(workspace.root)
        if live == made.id:
            return ""
        _check_bars(workspace, made)
        why = _why_wait(workspace, made.id, live, ask)
        if why:
            let_wait(workspace, made.id, why)
        else:
            promote(workspace.root, made.id, cause)
            wait_no_more(workspace.root)
    return why


def _check_bars(workspace: Workspace, made: Release) -> None:
    """Refuse what was begun before a rollback and is made of what that bars.

    Raises:
        ArtifactError: it is.
    """
    again = f"run: {workspace.command('run refresh')}"
    if bar := barred(workspace.root, champion_of(made)):
        raise ArtifactError(
            f"release {made.id} does not go live: its model is barred, since {bar.said}; {again}"
        )
    if held := still_there(workspace):
        names = ", ".join(f"{entry.arrival} ({entry.name})" for entry in held[:5])
        raise ArtifactError(
            f"release {made.id} does not go live: deliveries in it are held, {names}; {again}"
        )


def _why_wait(workspace: Workspace, release_id: str, live: str | None, ask: bool) -> str:
    if bar := barred_release(workspace.root, release_id):
        return bar.said
    if live is not None and (pin := pinned(workspace.root).get(live)):
        reason = f": {pin.why}" if pin.why else ""
        return f"the live release {live} is pinned by {pin.who}{reason}"
    return "release.promotion is ask" if ask and live is not None else ""


def approve_release(workspace: Workspace, release_id: str, who: str, why: str = "") -> Approval:
    """Let a release go live that waits or was rolled back; what a rollback of it barred is barred no more.

    Raises:
        ArtifactError: it is damaged, live, or neither waits nor was rolled back; a pinned one is live.
    """
    root = workspace.root
    with releases_lock(workspace.releases):
        finish(workspace)
        made = Release.load(workspace.releases / release_id)
        live, waits = current_id(root), waiting(workspace.root)
        if live == made.id:
            raise ArtifactError(f"release {made.id} is live already")
        rolled_back = barred_release(root, made.id)
        if rolled_back is None and (waits is None or waits.release != made.id):
            back = workspace.command("rollback", to=made.id)
            raise ArtifactError(f"release {made.id} does not wait for anybody; to go back to it: {back}")
        if live in (pins := pinned(root)):
            remedy = f"unpin it first: {workspace.command('unpin', RELEASE=live)}"
            raise ArtifactError(f"the live release {live} is pinned by {pins[live].who}; {remedy}")
        given = approve_what(root, f"release {made.id}", who, why)
        said = f"approved by {who} on {given.when[:10]}"
        champion = champion_of(made)
        lifted = lift(root, lambda bar: made.id in bar.releases or champion in bar.champions, said)
        approve_held(workspace, {arrival for bar in lifted for arrival in bar.deliveries})
        if any(bar.source for bar in lifted):
            approve_held(workspace, {entry.arrival for entry in held_source(workspace)})
        crown_again(workspace, made, said)
        promote(root, made.id, f"{said}: {why}" if why else said, who)
        wait_no_more(root)
    return given


def approve_champion(workspace: Workspace, fingerprint: str, who: str, why: str = "") -> Approval:
    """Take the bar from a model: trained again, it is judged by the gate as any other.

    Args:
        fingerprint: the model's, or how it begins.

    Raises:
        ArtifactError: no such model is barred.
    """
    with releases_lock(workspace.releases):
        finish(workspace)
        bars = [bar for bar in read_bars(workspace.root) if not bar.lifted]
        found = sorted(
            {c for bar in bars for c in bar.champions if fingerprint and c.startswith(fingerprint)}
        )
        if len(found) != 1:
            there = ", ".join(sorted({c for bar in bars for c in bar.champions})) or "none is"
            raise ArtifactError(f"{fingerprint!r} names no model that is barred; barred: {there}")
        given = approve_what(workspace.root, f"champion {found[0]}", who, why)
        lift(workspace.root, lambda bar: found[0] in bar.champions, f"approved by {who} on {given.when[:10]}")
    return given
