"""The split and the vectors: what the checks let through, and what they stop."""

import numpy as np
import pandas as pd

from data_checks.checks.splits import no_leak
from data_checks.checks.vectors import recall_measured, vectors_sound
from shelfspace.settings import ReleaseSettings

IDS = ["a", "b", "c", "d"]
PRODUCTS = pd.DataFrame({"product_id": IDS})


def splits(groups: list[str], sides: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"product_id": IDS, "group": groups, "split": sides})


def test_a_clean_split_passes() -> None:
    report = no_leak(splits(["a", "a", "c", "d"], ["train", "train", "validation", "test"]), PRODUCTS)
    assert report.passed
    assert report.cause == ""


def test_a_group_on_two_sides_is_named() -> None:
    report = no_leak(splits(["a", "a", "c", "d"], ["train", "test", "validation", "test"]), PRODUCTS)
    assert not report.passed
    assert set(report.failures["id"]) == {"a", "b"}
    assert "1 groups on two sides" in report.cause


def test_a_product_without_a_side_and_an_empty_side_stop() -> None:
    report = no_leak(splits(IDS, ["train"] * 4).iloc[:3], PRODUCTS)
    assert not report.passed
    assert "1 without a side" in report.cause
    assert "validation 0" in report.cause


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_spread_unit_vectors_are_sound() -> None:
    assert vectors_sound(unit(np.random.default_rng(0).normal(size=(50, 16)))).passed


def test_broken_long_and_collapsed_vectors_are_stopped() -> None:
    good = unit(np.random.default_rng(0).normal(size=(50, 16)))
    broken = good.copy()
    broken[3, 0] = np.nan
    assert "1 with NaN" in vectors_sound(broken).cause
    assert "50 of another length" in vectors_sound(good * 2).cause
    collapsed = unit(np.ones((50, 16)) + 1e-4 * good)
    assert "mean cosine" in vectors_sound(collapsed).cause


def test_recall_below_the_limit_stops() -> None:
    described = {"kind": "faiss", "rows": 10, "recall_at_10": 0.91}
    assert "0.9100" in recall_measured(described, ReleaseSettings()).cause
    assert recall_measured({**described, "recall_at_10": 0.995}, ReleaseSettings()).passed
