"""The verdict on one question: its latest complete windows against the fixed reference."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import pandas as pd

from data_checks.drift.causes import QUALITY, describe_move, falls, kind_of
from data_checks.drift.limits import OWN_WINDOWS, Limits
from data_checks.drift.monitors import measure
from data_checks.drift.verdict import Move, Verdict
from data_checks.drift.windows import Window

__all__ = ["CONFIRMED", "LOOKED_AT", "Measured", "concluded", "confirmed_in", "judge", "measured"]

CONFIRMED = 2
LOOKED_AT = 3
"""A monitor has moved when it is over its limit in `CONFIRMED` of the last `LOOKED_AT` windows."""


Measured = tuple[dict[str, float], dict[str, float], set[str]]
"""Of one window its distances, their limits, and the monitors that are over them."""


def judge(
    windows: Sequence[Window], reference: Window, limits: Limits, season: Window | None = None
) -> Verdict:
    """Compare a question's complete windows since its reference with that reference.

    Args:
        windows: complete windows after the reference, oldest first; the last three decide, earlier ones say
            since when (the latest dozen is enough).
        reference: fixed when the champion went live.
        limits: `fit_limits` of the windows before that.
        season: last year's same weeks, pooled; what lies within its limit of them is no shift.
    """
    looks = [measured(window, reference, limits, season) for window in windows]
    return concluded(windows, reference, limits, looks)


def concluded(
    windows: Sequence[Window], reference: Window, limits: Limits, looks: Sequence[Measured]
) -> Verdict:
    """The verdict on windows that were measured already, each by `measured`; otherwise as `judge`."""
    question = reference.question
    rows = {"current": windows[-1].rows if windows else 0, "reference": reference.rows}
    if not windows:
        quiet = "not enough evidence yet: no window is complete"
        return Verdict(question, False, limits.provisional, False, (), "", quiet, "", False, {}, {}, rows, 0)
    distances, bounds, _ = looks[-1]
    moves = _moves(windows, reference, looks)
    confirmed = [move for move in moves if move.confirmed]
    ratio = {move.monitor: move.distance / move.limit for move in confirmed}
    ratios = {name: value / bounds[name] for name, value in distances.items()}
    kind = kind_of(ratio, ratios, windows[-1], reference) if confirmed else ""
    return Verdict(
        question,
        bool(confirmed) and not limits.provisional,
        limits.provisional,
        True,
        moves,
        kind,
        _sentence(kind, moves, len(bounds), limits.provisional),
        min((move.since for move in confirmed), default=""),
        _gradual([d for d, _, _ in looks], confirmed),
        distances,
        bounds,
        rows,
        len(windows),
    )


def measured(window: Window, reference: Window, limits: Limits, season: Window | None = None) -> Measured:
    """One window's look at every monitor."""
    distances = measure(window, reference)
    days = _days(reference, window)
    bounds = {name: limits.at(name, window.rows, reference.rows, days) for name in distances}
    over = {name for name, value in distances.items() if value > bounds[name]}
    over = {name for name in over if name not in QUALITY or falls(name, window, reference)}
    if over and season is not None:
        last_year = measure(window, season)
        usual = {
            name
            for name in over & set(last_year)
            if last_year[name] <= limits.at(name, window.rows, season.rows, 0.0)
        }
        over -= usual
    return distances, bounds, over


def _days(reference: Window, window: Window) -> float:
    if reference.end is None or window.end is None:
        return 0.0
    return max((window.end - reference.end) / pd.Timedelta(days=1), 0.0)


def confirmed_in(over: Sequence[set[str]]) -> set[str]:
    """Monitors that are over their limit in `CONFIRMED` of the last `LOOKED_AT` windows.

    Args:
        over: those that are over it, window by window, oldest first.
    """
    latest = over[-LOOKED_AT:]
    return {name for name in set().union(*latest) if sum(name in hits for hits in latest) >= CONFIRMED}


def _moves(windows: Sequence[Window], reference: Window, looks: Sequence[Measured]) -> tuple[Move, ...]:
    overs = [over for _, _, over in looks]
    sure = confirmed_in(overs)
    moves = []
    for name in sorted(set().union(*overs[-LOOKED_AT:])):
        seen = [name in over for over in overs]
        last = max(i for i, hit in enumerate(seen) if hit)
        distances, bounds, _ = looks[last]
        start = windows[_first(seen)].start
        said = describe_move(name, windows[last], reference)
        since = "" if start is None else start.isoformat()
        moves.append(Move(name, distances[name], bounds[name], since, name in sure, said))
    return tuple(sorted(moves, key=lambda m: (not m.confirmed, -m.distance / m.limit)))


def _first(seen: Sequence[bool]) -> int:
    """Start of the latest run of windows that are over; one window's gap does not end it."""
    first = max(i for i, hit in enumerate(seen) if hit)
    while any(seen[max(first - 2, 0) : first]):
        first = first - 1 if seen[first - 1] else first - 2
    return first


def _gradual(distances: Sequence[Mapping[str, float]], confirmed: Sequence[Move]) -> bool:
    """Whether the foremost monitor's distance rose step by step: no step is half of the whole rise."""
    if not confirmed:
        return False
    course = [d[confirmed[0].monitor] for d in distances if confirmed[0].monitor in d]
    if len(course) < 4:
        return False
    steps = [b - a for a, b in pairwise(course)]
    rise = max(course) - course[0]
    return rise > 0 and max(steps) < rise / 2


def _sentence(kind: str, moves: Sequence[Move], monitors: int, provisional: bool) -> str:
    confirmed = [move for move in moves if move.confirmed]
    own = f"wide limits, until {OWN_WINDOWS} windows of this shop's own say what is usual here"
    only = f" (provisional: {own})" if provisional else ""
    if confirmed:
        said = "; ".join(_move_sentence(move) for move in confirmed[:3])
        more = f"; and {len(confirmed) - 3} more" if len(confirmed) > 3 else ""
        return f"{kind.replace('_', ' ')}: {said}{more}{only}"
    if moves:
        said = "; ".join(_move_sentence(move) for move in moves[:3])
        return f"no drift yet: {said}, in one window; a second one within three would confirm it{only}"
    return f"no drift: {monitors} monitors within their limits{only}"


def _move_sentence(move: Move) -> str:
    return f"{move.said} ({move.distance:.2f}, limit {move.limit:.2f})"
