"""A tiny catalogue whose words, photos, prices and categories belong together."""

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd

from insights.listing_health import Health, listing_health, read_reviewed
from models.features.table import FeatureTable, ModalityFeatures
from shelfspace.settings.insights import ListingHealth

KINDS = ("clock", "shirt", "kettle")
COLOURS = ("red", "blue", "green", "black")


class Shop:
    """Products of three categories: words, photo and price say which; `soiled` before anything is judged."""

    def __init__(self, count: int = 120, kinds: Sequence[str] = KINDS) -> None:
        rng = np.random.default_rng(0)
        self.which = np.arange(count) % len(kinds)
        self.names = sorted(f"Shop > {kind}s" for kind in kinds)
        labels = [f"Shop > {kinds[one]}s" for one in self.which]
        self.labels = np.array([self.names.index(label) for label in labels], dtype=np.int64)
        self.texts = [
            f"{COLOURS[rng.integers(4)]} {kinds[one]} {kinds[one]}-{rng.integers(9)} fine number {row}"
            for row, one in enumerate(self.which)
        ]
        self.languages = ["en"] * count
        looks = rng.normal(size=(len(kinds), 16))
        self.photos = (looks[self.which] + 0.3 * rng.normal(size=(count, 16))).astype(np.float32)
        self.there = np.ones(count, dtype=bool)
        self.products = pd.DataFrame(
            {
                "product_id": [f"p{row:03d}" for row in range(count)],
                "title": self.texts,
                "category": labels,
                "brand": "",
                "price": np.round(
                    np.exp(np.log(10) * (1 + self.which / 4) + 0.1 * rng.normal(size=count)), 2
                ),
                "currency": "EUR",
                "attributes": [json.dumps({"size": str(row), "made of": "tin"}) for row in range(count)],
                "photos": [[f"{row}.jpg"] for row in range(count)],
                "sounds": [[] for _ in range(count)],
                "group_id": "",
            }
        )

    def features(self) -> FeatureTable:
        words: dict[str, int] = {}
        width = max((len(text.split()) for text in self.texts), default=1) or 1
        ids = np.zeros((len(self.texts), width), np.int32)
        for row, text in enumerate(self.texts):
            for place, word in enumerate(text.split()):
                ids[row, place] = words.setdefault(word, len(words) + 2)
        text = ModalityFeatures({"words": ids}, np.array([bool(text) for text in self.texts]))
        image = ModalityFeatures({"frozen": self.photos * self.there[:, None]}, self.there)
        return FeatureTable(tuple(self.products["product_id"]), {"text": text, "image": image})

    def vectors(self) -> np.ndarray:
        rows = self.photos / np.maximum(np.linalg.norm(self.photos, axis=1, keepdims=True), 1e-9)
        return np.asarray(rows, np.float32)

    def judged(self, reviewed: pd.DataFrame | None = None, **settings: float) -> Health:
        from pathlib import Path

        known = read_reviewed(Path("nowhere.csv")) if reviewed is None else reviewed
        return listing_health(
            self.products, self.texts, self.languages, self.features(), self.vectors(),
            self.labels, self.names, ListingHealth.model_validate(settings), known,
        )  # fmt: skip
