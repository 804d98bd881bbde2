"""The data sets of the quality benchmark, and their features fitted inside the fold.

What depends on no other product (pixels, photo statistics, sound features, frozen sentence vectors)
is computed once and kept in the cache; tokenizer, vocabulary and price scaler are fitted anew on the
training rows of each fold. Neither retail_price nor the category tree is ever read as text, and
amounts of money are removed from it.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from catalog.cells import media_cell
from catalog.cleaning import clean_products
from catalog.media import probe_media
from catalog.product import ProductInput
from catalog.sources.base import CatalogSource
from catalog.sources.open import open_catalog, public_data
from catalog.text.clean import product_text
from models.features.catalogue import product_items
from models.features.featurizer import Featurizer
from models.features.table import FeatureTable, ModalityFeatures
from shelfspace.files import write_array
from shelfspace.hashing import content_hash, file_hash, fingerprint
from shelfspace.settings import Settings

__all__ = ["Data", "available", "read_data"]

CODE = "1"
"""Changes when a data set's rows, features or folds would be others."""


@dataclass
class Data:
    """One data set of n rows.

    Attributes:
        items: without media.
        stored: media features, which depend on no other row.
        targets: target name to (n,) int64 labels, -1 where the row takes no part.
        names: target name to its class names.
        log_price: (n,) natural logarithm, NaN where unknown.
        groups: protocol name to (n,) group of each row, for folds that keep groups together.
        splits: (n,) train, validation or test: the platform's own frozen split; empty where not used.
        cache: folder of sentence vectors.
        categories: (n,) whole category paths, "" where a product has none; empty without a catalogue.
    """

    name: str
    items: list[ProductInput]
    stored: dict[str, ModalityFeatures]
    targets: dict[str, np.ndarray]
    names: dict[str, list[str]]
    log_price: np.ndarray
    groups: dict[str, np.ndarray]
    splits: np.ndarray
    cache: Path
    categories: tuple[str, ...] = ()
    _sentences: dict[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.log_price)

    def seen(self, text: str) -> list[ProductInput]:
        """The items with all their text (`full`), name and description (`prose`), or their name (`name`)."""
        if text == "name":
            return [replace(item, brand="", attributes={}, description="") for item in self.items]
        if text == "prose":
            return [replace(item, brand="", attributes={}) for item in self.items]
        return self.items

    def texts(self, text: str, limit: int = 8000) -> list[str]:
        """Cleaned texts of that view, amounts of money removed."""
        return [product_text(item, limit) for item in self.seen(text)]

    def sentences(self, text: str) -> np.ndarray:
        """(n, 384) MiniLM vectors of the texts, kept in the cache."""
        if text not in self._sentences:
            texts = self.texts(text)
            kept = self.cache / f"minilm-{content_hash(*texts)[:16]}.npy"
            if not kept.is_file():
                from tqdm import tqdm

                from models.pretrained.text_and_image import load_frozen_text

                encoder = load_frozen_text("minilm")
                starts = tqdm(range(0, len(texts), 32), f"sentences of {self.name}", mininterval=1)
                vectors = np.concatenate([encoder.encode(texts[i : i + 32]) for i in starts])
                kept.parent.mkdir(parents=True, exist_ok=True)
                np.save(kept, vectors)
            self._sentences[text] = np.load(kept, allow_pickle=False)
        return self._sentences[text]

    def table(
        self, rows: np.ndarray, settings: Settings, text: str, modalities: Sequence[str], sentence: bool
    ) -> FeatureTable:
        """Features of all n rows, everything fitted on the given training rows alone."""
        parts: dict[str, ModalityFeatures] = {}
        if {"text", "tabular"} & set(modalities):
            # Sentence vectors come from the cache, so the fit need not load their encoder.
            bare = settings.model_copy(
                update={"features": settings.features.model_copy(update={"text_encoder": None})}
            )
            items = self.seen(text)
            texts = self.texts(text, settings.preprocessing.max_text_characters)
            prices = np.array([np.nan if item.price is None else item.price for item in items])
            fitted = Featurizer.fit([texts[i] for i in rows], prices[rows], bare)
            if "text" in modalities:
                arrays = fitted.modality("text", texts).values
                if sentence:
                    arrays["sentence"] = self.sentences(text)
                parts["text"] = ModalityFeatures(arrays, np.array([bool(t) for t in texts]))
            if "tabular" in modalities:
                parts["tabular"] = fitted.table(items)
        parts |= {name: part for name, part in self.stored.items() if name in modalities}
        if "image" in parts and settings.model.image == "fisher":
            parts["image"] = self._with_fisher(rows)
        return FeatureTable(
            tuple(str(i) for i in range(len(self))), {name: parts[name] for name in modalities}
        )

    def _with_fisher(self, rows: np.ndarray) -> ModalityFeatures:
        """Photo features with Fisher vectors, their codebook fitted on the given rows; kept in the cache."""
        from models.encoders.image.dense_sift import dense_sift
        from models.encoders.image.fisher import fisher_array, photo_of
        from models.encoders.image.fisher_vectors import FisherVectors

        image = self.stored["image"]
        pixels = image.values["pixels"]
        parts = (fisher_array, FisherVectors, dense_sift)
        code = [file_hash(Path(inspect.getfile(part))) for part in parts]
        key = fingerprint([CODE, self.name, list(pixels.shape), rows.tolist(), code])
        kept = self.cache / f"fisher-{key[:16]}.npy"
        if not kept.is_file():
            vectors = FisherVectors()
            vectors.fit([photo_of(pixels[row]) for row in rows if image.present[row]])
            write_array(kept, fisher_array(vectors, pixels))
        values = {**image.values, "fisher": np.load(kept, mmap_mode="r", allow_pickle=False)}
        return ModalityFeatures(values, image.present)


