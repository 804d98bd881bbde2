"""Risers and fallers: what sells more or less than before, beyond chance and beyond the whole shop."""

import numpy as np
import pandas as pd

from insights.market.chance import change_p, overdispersion
from insights.market.demand import Demand
from insights.market.folder import Said
from shelfspace.settings.insights import Market

__all__ = ["COLUMNS", "FEWEST", "movers", "too_short"]

COLUMNS = ("before", "recent", "expected", "ratio", "p", "q", "verdict")
FEWEST = 10
"""Purchase lines of both parts together, below which no change can be told from chance."""
NEWLY = 3
"""Lines from which on what never sold before sells."""
ORIGINS = 6
"""Earlier comparisons that the usual change from month to month is taken from."""


def too_short(demand: Demand, settings: Market) -> Said:
    """Why there can be no risers and fallers; empty where there can."""
    need, there = settings.recent_weeks + settings.before_weeks, len(demand.weeks)
    if demand.why_not.en or there >= need:
        return demand.why_not
    return Said(
        f"not enough evidence: {there} whole weeks of purchases, {need} are compared",
        f"依据不足：只有 {there} 个整周的购买记录，比较需要 {need} 周",
    )


def movers(lines: np.ndarray, settings: Market) -> pd.DataFrame:
    """Judge n rows of weekly purchase lines, of products or of segments.

    Args:
        lines: (n, w), oldest week first; w at least `recent_weeks` + `before_weeks`.

    Returns:
        n rows of: before and recent (lines), expected (recent lines, had it moved with the shop), ratio
        (recent over expected), p, q (NaN with too few lines) and verdict: riser, faller, new (sells, and
        did not in any week before) or "".
    """
    from scipy.stats import false_discovery_control

    before, recent, share = _parts(lines, lines.shape[1], settings)
    total = before + recent
    judged = (total >= FEWEST) & (0 < share < 1)
    p = np.full(len(lines), np.nan)
    q = p.copy()
    if judged.any():
        p[judged] = change_p(before[judged], recent[judged], share, _usual(lines, settings)[judged])
        q[judged] = false_discovery_control(p[judged])
    expected = before * share / (1 - share) if share < 1 else np.zeros(len(lines))
    ratio = np.divide(recent, expected, out=np.full(len(lines), np.nan), where=expected > 0)
    sure = q <= settings.false_share
    never = lines[:, : lines.shape[1] - settings.recent_weeks].sum(axis=1) == 0
    more = recent > total * share
    verdict = np.where(
        never & (recent >= NEWLY), "new", np.where(~sure, "", np.where(more, "riser", "faller"))
    )
    return pd.DataFrame(
        {
            "before": before.astype(np.int64),
            "recent": recent.astype(np.int64),
            "expected": expected.round(2),
            "ratio": ratio.round(3),
            "p": p,
            "q": q,
            "verdict": verdict,
        }
    )


def _parts(lines: np.ndarray, end: int, settings: Market) -> tuple[np.ndarray, np.ndarray, float]:
    """Lines before and recent of a comparison that ends before week `end`, and the shop's recent share."""
    middle = end - settings.recent_weeks
    before = lines[:, middle - settings.before_weeks : middle].sum(axis=1)
    recent = lines[:, middle:end].sum(axis=1)
    whole = before.sum() + recent.sum()
    return before, recent, float(recent.sum() / whole) if whole else 0.0


def _usual(lines: np.ndarray, settings: Market) -> np.ndarray:
    """Overdispersion of earlier comparisons; of this one where there are none, which finds fewer movers."""
    need, step = settings.recent_weeks + settings.before_weeks, settings.recent_weeks
    ends = list(range(lines.shape[1] - step, need - 1, -step))[:ORIGINS] or [lines.shape[1]]
    before, recent, share = zip(*(_parts(lines, end, settings) for end in ends), strict=True)
    return overdispersion(np.stack(before, axis=1), np.stack(recent, axis=1), np.array(share))
