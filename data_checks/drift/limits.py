"""Limits of the monitors: what this shop's own past windows do among themselves.

Of every two past windows the squared distance is known, and how far apart in time they lie. Their mean grows
with that lag: what chance and the weeks do to neighbours, plus what the shop drifts by itself. A window is
over the limit when its squared distance exceeds that mean by a factor that the F distribution passes with
probability `ALPHA`, shared by all monitors (Bonferroni): as Student's t for one direction, tighter for a
distance that sums up many, and wide where few windows are known. A limit is never below what rows (or blocks)
drawn at random from one period reach, nor below the least effect that matters.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import orjson
import pandas as pd
from scipy.stats import chi2, f

from data_checks.drift.pairwise import chance_distances, pair_distances
from data_checks.drift.prices import OWN_PRICE
from data_checks.drift.windows import Window, pool_windows
from shelfspace.errors import ArtifactError
from shelfspace.files import json_bytes

__all__ = ["ALPHA", "OWN_WINDOWS", "Limit", "Limits", "fit_limits"]

OWN_WINDOWS = 8
"""Fewer past windows say nothing of a shop: limits are the defaults, and a verdict is provisional."""
MOST_WINDOWS = 26
"""Half a year of weeks: the latest past windows that limits are fitted on."""
ALPHA = 0.02
"""Chance that a window without a shift is over any of its limits. A verdict asks for the same monitor in two
of three windows, which makes a false one far rarer. Wider than a real shop needed: none came at up to 0.2,
which would find smaller shifts (docs/RESULTS.md)."""
EFFECT = 0.1
"""Least distance of a column that counts (Evidently's own limit)."""
EFFECTS = {" vectors": 0.05, " new": 0.12, " missing": 0.1, OWN_PRICE: 0.19}
"""The same for other monitors, by the end of their names: a ROC AUC of 0.55, 2% of new values, 3% missing
where nothing was, a tenth of the sales at another price where none was. Of prices fewer are no news: a sale
marks down some goods for some weeks, and where a price level moves hardly one stays as it was."""
DEFAULT_EFFECTS = {" vectors": 0.15, " new": 0.2, " missing": 0.2, OWN_PRICE: 0.27}
"""Without own windows, as `EFFECTS`: twice as much."""
DRAWS = 60
MANN_WHITNEY = 1 / 12
"""Variance of a ROC AUC without skill, over 1/m + 1/n (Mann and Whitney 1947)."""
FREEDOM = (0.5, 40.0)
"""Least and most degrees of freedom of a squared distance; below 1 the tail is heavier than Student's."""


@dataclass(frozen=True)
class Limit:
    """What one monitor's squared distance is by itself.

    Attributes:
        chance: mean squared distance of two random halves of one period, over the sum of 1 / rows of both.
        chance_freedom: degrees of freedom of that: 2 mean^2 / variance (Satterthwaite 1946).
        noise: mean squared distance of two neighbouring windows of the past; 0 without own windows.
        growth: by which it grows a day between them.
        freedom: degrees of freedom of the past's distances.
        effect: least distance that counts.
        windows: past windows that it is known in; 0 for all.
    """

    chance: float
    chance_freedom: float
    noise: float
    growth: float
    freedom: float
    effect: float
    windows: int = 0


@dataclass(frozen=True)
class Limits:
    """The limits of one question, fitted once when a champion goes live and kept with its reference.

    Attributes:
        monitors: name to limit.
        windows: past windows they rest on.
        window_rows: mean rows of one.
        provisional: fewer than `OWN_WINDOWS`.
    """

    monitors: dict[str, Limit]
    windows: int
    window_rows: float
    provisional: bool

    def at(self, name: str, rows: int, reference_rows: int, days: float) -> float:
        """The distance over which a monitor has moved.

        Args:
            name: of the monitor; one that was not there when the limits were fitted has the default.
            rows, reference_rows: of the two sides.
            days: from the reference's end to the window's.
        """
        limit = self.monitors.get(name)
        if limit is None:
            return 2 * _effect(name, False)
        alpha = ALPHA / max(sum(limit.chance > 0 or limit.noise > 0 for limit in self.monitors.values()), 1)
        inverse = 1 / max(rows, 1) + 1 / max(reference_rows, 1)
        chance = limit.chance * inverse * _chance_factor(alpha, limit.chance_freedom)
        own = 0.0
        if not self.provisional:
            # A reference of many windows is steadier than one window.
            share = (1 + min(self.window_rows / max(reference_rows, 1), 1.0)) / 2
            mean = limit.noise * share + limit.growth * max(days, 0.0)
            own = mean * _own_factor(alpha, limit.freedom, limit.windows or self.windows)
        return float(max(np.sqrt(max(chance, own)), limit.effect))

    def to_json(self) -> str:
        """One JSON object; `from_json` reads it back."""
        return json_bytes(asdict(self)).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> "Limits":
        """Read what `to_json` gave.

        Raises:
            ArtifactError: the text holds no limits.
        """
        try:
            said: dict[str, Any] = orjson.loads(text)
            said["monitors"] = {name: Limit(**limit) for name, limit in said["monitors"].items()}
            return cls(**said)
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise ArtifactError(f"the limits of drift are damaged: {error}; fit them again") from error


@lru_cache(1024)
def _chance_factor(alpha: float, freedom: float) -> float:
    return float(chi2.isf(alpha, freedom) / freedom)


@lru_cache(1024)
def _own_factor(alpha: float, freedom: float, windows: int) -> float:
    return float(f.isf(alpha, freedom, windows - 1))


def fit_limits(history: Sequence[Window], seed: int = 0) -> Limits:
    """Limits from the shop's own past windows, which hold no planted shift as far as anyone knows.

    Args:
        history: complete windows before the champion went live, oldest first; where a shop has none yet, its
            reference alone, which gives default limits.
        seed: of the random halves.
    """
    history = list(history)[-MOST_WINDOWS:]
    provisional = len(history) < OWN_WINDOWS
    chance = _by_chance(pool_windows(history), seed) if history else {}
    pairs = pd.DataFrame() if provisional else pair_distances(history)
    if len(pairs):
        ends = zip(pairs["first"].astype(int), pairs["second"].astype(int), strict=True)
        pairs["lag"] = [_days(history[i], history[j]) for i, j in ends]
    found = {}
    for name in sorted({*chance, *pairs.columns} - {"first", "second", "lag"}):
        unit, freedom = chance.get(name, (0.0, 1.0))
        noise, growth, own, known = 0.0, 0.0, freedom, 0
        if name in pairs:
            noise, growth, own = _variogram(pairs["lag"], pairs[name] ** 2, freedom)
            known = pairs.loc[pairs[name].notna(), ["first", "second"]].stack().nunique()
        found[name] = Limit(unit, freedom, noise, growth, own, _effect(name, provisional), known)
    return Limits(found, len(history), float(np.mean([w.rows for w in history] or [0])), provisional)


def _effect(name: str, provisional: bool) -> float:
    table = DEFAULT_EFFECTS if provisional else EFFECTS
    return next((value for end, value in table.items() if name.endswith(end)), EFFECT * (1 + provisional))


def _by_chance(period: Window, seed: int) -> dict[str, tuple[float, float]]:
    """Per monitor the mean squared distance of random halves over (1/m + 1/n), and its degrees of freedom."""
    drawn = chance_distances(period, DRAWS, seed)
    found = {f"{name} vectors": (MANN_WHITNEY, 1.0) for name in period.vectors}
    found |= {name: (0.0, 1.0) for name in period.counts}
    for name in drawn.columns.drop("inverse", errors="ignore"):
        squared = (drawn[name] ** 2 / drawn["inverse"]).dropna().to_numpy()
        found[name] = float(squared.mean()), _freedom(squared, *FREEDOM)
    return found


def _days(then: Window, now: Window) -> float:
    if then.end is None or now.end is None:
        return 0.0
    return max((now.end - then.end) / pd.Timedelta(days=1), 0.0)


def _variogram(lag: pd.Series, squared: pd.Series, most: float) -> tuple[float, float, float]:
    """Noise at lag 0 and growth a day, both at least 0, and the degrees of freedom around that line."""
    from scipy.optimize import nnls

    known = squared.notna().to_numpy()
    x, y = lag.to_numpy(float)[known], squared.to_numpy(float)[known]
    if not len(y):
        return 0.0, 0.0, most
    (noise, growth), _ = nnls(np.column_stack([np.ones(len(x)), x]), y)
    expected = noise + growth * x
    ratio = y / np.where(expected > 0, expected, 1.0)
    return float(noise), float(growth), min(_freedom(ratio, *FREEDOM), most)


def _freedom(squared: np.ndarray, least: float, most: float) -> float:
    """Degrees of freedom of a scaled chi-square with these draws' mean and variance."""
    variance = float(np.var(squared))
    return float(np.clip(2 * float(np.mean(squared)) ** 2 / variance, least, most)) if variance > 0 else most
