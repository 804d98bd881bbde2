"""The releases of a workspace as rows: of which model, how good, live or not, Bentos; their history."""

from typing import Any

from tabulate import tabulate

from releases import Release, current_id, list_releases, pinned, waiting
from releases.bars import barred_release
from shelfspace.errors import ArtifactError
from shelfspace.workspace import Workspace

__all__ = ["history_table", "release_rows", "release_table"]


def release_rows(workspace: Workspace) -> list[dict[str, Any]]:
    """One row a release, newest first: id, model_of (when its model became champion, which a refresh keeps),
    products, accuracy, current, bentos (tags), said (pinned, waiting, rolled back: by whom and why).

    Raises:
        ArtifactError: there is none.
    """
    folders = list_releases(workspace.releases)
    if not folders:
        remedy = f"make one with: {workspace.command('demo')}"
        raise ArtifactError(f"workspace {workspace.name} has no release yet; {remedy}")
    live = current_id(workspace.root)
    built = workspace.state / "bentoml" / "bentos" / "shelfspace"
    tags = [folder.name for folder in built.iterdir() if folder.is_dir()] if built.is_dir() else []
    rows = []
    for folder in reversed(folders):
        release = Release.load(folder, verify=False)
        rows.append(
            {
                "id": release.id,
                "model_of": release.provenance.get("created_at"),
                "products": release.manifest["rows"],
                "accuracy": release.metrics.get("accuracy"),
                "current": release.id == live,
                # A Bento's version is its release's id and a hash of the code around it.
                "bentos": sorted(f"shelfspace:{tag}" for tag in tags if tag.startswith(f"{release.id}-")),
                "said": _said(workspace, release.id),
            }
        )
    return rows


def _said(workspace: Workspace, release: str) -> str:
    """What people decided of a release, or have to."""
    waits, pin = waiting(workspace.root), pinned(workspace.root).get(release)
    bar = barred_release(workspace.root, release)
    found = [
        f"waits: {waits.why}" if waits and waits.release == release else "",
        f"pinned by {pin.who}: {pin.why}" if pin else "",
        bar.said if bar and not (waits and waits.release == release) else "",
    ]
    return "; ".join(filter(None, found)).removesuffix(": ")


def release_table(rows: list[dict[str, Any]]) -> str:
    """The rows for people."""
    shown = [
        {
            **row,
            "accuracy": "" if row["accuracy"] is None else f"{row['accuracy']:.3f}",
            "current": "current" if row["current"] else "",
            "bentos": ", ".join(row["bentos"]),
        }
        for row in rows
    ]
    widths = [*([None] * (len(rows[0]) - 1)), 50]
    return tabulate(shown, headers="keys", tablefmt="simple", disable_numparse=True, maxcolwidths=widths)


def history_table(moves: list[dict[str, Any]]) -> str:
    """What was live when, for people."""
    columns = ("time", "action", "release", "before", "who", "reason")
    shown = [{name: move.get(name) or "" for name in columns} for move in moves]
    widths = [None, None, None, None, 24, 60]
    return tabulate(shown, headers="keys", tablefmt="simple", disable_numparse=True, maxcolwidths=widths)
