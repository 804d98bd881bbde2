"""The quality benchmark: its plan is whole, its arithmetic right, and the known leaks are closed."""

import re
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.quality.baselines import BASELINES
from benchmarks.quality.datasets import Data, available
from benchmarks.quality.plan import (
    AIMS,
    CHOICES,
    EXPERIMENTS,
    FOLDS,
    RECIPES,
    RIDGES,
    Unit,
    overrides,
    units,
)
from benchmarks.quality.report import aim_rows
from benchmarks.quality.runner import divide
from benchmarks.quality.tables import page
from benchmarks.quality.words_to_photos import asked, recall
from catalog.product import ProductInput
from models.encoders import ENCODERS
from models.features.table import ModalityFeatures
from models.training.checks import check_settings
from shelfspace.settings import load_settings

PLANNED = units(list(EXPERIMENTS))


def test_every_unit_can_be_run_and_is_planned_once() -> None:
    assert len(set(PLANNED)) == len(PLANNED)
    for unit in PLANNED:
        assert unit.recipe in {*RECIPES, *BASELINES, *CHOICES, *RIDGES}
    for competing in CHOICES.values():
        assert set(competing) <= set(RECIPES)
    for recipe in RECIPES:
        settings = load_settings(overrides=overrides(recipe))
        check_settings(settings)
        for modality, registry in ENCODERS.items():
            registry.resolve(getattr(settings.model, modality))


def test_every_aim_with_a_baseline_is_planned_on_all_folds() -> None:
    for name, (metric, _, _) in AIMS.items():
        if metric in ("gap", "gain", "below"):
            continue
        experiment = "flipkart_l2" if name.startswith("flipkart_l2") else name
        same = [u for u in PLANNED if u.experiment == experiment]
        for kind in (True, False):
            found = {u.fold for u in same if (u.recipe in {*BASELINES, *RIDGES}) is kind}
            assert found == set(range(FOLDS)), name


def test_a_result_is_shared_by_experiments_that_ask_for_the_same_and_no_others() -> None:
    unit = Unit("x", "flipkart", "l1", "random", 0, 0, ("image",), recipe="weighted/joint")
    same = [
        replace(unit, experiment="y"),
        replace(unit, recipe="base"),
        replace(unit, recipe="complete/token"),
    ]
    others = [
        replace(unit, recipe=r) for r in ("plain", "fisher", "concat/joint", "photo_svm", "chosen photo")
    ]
    others += [replace(unit, seed=1), replace(unit, share=0.5), replace(unit, sentence=False)]
    assert {u.key for u in same} == {unit.key}
    assert len({u.key for u in [unit, *others]}) == len(others) + 1


def data_of(rows: int) -> Data:
    labels = np.arange(rows) % 3
    groups = {"note": np.array([f"g{i // 4}" for i in range(rows)])}
    return Data(
        "made", [ProductInput(title=f"t{i}") for i in range(rows)], {}, {"family": labels},
        {"family": ["a", "b", "c"]}, np.log(np.arange(rows) + 1.0), groups, np.array([]), None,
    )  # type: ignore[arg-type]  # fmt: skip


@pytest.mark.parametrize("folds", ["random", "note"])
def test_folds_cover_every_row_once_and_keep_groups_together(folds: str) -> None:
    data = data_of(60)
    unit = Unit("x", "made", "family", folds, 0, 0, ("text",))
    tested = []
    for fold in range(FOLDS):
        train, test = divide(data, replace(unit, fold=fold))
        assert not set(train) & set(test)
        if folds == "note":
            assert not set(data.groups["note"][train]) & set(data.groups["note"][test])
        tested += list(test)
    assert sorted(tested) == list(range(60))


def test_a_share_of_labels_takes_training_rows_alone() -> None:
    data = data_of(60)
    whole = Unit("x", "made", "family", "random", 1, 0, ("text",))
    train, test = divide(data, whole)
    fewer, same = divide(data, replace(whole, share=0.25))
    assert list(same) == list(test)
    assert set(fewer) < set(train)
    assert len(fewer) == round(0.25 * len(train))


def finished(experiment: str, recipe: str, right: list[list[int]], seed: int = 0) -> list:
    """One unit a fold, right on the rows that say 1."""
    made = []
    for fold, row in enumerate(right):
        unit = Unit(experiment, "flipkart", "l1", "random", fold, seed, ("text",), recipe=recipe)
        truth = [0.0] * len(row)
        said = [0.0 if r else 1.0 for r in row]
        shares = [[0.9, 0.1] if r else [0.2, 0.8] for r in row]
        result = {
            "accuracy": float(np.mean(row)), "macro_f1": 0.5, "truth": truth, "said": said,
            "rows": list(range(len(row))), "train_rows": 40, "seconds": 1.0, "probabilities": shares,
        }  # fmt: skip
        made.append((unit, result))
    return made


