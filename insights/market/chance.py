"""Is a change of a count more than chance, where counts vary more than Poisson's?"""

import numpy as np

__all__ = ["change_p", "overdispersion"]


def change_p(before: np.ndarray, recent: np.ndarray, expected: float, rho: float) -> np.ndarray:
    """Two-sided p of each count's change, given the sum of both parts.

    Where weekly counts are negative-binomial with one mean, the recent part of their sum is beta-binomial;
    its mean is the share of the whole shop's sales that fell into the recent weeks, so that what rises
    with everything has not risen.

    Args:
        before, recent: (n,) counts of both parts.
        expected: share of recent in their sum, of the whole shop.
        rho: see `overdispersion`; 0 is the binomial of Poisson counts.
    """
    from scipy.stats import betabinom  # a second to import

    size = 1 / max(rho, 1e-6) - 1
    p = np.ones(len(before))
    counts = (before + recent).astype(np.int64).tolist(), recent.astype(np.int64).tolist()
    for place, (n, x) in enumerate(zip(*counts, strict=True)):
        mass = betabinom.pmf(np.arange(n + 1), n, expected * size, (1 - expected) * size)
        p[place] = min(1.0, 2 * min(mass[: x + 1].sum(), mass[x:].sum()))
    return p


def overdispersion(before: np.ndarray, recent: np.ndarray, expected: np.ndarray) -> float:
    """How much more the recent part varies than chance alone: rho of a beta-binomial, by moments.

    Its variance is n p (1 - p) (1 + (n - 1) rho); the excess is summed over all counts and divided by what
    rho = 1 would give.

    Args:
        before, recent: (m,) counts of comparisons where most have no cause.
        expected: (m,) share of recent in each.
    """
    total = before + recent
    kept = (total > 1) & (expected > 0) & (expected < 1)
    total, recent, expected = total[kept], recent[kept], expected[kept]
    if not len(total):
        return 0.0
    z2 = (recent - total * expected) ** 2 / (total * expected * (1 - expected))
    return float(np.clip(np.sum(z2 - 1) / np.sum(total - 1), 0.0, 0.5))
