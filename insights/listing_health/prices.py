"""Prices that are not what comparable products cost, above all those off by a factor of ten or a hundred."""

from dataclasses import dataclass

import numpy as np

from insights.listing_health.belief import probability_of_wrong
from insights.listing_health.evidence import FEWEST, Evidence, facts_view
from insights.listing_health.left_out import BLOCK, left_out, some_of
from insights.listing_health.sentences import Why

__all__ = ["Prices", "judge_prices"]

SLIPS = {np.log(10): 0.5, np.log(100): 0.2, -np.log(10): 0.2, -np.log(100): 0.1}
"""A slipped decimal: how far the logarithm is off, and how likely of all slips; a lost point makes dearer."""
TAILS, WIDTHS = (2.0, 3.0, 5.0, 10.0), (0.7, 0.85, 1.0, 1.2, 1.4)
"""How honest prices scatter: degrees of freedom of Student's t, since shops have dear and cheap ones, and
its width over the residuals' own; the pair under which the catalogue is likeliest is taken."""
NEIGHBOURS = 30
ROBUST = 2.5
"""Deviations at which a residual is cut before the second fit, so that an outlier teaches little."""


@dataclass(frozen=True)
class Prices:
    """Of n products.

    Attributes:
        expected: (n,) logarithm, less the median of the currency, by a fit without the product.
        scatter: (n,) how far honest prices of its like lie from that.
        wrong: (n,) probability that a decimal slipped; NaN where it is not judged.
        share: of wrong ones, as far as can be told.
        skipped: why none is judged; None where some are.
    """

    expected: np.ndarray
    scatter: np.ndarray
    wrong: np.ndarray
    share: float
    skipped: Why | None = None


def judge_prices(evidence: Evidence) -> Prices:
    """Judge each price by words, photo, sound, category and brand."""
    n = len(evidence)
    rows = np.flatnonzero(np.isfinite(evidence.log_price))
    nothing = np.full(n, np.nan)
    if len(rows) < FEWEST:
        said = (
            f"no price is judged: {len(rows)} products of one currency have one, and {FEWEST} are needed",
            f"未检查价格：同一货币仅{len(rows)}件商品有价格，至少需要{FEWEST}件",
        )
        return Prices(nothing, nothing, nothing, 0.0, said)
    views = [*evidence.views.values(), facts_view(evidence)]

    def kernel(some: np.ndarray, others: np.ndarray) -> np.ndarray:
        return np.asarray(sum(view(some, others) for view in views) + 0.5)

    price = np.where(np.isfinite(evidence.log_price), evidence.log_price, 0.0)
    expected = left_out(kernel, rows, price[:, None])[:, 0]
    residual = price - expected
    usual = 1.4826 * float(np.median(np.abs(residual[rows]))) + 1e-3
    tamed = expected + np.clip(residual, -ROBUST * usual, ROBUST * usual)
    expected = left_out(kernel, rows, tamed[:, None])[:, 0]
    residual = price - expected
    scatter = np.full(n, np.nan)
    scatter[rows] = _scatter(kernel, rows, np.abs(residual))
    wrong = np.full(n, np.nan)
    wrong[rows], share = _slipped(residual[rows] / scatter[rows], scatter[rows])
    return Prices(np.where(np.isfinite(scatter), expected, np.nan), scatter, wrong, share)


def _slipped(off: np.ndarray, scatter: np.ndarray) -> tuple[np.ndarray, float]:
    """Probability of a slip of each of m prices, and the share of slips.

    Args:
        off: (m,) residuals in units of their scatter.
    """
    from scipy.stats import t as student_t  # scipy.stats takes a second to import

    best, found = -np.inf, (np.zeros(len(off)), 0.0)
    for tail in TAILS:
        for width in WIDTHS:
            law = student_t(tail, scale=width)
            honest = law.logpdf(off)
            slips = [np.log(share) + law.logpdf(off - far / scatter) for far, share in SLIPS.items()]
            ratio = np.logaddexp.reduce(slips) - honest
            wrong, share = probability_of_wrong(ratio)
            likely = float((honest + np.log1p(share * np.expm1(np.clip(ratio, None, 50.0)))).sum())
            if likely > best:
                best, found = likely, (wrong, share)
    return found


def _scatter(kernel: object, rows: np.ndarray, off: np.ndarray) -> np.ndarray:
    """(rows,) typical distance among a product's likes, drawn half way to that of all."""
    assert callable(kernel)  # noqa: S101 - for the type
    learned = some_of(rows)
    overall = 1.4826 * float(np.median(off[rows])) + 1e-3
    found = np.zeros(len(rows))
    most = min(NEIGHBOURS, len(learned) - 1)
    for start in range(0, len(rows), BLOCK):
        here = rows[start : start + BLOCK]
        like = kernel(here, learned)
        like[here[:, None] == learned[None, :]] = -np.inf
        near = np.argpartition(-like, most, axis=1)[:, :most]
        local = 1.4826 * np.median(off[learned[near]], axis=1)
        found[start : start + BLOCK] = np.sqrt((local**2 + overall**2) / 2)
    return found
