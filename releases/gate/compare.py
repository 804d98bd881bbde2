"""What two models' outcomes say: not worse, worse, cannot tell; and which figures veto."""

from dataclasses import dataclass
from statistics import NormalDist

import pandas as pd

from releases.gate.draws import Difference, critical, differences, widened
from releases.gate.figures import aligned, figures
from releases.gate.floors import Finding
from shelfspace.settings import Gate

__all__ = ["Compared", "Line", "compare"]

NORMAL = NormalDist()
SURE = NORMAL.inv_cdf(0.95)
"""Errors from a difference to either end of its 90% interval."""
FAMILIES = {"large category": 0.5, "small category": 0.15, "view": 0.35}
"""Of all false vetoes, the share of each family: the few figures that matter much keep a narrow margin."""


@dataclass(frozen=True)
class Line:
    """One figure of both models beside each other, as people read it.

    Attributes:
        low, high: the 90% interval of the difference over products.
        margin: how much lower it may be.
        verdict: `not worse`, `worse`, `cannot tell`; of one that may veto `no veto` or `veto`.
    """

    figure: str
    products: int
    challenger: float
    champion: float
    difference: float
    low: float
    high: float
    margin: float
    verdict: str


@dataclass(frozen=True)
class Compared:
    """One figure's line, and the sentence that goes into the verdict; "" for one that says nothing."""

    line: Line
    finding: Finding
    undecided: bool = False


def compare(challenger: pd.DataFrame, champion: pd.DataFrame, settings: Gate) -> list[Compared]:
    """Every figure that both have: what must be shown not to be worse first, then what may veto."""
    ours, theirs = aligned(challenger, champion)
    found = differences(list(figures(ours, theirs, settings)), ours["group"].to_numpy())
    compared = [_not_worse(one, settings) for one in found if one.figure.family == "overall"]
    for family, share in FAMILIES.items():
        chosen = [one for one in found if one.figure.family == family]
        errors = critical(chosen, share * settings.false_vetoes)
        compared += [_veto(one, errors, settings) for one in chosen]
    return compared


def _line(one: Difference, margin: float, verdict: str) -> Line:
    half = SURE * one.error
    ends = (one.by - half, one.by + half)
    return Line(
        one.figure.words, one.figure.rows, one.challenger, one.champion, one.by, *ends, margin, verdict
    )


def _not_worse(one: Difference, settings: Gate) -> Compared:
    """Non-inferiority: the whole interval lies above the margin."""
    margin, half = settings.margin, SURE * one.error
    power = NORMAL.cdf(margin / one.error - SURE)
    figures = (
        f"{one.figure.words}: {one.challenger:.3f} beside the champion's {one.champion:.3f} on "
        f"{one.figure.rows} products (difference {one.by:+.3f}, 90% interval {one.by - half:+.3f} to "
        f"{one.by + half:+.3f})"
    )
    if one.by - half > -margin:
        said = f"{figures} is not lower by {margin:.3f} or more"
        return Compared(_line(one, margin, "not worse"), Finding(True, said))
    if one.by + half < 0:
        return Compared(_line(one, margin, "worse"), Finding(False, f"{figures} is worse"))
    if power >= settings.power:
        said = f"{figures} may be lower by {margin:.3f} or more, which an equal one would seldom seem to be"
        return Compared(_line(one, margin, "worse"), Finding(False, said))
    detectable = (SURE + NORMAL.inv_cdf(settings.power)) * one.error
    promoted = settings.undecided == "promote"
    said = (
        f"{figures} cannot be told from it: the holdout is too small for a margin of {margin:.3f} "
        f"(an equal challenger would pass {power:.0%} of the time, {settings.power:.0%} are asked for; "
        f"it tells {detectable:.3f}). gate.undecided is {settings.undecided}, so "
        + ("it passes" if promoted else "the champion stays")
    )
    return Compared(_line(one, margin, "cannot tell"), Finding(promoted, said), undecided=True)


def _veto(one: Difference, errors: float, settings: Gate) -> Compared:
    """A figure vetoes where it is lower than chance makes any of its family, and by more than `tolerance`."""
    margin = max(errors * widened(one), settings.tolerance)
    vetoes = one.by < -margin
    said = (
        f"{one.figure.words}: {one.challenger:.3f} is {-one.by:.3f} below the champion's {one.champion:.3f}, "
        f"more than {margin:.3f}, from where on {one.figure.rows} products tell a loss from chance"
    )
    return Compared(
        _line(one, margin, "veto" if vetoes else "no veto"), Finding(not vetoes, said if vetoes else "")
    )