def available(name: str) -> str | None:
    """None where the data set can be read here, else the reason why not."""
    folder = {"flipkart": "flipkart1050", "sounds": "sounds"}.get(name)
    if folder is not None and not (public_data() / folder).is_dir():
        return f"{public_data() / folder} is not there"
    return None


def read_data(name: str, settings: Settings, cache: Path) -> Data:
    """Read a data set, its media features from the cache where they are."""
    if name == "sounds":
        return _sounds(settings, cache)
    return _catalogue(name, settings, cache)


def _catalogue(name: str, settings: Settings, cache: Path) -> Data:
    source = open_catalog(name, cache / "catalogues")
    products, media = _products(source, settings)
    items = product_items(products)
    targets, names = {}, {}
    levels = {"l1": 1, "l2": 2} if name == "flipkart" else {"category": source.label_level}
    for target, level in levels.items():
        labels = _paths(products, level)
        if target == "l2":
            counts = pd.Series(labels).value_counts()
            labels = np.where(np.isin(labels, counts.index[counts >= 10]), labels, "")
        names[target] = sorted(set(labels) - {""})
        index = {label: i for i, label in enumerate(names[target])}
        targets[target] = np.array([index.get(label, -1) for label in labels])
    brands = [
        (item.brand or (item.title.split() or [""])[0]).strip().lower() or str(row)
        for row, item in enumerate(items)
    ]
    splits = np.array([], dtype=str)
    if name == "sample":
        from catalog.splits import assign_splits

        made = assign_splits(products, {}, settings, label_level=source.label_level).set_index("product_id")
        splits = made.loc[products["product_id"], "split"].to_numpy(dtype=str)
    return Data(
        name, items, _media_features(name, products, media, settings, cache), targets, names,
        np.log(products["price"].to_numpy(dtype=np.float64)), {"brand": np.array(brands)}, splits, cache,
        tuple(products["category"].fillna("").astype(str)),
    )  # fmt: skip


