"""What the gate compared, as a table and as a forest plot."""

from collections.abc import Sequence

import pandas as pd

from releases.gate.compare import Line
from shelfspace.drawing import COLOURS, INK, QUIET, canvas, png, short, title
from shelfspace.fonts import drawable

__all__ = ["forest", "lines_table"]

MOST = 16
"""Figures that are drawn; the overall ones, then those nearest to their margin."""

HUES = {"not worse": COLOURS[2], "worse": COLOURS[5], "veto": COLOURS[5], "cannot tell": COLOURS[1]}


def lines_table(lines: Sequence[Line]) -> pd.DataFrame:
    """One row a figure: what people read of it, the most telling first."""
    rows = [
        {
            "figure": line.figure,
            "products": line.products,
            "challenger": round(line.challenger, 3),
            "champion": round(line.champion, 3),
            "difference": f"{line.difference:+.3f} ({line.low:+.3f} to {line.high:+.3f})",
            "may be lower by": round(line.margin, 3),
            "verdict": line.verdict,
        }
        for line in _telling(lines)
    ]
    return pd.DataFrame(rows)


def _telling(lines: Sequence[Line]) -> list[Line]:
    """The overall figures as they come, then the others by how near they are to their margin."""
    overall = [line for line in lines if line.verdict not in ("veto", "no veto")]
    others = [line for line in lines if line.verdict in ("veto", "no veto")]
    return [*overall, *sorted(others, key=lambda line: line.difference / line.margin)]


def forest(lines: Sequence[Line], promoted: bool) -> bytes:
    """Differences with their 90% intervals, and from where on each counts as a loss."""
    shown = _telling(lines)[:MOST]
    figure, axes = canvas(8.6, 1.6 + 0.3 * len(shown))
    for y, line in enumerate(reversed(shown)):
        hue = HUES.get(line.verdict, QUIET)
        axes.plot([line.low, line.high], [y, y], color=hue, linewidth=2, solid_capstyle="round")
        axes.plot([line.difference], [y], "o", color=hue, markersize=5)
        axes.plot([-line.margin] * 2, [y - 0.35, y + 0.35], color=INK, linewidth=1.4)
    axes.axvline(0, color=QUIET, linewidth=0.8)
    named = drawable([short(line.figure, 52) for line in reversed(shown)], [])
    axes.set_yticks(range(len(shown)), named)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("challenger less champion; the bar is where a loss refuses", fontsize=9)
    worst = [line.figure for line in shown if line.verdict in ("worse", "veto")]
    doubt = any(line.verdict == "cannot tell" for line in shown)
    if worst:
        finding = f"Refused: {short(worst[0], 46)} is lower than chance makes it"
    elif doubt:
        finding = "The holdout is too small to tell the two apart"
    else:
        finding = "The challenger is not worse than the champion" if promoted else "Refused by its floors"
    title(
        figure, finding, f"{len(shown)} of {len(lines)} figures, those nearest to their margin; 90% intervals"
    )
    return png(figure)
