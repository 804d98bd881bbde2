"""What colours a thing has: a soft histogram of its photo in CIE Lab, the background left out.

A product stands before something plainer. What the photo's border shows is background, in up to four
colours (a wall, a table, a shadow); a pixel counts the more, the further its colour lies from all of
them and the nearer it is to the middle. So the same thing before another background, cropped, turned or
in another light keeps its vector, roughly: lightness counts less than hue.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from PIL import Image

from catalog.media import open_photo
from shelfspace.settings import Media

__all__ = ["CODE", "colour_size", "colour_vector", "photo_colours", "shaded"]

CODE = "1"
"""Changes when the same photo would get other numbers."""

SIDE = 32
BORDER = 2
"""Pixels of the smaller photo's edge that are background."""
GROUNDS = 4
RARE = 0.08
"""A colour of less of the border than this belongs to a thing that reaches over the edge."""
FAR = 8.0
"""Distance from the background, in Lab with the lightness weighed, at which a pixel mostly counts."""
MIDDLE = 0.22
"""Deviation of the weight around the middle, in sides."""
LIGHTNESS = np.array([0.6, 1.0, 1.0], np.float32)
SOFT = 9.0
"""Deviation of a colour's spread over its bins, in the same units."""
LEVELS = (15, 40, 60, 80, 97)
RINGS = ((0, 1), (25, 6), (50, 12), (75, 12))
"""Chroma of a ring of bins, and how many hues it has."""


def lab(rgb: np.ndarray) -> np.ndarray:
    """(..., 3) sRGB of 0..255 to CIE Lab under D65 (IEC 61966-2-1), lightness weighed by LIGHTNESS."""
    x = np.asarray(rgb, np.float32) / 255
    linear = np.where(x > 0.04045, ((x + 0.055) / 1.055) ** 2.4, x / 12.92)
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.072175],
            [0.0193339, 0.119192, 0.9503041],
        ],
        np.float32,
    )
    xyz = linear @ to_xyz.T / np.array([0.95047, 1.0, 1.08883], np.float32)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    lightness, a, b = 116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])
    return np.stack([lightness, a, b], axis=-1).astype(np.float32) * LIGHTNESS


@cache
def bins() -> np.ndarray:
    """(b, 3) colours of the bins, those that sRGB can show."""
    found = []
    for level in LEVELS:
        for chroma, hues in RINGS:
            turns = 2 * np.pi * np.arange(hues) / hues
            found += [(level, chroma * np.cos(turn), chroma * np.sin(turn)) for turn in turns]
    wanted = np.array(found, np.float32) * LIGHTNESS
    steps = np.linspace(0, 255, 12)
    shown = lab(np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3))
    return wanted[np.sqrt(_squares(wanted, shown).min(axis=1)) < SOFT]


def colour_size() -> int:
    """Length of a colour vector."""
    return len(bins())


def colour_vector(rgb: np.ndarray) -> np.ndarray:
    """(S, S, 3) uint8 photo to (colour_size(),) float32 of unit length."""
    return histogram(lab(rgb).reshape(-1, 3), foreground(lab(rgb)).ravel())


def shaded(rgb: Sequence[int]) -> np.ndarray:
    """The vector of a thing of one colour, lit and in shade: what a named colour looks like in photos."""
    light = np.linspace(0.6, 1.05, 10)[:, None]
    return histogram(lab(np.clip(np.array(rgb) * light, 0, 255)), np.ones(10, np.float32))


def foreground(photo: np.ndarray) -> np.ndarray:
    """(S, S, 3) Lab to (S, S) float32, how much each pixel belongs to the thing; never all zero."""
    side = len(photo)
    inside = np.zeros((side, side), bool)
    inside[BORDER:-BORDER, BORDER:-BORDER] = True
    edge = photo[~inside]
    grounds = edge[np.linspace(0, len(edge) - 1, GROUNDS).astype(int)]
    for _ in range(5):
        nearest = _squares(edge, grounds).argmin(axis=1)
        grounds = np.stack(
            [edge[nearest == i].mean(axis=0) if (nearest == i).any() else grounds[i] for i in range(GROUNDS)]
        )
    shares = np.bincount(nearest, minlength=GROUNDS) / len(edge)
    away = _squares(photo.reshape(-1, 3), grounds[shares >= RARE]).min(axis=1).reshape(side, side)
    place = (np.arange(side, dtype=np.float32) + 0.5) / side - 0.5
    middle = np.exp(-(place[:, None] ** 2 + place**2) / (2 * MIDDLE**2))
    # A photo of one colour alone has no foreground to tell: its middle stands for it.
    return (1 - np.exp(-away / FAR**2) + 1e-4) * middle


def histogram(colours: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(p, 3) Lab and (p,) weights to square roots of shares: a product of two is their overlap
    (Bhattacharyya 1943)."""
    near = _squares(colours, bins())
    shares = np.exp((near.min(axis=1, keepdims=True) - near) / (2 * SOFT**2))
    shares /= shares.sum(axis=1, keepdims=True)
    found = weights @ shares
    return np.sqrt(found / found.sum()).astype(np.float32)


def _squares(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(p, 3) and (q, 3) to (p, q) squared distances."""
    both = (some**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)[None]
    return np.maximum(both - 2 * some @ others.T, 0)


def photo_colours(data: bytes, limits: Media) -> np.ndarray:
    """The vector of a photo file.

    Raises:
        MediaError: the file is refused (`catalog.media.open_photo`).
    """
    photo = open_photo(data, limits, at_least=2 * SIDE)
    return colour_vector(small(photo))


def small(photo: Image.Image) -> np.ndarray:
    """(SIDE, SIDE, 3) uint8, the sides made equal."""
    return np.asarray(photo.resize((SIDE, SIDE), Image.Resampling.BOX, reducing_gap=2.0))
