"""Training: deterministic, resumable after kill -9, quiet, and honest about what it was given."""

import multiprocessing
import signal
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from models.evaluation.metrics import calibration_error
from models.inference.product_encoder import ProductEncoder
from models.training.calibration import choose_temperature, fit_temperature
from models.training.loader import BatchLoader
from models.training.plots import loss_curves
from models.training.train import train
from shelfspace.errors import InputError
from tests.models.learning import CLASSES, MODALITIES, features_table, quick_settings, splits_of

LIGHT = ("text", "audio", "tabular")
ROWS = 100


def run(folder: Path, settings=None, table=None, **changes):
    features, labels, log_price = table or features_table(ROWS, LIGHT)
    given = {
        "features": features,
        "labels": labels,
        "label_names": list(CLASSES),
        "log_price": log_price,
        "splits": splits_of(len(features)),
        "settings": settings or quick_settings(),
        "featurizer_dir": None,
        "out": folder / "model",
        "scratch": folder / "scratch",
        "progress": False,
    }
    return train(**{**given, **changes})


def test_it_learns_all_modalities_and_reports(tmp_path, monkeypatch, capfd, recwarn):
    monkeypatch.chdir(tmp_path)
    table = features_table(ROWS, MODALITIES)
    report = run(tmp_path / "a", quick_settings(training={"epochs": 8, "patience": 8}), table)
    encoder = ProductEncoder.load(tmp_path / "a" / "model")
    features, labels, _ = table
    test = np.flatnonzero(splits_of(ROWS) == "test")
    accuracy = (encoder.classify_features(features.take(test)).argmax(axis=1) == labels[test]).mean()
    assert accuracy >= 0.8
    assert report.epochs == 8
    assert report.resumed_from is None
    assert report.best_epoch == report.history["validation_calibrated"].idxmin()
    assert report.history["train_loss"].iloc[-1] < report.history["train_loss"].iloc[0]
    assert {"train_alignment", "validation_price", "validation_accuracy", "learning_rate"} <= set(
        report.history
    )
    assert encoder.temperature == report.temperature
    # Nothing beside what was asked for, and not a word.
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a"]
    assert not list((tmp_path / "a" / "scratch").rglob("*.ckpt"))
    assert list((tmp_path / "a" / "scratch").rglob("metrics.csv"))
    out, err = capfd.readouterr()
    assert out == ""
    assert err == ""
    assert [
        str(w.message) for w in recwarn if not issubclass(w.category, DeprecationWarning | FutureWarning)
    ] == []
    assert loss_curves(report.history).startswith(b"\x89PNG")


def test_two_runs_give_the_same_encoder_and_another_seed_another(tmp_path):
    prints = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        run(tmp_path / name, quick_settings().model_copy(update={"seed": seed}))
        prints.append(ProductEncoder.load(tmp_path / name / "model").fingerprint)
    assert prints[0] == prints[1]
    assert prints[0] != prints[2]


FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(
    ["pytorch_lightning", "models.training.train", "models.training.lightning_module"]
)
"""Starts processes that may be killed. They are copies of one that has the libraries: their import takes
longer than these trainings do."""


def child(folder: Path, kind: str) -> None:
    run(folder, LONG[kind])


def long(strategy="joint", completion="token", **training):
    return quick_settings(
        model={"completion": completion},
        training={"epochs": 8, "patience": 8, "strategy": strategy, **training},
    )


LONG = {
    "joint": long(),
    "nearest, averaged": long(completion="nearest", average="ema", hierarchy_weight=0.3),
    "transfer": long("transfer", transfer_share=0.4, layer_decay=0.8),
    "adversarial": long("adversarial", "adversarial", average="swa"),
}


@pytest.mark.parametrize("kind", [kind for kind in LONG if kind != "joint"])
def test_every_strategy_gives_the_same_encoder_twice(tmp_path, kind):
    short = LONG[kind].training.model_copy(update={"epochs": 3})
    for name in "ab":
        run(tmp_path / name, LONG[kind].model_copy(update={"training": short}))
    prints = {ProductEncoder.load(tmp_path / name / "model").fingerprint for name in "ab"}
    assert len(prints) == 1


