"""Releases that hold what was erased: made again without it, or gone; whatever names them follows."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from catalog.erasure.tombstones import Tombstones
from releases import (
    current_id,
    erasure,
    history,
    list_releases,
    pin,
    pinned,
    previous,
    promote,
    roll_back,
    write_release,
)
from releases.bars import read_bars
from releases.contents import SPLIT
from releases.erasure import ErasedReleases, erase_releases, split_without
from releases.insights import insight_folders
from releases.release import Release
from releases.search_parts import MODALITIES, release_lexical, release_tables, save_tables
from retrieval.lexical.index import LexicalIndex
from shelfspace.files import write_table, write_text
from shelfspace.settings import ReleaseSettings
from shelfspace.workspace import Workspace
from tests.releases.test_release import parts

WHEN = "2026-11-29T00:00:00+00:00"
ERASED = "p3"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "all" / "shop", "shop")


def released(workspace: Workspace, seed: int, rows: int = 12) -> Release:
    """A release with an index of words, vectors by modality, two applications, a split and a text."""
    given = parts(workspace.root.parent, seed, rows)
    products, vectors = given["products"], given["embeddings"]
    split = pd.DataFrame({"product_id": products["product_id"], "group": "p3", "split": "train"})
    own = {"near": products[["product_id"]].assign(other_id="p9"), "far": products[["product_id"]].tail(2)}

    def application(table: pd.DataFrame, target: Path) -> None:
        write_table(target / "table.parquet", table)

    further = {
        "lexical": LexicalIndex.build(products).save,
        MODALITIES: lambda folder: save_tables(folder, {"text": vectors}),
        "evaluation.json": lambda path: write_text(path, f'{{"worst": "{ERASED}", "seed": {seed}}}'),
        SPLIT: lambda path: write_table(path, split),
        **{f"insights/{name}": partial(application, table) for name, table in own.items()},
    }
    return write_release(
        workspace.releases, **given | {"parts": further, "model_card": f"# {ERASED}, good\n"}
    )


def stones(workspace: Workspace, *products: str) -> Tombstones:
    found = Tombstones.open(workspace.state)
    for product in products:
        found.add("product", product, WHEN)
    return found


def holds(path: Path) -> bool:
    files = [file for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file()]
    return any(ERASED in file.read_text() for file in files if file.suffix in (".json", ".md"))


def blot(path: Path) -> None:
    path.chmod(0o644)
    path.write_text(path.read_text().replace(ERASED, "(erased)"))


def erase(
    workspace: Workspace, how: str = "rebuild", products: tuple[str, ...] = (ERASED,)
) -> ErasedReleases:
    known = stones(workspace, *products)
    return erase_releases(workspace, known, holds, blot, how, ReleaseSettings())  # type: ignore[arg-type]


def test_a_release_is_made_again_without_the_rows_under_an_id_of_its_own(workspace: Workspace) -> None:
    before = released(workspace, 0)
    promote(workspace.root, before.id)
    vectors, ids = np.array(before.embeddings), before.product_ids
    found = erase(workspace)
    after = Release.load(workspace.releases / found.rebuilt[before.id])
    assert [after.id] == [folder.name for folder in list_releases(workspace.releases)]
    assert after.id[:7] == before.id[:7]
    assert after.id != before.id
    kept = [n for n, product in enumerate(ids) if product != ERASED]
    assert after.product_ids == tuple(ids[n] for n in kept)
    np.testing.assert_array_equal(after.embeddings, vectors[kept])
    np.testing.assert_array_equal(release_tables(after, MODALITIES)["text"], vectors[kept])
    assert after.index.search(vectors[5:6], 1)[1].tolist() == [[4]]
    assert len(release_lexical(after)) == 11
    assert after.products["product_id"].tolist() == list(after.product_ids)
    assert sorted(insight_folders(after)) == ["far"]
    assert found.without == {before.id: ["near"]}
    assert (after.provenance["erased_from"], after.provenance["erased_rows"]) == (before.id, 1)
    assert not any(
        ERASED.encode() in f.read_bytes() for f in after.folder.rglob("*.json") if f.name != "release.json"
    )
    assert (after.folder / "model_card.md").read_text() == "# (erased), good\n"
    assert not [*workspace.releases.glob(".*-*"), *workspace.releases.glob(".erased*")]
    assert erase(workspace) == ErasedReleases()


def test_pins_bars_the_history_and_the_way_back_follow_the_new_ids(workspace: Workspace) -> None:
    first, second, third = (released(workspace, seed) for seed in range(3))
    for one in (first, second, third):
        promote(workspace.root, one.id)
    roll_back(workspace, "ann", "worse")
    pin(workspace.root, first.id, "ann", "kept")
    names = erase(workspace).rebuilt
    assert set(names) == {first.id, second.id, third.id}
    assert current_id(workspace.root) == names[second.id]
    assert previous(workspace.root) == names[first.id]
    assert list(pinned(workspace.root)) == [names[first.id]]
    bar = read_bars(workspace.root)[0]
    assert (bar.to, bar.releases) == (names[second.id], (names[third.id],))
    assert [move["release"] for move in history(workspace.root)] == [
        names[one.id] for one in (first, second, third, second)
    ]
    roll_back(workspace, "ann", "worse still")
    assert current_id(workspace.root) == names[first.id]
    again = erase(workspace, products=(ERASED, "p7")).rebuilt
    assert current_id(workspace.root) == again[names[first.id]]
    assert previous(workspace.root) is None
    assert Release.load(workspace.releases / again[names[first.id]]).provenance["erased_rows"] == 2


def test_expired_releases_go_but_the_live_one_is_made_again(workspace: Workspace) -> None:
    first, second = released(workspace, 0), released(workspace, 1)
    clean = write_release(workspace.releases, **parts(workspace.root.parent, 2, rows=3))
    for one in (first, second):
        promote(workspace.root, one.id)
    pin(workspace.root, first.id, "ann", "kept")
    found = erase(workspace, "expire")
    assert found.gone == [first.id]
    assert list(found.rebuilt) == [second.id]
    assert current_id(workspace.root) == found.rebuilt[second.id]
    assert {folder.name for folder in list_releases(workspace.releases)} == {
        clean.id,
        found.rebuilt[second.id],
    }
    assert pinned(workspace.root) == {}
    assert previous(workspace.root) is None


def test_killed_anywhere_it_is_ended_by_the_next_try(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = released(workspace, 0), released(workspace, 1)
    for one in (first, second):
        promote(workspace.root, one.id)
    for place, name in (
        (erasure, "_take_place"), (erasure, "move_pins"), (erasure, "write_text"), (erasure.os, "replace"),
        (erasure.shutil, "rmtree"),
    ):  # fmt: skip

        def killed(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(place, name, killed)
            with pytest.raises(KeyboardInterrupt):
                erase(workspace)
    erase(workspace)
    left = [Release.load(folder) for folder in list_releases(workspace.releases)]
    assert [ERASED in one.product_ids for one in left] == [False, False]
    assert current_id(workspace.root) == left[1].id
    assert previous(workspace.root) == left[0].id
    assert not [*workspace.releases.glob(".trash-*")]


def test_what_nobody_can_take_it_out_of_goes_or_is_named_where_it_is_live(workspace: Workspace) -> None:
    first, second = released(workspace, 0), released(workspace, 1)
    for one in (first, second):
        promote(workspace.root, one.id)
    known = stones(workspace, ERASED)
    found = erase_releases(
        workspace, known, lambda path: path.name == "metrics.json", blot, "rebuild", ReleaseSettings()
    )
    assert (found.gone, found.left, found.rebuilt) == ([first.id], [second.id], {})
    assert [folder.name for folder in list_releases(workspace.releases)] == [second.id]


def test_a_group_that_bears_the_name_of_an_erased_product_gets_another_ones(workspace: Workspace) -> None:
    groups = {"p1": "p3", "p3": "p3", "p4": "p3", "p5": "p5"}
    split = pd.DataFrame({"product_id": [*groups], "group": [*groups.values()], "split": "train"})
    left = split_without(split, stones(workspace, "p3"))
    assert left["product_id"].tolist() == ["p1", "p4", "p5"]
    assert left["group"].tolist() == ["p1", "p1", "p5"]
