"""What is learned beside the vector is kept only where it beats the simple thing on validation rows."""

import numpy as np
import pytest

from models.completion.mean import MeanCompletion
from models.completion.nearest import NearestCompletion
from models.evaluation import completed
from models.inference.product_encoder import ProductEncoder
from models.training.settling import settle_completion
from models.training.train import train
from tests.models.learning import CLASSES, features_table, quick_settings, splits_of

ROWS = 120
SEEN = ("audio", "tabular")


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> tuple:
    """An encoder that completes by `nearest`, settled and not, and what it was trained on."""
    folder = tmp_path_factory.mktemp("settled")
    table = features_table(ROWS, SEEN, missing=0.4)
    settings = quick_settings(model={"completion": "nearest"}, training={"epochs": 1})
    for name, settle in (("plain", False), ("settled", True)):
        report = train(
            table[0], table[1], list(CLASSES), table[2], splits_of(ROWS), settings, None,
            folder / name, folder / "scratch", progress=False, settle=settle,
        )  # fmt: skip
    return folder, table, report


def test_under_thirty_rows_the_mean_takes_its_place(tuned: tuple) -> None:
    folder, (features, _, _), report = tuned
    encoder = ProductEncoder.load(folder / "settled")
    assert isinstance(encoder.network.completion, MeanCompletion)
    assert encoder.model.completion == "mean"
    assert encoder.settled == report.settled
    said = encoder.settled["completion"]
    assert (said["asked"], said["used"], said["compared"]["winner"]) == ("nearest", "mean", "mean")
    assert said["compared"]["rows"] < 30
    before = ProductEncoder.load(folder / "plain")
    assert isinstance(before.network.completion, NearestCompletion)
    whole = features.take(np.flatnonzero(features.present().all(axis=1)))
    assert np.array_equal(encoder.embed_features(whole), before.embed_features(whole)), "nothing to complete"


def test_a_completion_that_wins_stays(tuned: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, (features, labels, _), _ = tuned
    encoder = ProductEncoder.load(folder / "plain")
    own = encoder.network.completion
    every = np.arange(ROWS)
    # A filling that is the worst there is: every answer with it is wrong.
    monkeypatch.setattr(completed, "compare", lambda own, rivals: real(own, dict.fromkeys(rivals, own * 0)))
    said = settle_completion(encoder, features, labels, every, every)
    assert said["used"] == "nearest"
    assert said["compared"]["winner"] == "learned"
    assert encoder.network.completion is own


real = completed.compare
