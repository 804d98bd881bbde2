"""A small shop with a really trained encoder and two releases, for the tests of the service."""

import io
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from catalog.product import ProductInput
from models.features.featurizer import Featurizer
from models.inference.product_encoder import ProductEncoder
from models.training.train import train
from releases import Release, promote, write_release
from retrieval.vectors import build_index
from shelfspace.settings import Settings
from shelfspace.workspace import Workspace

TINY = {
    "preprocessing": {"image_size": 32, "vocabulary": 300, "text_length": 24, "sound_seconds": 0.5},
    "model": {"text": "lstm", "image": "cnn", "width": 32, "dim": 32},
    "training": {"epochs": 2, "batch_size": 16, "patience": 2},
    # Measuring the ways to run the encoder takes seconds; its own tests do.
    "service": {"max_body_bytes": 2_000_000, "log_every_seconds": 0.5, "encoder": "eager"},
}
WORDS = {
    "Shoes": ["running shoe", "leather boot", "trail shoe", "sandal"],
    "Bags": ["leather bag", "rucksack", "tote bag", "wallet"],
    "Lamps": ["desk lamp", "floor lamp", "reading light", "lantern"],
}
COLOURS = ("blue", "red", "green", "black", "orange")
PRODUCTS = 60


@dataclass(frozen=True)
class Shop:
    """What the tests ask for.

    Attributes:
        items: request items of the catalogue's products, without their media.
        photos: encoded photos of the products, in row order.
        photo, sound: one valid file of each kind.
        first, second: two releases; the second holds fewer products.
    """

    workspace: Workspace
    settings: Settings
    encoder: ProductEncoder
    items: list[dict[str, Any]]
    photos: list[bytes]
    photo: bytes
    sound: bytes
    first: Release
    second: Release

    @staticmethod
    def product_input(**parts: Any) -> ProductInput:
        return ProductInput(**parts)


def draw_photo(category: str, colour: str, seed: int) -> bytes:
    """A JPEG with one shape a category."""
    picture = Image.new("RGB", (80, 60), "white")
    pen = ImageDraw.Draw(picture)
    place = [10 + seed % 10, 10, 60, 50]
    {"Shoes": pen.rectangle, "Bags": pen.ellipse, "Lamps": pen.rounded_rectangle}[category](
        place, fill=colour
    )
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=90)
    return stream.getvalue()


def play_sound(hertz: float) -> bytes:
    """Half a second of a sine as WAV."""
    samples = 0.5 * np.sin(2 * np.pi * hertz * np.arange(8000) / 16000)
    stream = io.BytesIO()
    with wave.open(stream, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16000)
        out.writeframes((samples * 32767).astype("<i2").tobytes())
    return stream.getvalue()


def build_shop(root: Path) -> Shop:
    """Train for two epochs on 60 products and release them twice."""
    settings = Settings.model_validate(TINY)
    workspace = Workspace.open("tiny", root / "workspaces")
    labels = sorted(WORDS)
    items, inputs, photos, classes = [], [], [], []
    for n in range(PRODUCTS):
        category = labels[n % 3]
        colour = COLOURS[n % 5]
        title = f"{colour} {WORDS[category][(n // 3) % 4]} number {n}"
        item = {"title": title, "brand": f"brand{n % 4}", "price": 10.0 + n, "attributes": {"colour": colour}}
        photo = draw_photo(category, colour, n)
        sounds = (play_sound(200 + 100 * (n % 3)),) if n % 4 == 0 else ()
        items.append({**item, "product_id": f"P{n:03d}"})
        photos.append(photo)
        inputs.append(ProductInput(**item, photos=(photo,), sounds=sounds))
        classes.append(n % 3)
    featurizer = Featurizer.fit(
        [item["title"] for item in items], np.array([i.price for i in inputs]), settings
    )
    featurizer.save(root / "featurizer")
    features = featurizer.featurize(inputs, ids=[item["product_id"] for item in items])
    splits = np.array(["validation" if n % 6 == 5 else "train" for n in range(PRODUCTS)])
    prices = np.log([i.price for i in inputs])
    train(
        features, np.array(classes), labels, prices, splits, settings,
        root / "featurizer", root / "encoder", root / "scratch", progress=False,
    )  # fmt: skip
    encoder = ProductEncoder.load(root / "encoder")
    vectors = encoder.embed_features(features)
    products = pd.DataFrame(
        {
            "product_id": [item["product_id"] for item in items],
            "title": [item["title"] for item in items],
            "category": [labels[c] for c in classes],
            "price": [np.nan if n == 1 else item["price"] for n, item in enumerate(items)],
            "currency": "EUR",
            "photos": [[f"photos/{n}.jpg"] for n in range(PRODUCTS)],
        }
    )
    releases = []
    for rows in (PRODUCTS, PRODUCTS - 10):
        index = build_index(vectors[:rows], settings.release)
        release = write_release(
            workspace.releases,
            root / "encoder",
            product_ids=list(products["product_id"][:rows]),
            embeddings=vectors[:rows],
            index=index,
            products=products[:rows],
            metrics={},
            provenance={"rows": rows},
        )
        releases.append(release)
    promote(workspace.root, releases[0].id)
    return Shop(
        workspace=workspace,
        settings=settings,
        encoder=encoder,
        items=items,
        photos=photos,
        photo=photos[0],
        sound=play_sound(300),
        first=releases[0],
        second=releases[1],
    )
