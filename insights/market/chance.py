"""Is a change of a count more than chance, where counts vary more than Poisson's?"""

import numpy as np

__all__ = ["change_p", "overdispersion"]

LEAST, MOST = 1e-6, 0.9
"""Of rho: at the least the beta-binomial is the binomial."""


def change_p(before: np.ndarray, recent: np.ndarray, expected: float, rho: np.ndarray) -> np.ndarray:
    """Two-sided p of each count's change, given the sum of both parts.

    Where weekly counts are negative-binomial with one mean, the recent part of their sum is beta-binomial;
    its mean is the share of the whole shop's sales that fell into the recent weeks, so that what rises
    with everything has not risen.

    Args:
        before, recent: (n,) counts of both parts.
        expected: share of recent in their sum, of the whole shop.
        rho: (n,) see `overdispersion`; 0 is the binomial of Poisson counts.
    """
    from scipy.special import betaln

    sizes = 1 / np.maximum(rho, LEAST) - 1
    p = np.ones(len(before))
    counts = (before + recent).astype(np.int64).tolist(), recent.astype(np.int64).tolist()
    for place, (n, x, size) in enumerate(zip(*counts, sizes.tolist(), strict=True)):
        # `scipy.stats.betabinom` gives the same and takes four times as long.
        a, b, k = expected * size, (1 - expected) * size, np.arange(n + 1)
        choices = -np.log(n + 1) - betaln(n - k + 1, k + 1)
        mass = np.exp(choices + betaln(k + a, n - k + b) - betaln(a, b))
        p[place] = min(1.0, 2 * min(mass[: x + 1].sum(), mass[x:].sum()))
    return p


def overdispersion(before: np.ndarray, recent: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """(n,) how much more the recent part varies than chance alone: rho of a beta-binomial, by moments.

    Its variance is m p (1 - p) (1 + (m - 1) rho) for m counts; the excess is summed over comparisons and
    divided by what rho = 1 would give. One row's few comparisons say little, so its rho is drawn to that of
    all rows, and is never below it.

    Args:
        before, recent: (n, c) counts of c comparisons.
        expected: (c,) share of recent in each.
    """
    total = before + recent
    told = (total > 1) & (expected > 0) & (expected < 1)
    spread = np.where(told, total * expected * (1 - expected), 1.0)
    excess = np.where(told, (recent - total * expected) ** 2 / spread - 1, 0.0).sum(axis=1)
    whole = np.where(told, total - 1, 0.0).sum(axis=1)
    if not whole.any():
        return np.zeros(len(before))
    every = excess.sum() / whole.sum()
    own = (excess + every * whole[whole > 0].mean()) / (whole + whole[whole > 0].mean())
    return np.clip(np.maximum(own, every), 0.0, MOST)
