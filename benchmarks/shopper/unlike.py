"""Photos and sounds of what a shop does not have: noise, one colour, and things that it does not sell.

What is not sold is drawn or played by the sample's generator for shops of another kind, and, where
SHELFSPACE_DATA names them, photographed for Flipkart and played on instruments.
"""

import base64
import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from PIL import Image

from benchmarks.shopper.intention import Intention, drawn, generator
from benchmarks.shopper.nothing import empty, sold
from benchmarks.shopper.shop import Shop
from benchmarks.shopper.spelling import terms
from catalog.sample.photos import render_photo
from catalog.sample.sounds import render_sound
from catalog.sample.world import CATEGORIES, STYLES

__all__ = ["unlike_intentions"]

EACH = 12
"""Of each kind of noise, and of each thing that is not sold."""
SIDE, RATE = 224, 16_000
PHOTOGRAPHED = ("Computers", "Beauty and Personal Care")
"""Departments of Flipkart; to a camera, a watch is a clock."""
PLAYED = ("percussion", "banjo", "flute", "trombone")
Made = Iterator[tuple[str, bytes]]
"""What it is of, and the file."""


def unlike_intentions(shop: Shop) -> Iterator[Intention]:
    """Questions whose right answer is nothing, for the modalities that the shop's products have."""
    listings = [terms(one.text) for one in shop.products]
    made: dict[str, Made] = {}
    if any(one.photo for one in shop.products):
        made["photo"] = photos(listings)
    if any(one.sound for one in shop.products):
        made["sound"] = sounds(listings)
    for name, files in made.items():
        for what, data in files:
            file = base64.b64encode(data).decode()
            yield Intention(
                f"{name} of {what}", {name: file}, empty, "nothing", row="nothing_alike", real=False
            )
            if what == "noise":
                yield Intention(
                    f"{name} of {what} and a colour", {name: file, "text": "blue"}, empty, "nothing",
                    row="nothing_alike", real=False, language="en",
                )  # fmt: skip


def photos(listings: list[frozenset[str]]) -> Made:
    """Noise, plain colours, and things of which no listing has the name of the department."""
    random = generator("photos of nothing")
    for _ in range(EACH):
        yield "noise", jpeg(random.integers(0, 256, (SIDE, SIDE, 3)))
        yield "one colour", jpeg(np.broadcast_to(random.integers(0, 256, 3), (SIDE, SIDE, 3)))
    for grey in (0, 255):
        yield "one colour", jpeg(np.full((SIDE, SIDE, 3), grey))
    for look, place in {one.look: place for place, one in enumerate(CATEGORIES)}.items():
        if sold(CATEGORIES[place].department, listings) or sold(CATEGORIES[place].name, listings):
            continue
        for number, colour in enumerate(drawn(["red", "blue", "green", "black", "white"], EACH, look)):
            shot = {"seed": 7, "group": number, "shot": (place, number), "noisy": False}
            yield (
                "a thing that is not sold",
                render_photo(look, colour, STYLES[CATEGORIES[place].department][0], **shot),
            )
    folder = Path(os.environ.get("SHELFSPACE_DATA", "")) / "flipkart1050"
    if (folder / "products.csv").is_file():
        table = pd.read_csv(folder / "products.csv")
        heads = table["product_category_tree"].str.strip('["] ').str.split(" >> ").str[0]
        for head in PHOTOGRAPHED:
            if not sold(head.split(" ")[0], listings):
                for name in drawn(sorted(table["image"][heads == head]), EACH, head):
                    yield "a thing that is not sold", (folder / "images" / str(name)).read_bytes()


def sounds(listings: list[frozenset[str]]) -> Made:
    """Noise, tones, and things of which no listing has the name."""
    random = generator("sounds of nothing")
    time = np.arange(2 * RATE) / RATE
    for _ in range(EACH):
        yield "noise", wave(random.normal(0, random.uniform(0.01, 0.3), len(time)))
        yield "a tone", wave(0.3 * np.sin(2 * np.pi * random.uniform(80, 4000) * time))
    for place, one in enumerate(CATEGORIES):
        if one.timbre and not (sold(one.department, listings) or sold(one.name, listings)):
            yield "a thing that is not sold", render_sound(one.timbre, 7, place, place, noisy=False)
    folder = Path(os.environ.get("SHELFSPACE_DATA", "")) / "sounds"
    if (folder / "sounds.csv").is_file():
        table = pd.read_csv(folder / "sounds.csv")
        for family in PLAYED:
            if not sold(family, listings):
                for name in drawn(sorted(table["file"][table["family"] == family]), EACH, family):
                    yield "a thing that is not sold", (folder / str(name)).read_bytes()


def jpeg(values: np.ndarray) -> bytes:
    """(h, w, 3) values from 0 to 255 as a file."""
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(values, np.uint8)).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def wave(samples: np.ndarray) -> bytes:
    """(n,) samples between -1 and 1 as a file."""
    stream = io.BytesIO()
    soundfile.write(stream, np.clip(samples, -1, 1), RATE, format="WAV", subtype="PCM_16")
    return stream.getvalue()
