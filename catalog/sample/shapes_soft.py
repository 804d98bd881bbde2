"""Things of cloth, paper and rubber: a shirt, trousers, a book, a ball."""

import numpy as np
from PIL import Image

from catalog.sample.pen import CREAM, INK, SIDE, Colour, Pen, contrast, curve, mirrored, shade

__all__ = ["ball", "book", "shirt", "trousers"]


def shirt(pen: Pen, rng: np.random.Generator, colour: Colour, style: str) -> None:
    """Draw one; see `LOOKS`."""
    sleeve = 0.74 if rng.random() < 0.5 else rng.uniform(0.44, 0.5)  # long or short
    reach = 0.93 if sleeve < 0.6 else 0.9
    half = [
        (0.58, 0.13),
        (0.74, 0.18),
        (reach, sleeve - 0.06),
        (reach - 0.12, sleeve),
        (0.73, 0.36),
        (0.725, 0.87),
    ]
    pen.polygon(mirrored(half), colour)
    pen.pattern(style, contrast(colour), rng.choice([0, np.pi / 2, 0.6]), int(rng.integers(9, 15)))
    edge = shade(colour, 0.72)
    for sign in (-1, 1):
        pen.line([(0.5 + sign * 0.23, 0.34), (0.5 + sign * 0.225, 0.5)], edge, 0.008)
        pen.line(
            [(0.5 + sign * (reach - 0.5), sleeve - 0.06), (0.5 + sign * (reach - 0.62), sleeve)], edge, 0.016
        )
    pen.polygon([(0.42, 0.12), (0.58, 0.12), (0.5, 0.26)], shade(colour, 0.5))
    if rng.random() < 0.65:
        pen.polygon([(0.42, 0.12), (0.5, 0.25), (0.43, 0.29), (0.375, 0.15)], shade(colour, 1.2), edge)
        pen.polygon([(0.58, 0.12), (0.5, 0.25), (0.57, 0.29), (0.625, 0.15)], shade(colour, 1.2), edge)
        pen.line([(0.5, 0.26), (0.5, 0.87)], edge, 0.008)
        for y in np.linspace(0.34, 0.8, 5):
            pen.ellipse(0.515, float(y), 0.01, 0.01, fill=CREAM)
    if rng.random() < 0.5:
        pen.box(0.56, 0.38, 0.67, 0.5, fill=shade(colour, 0.86), radius=0.012)
    pen.line([(0.275, 0.86), (0.725, 0.86)], edge, 0.014)


def trousers(pen: Pen, rng: np.random.Generator, colour: Colour, style: str) -> None:
    """Draw one; see `LOOKS`."""
    hem = rng.uniform(0.84, 0.93)
    flare = rng.uniform(-0.01, 0.05)
    half = [(0.65, 0.08), (0.69, 0.34), (0.7 + flare, hem), (0.555 + flare / 2, hem), (0.515, 0.42)]
    pen.polygon([*half, *[(1 - x, y) for x, y in reversed(half)]], colour)
    pen.pattern(style, contrast(colour), rng.choice([0, np.pi / 2, 0.6]), int(rng.integers(9, 15)))
    edge = shade(colour, 0.7)
    pen.box(0.348, 0.075, 0.652, 0.125, fill=shade(colour, 0.85))
    pen.line([(0.5, 0.12), (0.5, 0.42)], edge, 0.009)
    for sign in (-1, 1):
        pen.line([(0.5 + sign * 0.07, 0.125), (0.5 + sign * 0.165, 0.24)], edge, 0.009)
        pen.line(
            [(0.5 + sign * 0.1, 0.36), (0.5 + sign * (0.128 + flare * 0.7), hem)], shade(colour, 0.86), 0.006
        )
        pen.line([(0.5 + sign * (0.055 + flare / 2), hem), (0.5 + sign * (0.2 + flare), hem)], edge, 0.018)
    for x in (0.38, 0.46, 0.54, 0.62):
        pen.box(x - 0.008, 0.065, x + 0.008, 0.13, fill=edge)
    pen.ellipse(0.5, 0.1, 0.013, 0.013, fill=CREAM)