@pytest.fixture(scope="module")
def unbroken_run(tmp_path_factory):
    """Folder and report of a kind's run that nothing disturbed; it is only read."""

    @cache
    def of(kind):
        folder = tmp_path_factory.mktemp("whole")
        return folder, run(folder, LONG[kind])

    return of


@pytest.mark.parametrize(
    ("kind", "where"),
    [(kind, "run-*/last.ckpt") for kind in LONG] + [("transfer", "run-*/alone-audio/last.ckpt")],
)
def test_a_killed_run_is_taken_up_and_ends_the_same(tmp_path, unbroken_run, kind, where):
    """kill -9 once some epochs are on disk; the next call goes on from there."""
    process = FORK.Process(target=child, args=(tmp_path / "killed", kind))
    process.start()
    deadline = time.monotonic() + 120
    while not list((tmp_path / "killed" / "scratch").glob(where)):
        assert process.is_alive(), "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "model").exists()
    resumed = run(tmp_path / "killed", LONG[kind])
    if where == "run-*/last.ckpt":
        assert resumed.resumed_from is not None
        assert 1 <= resumed.resumed_from < 8
    else:
        assert resumed.resumed_from is None
    whole, unbroken = unbroken_run(kind)
    assert len(resumed.history) == resumed.epochs == unbroken.epochs
    features, _, _ = features_table(ROWS, LIGHT)
    vectors = [
        ProductEncoder.load(folder / "model").embed_features(features)
        for folder in (tmp_path / "killed", whole)
    ]
    assert np.abs(vectors[0] - vectors[1]).max() <= 1e-4
    assert resumed.best_epoch == unbroken.best_epoch


def test_a_run_killed_before_its_folder_was_written_only_writes(tmp_path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ProductEncoder, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "a")
    again = run(tmp_path / "a")
    assert again.resumed_from == again.epochs == 3
    run(tmp_path / "b")
    prints = {ProductEncoder.load(tmp_path / name / "model").fingerprint for name in "ab"}
    assert len(prints) == 1


