"""Figures of a ranking, against values worked out by hand."""

import numpy as np
import pytest

from benchmarks.search.runner import recall, reciprocal_rank
from retrieval.ranking.metrics import ndcg


def test_ndcg_by_hand() -> None:
    # Gains 0, 3, 1 at places 1 to 3; the best order is 3, 1, 0.
    log = np.log2
    expected = (3 / log(3) + 1 / log(4)) / (3 + 1 / log(3))
    assert ndcg(np.array([0, 2, 1]), np.array([1, 2, 0, 0])) == pytest.approx(expected)
    assert ndcg(np.array([2, 1, 0]), np.array([0, 1, 2])) == 1.0
    assert ndcg(np.array([], dtype=int), np.array([2])) == 0.0
    assert np.isnan(ndcg(np.array([0]), np.array([0])))


def test_what_lies_beyond_the_cut_counts_in_neither() -> None:
    assert ndcg(np.array([2, 0, 2]), np.array([2, 2, 2]), k=1) == 1.0


def test_reciprocal_rank_and_recall() -> None:
    assert reciprocal_rank(np.array([False, False, True, True])) == pytest.approx(1 / 3)
    assert reciprocal_rank(np.zeros(3, dtype=bool)) == 0.0
    assert recall(np.array([True, False, True]), total=4, k=2) == 0.25
    assert np.isnan(recall(np.zeros(2, dtype=bool), total=0))
