"""From a likelihood ratio to a probability: how often it is wrong is learned from the catalogue itself."""

import numpy as np

__all__ = ["ROUNDS", "probability_of_wrong"]

ROUNDS = 4
"""Times that what tells right from wrong is learned, each time believing what is probably wrong less: the
right ones that it learns from are those of the catalogue, in which some are wrong."""

RARE, COMMON = 0.01, 0.2
"""Share of wrong ones that is believed before anything is seen, as if of PRIOR rows; and the largest."""
PRIOR = 50.0
STEPS = 200


def probability_of_wrong(log_ratio: np.ndarray) -> tuple[np.ndarray, float]:
    """Probabilities of n rows, and the share of wrong ones (Saerens 2002, with a prior).

    Args:
        log_ratio: (n,) logarithm of how much likelier what is seen is of a wrong one than of a right one.
    """
    ratio = np.exp(np.clip(log_ratio, -30, 30))
    share = RARE
    for _ in range(STEPS):
        wrong = share * ratio / (share * ratio + 1 - share)
        new = min((float(wrong.sum()) + PRIOR * RARE) / (len(ratio) + PRIOR), COMMON)
        if abs(new - share) < 1e-7:
            break
        share = new
    return share * ratio / (share * ratio + 1 - share), share