def test_a_change_of_data_starts_afresh(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(ProductEncoder, "save", lambda *_: None)
        run(tmp_path / "a")
    (checkpoint,) = (tmp_path / "a" / "scratch").glob("run-*")
    log_price = features_table(ROWS, LIGHT)[2]
    assert run(tmp_path / "a", log_price=log_price + 0.5).resumed_from is None
    assert not checkpoint.exists()


def test_a_modality_that_training_never_saw_is_left_out(tmp_path):
    features, labels, log_price = features_table(ROWS, LIGHT)
    features.modalities["audio"].present[splits_of(ROWS) == "train"] = False
    run(tmp_path, table=(features, labels, log_price))
    assert ProductEncoder.load(tmp_path / "model").modalities == ["text", "tabular"]


def test_patience_stops_early_and_the_best_epoch_is_kept(tmp_path):
    settings = quick_settings(training={"epochs": 40, "patience": 2, "learning_rate": 0.05})
    report = run(tmp_path, settings)
    assert report.epochs < 40
    assert report.best_epoch == report.epochs - 3


def test_without_labels_it_aligns_and_prices(tmp_path):
    report = run(tmp_path, labels=np.full(ROWS, -1), label_names=[])
    assert {"train_alignment", "train_price"} <= set(report.history)
    assert "train_label" not in report.history
    encoder = ProductEncoder.load(tmp_path / "model")
    features = features_table(ROWS, LIGHT)[0]
    assert encoder.classify_features(features).shape == (ROWS, 0)
    assert np.isfinite(encoder.encode_features(features).prices).all()


def test_some_labels_unknown_and_no_validation_rows(tmp_path):
    labels = features_table(ROWS, LIGHT)[1]
    labels = np.where(np.arange(ROWS) % 2, labels, -1)
    report = run(tmp_path, labels=labels, splits=np.full(ROWS, "train"))
    assert report.best_epoch == 2
    assert report.temperature == 1.0


def test_the_price_is_told_by_vectors_that_did_not_see_it(tmp_path):
    run(tmp_path, quick_settings(training={"epochs": 8, "price_weight": 1.0}))
    encoder = ProductEncoder.load(tmp_path / "model")
    features, labels, _ = features_table(ROWS, LIGHT)
    prices = encoder.encode_features(features).prices
    changed = features.modalities["tabular"].values["values"]
    changed += 5 * features.modalities["tabular"].present[:, None]
    rows = np.flatnonzero(features.modalities["text"].present | features.modalities["audio"].present)
    assert np.array_equal(prices[rows], encoder.encode_features(features).prices[rows])
    assert np.corrcoef(np.log(prices[rows]), labels[rows])[0, 1] > 0.7


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"labels": np.zeros(3, dtype=np.int64)}, "labels"),
        ({"splits": np.full(ROWS, "test")}, "splits"),
        ({"log_price": np.zeros(ROWS - 1)}, "log_price"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(tmp_path, changes, field):
    with pytest.raises(InputError) as refusal:
        run(tmp_path, **changes)
    assert refusal.value.field == field


def test_nothing_to_learn_is_refused(tmp_path):
    table = features_table(ROWS, ("tabular",), missing=0.0)
    with pytest.raises(InputError, match="give texts, photos or sounds"):
        run(tmp_path, table=table, labels=np.full(ROWS, -1), log_price=np.full(ROWS, np.nan))


def test_batches_cover_the_rows_once_in_an_order_of_seed_and_epoch():
    features, _, log_price = features_table(50, LIGHT)
    epoch = 0

    def order(seed: int = 0) -> list[int]:
        loader = BatchLoader(
            features, LIGHT, np.arange(5, 50), labels=np.arange(50), price=log_price,
            batch_size=16, seed=seed, epoch=lambda: epoch,
        )  # fmt: skip
        batches = [batch[2].tolist() for batch in loader]
        assert len(batches) == len(loader) == 3
        assert {len(b) for b in batches} == {15}
        return [row for batch in batches for row in batch]

    first = order()
    assert sorted(first) == list(range(5, 50))
    assert first == order()
    assert first != order(seed=1)
    epoch = 1
    assert first != order()


def test_calibration_stays_where_it_makes_the_truth_likelier_and_never_on_few_rows():
    random = np.random.default_rng(0)
    truth = random.normal(size=(400, 5)) * 1.5
    labels = np.array([random.choice(5, p=np.exp(p) / np.exp(p).sum()) for p in truth])
    temperature, compared = choose_temperature(3 * truth, labels)
    assert temperature == fit_temperature(3 * truth, labels) > 2
    assert compared["winner"] == "learned"
    assert compared["rows"] == 400
    temperature, compared = choose_temperature(truth, labels)
    assert temperature == 1.0, "right as they are"
    assert compared["winner"] == "uncalibrated"
    assert choose_temperature(3 * truth[:29], labels[:29])[0] == 1.0
    assert choose_temperature(truth, np.full(400, -1)) == (1.0, None)


def test_temperature_recovers_overconfidence():
    random = np.random.default_rng(0)
    truth = random.normal(size=(4000, 5)) * 1.5
    shares = np.exp(truth) / np.exp(truth).sum(axis=1, keepdims=True)
    labels = np.array([random.choice(5, p=p) for p in shares])
    assert fit_temperature(3 * truth, labels) == pytest.approx(3.0, rel=0.1)
    assert fit_temperature(truth, np.full(4000, -1)) == 1.0
    sharp = np.exp(3 * truth) / np.exp(3 * truth).sum(axis=1, keepdims=True)
    assert calibration_error(labels, sharp) > 3 * calibration_error(labels, shares)
