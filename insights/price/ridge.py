"""Ridge regression by its kernel, with what each listing is predicted as by all others, in one inverse.

With K = X X' and G = (K + penalty I)^-1, the error of listings B when they are left out is
G_BB^-1 (G y)_B: the whole of leave-one-group-out costs what one fit does.
"""

from collections.abc import Sequence

import numpy as np

__all__ = ["PENALTIES", "chosen_penalty", "left_out"]

PENALTIES = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
TRIED_ON = 1500
"""Listings that penalties are compared on, where there are more."""


def left_out(
    kernel: np.ndarray, values: np.ndarray, groups: np.ndarray, penalty: float
) -> tuple[np.ndarray, np.ndarray]:
    """Fit n values, and predict each from the rows of other groups.

    Args:
        kernel: (n, n) symmetric.
        groups: (n,) rows of one number are left out together.

    Returns:
        (n,) weights of the rows: a prediction is the mean of the values plus kernel to the rows times
        these; and (n,) predictions of each row by the other groups.
    """
    n = len(values)
    inverse = np.linalg.inv(kernel + penalty * np.eye(n))
    mean = float(values.mean())
    weights = inverse @ (values - mean)
    errors = weights / np.diag(inverse)
    for rows in grouped(groups):
        if len(rows) > 1:
            errors[rows] = np.linalg.solve(inverse[np.ix_(rows, rows)], weights[rows])
    return weights, values - errors


def grouped(groups: np.ndarray) -> list[np.ndarray]:
    """Rows of each group."""
    order = np.argsort(groups, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)


def chosen_penalty(
    kernel: np.ndarray, values: np.ndarray, groups: np.ndarray, penalties: Sequence[float] = PENALTIES
) -> tuple[float, float]:
    """The penalty whose predictions of left-out rows are nearest, and their mean squared error."""
    some = np.arange(len(values))
    if len(values) > TRIED_ON:
        some = np.sort(np.random.default_rng(0).permutation(len(values))[:TRIED_ON])
    part, known, own = kernel[np.ix_(some, some)], values[some], groups[some]
    # One decomposition serves all penalties.
    heights, turns = np.linalg.eigh(part)
    turned = turns.T @ (known - known.mean())
    members = [rows for rows in grouped(own) if len(rows) > 1]
    losses = []
    for penalty in penalties:
        scale = 1 / (np.maximum(heights, 0.0) + penalty)
        weights = turns @ (scale * turned)
        errors = weights / (np.square(turns) @ scale)
        for rows in members:
            errors[rows] = np.linalg.solve((turns[rows] * scale) @ turns[rows].T, weights[rows])
        losses.append(np.square(errors).mean())
    least = int(np.argmin(losses))
    return float(penalties[least]), float(losses[least])
