"""What all pictures share: a canvas, its colours, a title, PNG bytes."""

import io
from typing import TYPE_CHECKING

from shelfspace.fonts import label_font

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["COLOURS", "INK", "QUIET", "WAYS", "canvas", "png", "short", "title"]

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C7A00", "#6A51A3")


INK = "#222222"


QUIET = "#8a8a8a"


WAYS = len(COLOURS)
"""Categories told apart in one picture; the rest share grey."""


def canvas(width: float, height: float) -> tuple["Figure", "Axes"]:
    """A figure of that size in inches with quiet axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=8, colors=INK)
    return figure, axes


def title(figure: "Figure", finding: str, detail: str) -> None:
    """A bold finding above a quiet line, both from the left edge."""
    height = figure.get_figheight()
    figure.text(0.012, 1 - 0.12 / height, finding, va="top", fontsize=13, fontweight="bold", color=INK)
    figure.text(0.012, 1 - 0.40 / height, detail, va="top", fontsize=9, color="#555555")
    figure.set_layout_engine("constrained", rect=(0, 0, 1, 1 - 0.62 / height))


def short(label: str, width: int = 34) -> str:
    """The last nodes of a category path that fit; one node too long is cut."""
    nodes = label.split(" > ")
    while len(nodes) > 1 and len(" > ".join(nodes)) > width:
        nodes.pop(0)
    text = " > ".join(nodes)
    return text if len(text) <= width else text[: width - 1] + "…"


def png(figure: "Figure") -> bytes:
    """The figure as PNG, in a font that can write its texts; equal figures give equal bytes."""
    from matplotlib.text import Text

    # A text keeps the family it was made with, so the choice waits until all texts are there.
    for text in figure.findobj(Text):
        if isinstance(text, Text):
            family = label_font([text.get_text()])
            text.set_fontfamily(family)
            if (
                len(family) > 1
            ):  # Chinese fonts seldom have a bold face, and matplotlib warns of each that lacks
                text.set_fontweight("normal")
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
