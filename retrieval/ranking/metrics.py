"""How good a ranking is, by graded judgements."""

import numpy as np

__all__ = ["ndcg"]


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
