"""Who names the category: the linear expert, or the network beside it.

Both are asked of validation rows, whose labels neither of them learned from. The network counts only where
it is better, alone or pooled with the expert, by more than chance; on a tie the simple one stays. Better is
who names more of them right, or, of those who name no fewer right, who finds the true labels likelier: the
logarithmic score is proper (Gneiting & Raftery 2007), and tells of few rows what counting them cannot.
"""

from typing import Any

import numpy as np

from models.expert.pool import pooled
from shelfspace.paired import compare

__all__ = ["EXPERT", "SHARES", "choose_labelling"]

EXPERT = "linear"
"""The rival's name."""

SHARES = (0.5, 1.0)
"""Shares of the network in the pool that are tried."""


def choose_labelling(network: np.ndarray, expert: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Choose on n rows that taught neither of them.

    Args:
        network, expert: (n, classes) probabilities.
        labels: (n,) int64, all known.

    Returns:
        `network`, its share in the pool: 0 where the expert names the category alone; `compared`, the paired
        comparison of the likelier share with the expert (`shelfspace.paired`) by the `measure` that decided,
        accuracy or log_likelihood, or None of no rows; and `tried`, the accuracies.
    """
    if not len(labels):
        return {"network": 0.0, "compared": None, "tried": {}}
    right = {share: _right(pooled(network, expert, share), labels) for share in (0.0, *SHARES)}
    likely = {share: _likely(pooled(network, expert, share), labels) for share in (0.0, *SHARES)}
    share = max(SHARES, key=lambda one: float(likely[one].mean()))
    measure, compared = "accuracy", compare(right[share], {EXPERT: right[0.0]})
    if not compared.learned_wins and compared.by >= 0:
        likelier = compare(likely[share], {EXPERT: likely[0.0]})
        if likelier.learned_wins:
            measure, compared = "log_likelihood", likelier
    return {
        "network": share if compared.learned_wins else 0.0,
        "compared": {"measure": measure, **compared.describe()},
        "tried": {f"{one:g}": round(float(hits.mean()), 4) for one, hits in right.items()},
    }


def _right(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.asarray(probabilities.argmax(axis=1) == labels, dtype=np.float64)


def _likely(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) logarithm of the probability of each true label."""
    return np.log(np.clip(probabilities[np.arange(len(labels)), labels], 1e-9, None), dtype=np.float64)