def book(pen: Pen, rng: np.random.Generator, colour: Colour, style: str) -> None:
    """Draw one; see `LOOKS`."""
    skew = rng.uniform(-0.03, 0.03)
    x0, x1, y0, y1 = 0.24, 0.76, 0.12, 0.88
    pen.polygon(
        [
            (x0 + 0.02, y0 + 0.03),
            (x1 + 0.035, y0 + 0.03 + skew),
            (x1 + 0.035, y1 + 0.025 + skew),
            (x0 + 0.02, y1 + 0.025),
        ],
        CREAM,
        shade(CREAM, 0.7),
    )
    pen.polygon([(x0, y0), (x1, y0 + skew), (x1, y1 + skew), (x0, y1)], colour)
    pen.polygon([(x0, y0), (x0 + 0.045, y0), (x0 + 0.045, y1), (x0, y1)], shade(colour, 0.7))
    ink, light = contrast(colour), shade(colour, 1.4)
    for y, share in ((0.2, rng.uniform(0.6, 0.9)), (0.26, rng.uniform(0.3, 0.6))):
        width = 0.4 * share
        pen.box(0.525 - width / 2, y, 0.525 + width / 2, y + 0.032, fill=CREAM if sum(colour) < 560 else INK)
    if style == "sun":
        pen.ellipse(0.525, 0.56, 0.11, 0.11, fill=ink)
        for angle in np.linspace(0, 2 * np.pi, 12, endpoint=False):
            dx, dy = float(np.cos(angle)), float(np.sin(angle))
            pen.line(
                [(0.525 + 0.13 * dx, 0.56 + 0.13 * dy), (0.525 + 0.175 * dx, 0.56 + 0.175 * dy)], ink, 0.014
            )
    elif style == "waves":
        across = np.linspace(x0 + 0.06, x1 - 0.02, 40)
        for k in range(4):
            wave = 0.46 + 0.085 * k + 0.022 * np.sin(2 * np.pi * (across * 4 + k * 0.3))
            pen.line(list(zip(across.tolist(), wave.tolist(), strict=True)), ink if k % 2 else light, 0.02)
    elif style == "leaves":
        pen.line([(0.525, 0.76), (0.525, 0.4)], ink, 0.012)
        for k in range(5):
            y = 0.44 + 0.065 * k
            for sign in (-1, 1):
                leaf = [
                    (0.525, y + 0.03),
                    (0.525 + sign * 0.07, y - 0.03),
                    (0.525 + sign * 0.13, y - 0.02),
                    (0.525 + sign * 0.07, y + 0.03),
                ]
                pen.polygon(curve(leaf, 5), ink)
    else:
        for k in range(7):
            x, y = 0.33 + 0.13 * (k % 3), 0.42 + 0.12 * (k // 3)
            pen.box(x, y, x + 0.115, y + 0.105, fill=(ink, light, CREAM)[int(rng.integers(0, 3))])
    pen.box(0.44, 0.8, 0.61, 0.82, fill=light)


def ball(pen: Pen, rng: np.random.Generator, colour: Colour, style: str) -> None:
    """Draw one; see `LOOKS`."""
    radius = rng.uniform(0.27, 0.33)
    kind = rng.choice(["smooth", "knobbly", "rope"], p=[0.5, 0.25, 0.25])
    if kind == "rope":
        rope = shade(CREAM, 0.86)
        x = np.linspace(0, 1, 24)
        wave = 0.5 + 0.04 * np.sin(6 * x)
        pen.line(list(zip((0.5 + 0.42 * x).tolist(), (wave - 0.3 * x).tolist(), strict=True)), rope, 0.045)
        pen.ellipse(0.9, 0.21, 0.045, 0.045, fill=rope)
    if kind == "knobbly":
        for angle in np.linspace(0, 2 * np.pi, 14, endpoint=False):
            dx, dy = float(np.cos(angle)), float(np.sin(angle))
            pen.ellipse(0.5 + radius * dx, 0.5 + radius * dy, 0.045, 0.045, fill=shade(colour, 0.88))
    ball = Pen()
    ball.ellipse(0.5, 0.5, radius, radius, fill=colour)
    ball.pattern(style, contrast(colour), rng.uniform(0, np.pi), int(rng.integers(6, 10)))
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE - 0.5
    depth = np.sqrt(np.clip(1 - (x**2 + y**2) / radius**2, 0, 1))
    light = np.clip(0.5 + 0.55 * depth - 0.55 * (x + y) / radius * 0.5, 0.25, 1.15)
    pixels = np.asarray(ball.layer).astype(float)
    pixels[..., :3] = np.clip(pixels[..., :3] * light[..., None], 0, 255)
    pen.layer.alpha_composite(Image.fromarray(pixels.astype(np.uint8), "RGBA"))
    pen.ellipse(0.5 - radius * 0.4, 0.5 - radius * 0.45, 0.04, 0.028, fill=shade(colour, 1.8))
