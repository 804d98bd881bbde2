"""What asks for a refresh: deliveries, tables and media of the catalogue that changed, a snapshot that no
release has."""

from assets.lib.dvc import pointer_hash
from assets.lib.shop import Shop
from catalog.deliveries.pending import pending
from catalog.sources.watch import collected_state, source_state
from dagster_project.automation.needs import Need
from releases import list_releases
from releases.bars import barred
from releases.champion import champion_of
from releases.release import Release
from shelfspace.hashing import fingerprint
from shelfspace.settings import Settings
from shelfspace.workspace import Workspace

__all__ = ["delivery_need", "source_need"]

SHOWN = 5
"""Deliveries that a cause names."""


def nothing_released(workspace: Workspace) -> str:
    """Why nothing can be brought up to date yet; "" where a release can."""
    if list_releases(workspace.releases):
        return ""
    return f"nothing is released yet in workspace {workspace.name}; run: {workspace.command('demo')}"


def unreleased_snapshot(workspace: Workspace) -> str | None:
    """The snapshot's version where no release has it, else None.

    A release that was rolled back has it as well: that was somebody's decision. Where that was about its
    model, what was delivered is to be released under the one gone back to.
    """
    version = pointer_hash(workspace.snapshot)
    if version is None:
        return None
    made = [Release.load(folder, verify=False) for folder in list_releases(workspace.releases)]
    released = [one for one in made if not barred(workspace.root, champion_of(one))]
    return None if any(one.provenance.get("snapshot_md5") == version for one in released) else version


def delivery_need(workspace: Workspace, settings: Settings) -> Need | str:
    """A refresh for deliveries that no release has, and for what a run collected and did not release.

    After a failed run a refresh is asked for whatever `automation.inbox_job` says: what was delivered
    does not wait for a training.

    Returns:
        the need, or why there is none.
    """
    workspace.inbox.mkdir(parents=True, exist_ok=True)
    waiting = pending(workspace, settings.collection.quiet_seconds)
    left = None if waiting else unreleased_snapshot(workspace)
    if not waiting and left is None:
        return f"no delivery in {workspace.inbox}, and the snapshot is released"
    if refusal := nothing_released(workspace):
        return refusal
    if left is not None:
        cause = f"snapshot {left[:8]} is collected and in no release yet"
        return Need(f"snapshot-{left}", "delivery", "inbox sensor", cause, "refresh")
    said = [one.said for one in waiting]
    cause = "; ".join([*said[:SHOWN], *([f"and {len(said) - SHOWN} more"] if len(said) > SHOWN else [])])
    key = f"delivery-{fingerprint(sorted(one.key for one in waiting))}"
    files = [workspace.inbox / one.name for one in waiting]
    since = min((file.stat().st_ctime for file in files if file.exists()), default=0.0)
    return Need(key, "delivery", "inbox sensor", cause, settings.automation.inbox_job, "refresh", since)


def source_need(shop: Shop, before: str | None) -> tuple[Need | str, str | None]:
    """A refresh for tables or media of the catalogue that differ from those collected last.

    Args:
        shop: the catalogue and its workspace.
        before: signature of its files at the last look; a file that a copy is still writing may carry an
            old time, and differs between two looks.

    Returns:
        the need, or why there is none; and the signature of its files now.

    Raises:
        CatalogError: the catalogue or one of its tables is not there.
    """
    workspace, settings = shop.workspace, shop.settings
    if refusal := nothing_released(workspace):
        return refusal, before
    now = source_state(shop.source)
    if now.signature == collected_state(workspace.state):
        return "the catalogue's files are those that were collected last", now.signature
    if now.signature != before or now.quiet < settings.collection.quiet_seconds:
        return f"the catalogue's files have changed ({now.newest}); read once they are at rest", now.signature
    cause = f"the catalogue's files have changed: {now.newest}"
    key = f"source-{fingerprint([now.signature])}"
    job = settings.automation.inbox_job
    return Need(key, "source", "source sensor", cause, job, "refresh"), now.signature
