"""Ridge regression to classes with exact leave-one-out scores, and the sum of several by their own weights.

Regularised least squares names classes as well as support vector machines do (Rifkin & Klautau 2004), and its
leave-one-out scores cost nothing beside the fit (Allen 1974): so the strength of the penalty, and how much
each model counts, are chosen on rows that did not teach them, without another fit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

__all__ = ["Ridge", "counted", "fit_ridge"]

PENALTIES = (0.03, 0.1, 0.3, 1.0, 3.0)


@dataclass(frozen=True)
class Ridge:
    """A fit on n rows.

    Attributes:
        penalty: chosen of `PENALTIES` by the squared error of the left-out rows.
        dual: (n, classes); scores of a row are its kernel with the n rows times these.
        left_out: (n, classes) scores of each row by a fit on the others.
        error: their mean squared error.
    """

    penalty: float
    dual: np.ndarray
    left_out: np.ndarray
    error: float


def fit_ridge(kernel: np.ndarray, targets: np.ndarray) -> Ridge:
    """Fit on (n, n) kernel values and (n, classes) targets, 1 for the row's class and 0 elsewhere."""
    values, vectors = np.linalg.eigh(kernel.astype(np.float64))
    turned = vectors.T @ targets
    best: Ridge | None = None
    for penalty in PENALTIES:
        shrunk = values / (values + penalty)
        own = (vectors**2) @ shrunk
        left_out = targets - (targets - vectors @ (shrunk[:, None] * turned)) / (1 - own)[:, None]
        error = float(((left_out - targets) ** 2).mean())
        if best is None or error < best.error:
            dual = vectors @ (turned / (values + penalty)[:, None])
            best = Ridge(penalty, dual, left_out, error)
    assert best is not None  # noqa: S101 - the first penalty is a fit
    return best


def counted(scores: Sequence[np.ndarray], labels: np.ndarray) -> np.ndarray:
    """How much each of several scores counts: weights above zero that make softmax of the weighted sum most
    likely (Genest & Zidek 1986, logarithmic pools).

    Args:
        scores: (n, classes) each, of rows that did not teach them.
        labels: (n,) int64.
    """
    table = np.stack(scores)

    def unlikely(logs: np.ndarray) -> float:
        shares = log_softmax(np.tensordot(np.exp(logs), table, axes=1), axis=1)
        return float(-shares[np.arange(len(labels)), labels].mean())

    start = np.full(len(scores), np.log(4.0))
    found = minimize(unlikely, start, method="L-BFGS-B", bounds=[(np.log(0.01), np.log(100.0))] * len(start))
    return np.asarray(np.exp(found.x))
