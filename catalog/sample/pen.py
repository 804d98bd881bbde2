"""The drawing tools behind the sample's photos: unit coordinates on a transparent layer."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

__all__ = ["CREAM", "INK", "SIDE", "Colour", "Pen", "contrast", "curve", "mirrored", "shade"]

SIDE = 288
"""Side of the drawing in pixels; photos are half of it, which smooths every edge."""

Colour = tuple[int, int, int]
Points = Sequence[tuple[float, float]]
INK: Colour = (42, 38, 40)
CREAM: Colour = (246, 240, 226)


class Pen:
    """Draws on one transparent layer; coordinates are shares of its side."""

    def __init__(self) -> None:
        self.layer = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
        self.draw = ImageDraw.Draw(self.layer)

    def polygon(self, points: Points, fill: Colour, line: Colour | None = None, width: float = 0.006) -> None:
        scaled = _scaled(points)
        self.draw.polygon(scaled, fill=(*fill, 255))
        if line is not None:
            self.draw.line(
                [*scaled, scaled[0]], fill=(*line, 255), width=max(1, round(width * SIDE)), joint="curve"
            )

    def line(self, points: Points, fill: Colour, width: float) -> None:
        self.draw.line(_scaled(points), fill=(*fill, 255), width=max(1, round(width * SIDE)), joint="curve")

    def ellipse(self, x: float, y: float, rx: float, ry: float, *, fill: Colour) -> None:
        box = [(x - rx) * SIDE, (y - ry) * SIDE, (x + rx) * SIDE, (y + ry) * SIDE]
        self.draw.ellipse(box, fill=(*fill, 255))

    def box(self, x0: float, y0: float, x1: float, y1: float, *, fill: Colour, radius: float = 0.0) -> None:
        corners = [x0 * SIDE, y0 * SIDE, x1 * SIDE, y1 * SIDE]
        self.draw.rounded_rectangle(corners, radius=radius * SIDE, fill=(*fill, 255))

    def arc(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        *,
        span: tuple[float, float],
        fill: Colour,
        width: float,
    ) -> None:
        box = [(x - rx) * SIDE, (y - ry) * SIDE, (x + rx) * SIDE, (y + ry) * SIDE]
        self.draw.arc(box, *span, fill=(*fill, 255), width=max(1, round(width * SIDE)))

    def text(self, x: float, y: float, text: str, *, fill: Colour, size: float) -> None:
        font = ImageFont.load_default(size * SIDE)
        self.draw.text((x * SIDE, y * SIDE), text, fill=(*fill, 255), font=font, anchor="mm")

    def pattern(self, style: str, ink: Colour, angle: float, count: int) -> None:
        """Lay stripes, dots or checks over what is drawn so far."""
        if style == "plain":
            return
        mask = Image.fromarray(pattern_mask(style, angle, count), "L")
        alpha = np.minimum(np.asarray(mask), np.asarray(self.layer.getchannel("A")))
        self.layer.paste(Image.new("RGB", (SIDE, SIDE), ink), mask=Image.fromarray(alpha, "L"))


def pattern_mask(style: str, angle: float, count: int) -> np.ndarray:
    """(SIDE, SIDE) uint8: 255 where the pattern's ink lies."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    u = (x * np.cos(angle) + y * np.sin(angle)) * count
    v = (-x * np.sin(angle) + y * np.cos(angle)) * count
    if style == "striped":
        return np.where(u % 1 < 0.42, 255, 0).astype(np.uint8)
    if style == "checked":
        return (np.where(u % 1 < 0.5, 110, 0) + np.where(v % 1 < 0.5, 110, 0)).astype(np.uint8)
    dots = ((u % 1) - 0.5) ** 2 + ((v % 1) - 0.5) ** 2
    return np.where(dots < 0.07, 255, 0).astype(np.uint8)


def shade(colour: Colour, factor: float) -> Colour:
    """The colour, darker (factor < 1) or lighter (factor > 1, towards white)."""
    base = np.array(colour, float)
    mixed = base * factor if factor <= 1 else base + (255 - base) * (factor - 1)
    red, green, blue = np.clip(mixed, 0, 255).astype(int).tolist()
    return red, green, blue


def contrast(colour: Colour) -> Colour:
    """Light ink on dark colours, dark ink on light ones."""
    return shade(colour, 1.65) if sum(colour) < 420 else shade(colour, 0.62)


def curve(points: Points, steps: int = 8) -> list[tuple[float, float]]:
    """A smooth closed line through the points (centripetal feel: uniform Catmull-Rom)."""
    p = np.array(points)
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    a, b, c, d = np.roll(p, 1, 0), p, np.roll(p, -1, 0), np.roll(p, -2, 0)
    parts = [
        0.5 * (2 * b[i] + (c[i] - a[i]) * t + (2 * a[i] - 5 * b[i] + 4 * c[i] - d[i]) * t**2
               + (3 * b[i] - a[i] - 3 * c[i] + d[i]) * t**3)
        for i in range(len(p))
    ]  # fmt: skip
    return [(float(x), float(y)) for x, y in np.concatenate(parts)]


def mirrored(half: Points) -> list[tuple[float, float]]:
    """A right half around x = 0.5 and its mirror image, as one outline."""
    return [*half, *[(1 - x, y) for x, y in reversed(half)]]


def _scaled(points: Points) -> list[tuple[float, float]]:
    return [(x * SIDE, y * SIDE) for x, y in points]
