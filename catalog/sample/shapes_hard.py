"""Things of wood, metal and glass: a bowed instrument, a clock, a kettle, a blender."""

import numpy as np
from PIL import Image

from catalog.sample.pen import CREAM, INK, SIDE, Colour, Pen, contrast, curve, mirrored, shade

__all__ = ["blender", "bowed", "clock", "kettle"]


def bowed(pen: Pen, rng: np.random.Generator, colour: Colour, style: str) -> None:
    """Draw one; see `LOOKS`."""
    wide = rng.uniform(1.12, 1.32)
    half = [
        (0.5, 0.43), (0.5 + 0.085 * wide, 0.44), (0.5 + 0.13 * wide, 0.50), (0.5 + 0.115 * wide, 0.565),
        (0.5 + 0.08 * wide, 0.62), (0.5 + 0.085 * wide, 0.68), (0.5 + 0.15 * wide, 0.745),
        (0.5 + 0.168 * wide, 0.83), (0.5 + 0.11 * wide, 0.915), (0.5, 0.93),
    ]  # fmt: skip
    if style == "with bow":
        side = 0.5 + rng.choice([-1, 1]) * rng.uniform(0.24, 0.3)
        lean = rng.uniform(-0.04, 0.04)
        pen.line([(side + lean, 0.1), (side - lean, 0.92)], (98, 56, 30), 0.014)
        pen.line([(side + lean + 0.022, 0.12), (side - lean + 0.022, 0.9)], (232, 226, 210), 0.006)
        pen.box(side - lean - 0.01, 0.84, side - lean + 0.034, 0.9, fill=INK)
    pen.polygon(curve(mirrored(half)), colour, shade(colour, 0.45), 0.012)
    inner = [(0.5 + (x - 0.5) * 0.86, 0.685 + (y - 0.685) * 0.9) for x, y in half]
    pen.polygon(curve(mirrored(inner)), shade(colour, 1.14))
    for sign in (-1, 1):
        x = 0.5 + sign * 0.075 * wide
        pen.line([(x - sign * 0.012, 0.615), (x, 0.66), (x + sign * 0.012, 0.705)], INK, 0.013)
        pen.ellipse(x - sign * 0.014, 0.615, 0.009, 0.009, fill=INK)
        pen.ellipse(x + sign * 0.014, 0.708, 0.009, 0.009, fill=INK)
    pen.polygon([(0.484, 0.13), (0.516, 0.13), (0.53, 0.6), (0.47, 0.6)], INK)
    pen.polygon([(0.468, 0.76), (0.532, 0.76), (0.515, 0.9), (0.485, 0.9)], INK)
    pen.box(0.455, 0.69, 0.545, 0.705, fill=shade(CREAM, 0.85))
    for i in range(4):
        x = 0.4875 + 0.0085 * i
        pen.line([(x, 0.12), (0.476 + 0.016 * i, 0.7), (x, 0.78)], (224, 220, 210), 0.003)
    pen.polygon([(0.478, 0.06), (0.522, 0.06), (0.518, 0.15), (0.482, 0.15)], shade(colour, 0.7))
    pen.ellipse(0.5, 0.05, 0.03, 0.03, fill=shade(colour, 0.75))
    pen.ellipse(0.5, 0.05, 0.013, 0.013, fill=shade(colour, 0.45))
    for y in (0.085, 0.12):
        pen.box(0.44, y, 0.56, y + 0.014, fill=INK, radius=0.006)


def clock(pen: Pen, rng: np.random.Generator, colour: Colour, style: str) -> None:
    """Draw one; see `LOOKS`."""
    square = rng.random() < 0.35
    rim = rng.uniform(0.035, 0.065)
    face = CREAM if rng.random() < 0.75 else shade(colour, 0.35)
    ink = INK if face == CREAM else CREAM
    if square:
        pen.box(0.13, 0.13, 0.87, 0.87, fill=colour, radius=0.12)
        pen.box(0.13 + rim, 0.13 + rim, 0.87 - rim, 0.87 - rim, fill=face, radius=0.09)
    else:
        pen.ellipse(0.5, 0.5, 0.4, 0.4, fill=shade(colour, 0.75))
        pen.ellipse(0.5, 0.5, 0.388, 0.388, fill=colour)
        pen.ellipse(0.5, 0.5, 0.388 - rim, 0.388 - rim, fill=face)
    for hour in range(12):
        angle = hour * np.pi / 6
        dx, dy = float(np.sin(angle)), float(-np.cos(angle))
        if style == "numerals":
            pen.text(0.5 + 0.27 * dx, 0.5 + 0.27 * dy, str(hour or 12), fill=ink, size=0.075)
        elif style == "bars":
            inner = 0.23 if hour % 3 == 0 else 0.265
            ends = [(0.5 + inner * dx, 0.5 + inner * dy), (0.5 + 0.31 * dx, 0.5 + 0.31 * dy)]
            pen.line(ends, ink, 0.022 if hour % 3 == 0 else 0.012)
        elif hour % 3 == 0:
            pen.ellipse(0.5 + 0.28 * dx, 0.5 + 0.28 * dy, 0.016, 0.016, fill=ink)
    minutes = rng.uniform(0, 720)
    for turn, length, width in ((minutes / 720, 0.17, 0.026), (minutes / 60, 0.25, 0.017)):
        dx, dy = float(np.sin(2 * np.pi * turn)), float(-np.cos(2 * np.pi * turn))
        pen.line([(0.5 - 0.04 * dx, 0.5 - 0.04 * dy), (0.5 + length * dx, 0.5 + length * dy)], ink, width)
    if rng.random() < 0.6:
        turn = 2 * np.pi * rng.random()
        dx, dy = float(np.sin(turn)), float(-np.cos(turn))
        pen.line(
            [(0.5 - 0.07 * dx, 0.5 - 0.07 * dy), (0.5 + 0.27 * dx, 0.5 + 0.27 * dy)], (196, 52, 48), 0.008
        )
    pen.ellipse(0.5, 0.5, 0.022, 0.022, fill=ink)


