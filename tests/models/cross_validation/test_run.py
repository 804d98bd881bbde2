"""Cross-validation: nothing leaks into a fold, duplicates stay together, a killed run goes on."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pytest

from models.cross_validation.fold_features import FoldFeatures
from models.cross_validation.plots import cross_validation_pictures, verdict
from models.cross_validation.report import CrossValidationReport, corrected_interval
from models.cross_validation.run import cross_validate, divisions
from models.features.catalogue import Catalogue, product_items
from models.features.featurizer import Featurizer
from models.features.table import FeatureTable, ModalityFeatures
from shelfspace.errors import ArtifactError, InputError
from shelfspace.settings import Settings
from tests.conftest import PROJECT
from tests.models.learning import CLASSES, features_table, quick_settings, splits_of

LIGHT = ("text", "tabular")
ROWS = 90


def settings_for(folds: int = 3, seeds: Sequence[int] = (0,), **changes: object) -> Settings:
    search = {"folds": folds, "seeds": list(seeds), **changes}
    return quick_settings(cross_validation=search, training={"epochs": 2}, evaluation={"recall_at": [1, 5]})


@dataclass
class Ready:
    """Features that need no fitting; notes which rows they were asked to be fitted on."""

    table: FeatureTable
    texts: list[str]
    asked: list[np.ndarray] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        return self.table.content()

    def fit(self, rows: np.ndarray) -> FeatureTable:
        self.asked.append(rows)
        return self.table


def data() -> tuple[Ready, np.ndarray, np.ndarray, np.ndarray]:
    """Features, labels, log prices, and groups of two neighbours each."""
    table, labels, log_price = features_table(ROWS, LIGHT)
    texts = [f"{['guitar', 'lamp', 'light'][c]} number {i % 7}" for i, c in enumerate(labels)]
    groups = np.array([f"g{i // 2}" for i in range(ROWS)], dtype=object)
    return Ready(table, texts), labels, log_price, groups


def run(folder: Path, settings: Settings | None = None, **changes: object) -> CrossValidationReport:
    features, labels, log_price, groups = data()
    given = {
        "features": features,
        "labels": labels,
        "label_names": list(CLASSES),
        "log_price": log_price,
        "groups": groups,
        "splits": splits_of(ROWS),
        "settings": settings or settings_for(),
        "folder": folder,
        "progress": False,
    }
    return cross_validate(**{**given, **changes})


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> CrossValidationReport:
    return run(tmp_path_factory.mktemp("unbroken"))


def test_folds_cover_each_row_once_and_keep_groups_whole_and_classes_even() -> None:
    _, labels, _, groups = data()
    rows = np.flatnonzero(splits_of(ROWS) != "test")
    settings = settings_for(3, (0, 4))
    found = list(divisions(labels, groups, rows, settings))
    assert [(d.seed, d.fold) for d in found] == [(s, f) for s in (0, 4) for f in range(3)]
    for seed in (0, 4):
        held = np.concatenate([d.test for d in found if d.seed == seed])
        assert sorted(held) == sorted(rows)
    for d in found:
        sides = [set(groups[part]) for part in (d.train, d.validation, d.test)]
        assert not sides[0] & sides[1]
        assert not sides[0] & sides[2]
        assert not sides[1] & sides[2]
        assert sorted([*d.train, *d.validation, *d.test]) == sorted(rows)
        assert len(d.validation) > 0
        assert np.ptp(np.bincount(labels[d.test], minlength=3)) <= 4
    assert not np.array_equal(found[0].test, found[3].test), "another seed divides otherwise"
    again = list(divisions(labels, groups, rows, settings))
    assert all(np.array_equal(a.test, b.test) for a, b in zip(found, again, strict=True))


def test_too_few_groups_are_refused() -> None:
    _, labels, _, groups = data()
    with pytest.raises(InputError, match="use fewer folds") as refusal:
        list(divisions(labels, groups, np.arange(6), settings_for(4)))
    assert refusal.value.field == "cross_validation.folds"


def test_a_class_rarer_than_the_folds_is_no_obstacle() -> None:
    _, labels, _, groups = data()
    rare = np.where(np.arange(ROWS) == 3, 3, labels)
    assert len(list(divisions(rare, groups, np.arange(ROWS), settings_for(3)))) == 3


def test_figures_spread_confusion_baseline_and_pictures(unbroken: CrossValidationReport) -> None:
    folds = unbroken.folds
    assert len(folds) == 3
    taking_part = (splits_of(ROWS) != "test").sum()
    assert folds["rows"].sum() == unbroken.confusion.sum() == taking_part
    assert unbroken.metrics["accuracy"]["mean"] == pytest.approx(folds["accuracy"].mean())
    assert unbroken.metrics["accuracy"]["sd"] == pytest.approx(folds["accuracy"].std(ddof=1))
    assert set(unbroken.metrics) == {"accuracy", "macro_f1", "macro_recall", "recall_at_1", "recall_at_5"}
    # Folds of unequal size: the matrix weighs products, the mean weighs folds.
    weighed = (folds["accuracy"] * folds["rows"]).sum() / folds["rows"].sum()
    assert np.trace(unbroken.confusion) / unbroken.confusion.sum() == pytest.approx(weighed)
    # The texts name their class, and the baseline reads them.
    assert unbroken.baseline["accuracy"]["mean"] == 1.0
    gain = unbroken.difference["accuracy"]
    assert gain["mean"] == pytest.approx(unbroken.metrics["accuracy"]["mean"] - 1.0)
    assert gain["low"] <= gain["mean"] <= gain["high"]
    assert "Nadeau & Bengio" in gain["method"]
    assert "text baseline" in verdict(unbroken)
    for picture in cross_validation_pictures(unbroken).values():
        assert picture.startswith(b"\x89PNG")
    assert orjson.loads(orjson.dumps(unbroken.to_dict())) == unbroken.to_dict()


def test_only_training_rows_are_fitted_on_and_the_holdout_takes_no_part(tmp_path: Path) -> None:
    features, labels, _, groups = data()
    settings = settings_for()
    rows = np.flatnonzero(splits_of(ROWS) != "test")
    run(tmp_path, settings, features=features)
    planned = list(divisions(labels, groups, rows, settings))
    assert all(np.array_equal(a, d.train) for a, d in zip(features.asked, planned, strict=True))
    whole = run(tmp_path / "all", settings_for(holdout=True))
    assert whole.folds["rows"].sum() == ROWS


def test_labels_of_held_rows_cannot_matter_to_what_is_learnt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    from models.training.train import train

    def spy(
        table: FeatureTable, labels: np.ndarray, names: list, price: np.ndarray, side: np.ndarray, *a, **k
    ):
        seen.append((labels[side == "test"], price[side == "test"]))
        return train(table, labels, names, price, side, *a, **k)

    monkeypatch.setattr("models.training.train.train", spy)
    run(tmp_path)
    assert len(seen) == 3
    assert all((labels == -1).all() and np.isnan(price).all() for labels, price in seen)


CHILD = """
import os, signal, sys
from pathlib import Path
from models.cross_validation import run as cross_validation
from tests.models.cross_validation.test_run import run