def _products(source: CatalogSource, settings: Settings) -> tuple[pd.DataFrame, "_Files"]:
    """Cleaned products in the order of the source, and their media."""
    raw = source.products()
    raw["source_row"] = np.arange(len(raw))
    findings, media = _probe(source, raw, settings)
    cleaned = clean_products(raw, source, settings, findings).clean.drop_duplicates("product_id")
    order = {product: row for row, product in enumerate(raw["product_id"])}
    return cleaned.iloc[np.argsort([order[i] for i in cleaned["product_id"]])].reset_index(drop=True), media


class _Files:
    """Media of a source, read from its folder by key."""

    def __init__(self, paths: dict[str, Path]) -> None:
        self.paths = paths

    def __contains__(self, key: object) -> bool:
        return key in self.paths

    def read(self, key: str) -> bytes:
        return self.paths[key].read_bytes()


def _probe(source: CatalogSource, raw: pd.DataFrame, settings: Settings) -> tuple[pd.DataFrame, _Files]:
    found, paths = [], {}
    for column in ("photos", "sounds"):
        keys = sorted({key for cell in raw[column] for key in media_cell(cell, source.photo_separator)})
        here = {key: path for key in keys if (path := source.media_path(key))}
        paths |= here
        found.append(probe_media(_Files(here), keys, column, settings.media))
    return pd.concat(found, ignore_index=True), _Files(paths)


def _paths(products: pd.DataFrame, level: int) -> np.ndarray:
    nodes = [category.split(" > ") if category else [] for category in products["category"]]
    return np.array([" > ".join(n[:level]) if len(n) >= level else "" for n in nodes], dtype=object)


def _media_features(
    name: str, products: pd.DataFrame, media: _Files, settings: Settings, cache: Path
) -> dict[str, ModalityFeatures]:
    """Photo statistics and sound features, from the cache where they were computed before."""
    firsts = {c: [str(cell[0]) if len(cell) else "" for cell in products[c]] for c in ("photos", "sounds")}
    key = fingerprint(
        [CODE, name, firsts, settings.preprocessing.model_dump(), settings.features.model_dump()]
    )
    made = {}
    for modality, column in (("image", "photos"), ("audio", "sounds")):
        if not any(firsts[column]):
            continue
        folder = cache / f"{name}-{modality}-{key[:16]}"
        if not folder.is_dir():
            from tqdm import tqdm

            fitted = Featurizer.fit(["a text"], np.array([1.0]), settings)
            rows = []
            for row in tqdm(range(len(products)), f"{column} of {name}", mininterval=1):
                data = (media.read(firsts[column][row]),) if firsts[column][row] else ()
                rows.append(fitted.featurize([ProductInput(**{column: data})]).modalities[modality])
            ModalityFeatures.concatenate(rows).save(folder)
        made[modality] = ModalityFeatures.load(folder)
    return made


def _sounds(settings: Settings, cache: Path) -> Data:
    folder = public_data() / "sounds"
    table = pd.read_csv(folder / "sounds.csv")
    products = pd.DataFrame({"photos": [[]] * len(table), "sounds": [[str(f)] for f in table["file"]]})
    media = _Files({str(f): folder / str(f) for f in table["file"]})
    names = sorted(set(table["family"]))
    labels = np.array([names.index(f) for f in table["family"]])
    notes = table["label"].astype(str) + " " + table["note"].astype(str)
    stored = _media_features("sounds", products, media, settings, cache)
    return Data(
        "sounds", [ProductInput()] * len(table), stored, {"family": labels}, {"family": names},
        np.full(len(table), np.nan), {"note": notes.to_numpy(dtype=str)}, np.array([], dtype=str), cache,
    )  # fmt: skip


def only_rows(data: Data, target: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Rows that take part under a target."""
    if target == "price":
        return np.flatnonzero(np.isfinite(data.log_price))
    return np.flatnonzero(data.targets[target] >= 0)