def _finish(pen: Pen, colour: Colour, style: str, split: float) -> None:
    """Two-tone paints the lower part of what is drawn; glossy adds a bright streak."""
    alpha = np.asarray(pen.layer.getchannel("A")).copy()
    if style == "two-tone":
        alpha[: int(split * SIDE)] = 0
        pen.layer.paste(Image.new("RGB", (SIDE, SIDE), contrast(colour)), mask=Image.fromarray(alpha, "L"))
    elif style == "glossy":
        x = np.arange(SIDE) / SIDE
        streak = np.exp(-(((x - 0.42) / 0.03) ** 2)) * 0.75
        mask = (alpha * streak[None, :]).astype(np.uint8)
        pen.layer.paste(Image.new("RGB", (SIDE, SIDE), (255, 255, 255)), mask=Image.fromarray(mask, "L"))


def kettle(pen: Pen, rng: np.random.Generator, colour: Colour, style: str) -> None:
    """Draw one; see `LOOKS`."""
    belly, top = rng.uniform(0.24, 0.29), rng.uniform(0.14, 0.18)
    dark = shade(colour, 0.4) if sum(colour) > 200 else (84, 84, 90)
    pen.polygon(
        [(0.5 - belly + 0.05, 0.42), (0.12, 0.34), (0.1, 0.39), (0.5 - belly, 0.62)], shade(colour, 0.8)
    )
    body = [(0.5, 0.27), (0.5 + top, 0.28), (0.5 + belly, 0.55), (0.5 + belly + 0.01, 0.78), (0.5, 0.8)]
    pen.polygon(curve(mirrored(body)), colour)
    _finish(pen, colour, style, 0.62)
    if rng.random() < 0.5:  # handle over the lid, or at the side
        pen.arc(0.5, 0.33, top + 0.08, 0.23, span=(180, 360), fill=dark, width=0.035)
    else:
        pen.arc(0.5 + belly - 0.02, 0.5, 0.16, 0.17, span=(270, 90), fill=dark, width=0.04)
    pen.ellipse(0.5, 0.285, top, 0.03, fill=shade(colour, 0.65))
    pen.ellipse(0.5, 0.25, 0.025, 0.022, fill=dark)
    pen.box(0.5 - belly - 0.02, 0.78, 0.5 + belly + 0.02, 0.84, fill=dark, radius=0.02)
    pen.ellipse(0.5 + belly * 0.6, 0.81, 0.01, 0.01, fill=(92, 180, 250))


def blender(pen: Pen, rng: np.random.Generator, colour: Colour, style: str) -> None:
    """Draw one; see `LOOKS`."""
    wide = rng.uniform(0.15, 0.18)
    dark = shade(colour, 0.4) if sum(colour) > 200 else (84, 84, 90)
    base = [
        (0.5 - wide + 0.02, 0.64),
        (0.5 + wide - 0.02, 0.64),
        (0.5 + wide + 0.05, 0.9),
        (0.5 - wide - 0.05, 0.9),
    ]
    pen.polygon(base, colour)
    _finish(pen, colour, style, 0.8)
    glass, juice = (206, 224, 230), shade(colour, 1.35)
    pen.arc(0.5 + wide, 0.37, 0.11, 0.14, span=(270, 90), fill=shade(glass, 0.8), width=0.03)
    jar = [
        (0.5 - wide - 0.02, 0.17),
        (0.5 + wide + 0.02, 0.17),
        (0.5 + wide - 0.04, 0.62),
        (0.5 - wide + 0.04, 0.62),
    ]
    pen.polygon(jar, glass, shade(glass, 0.75), 0.008)
    if rng.random() < 0.6:
        level = rng.uniform(0.34, 0.5)
        inset = 0.015 + (level - 0.17) * 0.13
        pen.polygon(
            [
                (0.5 - wide + inset, level),
                (0.5 + wide - inset, level),
                (0.5 + wide - 0.055, 0.6),
                (0.5 - wide + 0.055, 0.6),
            ],
            juice,
        )
    for y in (0.28, 0.36, 0.44, 0.52):
        pen.line([(0.5 - wide + 0.05, y), (0.5 - wide + 0.1, y)], shade(glass, 0.62), 0.007)
    pen.line([(0.44, 0.57), (0.5, 0.6), (0.56, 0.57)], (120, 124, 130), 0.014)
    pen.box(0.5 - wide - 0.035, 0.12, 0.5 + wide + 0.035, 0.175, fill=dark, radius=0.015)
    pen.box(0.46, 0.085, 0.54, 0.125, fill=dark, radius=0.012)
    pen.box(0.5 - wide + 0.01, 0.62, 0.5 + wide - 0.01, 0.66, fill=dark, radius=0.01)
    pen.ellipse(0.5, 0.78, 0.05, 0.05, fill=shade(CREAM, 0.92))
    pen.line([(0.5, 0.78), (0.5 + 0.035 * rng.uniform(-1, 1), 0.745)], INK, 0.012)
