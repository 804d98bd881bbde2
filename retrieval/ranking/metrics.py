"""How good a ranking is, by graded judgements: nDCG, reciprocal rank, recall."""

import numpy as np

__all__ = ["ndcg", "recall", "reciprocal_rank"]


def ndcg(grades: np.ndarray, judged: np.ndarray, k: int = 10) -> float:
    """Normalised discounted cumulative gain at k, in [0, 1] (Järvelin & Kekäläinen 2002).

    The gain of grade g is 2^g - 1 and the discount log2(1 + place) (Burges et al. 2005).

    Args:
        grades: grades of the ranking, best first; unjudged products have grade 0.
        judged: grades of all judged products, in any order; NaN comes back when none is above 0.
    """
    best = _gain(np.sort(np.asarray(judged))[::-1][:k])
    return float(_gain(np.asarray(grades)[:k]) / best) if best > 0 else float("nan")


def _gain(grades: np.ndarray) -> float:
    return float(((2.0**grades - 1) / np.log2(np.arange(2, len(grades) + 2))).sum())


def reciprocal_rank(relevant: np.ndarray) -> float:
    """1 / place of the first relevant product of a ranking, 0 where there is none."""
    places = np.flatnonzero(relevant)
    return 1.0 / (1 + int(places[0])) if len(places) else 0.0


def recall(relevant: np.ndarray, total: int, k: int = 100) -> float:
    """Share of the `total` relevant products among the first k; NaN where there is none to find."""
    return float(np.sum(relevant[:k]) / total) if total else float("nan")