def test_rows_hold_means_spread_and_the_paired_difference() -> None:
    model = [[1, 1, 1, 0], [1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1]]
    simple = [[1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 1, 0], [1, 1, 1, 0]]
    units_done = finished("flipkart_l1_all", "base", model) + finished("flipkart_l1_all", "linear", simple)
    row, below = aim_rows(units_done, "abc")
    assert row["id"] == "flipkart_l1_all"
    assert (below["id"], below["value"], below["above_by_the_mean"]) == ("fused_below_linear", 0, [row["id"]])
    assert row["value"] == pytest.approx(0.85)
    assert row["baseline"] == pytest.approx(0.6)
    assert row["difference"] == pytest.approx(0.25)
    assert row["difference_low"] == row["difference_high"] == pytest.approx(0.25)  # each fold gains one row
    assert row["reached"] is False
    assert "flipkart_l1_all" in page(units_done, [row], "# about")


def test_what_is_shipped_makes_the_row_and_the_network_stands_beside_it() -> None:
    network, shipped, simple = [[1, 0, 0, 0]] * 5, [[1, 1, 1, 0]] * 5, [[1, 1, 1, 1]] * 5
    done = [
        *finished("flipkart_l1_all", "base", network),
        *finished("flipkart_l1_all", "expert", shipped),
        *finished("flipkart_l1_all", "linear", simple),
    ]
    row, below = aim_rows(done, "abc")
    assert (row["value"], row["learned"], row["baseline"]) == (0.75, 0.25, 1.0)
    assert (below["value"], below["below"], below["reached"]) == (1, ["flipkart_l1_all"], False)


def test_rows_that_this_code_has_not_run_stay_with_their_commit(tmp_path, monkeypatch) -> None:
    from benchmarks.quality import __main__ as run
    from shelfspace.files import write_json

    old = {"id": "flipkart_l1_all", "value": 0.5, "seeds_averaged": 0.6, "commit": "old"}
    other = {"id": "encoder_families_wrong", "value": 0, "commit": "theirs"}
    write_json(tmp_path / "quality.json", {"rows": [old, other, {"id": "sounds_16", "commit": "old"}]})
    monkeypatch.setattr(run, "RESULT", tmp_path / "quality.json")
    rows = run.with_earlier([{"id": "flipkart_l1_all", "value": 0.9, "seeds": 1, "commit": "new"}])
    found = {row["id"]: row for row in rows}
    assert (found["flipkart_l1_all"]["learned"], found["flipkart_l1_all"]["learned_commit"]) == (0.5, "old")
    assert found["encoder_families_wrong"] == other
    assert found["sounds_16"]["commit"] == "old"


def test_the_page_says_what_each_fold_chose_and_sets_end_to_end_apart() -> None:
    done = finished("flipkart_l1_photo", "chosen photo", [[1, 1], [1, 0], [1, 1], [1, 1], [1, 1]])
    for fold, (_, result) in enumerate(done):
        inner = {"base": 0.7, "fisher": 0.6 if fold == 1 else 0.8}
        result |= {"inner": inner, "chosen": max(inner, key=lambda name: inner[name])}
    done += finished("flipkart_l1_photo", "cnn", [[1, 0]] * 5)
    (row,) = aim_rows(done, "abc")
    assert row["value"] == pytest.approx(0.9)
    written = page(done, [row], "# about")
    assert "| `flipkart_l1_photo` | fisher | 0.760 ± 0.080 | 4 of 5 |" in written
    assert "| `flipkart_l1_photo` | cnn | 5 | 0.500 ± 0.000 | 1 |" in written
    assert "| `flipkart_l1_photo` | fixed features | 5 | 0.900 ± 0.200 | 1 |" in written


def test_averaging_seeds_averages_probabilities() -> None:
    first, second = [[1, 0]] * 5, [[1, 1]] * 5
    again = finished("flipkart_l1_photo", "base", second, seed=1)
    done = finished("flipkart_l1_photo", "base", first) + again
    (row,) = aim_rows(done, "abc")
    assert row["value"] == pytest.approx(0.75)
    # Row 2: 0.2 and 0.9 for the true class; their mean is right.
    assert row["seeds_averaged"] == pytest.approx(1.0)


