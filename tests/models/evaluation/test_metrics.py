"""Metrics agree with scikit-learn and with sums done by hand; what is absent stays absent."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold

from models.evaluation.baseline import predict_baseline, score_baseline
from models.evaluation.metrics import calibration_error, classification, interval, macro_f1, roc_points
from shelfspace.errors import ArtifactError

NAMES = ["lamp", "chair", "灯"]


def baseline(
    learnt: Sequence[str], known: np.ndarray, asked: Sequence[str], right: np.ndarray, bootstrap: int = 200
) -> dict[str, Any]:
    return score_baseline(predict_baseline(learnt, known, asked), right, len(learnt), bootstrap)


def test_by_hand() -> None:
    truth = np.array([0, 0, 1, 1])
    probs = np.array([[0.9, 0.1, 0], [0.2, 0.8, 0], [0.3, 0.7, 0], [0.1, 0.9, 0]])
    found = classification(truth, probs, NAMES)
    assert found["accuracy"] == 0.75
    assert found["per_class"]["lamp"] == {
        "precision": 1.0,
        "recall": 0.5,
        "f1": pytest.approx(2 / 3),
        "rows": 2,
        "roc_auc": 0.75,
    }
    assert found["per_class"]["chair"]["recall"] == 1.0
    assert found["macro_f1"] == pytest.approx((2 / 3 + 0.8) / 2)
    assert found["confusion"] == [[1, 1, 0], [0, 2, 0], [0, 0, 0]]
    orjson.dumps(found)


def test_a_class_missing_from_the_holdout_is_named_and_enters_no_mean() -> None:
    truth = np.array([0, 1, 0, 1])
    probs = np.eye(3)[truth]
    found = classification(truth, probs, NAMES)
    assert found["absent_labels"] == ["灯"]
    assert "灯" not in found["per_class"]
    assert found["macro_f1"] == 1.0
    assert found["roc_auc"] == 1.0


def test_one_class_only_has_no_roc() -> None:
    truth = np.zeros(3, dtype=int)
    found = classification(truth, np.tile([0.5, 0.3, 0.2], (3, 1)), NAMES)
    assert found["roc_auc"] is None
    assert roc_points(truth, np.tile([0.5, 0.3, 0.2], (3, 1)), NAMES) == {}


def test_broken_model_is_refused() -> None:
    with pytest.raises(ArtifactError, match="not finite"):
        classification(np.array([0]), np.array([[np.nan, 1.0]]), NAMES[:2])


def test_macro_f1_is_that_of_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    for _ in range(20):
        truth, guess = generator.integers(0, 4, 30), generator.integers(0, 6, 30)
        expected = f1_score(truth, guess, labels=np.unique(truth), average="macro", zero_division=0.0)
        assert macro_f1(truth, guess) == pytest.approx(expected)
    words = np.array(["a", "b", "b"], dtype=object)
    assert macro_f1(words, words) == 1.0


def test_calibration_error_sees_overconfidence() -> None:
    truth = np.array([0, 1] * 50)
    sure = np.tile([0.95, 0.05], (100, 1))  # says 95%, is right half the time
    assert calibration_error(truth, sure) == pytest.approx(0.45)
    assert calibration_error(truth, np.tile([0.5 + 1e-9, 0.5], (100, 1))) == pytest.approx(0.0, abs=1e-6)


def test_interval_covers_repeats_and_narrows() -> None:
    right = np.random.default_rng(1).random(1000) < 0.8
    low, high = interval(lambda r: float(right[r].mean()), 1000, 300, seed=3)
    assert low < right.mean() < high
    # The normal interval of a share of 0.8 over 1000 is 0.050 wide.
    assert high - low == pytest.approx(0.05, abs=0.012)
    assert [low, high] == interval(lambda r: float(right[r].mean()), 1000, 300, seed=3)


def test_roc_points_are_thin_and_rise() -> None:
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 3, 3000)
    probs = generator.random((3000, 3))
    probs[np.arange(3000), truth] += 0.3
    probs /= probs.sum(axis=1, keepdims=True)
    roc = roc_points(truth, probs, NAMES)
    assert set(roc["per_class"]) == set(NAMES)
    for curve in [roc["macro"], *roc["per_class"].values()]:
        assert len(curve["fpr"]) <= 61
        assert (np.diff(curve["tpr"]) >= 0).all()
        assert (curve["fpr"][0], curve["tpr"][0], curve["tpr"][-1]) == (0, 0, 1)
        assert np.trapezoid(curve["tpr"], curve["fpr"]) == pytest.approx(curve["auc"], abs=0.01)


def test_baseline_learns_words_of_both_languages() -> None:
    texts = ["wooden desk lamp", "oak chair", "护眼 台灯", "led lamp", "folding chair", "卧室台灯"] * 5
    labels = np.array(["lamp", "chair", "灯"] * 10, dtype=object)
    found = baseline(texts[:24], labels[:24], ["bright lamp", "garden chair", "小台灯"], labels[:3], 20)
    assert found["accuracy"] == 1.0
    assert found["intervals"]["accuracy"] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("texts", "labels", "reason"),
    [
        (["a lamp", "b lamp"], ["x", "x"], "fewer than two labels"),
        (["", "!!"], ["x", "y"], "no text"),
        ([], [], "fewer than two labels"),
    ],
)
def test_baseline_that_cannot_be_fitted_says_why(texts: list[str], labels: list[str], reason: str) -> None:
    found = baseline(texts, np.array(labels, dtype=object), ["lamp"], np.array(["x"], dtype=object))
    assert reason in found["absent"]
    assert "accuracy" not in found


def test_baseline_on_real_listings_is_as_strong_as_published(public_data: Path) -> None:
    """One fold of the protocol in the data's README, whose five folds give 0.959 +- 0.015."""
    listings = pd.read_csv(public_data / "flipkart1050" / "products.csv")
    labels = listings.product_category_tree.map(lambda tree: orjson.loads(tree)[0].split(" >> ")[0].strip())
    texts = (listings.product_name + " " + listings.description.fillna("")).tolist()
    y = labels.to_numpy(object)
    train, test = next(iter(StratifiedKFold(5, shuffle=True, random_state=0).split(texts, y)))
    found = baseline([texts[i] for i in train], y[train], [texts[i] for i in test], y[test], 50)
    assert found["accuracy"] > 0.93
