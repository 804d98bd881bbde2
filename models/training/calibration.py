"""Temperature scaling: class probabilities that mean what they say (Guo 2017, arXiv 1706.04599)."""

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from shelfspace.paired import compare

__all__ = ["UNCALIBRATED", "calibrated_loss", "choose_temperature", "fit_temperature"]

UNCALIBRATED = "uncalibrated"
"""The rival's name: temperature 1."""
PARTS = 5
"""Of the rows: each is judged at the temperature of the others."""

# Outside these bounds the validation rows are too few or too easy to say anything.
BOUNDS = (0.25, 8.0)


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature that minimises the cross-entropy of softmax(logits / temperature).

    Args:
        logits: (n, classes) float.
        labels: (n,) int64, -1 where unknown; such rows are left out.

    Returns:
        a temperature in 0.25..8; 1.0 where no row is labelled.
    """
    known = labels >= 0
    if logits.shape[1] < 2 or not known.any():
        return 1.0
    scores, target = logits[known], labels[known]

    def loss(log_temperature: float) -> float:
        return _cross_entropy(scores, target, float(np.exp(log_temperature)))

    found = minimize_scalar(loss, bounds=tuple(np.log(BOUNDS)), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def choose_temperature(logits: np.ndarray, labels: np.ndarray) -> tuple[float, dict[str, Any] | None]:
    """The temperature of `fit_temperature`, or 1 where the true labels are not likelier with it.

    Args:
        logits: (n, classes) float of rows that taught no weight.
        labels: (n,) int64, -1 where unknown.

    Returns:
        the temperature, and the paired comparison of log-likelihoods (`shelfspace.paired`) at temperatures
        of left-out rows; None without a labelled row.
    """
    known = labels >= 0
    scores, target = logits[known], labels[known]
    if logits.shape[1] < 2 or not len(target):
        return 1.0, None
    part = np.arange(len(target)) % PARTS
    likely = np.zeros(len(target))
    for one in range(min(PARTS, len(target))):
        temperature = fit_temperature(scores[part != one], target[part != one])
        likely[part == one] = _likely(scores[part == one], target[part == one], temperature)
    found = compare(likely, {UNCALIBRATED: _likely(scores, target, 1.0)})
    return fit_temperature(scores, target) if found.learned_wins else 1.0, found.describe()


def calibrated_loss(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean cross-entropy at the temperature that fits best: (n, classes), (n,) all known."""
    return _cross_entropy(logits, labels, fit_temperature(logits, labels))


def _cross_entropy(logits: np.ndarray, labels: np.ndarray, temperature: float) -> float:
    return float(-_likely(logits, labels, temperature).mean())


def _likely(logits: np.ndarray, labels: np.ndarray, temperature: float) -> np.ndarray:
    """(n,) logarithm of the probability of each true label."""
    shares = log_softmax(logits.astype(np.float64) / temperature, axis=1)
    return np.asarray(shares[np.arange(len(labels)), labels])
