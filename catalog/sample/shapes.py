"""The things in the sample's photos, by look, drawn on a transparent layer.

Each look draws one recognisable silhouette whose details vary from product to product. Which
category a product has is never looked at: categories that share a look share its distribution.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image

from catalog.sample.pen import Colour, Pen
from catalog.sample.shapes_hard import blender, bowed, clock, kettle
from catalog.sample.shapes_soft import ball, book, shirt, trousers

__all__ = ["LOOKS", "draw_look"]

LOOKS: dict[str, Callable[[Pen, np.random.Generator, Colour, str], None]] = {
    "bowed": bowed,
    "clock": clock,
    "shirt": shirt,
    "trousers": trousers,
    "kettle": kettle,
    "blender": blender,
    "book": book,
    "ball": ball,
}


def draw_look(look: str, rng: np.random.Generator, colour: Colour, style: str) -> Image.Image:
    """The thing alone, RGBA of (SIDE, SIDE) pixels on transparency."""
    pen = Pen()
    LOOKS[look](pen, rng, colour, style)
    return pen.layer