write = cross_validation.write_json
done = 0

def killed(path, value):
    global done
    if done == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    done += 1
    return write(path, value)

cross_validation.write_json = killed
run(Path(sys.argv[1]))
"""


def test_a_killed_run_goes_on_at_its_fold(unbroken: CrossValidationReport, tmp_path: Path) -> None:
    import torch

    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path)],
        env={**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads()), "PYTHONPATH": str(PROJECT)},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    resumed = run(tmp_path)
    assert resumed.resumed == 1
    shown = [c for c in unbroken.folds if c != "seconds"]
    pd.testing.assert_frame_equal(resumed.folds[shown], unbroken.folds[shown], rtol=1e-4)
    assert np.array_equal(resumed.confusion, unbroken.confusion)


def test_finished_folds_are_kept_and_one_more_seed_goes_on(
    unbroken: CrossValidationReport, tmp_path: Path
) -> None:
    first = run(tmp_path)
    assert first.to_dict() == unbroken.to_dict(), "two runs give the same figures"
    more = run(tmp_path, settings_for(3, (0, 1)))
    assert more.resumed == 3
    assert len(more.folds) == 6
    assert [part["seed"] for part in more.metrics["accuracy"]["per_seed"]] == [0, 1]
    assert more.confusion.sum() == 2 * first.confusion.sum()
    # Other data keep nothing.
    log_price = data()[2]
    assert run(tmp_path, log_price=log_price + 1).resumed == 0
    assert run(tmp_path).resumed == 0


def test_without_categories_or_texts(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="two at least"):
        run(tmp_path, labels=np.full(ROWS, -1), label_names=[])
    features = data()[0]
    silent = run(tmp_path, features=Ready(features.table, [""] * ROWS))
    assert silent.baseline["absent"] == "the train rows have no text"
    assert silent.difference == {}
    assert "no text" in verdict(silent)
    assert cross_validation_pictures(silent)["folds"].startswith(b"\x89PNG")


def test_the_corrected_interval_is_that_of_the_paper() -> None:
    gains = np.array([0.02, 0.01, 0.03, 0.00, 0.04])
    low, high = corrected_interval(gains, ratio=0.25)
    # t(0.975, 4) = 2.7764; variance 2.5e-4; sqrt((1/5 + 1/4) * 2.5e-4) = 0.010607
    assert (low, high) == pytest.approx((0.02 - 2.7764 * 0.010607, 0.02 + 2.7764 * 0.010607), abs=1e-5)
    plain = corrected_interval(gains, ratio=0.0)
    assert plain[0] > low
    assert plain[1] < high


WORDS = ("wooden acoustic guitar strings", "tall reading lamp shade", "bright ceiling light 吊灯")


def catalogue(n: int = 40) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "product_id": [f"p{i}" for i in range(n)],
            "title": [f"{WORDS[i % 3]} model{i}" for i in range(n)],
            "description": "",
            "brand": "",
            "attributes": "",
            "language": "",
            "price": [5.0 + i for i in range(n)],
        }
    )


class _NoMedia:
    """A catalogue without files."""


def read(products: pd.DataFrame, settings: Settings) -> Catalogue:
    """The products as features are computed from them."""
    without = products.assign(photos=[[]] * len(products), sounds=[[]] * len(products))
    return Catalogue.read(without, _NoMedia(), Path(), settings)  # type: ignore[arg-type]


def stored_features(products: pd.DataFrame, settings: Settings) -> tuple[FeatureTable, Featurizer]:
    """What the features stage would have left, with vectors of a frozen encoder beside the tokens."""
    texts = list(read(products, settings).texts["text"])
    fitted = Featurizer.fit(texts, products["price"].to_numpy(), settings)
    n = len(products)
    values, priced = fitted.scaler.transform(product_items(products))
    random = np.random.default_rng(0)
    parts = {
        "text": ModalityFeatures(
            {
                "tokens": fitted.compute("text", "tokens", texts),
                "sentence": random.random((n, 4), dtype=np.float32),
            },
            np.ones(n, dtype=bool),
        ),
        "image": ModalityFeatures({"pixels": np.zeros((n, 8, 8, 3), np.uint8)}, np.ones(n, dtype=bool)),
        "tabular": ModalityFeatures({"values": values}, priced),
    }
    return FeatureTable(tuple(products["product_id"]), parts), fitted


def test_a_fold_is_fitted_on_its_training_rows_alone() -> None:
    settings = quick_settings(preprocessing={"vocabulary": 400, "text_length": 12})
    products = catalogue()
    table, featurizer = stored_features(products, settings)
    train = np.arange(0, 40, 2)
    features = FoldFeatures(read(products, settings), table, featurizer, settings)
    found = features.fit(train)
    expected = Featurizer.fit(
        [features.texts[i] for i in train], products["price"].to_numpy()[train], settings
    )
    np.testing.assert_array_equal(
        found.modalities["text"].values["tokens"], expected.compute("text", "tokens", features.texts)
    )
    assert not np.array_equal(
        found.modalities["text"].values["tokens"], table.modalities["text"].values["tokens"]
    )
    assert not np.array_equal(
        found.modalities["tabular"].values["values"], table.modalities["tabular"].values["values"]
    )
    # What no fit changes is not copied.
    assert found.modalities["image"] is table.modalities["image"]
    assert found.modalities["text"].values["sentence"] is table.modalities["text"].values["sentence"]

    other = products.copy()
    held = np.setdiff1d(np.arange(40), train)
    other.loc[held, "title"] = [f"entirely different words {i} 手机" for i in held]
    other.loc[held, "price"] = 9999.0
    changed = FoldFeatures(read(other, settings), table, featurizer, settings).fit(train)
    for name, key in (("text", "tokens"), ("tabular", "values")):
        np.testing.assert_array_equal(
            changed.modalities[name].values[key][train], found.modalities[name].values[key][train]
        )
    assert (
        FoldFeatures(read(other, settings), table, featurizer, settings).fingerprint != features.fingerprint
    )


def test_features_whose_fitting_is_unknown_are_refused() -> None:
    settings = quick_settings(preprocessing={"vocabulary": 400, "text_length": 12})
    products = catalogue()
    table, featurizer = stored_features(products, settings)
    text = table.modalities["text"]
    odd = ModalityFeatures({**text.values, "topics": np.zeros((40, 2))}, text.present)
    features = FoldFeatures(
        read(products, settings), FeatureTable(table.product_ids, {"text": odd}), featurizer, settings
    )
    with pytest.raises(ArtifactError, match="whether topics of text is fitted"):
        features.fit(np.arange(20))
    unknown = FeatureTable(table.product_ids, {"video": table.modalities["image"]})
    with pytest.raises(ArtifactError, match="whether pixels of video"):
        FoldFeatures(read(products, settings), unknown, featurizer, settings).fit(np.arange(20))
