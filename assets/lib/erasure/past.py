"""The steps of an erasure that reach into the past: earlier releases, Bentos, versions of the data."""

from collections.abc import Iterator
from pathlib import Path

from assets.lib.erasure.redact import redact
from assets.lib.erasure.search import files_below, holds
from assets.lib.erasure.versions import GONE, became, erase_versions
from assets.lib.erasure.work import Done, Remains, Work
from catalog.deliveries.ledger import read_ledger
from catalog.erasure.snapshot import erase_media, erase_rows
from catalog.snapshot.orders import holds_orders, key_orders
from releases.erasure import erase_releases
from releases.pointer import current_id
from releases.release import Release, list_releases
from shelfspace.files import read_parquet
from shelfspace.workspace import Workspace

__all__ = ["bentos", "releases", "versions"]


def releases(work: Work) -> Done:
    """Earlier releases, and the live one where a person keeps another from taking its place."""
    how = work.settings.erasure.releases
    found = erase_releases(
        work.workspace, work.stones, lambda path: says(work, path), lambda path: blot(work, path), how,
        work.settings.release,
    )  # fmt: skip
    removed = {"releases, made again without it": len(found.rebuilt), "releases, deleted": len(found.gone)}
    said = [
        f"release {before} is {after} now{_without(found.without[before])}"
        for before, after in found.rebuilt.items()
    ]
    said += [f"release {one} is deleted" for one in found.gone]
    stays = tuple(
        Remains(
            f"releases/{one}", "it is live, and could not be made again without it", "another one is live"
        )
        for one in found.left
    )
    return Done(removed, stays, tuple(said))


def _without(applications: list[str]) -> str:
    return f", without {', '.join(applications)} until they are computed again" if applications else ""


def bentos(work: Work) -> Done:
    """Bentos of releases that are gone; a service needs one of the live release."""
    gone = work.drop_bentos()
    live = current_id(work.workspace.root)
    packed = work.workspace.state / "bentoml" / "bentos" / "shelfspace"
    if gone and live is not None and not any(packed.glob(f"{live}-*/bento.yaml")):
        return Done({"Bentos": len(gone)}, said=work.rebuild().said)
    return Done({"Bentos": len(gone)})


def versions(work: Work) -> Done:
    """Earlier snapshots and outputs of stages in DVC's cache and remotes; backups are named.

    Those that an earlier version made with order ids as they came are made again with keyed hashes first,
    also where they hold nothing that was erased.
    """

    def keyed(folder: Path) -> None:
        key_orders(folder, work.user_key)

    def cut(folder: Path) -> None:
        keyed(folder)
        erase_media(folder, work.traces.media)
        erase_rows(folder, work.stones)

    known, others = list(dict.fromkeys(_snapshots(work.workspace))), _snapshots_of_others(work.workspace)
    orders = erase_versions(
        work.workspace, known, holds_orders, keyed, "rewrite", others, keeps_rows=True,
    )  # fmt: skip
    found = erase_versions(
        work.workspace, known, lambda file: says_file(work, file), cut, work.settings.erasure.dvc, others,
    )  # fmt: skip
    removed = {
        f"objects in DVC's {_place(name)}": orders.objects.get(name, 0) + number
        for name, number in found.objects.items()
    }
    said = []
    if orders.rewritten:
        said.append(f"{len(orders.rewritten)} earlier snapshots are kept in DVC with keyed hashes of orders")
    if found.rewritten:
        said.append(f"{len(found.rewritten)} earlier snapshots are kept in DVC without it")
    if orders.gone:
        said.append(f"{len(orders.gone)} earlier versions are deleted from DVC, as they held ids of orders")
    if found.gone:
        said.append(f"{len(found.gone)} earlier versions are deleted from DVC, as they held it")
    stays = [
        Remains(
            f"DVC's {_place(name)}", f"it could not be asked: {wrong}", "you run the same again when it can"
        )
        for name, wrong in found.wrong.items()
    ]
    stays += [
        Remains(
            f"{number:,} objects in DVC's {_place(name)}",
            "nothing here names them any more, so nobody looked into them",
            "dvc gc --cloud deletes them, or the storage's own rules",
        )
        for name, number in found.unknown.items()
    ]
    if used := {*orders.used, *found.used}:
        stays.append(
            Remains(
                f"{len(used)} objects in DVC's cache and remote",
                "the present data or dvc.lock names them",
                "the next run has ended, and you run the same again",
            )
        )
    stays.append(Remains("backups made before now", "an archive is never changed", "you delete them"))
    return Done(removed, tuple(stays), tuple(said))


def _snapshots(workspace: Workspace) -> Iterator[str]:
    """All snapshots that a workspace is known to have had, the oldest first."""
    yield from read_ledger(workspace.state).snapshots
    for folder in list_releases(workspace.releases):
        made = Release.load(folder, verify=False).manifest.get("made_by", {})
        for half in (made.get("learned", {}), made):
            version = (half.get("data") or {}).get("snapshot_md5")
            if version:
                yield str(version)


def _snapshots_of_others(workspace: Workspace) -> set[str]:
    """Those of the workspaces beside it, which share its DVC repository."""
    found: set[str] = set()
    for folder in sorted(workspace.root.parent.iterdir()):
        if folder != workspace.root and (folder / "state").is_dir():
            other = Workspace(folder, folder.name)
            now = became(other)
            found |= {now.get(one, one) for one in _snapshots(other)}
    return found - {GONE}


def _place(store: str) -> str:
    return "cache" if store == "cache" else f"remote {store}"


def says(work: Work, path: Path) -> bool:
    """Whether a file, or any below a folder, says something of what is erased."""
    return any(says_file(work, file) for file in (files_below(path) if path.is_dir() else [path]))


def says_file(work: Work, file: Path) -> bool:
    if holds(file, work.everything):
        return True
    with file.open("rb") as stream:
        table = stream.read(4) == b"PAR1"
    return table and bool(work.stones.rows(read_parquet(file)).any())


def blot(work: Work, file: Path) -> None:
    """Take what is erased out of a copied file, as far as its kind can be changed."""
    if holds(file, work.needles):
        redact(file, work.needles, work.stones)
