"""Going back to a release, so that it holds: what was wrong is barred until it is judged anew or approved.

The order of the writes, each of which may be the last one before a kill:

1. `bars.json`: the whole decision, pending. Before it nothing has happened.
2. `current`: the service follows within a second.
3. a line of `promotions.jsonl`.
4. `champion.json`: the model of the release gone back to.
5. the ledger of deliveries: those taken since are held, and so is a change of the catalogue's own tables.
6. `bars.json`: done.

After a kill between 1 and 6 the next run, rollback, promotion or approval ends it (`finish`) before it does
anything itself; every step says the same when it is done again.
"""

from dataclasses import replace
from pathlib import Path

from catalog.deliveries.milestones import approve_held
from catalog.deliveries.withdraw import held_of, hold_source, hold_taken, source_changed, taken_since
from releases.bars import Bar, lift, read_bars, write_bars
from releases.champion import champion_of, crown_again, judged_on
from releases.pointer import current_id, history, move, previous, record, standing
from releases.release import Release, is_release_name, releases_lock
from releases.waiting import wait_no_more, waiting
from shelfspace.clock import now
from shelfspace.errors import ArtifactError
from shelfspace.workspace import Workspace

__all__ = ["finish", "roll_back"]


def roll_back(workspace: Workspace, who: str, why: str = "", to: str = "") -> Bar:
    """Make an earlier release live again, and bar what came after it.

    Barred are the models of the releases undone, where that of the live one is another than the one gone back
    to, and the champion is the latter again. Where it is the same, the deliveries taken since are held, and
    what the catalogue's own tables have changed. The releases undone do not come back as they are in any
    case. What earlier rollbacks held of the release gone back to counts again.

    Args:
        who: a person, as `shelfspace.approvals` names people.
        why: their reason.
        to: the release; default the one that was live before. The live one refuses the one that waits.

    Raises:
        ArtifactError: there is no such release on disk, or it is damaged; the live one stays.
    """
    root = workspace.root
    if current_id(root) is None:
        remedy = "make demo makes one, or makes the last one live again"
        raise ArtifactError(
            f"{workspace.name} has no earlier release to roll back to, nor a current one; {remedy}"
        )
    finish(workspace)
    with releases_lock(workspace.releases):
        target = to or previous(root)
        if target is None:
            raise ArtifactError(f"{workspace.name} has no earlier release to roll back to")
        if not is_release_name(target):
            raise ArtifactError(f"{target!r} is no release's name; `shelfspace releases` lists them")
        release = Release.load(workspace.releases / target)
        undone = [_loaded(workspace, name) for name in _undone(workspace, target)]
        bar = _bar(workspace, release, [one for one in undone if one is not None], who, why)
        # To name a release is to approve it.
        lift(root, lambda one: target in one.releases or champion_of(release) in one.champions, bar.said)
        write_bars(root, [*read_bars(root), bar])
        _apply(workspace, bar)
    return bar


def finish(workspace: Workspace) -> list[Bar]:
    """End rollbacks whose process was killed; returns them.

    Raises:
        ArtifactError: what is to be read is damaged.
    """
    if not any(bar.pending for bar in read_bars(workspace.root)):
        return []
    with releases_lock(workspace.releases):
        pending = [bar for bar in read_bars(workspace.root) if bar.pending]
        for bar in pending:
            _apply(workspace, bar)
    return pending


def _apply(workspace: Workspace, bar: Bar) -> None:
    """Do what a bar says, as far as it is not done; the caller holds the lock of the releases."""
    root, reason = workspace.root, bar.why
    if current_id(root) != bar.to:
        move(root, bar.to, "rollback", reason, bar.who)
    elif (past := history(root)) and past[-1]["release"] != bar.to:
        record(root, bar.to, "rollback", bar.releases[-1], reason, bar.who)
    crown_again(workspace, Release.load(workspace.releases / bar.to, verify=False), bar.said)
    if bar.deliveries:
        hold_taken(workspace, bar.deliveries, bar.said)
    if bar.again:
        approve_held(workspace, bar.again)
    if bar.source:
        hold_source(workspace, bar.source, bar.said)
    if (waits := waiting(root)) and waits.release in bar.releases:
        wait_no_more(root)
    bars = read_bars(root)
    write_bars(root, [replace(one, pending=False) if one == bar else one for one in bars])


def _undone(workspace: Workspace, target: str) -> list[str]:
    """Names of the releases that going back to one undoes, the live one last.

    Raises:
        ArtifactError: nothing would change.
    """
    stack = standing(workspace.root)
    if stack[-1] == target:
        later = waiting(workspace.root)
        if later is None:
            raise ArtifactError(f"release {target} is live, and none waits that could be refused")
        return [later.release]
    if target in stack:
        return stack[len(stack) - stack[::-1].index(target) :]
    return stack[-1:]


def _loaded(workspace: Workspace, name: str) -> Release | None:
    """An undone release; None where it was deleted meanwhile."""
    folder: Path = workspace.releases / name
    return Release.load(folder, verify=False) if folder.is_dir() else None


def _bar(workspace: Workspace, to: Release, undone: list[Release], who: str, why: str) -> Bar:
    """What going back bars."""
    keeps = champion_of(to)
    others = {champion_of(one) for one in undone} - {keeps, ""}
    same, snapshot = champion_of(undone[-1]) in (keeps, ""), to.provenance.get("snapshot_md5", "")
    taken = taken_since(workspace, snapshot, undone[-1].provenance.get("snapshot_md5", "")) if same else []
    reasons = {bar.said for bar in read_bars(workspace.root)}
    return Bar(
        to.id,
        tuple(one.id for one in undone),
        {champion: judged_on(workspace, champion) for champion in sorted(others)},
        tuple(entry.arrival for entry in taken),
        who,
        now(),
        why,
        source=snapshot if same and source_changed(workspace, snapshot) else "",
        again=tuple(entry.arrival for entry in held_of(workspace, snapshot, reasons)),
    )