@pytest.mark.skipif(available("flipkart") is not None, reason=str(available("flipkart")))
def test_neither_price_nor_category_tree_can_be_read_off_the_text() -> None:
    import pandas as pd

    from catalog.sources.open import open_catalog, public_data
    from catalog.text.clean import product_text

    raw = open_catalog("flipkart").products()
    assert "retail_price" not in raw.columns
    listed = pd.read_csv(public_data() / "flipkart1050" / "products.csv")
    quoted = listed["description"].str.contains(r"Rs\.? ?\d", na=False)
    assert quoted.sum() > 800, "the data holds the leak that is to be closed"
    for row, tree in zip(raw.to_dict("records"), listed["product_category_tree"], strict=True):
        item = ProductInput(title=row["title"], description=row["description"], brand=row["brand"])
        text = product_text(item)
        assert not re.search(r"(?i)\brs\.? ?\d", text)
        assert ">>" not in text
        assert tree not in text


@pytest.mark.skipif(available("flipkart") is not None, reason=str(available("flipkart")))
def test_equal_photos_stand_on_one_side_of_the_platforms_split() -> None:
    import hashlib

    from catalog.cleaning import clean_products
    from catalog.media import probe_media
    from catalog.sources.open import open_catalog
    from catalog.splits import assign_splits

    settings = load_settings()
    source = open_catalog("flipkart")
    raw = source.products()
    raw["source_row"] = np.arange(len(raw))
    keys = sorted({key for key in raw["photos"] if key})
    paths = {key: path for key in keys if (path := source.media_path(key))}

    class Files:
        def __contains__(self, key: object) -> bool:
            return key in paths

        def read(self, key: str) -> bytes:
            return paths[key].read_bytes()

    findings = probe_media(Files(), keys, "photos", settings.media, progress=False)
    products = clean_products(raw, source, settings, findings).clean
    digests = {key: hashlib.sha256(path.read_bytes()).hexdigest() for key, path in paths.items()}
    sides = assign_splits(products, digests, settings).set_index("product_id")["split"]
    by_photo: dict[str, set[str]] = {}
    for product, photos in zip(products["product_id"], products["photos"], strict=True):
        for key in photos:
            by_photo.setdefault(digests[key], set()).add(sides[product])
    shared = [digest for digest in set(digests.values()) if list(digests.values()).count(digest) > 1]
    assert shared, "the data holds the leak that is to be closed"
    assert all(len(by_photo[digest]) == 1 for digest in shared if digest in by_photo)


def test_a_text_finds_its_photo_where_words_tell_of_photos_and_not_where_they_do_not(tmp_path) -> None:
    chance = np.random.default_rng(0)
    there = np.arange(90) != 7
    words = chance.normal(size=(90, 5)).astype(np.float32)
    unit = Unit("x", "made", "family", "random", 0, 0, ("text", "image"), text="prose")
    for photos, low, high in ((words @ chance.normal(size=(5, 6)), 0.9, 1), (words[::-1] * 0 + 1, 0, 0)):
        image = ModalityFeatures({"frozen": photos.astype(np.float32)}, there)
        data = replace(data_of(90), stored={"image": image}, _sentences={"prose": words})
        for recipe in RIDGES:
            found = asked(data, replace(unit, recipe=recipe), tmp_path)
            assert low <= found["recall_at_10"] <= high
            assert 7 not in found["rows"]
            assert found["chance"] == pytest.approx(10 / 89)
    gallery = np.eye(12, dtype=np.float32)
    assert recall(gallery[:1] * 0, gallery, np.array([0])) == 0  # all alike is no find
    assert recall(gallery[3:5], gallery, np.array([3, 4])) == 1


def test_what_to_reach_is_five_times_the_network_that_starts_from_nothing() -> None:
    reached = {"aligned": 0.35, "aligned cnn": 0.08, "kernel_ridge": 0.4, "linear_ridge": 0.3}
    name = "flipkart_text_to_photo_recall10"
    done = [
        (
            Unit(name, "flipkart", "l1", "random", fold, 0, ("text", "image"), recipe=recipe),
            {"recall_at_10": value + 0.01 * fold, "chance": 0.01}
            | {"rows": [0], "train_rows": 4, "seconds": 1},
        )
        for recipe, value in reached.items()
        for fold in range(FOLDS)
    ]
    (row,) = aim_rows(done, "abc")
    assert (row["value"], row["aim"], row["reached"]) == (0.37, 0.5, False)
    assert (row["baseline_name"], row["baseline"], row["chance"]) == ("kernel_ridge", 0.42, 0.01)
    assert row["difference_low"] == row["difference_high"] == pytest.approx(-0.05)
    assert "| aligned cnn | 0.100" in page(done, [row], "# about")
    assert aim_rows(done[:-1], "abc") == []
    (fewer,) = aim_rows(done[:9] + done[10:], "abc")
    assert (fewer["scratch_folds"], fewer["aim"]) == (4, pytest.approx(5 * 0.095))
