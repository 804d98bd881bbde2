"""Releases that hold what was erased: made again without it under another id, or taken away.

A release is never changed. Its model stays, as it is; vectors, tables and indexes get the rows that are left,
and what applications said goes where it says something of what was erased, until they say it anew.
`releases/replaced.json` says which release took whose place: pins, bars, the history and the pointer follow.

The order of the writes, each of which may be the last one before a kill: the new folder; what took whose
place; pins, bars, what waits, the pointer; the old folder goes. Done again, it goes on where it was.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from catalog.erasure.tombstones import Tombstones
from releases.bars import read_bars, write_bars
from releases.contents import SPLIT
from releases.insights import insight_folders
from releases.pins import move_pins
from releases.pointer import current_id, note_replaced
from releases.release import OWN, Release, list_releases, releases_lock
from releases.rollback import finish
from releases.search_parts import LEXICAL, MODALITIES, load_tables, save_tables
from releases.search_parts import OWN as OWN_VECTORS
from releases.waiting import let_wait, waiting
from releases.write import remove, write_release
from retrieval.lexical.index import LexicalIndex
from retrieval.vectors import RowIndex, build_index
from shelfspace.files import read_json, read_parquet, write_table, write_text
from shelfspace.settings import ReleaseSettings
from shelfspace.workspace import Workspace

__all__ = ["ErasedReleases", "erase_releases", "split_without"]

CARD = ".erased-card.md"
"""A model card while it is blotted."""


@dataclass
class ErasedReleases:
    """What became of releases that held something.

    Attributes:
        rebuilt: id to the id of the one that took its place.
        gone: ids of those that were taken away.
        left: id of the live one, where it still says something after all was tried.
        without: id of a rebuilt one to the applications that say nothing in it any more.
    """

    rebuilt: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    without: dict[str, list[str]] = field(default_factory=dict)


def erase_releases(
    workspace: Workspace,
    stones: Tombstones,
    holds: Callable[[Path], bool],
    blot: Callable[[Path], None],
    how: Literal["rebuild", "expire"],
    settings: ReleaseSettings,
) -> ErasedReleases:
    """Have no release hold what was erased; the caller holds the workspace's lock.

    The live one is never taken away: with `expire`, too, it is made again, where nothing has taken its place.

    Args:
        holds: whether a file, or any below a folder, says something of what was erased.
        blot: takes what was erased out of a text that was copied.
        how: make them again, or take them away.

    Raises:
        ArtifactError: a release that is to be made again is damaged.
    """
    found = ErasedReleases()
    finish(workspace)
    with releases_lock(workspace.releases):
        remove(workspace.releases / ".staging")
        (workspace.releases / CARD).unlink(missing_ok=True)
        for folder in list_releases(workspace.releases):
            if not _holds(folder, stones, holds):
                continue
            live = folder.name == current_id(workspace.root)
            made = None
            if live or how == "rebuild":
                made, without = _rebuilt(workspace, Release.load(folder), stones, holds, blot, settings)
            if made is not None and not _holds(made.folder, stones, holds):
                found.rebuilt[folder.name], found.without[folder.name] = made.id, without
                _take_place(workspace, folder.name, made.id)
                os.replace(folder, folder.with_name(f".trash-{folder.name}"))
                continue
            if made is not None:  # of a kind that nobody can take it out of
                remove(made.folder)
            if live:
                found.left.append(folder.name)
            else:
                found.gone.append(folder.name)
                move_pins(workspace.root, {folder.name: ""})
                os.replace(folder, folder.with_name(f".trash-{folder.name}"))
        for trash in workspace.releases.glob(".trash-*"):
            shutil.rmtree(trash)
    return found


def _holds(folder: Path, stones: Tombstones, holds: Callable[[Path], bool]) -> bool:
    """Whether a release says something of what was erased, its model left aside."""
    tables = (path for path in sorted(folder.rglob("*.parquet")))
    if any(stones.rows(read_parquet(path)).any() for path in tables):
        return True
    return any(holds(path) for path in sorted(folder.iterdir()) if path.name != "model")


def _rebuilt(
    workspace: Workspace,
    release: Release,
    stones: Tombstones,
    holds: Callable[[Path], bool],
    blot: Callable[[Path], None],
    settings: ReleaseSettings,
) -> tuple[Release | None, list[str]]:
    """A release without its erased products, None where it had no others, and the applications that it is
    without."""
    kept = ~stones.erased_products(pd.Series(release.product_ids, dtype=object))
    if not kept.any():
        return None, []

    def cut(vectors: np.ndarray) -> tuple[np.ndarray, RowIndex]:
        left = np.ascontiguousarray(vectors[kept])
        return left, build_index(left, settings)

    folders = insight_folders(release)
    without = [name for name, folder in folders.items() if _holds(folder, stones, holds)]
    rows = int((~kept).sum())
    vectors, index = cut(release.embeddings)
    refined: dict[str, Any] = {}
    if release.graph_embeddings is not None:
        graph, graph_index = cut(release.graph_embeddings)
        refined = {"graph_embeddings": graph, "graph_index": graph_index}
    said = {
        "erased_from": release.id,
        "erased_rows": release.provenance.get("erased_rows", 0) + rows,
        "without": sorted({*release.provenance.get("without", []), *without}),
    }
    products = release.products[kept].reset_index(drop=True)
    made = write_release(
        workspace.releases,
        release.model_folder,
        product_ids=list(products["product_id"]),
        embeddings=vectors,
        index=index,
        products=products,
        metrics=release.metrics,
        provenance={**release.provenance, **said},
        made_by=release.manifest.get("made_by", {}),
        model_card=_card(release, blot),
        parts={
            **dict(_parts(release, kept, products, stones, blot)),
            **{f"insights/{n}": partial(shutil.copytree, f) for n, f in folders.items() if n not in without},
        },
        sequence=release.manifest["sequence"],
        **refined,
    )
    return made, without


def _card(release: Release, blot: Callable[[Path], None]) -> str:
    """The model card, without what it says of what was erased."""
    scratch = release.folder.with_name(CARD)
    try:
        write_text(scratch, (release.folder / "model_card.md").read_text())
        blot(scratch)
        return scratch.read_text()
    finally:
        scratch.unlink(missing_ok=True)


def _parts(
    release: Release,
    kept: np.ndarray,
    products: pd.DataFrame,
    stones: Tombstones,
    blot: Callable[[Path], None],
) -> Iterator[tuple[str, Callable[[Path], Any]]]:
    """Further parts of a release with the rows that are left."""

    def copied(path: Path, target: Path) -> None:
        if path.suffix == ".parquet":
            table = read_parquet(path)
            write_table(target, table[~stones.rows(table)].reset_index(drop=True))
        else:
            shutil.copyfile(path, target)
            blot(target)

    def tables(folder: Path, target: Path) -> None:
        save_tables(target, {name: table[kept] for name, table in load_tables(folder).items()})

    def words(folder: Path, target: Path) -> None:
        categories = read_json(folder / "lexical.json").get("categories", {})
        LexicalIndex.build(products, categories=categories).save(target)

    for path in sorted(release.folder.iterdir()):
        name = path.name
        if name in OWN or name in ("insights", SPLIT.split("/")[0]):
            continue
        if name in (MODALITIES, OWN_VECTORS):
            yield name, partial(tables, path)
        elif name == LEXICAL:
            yield name, partial(words, path)
        else:
            yield name, partial(shutil.copytree if path.is_dir() else copied, path)
    if (split := release.part(SPLIT)) is not None:
        yield SPLIT, lambda target: write_table(target, split_without(read_parquet(split), stones))


def split_without(split: pd.DataFrame, stones: Tombstones) -> pd.DataFrame:
    """A split without erased products; a group that bears the name of one gets another member's."""
    gone, named = stones.erased_products(split["product_id"]), stones.erased_products(split["group"])
    left = split[~gone].reset_index(drop=True)
    if named.any():
        heirs = split[~gone & named].groupby("group")["product_id"].min()
        left["group"] = left["group"].map(heirs).fillna(left["group"])
    return left


def _take_place(workspace: Workspace, before: str, after: str) -> None:
    """Have everything that names a release name the one that took its place; the caller holds the lock."""
    root = workspace.root
    note_replaced(root, before, after)
    names: Mapping[str, str] = {before: after}

    def name(one: str) -> str:
        return names.get(one, one)

    move_pins(root, names)
    if bars := read_bars(root):
        moved = [replace(b, to=name(b.to), releases=tuple(map(name, b.releases))) for b in bars]
        write_bars(root, moved)
    waits = waiting(root)
    if waits is not None and waits.release == before:
        let_wait(workspace, after, waits.why)
    if current_id(root) == before:
        write_text(workspace.releases / "current", after + "\n")
