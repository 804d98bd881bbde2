"""Temperature scaling: class probabilities that mean what they say (Guo 2017, arXiv 1706.04599)."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

__all__ = ["calibrated_loss", "fit_temperature"]

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


def calibrated_loss(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean cross-entropy at the temperature that fits best: (n, classes), (n,) all known."""
    return _cross_entropy(logits, labels, fit_temperature(logits, labels))


def _cross_entropy(logits: np.ndarray, labels: np.ndarray, temperature: float) -> float:
    shares = log_softmax(logits.astype(np.float64) / temperature, axis=1)
    return float(-shares[np.arange(len(labels)), labels].mean())
