"""From a cleaned catalogue to what models read: texts, features, targets, embeddings.

Everything expensive goes through a `FeatureStore`, keyed by content hash and by the fingerprint of
what computes it: a second call with nothing changed computes nothing.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from catalog.modality_hashes import modality_hashes
from catalog.product import ProductInput
from catalog.snapshot.media_store import MediaStore
from models.features.store import Counts, FeatureStore
from models.features.table import FeatureTable, ModalityFeatures
from shelfspace.errors import ArtifactError
from shelfspace.hashing import content_hash
from shelfspace.settings import Preprocessing, Settings

__all__ = [
    "Catalogue",
    "Embedded",
    "Targets",
    "cleaned_texts",
    "embed_catalogue",
    "features_for",
    "keys_to_embed",
    "label_names_of",
    "load_features",
    "modality_features",
    "product_items",
    "targets",
]


def product_items(products: pd.DataFrame) -> list[ProductInput]:
    """Rows of the cleaned table as encoder inputs, without their media."""
    rows = products[["title", "description", "brand", "attributes", "price"]].to_dict("records")
    return [
        ProductInput(
            title=row["title"],
            description=row["description"],
            brand=row["brand"],
            attributes=json.loads(row["attributes"]) if row["attributes"] else {},
            price=None if np.isnan(row["price"]) else float(row["price"]),
        )
        for row in rows
    ]


def cleaned_texts(products: pd.DataFrame, media: MediaStore, settings: Preprocessing) -> pd.DataFrame:
    """One cleaned text a product: product_id, text ("" where there is none), language, and a content
    hash a modality (`catalog.modality_hashes`)."""
    from catalog.text.clean import detect_language, product_text

    texts = [product_text(item, settings.max_text_characters) for item in product_items(products)]
    languages = [row or detect_language(text) for row, text in zip(products["language"], texts, strict=True)]
    table = pd.DataFrame({"product_id": products["product_id"], "text": texts, "language": languages})
    hashes = modality_hashes(products, media, texts).drop(columns="product_id")
    return pd.concat([table, hashes], axis=1)


@dataclass(frozen=True)
class Catalogue:
    """What features of a catalogue are computed from.

    Attributes:
        products: the cleaned table.
        texts: `cleaned_texts` of it, row by row.
        media: its photos and sounds.
        state: folder of what has been computed already: `features` and `embeddings`.
        settings: the limits of media, and the device of frozen encoders.
    """

    products: pd.DataFrame
    texts: pd.DataFrame
    media: MediaStore
    state: Path
    settings: Settings

    def __post_init__(self) -> None:
        if list(self.texts["product_id"]) != list(self.products["product_id"]):
            raise ArtifactError("the cleaned texts are of other products; run the texts asset again")

    @classmethod
    def read(cls, products: pd.DataFrame, media: MediaStore, state: Path, settings: Settings) -> Self:
        """A catalogue whose texts are cleaned now."""
        return cls(products, cleaned_texts(products, media, settings.preprocessing), media, state, settings)

    def take(self, rows: list[int] | np.ndarray) -> Self:
        """Some rows, in the given order."""
        products, texts = (table.iloc[rows].reset_index(drop=True) for table in (self.products, self.texts))
        return type(self)(products, texts, self.media, self.state, self.settings)

    def as_read_by(self, preprocessing: Preprocessing) -> Self:
        """The catalogue with texts as long as a model reads them, which may be older than the settings."""
        if preprocessing.max_text_characters == self.settings.preprocessing.max_text_characters:
            return self
        settings = self.settings.model_copy(update={"preprocessing": preprocessing})
        return self.read(self.products, self.media, self.state, settings)


@dataclass(frozen=True)
class Targets:
    """What supervision a catalogue gives.

    Attributes:
        labels: (n,) int64 index into `label_names`; -1 where unknown.
        label_names: category paths cut to the label level, sorted.
        log_price: (n,) float64 natural logarithm; NaN where unknown.
    """

    labels: np.ndarray
    label_names: list[str]
    log_price: np.ndarray


def label_of(category: str, level: int) -> str:
    """The first `level` nodes of a category path, or "" when it is shorter."""
    nodes = category.split(" > ") if category else []
    return " > ".join(nodes[:level]) if level and len(nodes) >= level else ""


def label_names_of(products: pd.DataFrame, level: int) -> np.ndarray:
    """(n,) str labels, "" where unknown."""
    return np.array([label_of(category, level) for category in products["category"]], dtype=object)


def targets(products: pd.DataFrame, level: int, names: Sequence[str] | None = None) -> Targets:
    """Labels and log prices of the cleaned table.

    Args:
        level: category nodes that make a label; 0 means the catalogue has no labels.
        names: label names of an existing model; a category it does not know is -1.
    """
    found = label_names_of(products, level)
    known = list(names) if names is not None else sorted(set(found) - {""})
    index = {name: i for i, name in enumerate(known)}
    labels = np.array([index.get(name, -1) for name in found], dtype=np.int64)
    return Targets(labels, known, np.log(products["price"].to_numpy(dtype=np.float64)))


def load_features(folder: Path, products: pd.DataFrame, modalities: Sequence[str]) -> FeatureTable:
    """The stored features of the named modalities; one that no product has is left out."""
    loaded = {name: ModalityFeatures.load(folder / name / "features") for name in modalities}
    return FeatureTable(tuple(products["product_id"]), {k: v for k, v in loaded.items() if v.present.any()})


def modality_features(
    modality: str, catalogue: Catalogue, featurizer: Any
) -> tuple[ModalityFeatures, Counts]:
    """Features of one modality for all products, computed once per content hash.

    Returns:
        features with n rows, and the counts of rows computed and reused.
    """
    from models.features import extract

    products, root, settings = catalogue.products, catalogue.state / "features", catalogue.settings
    if modality == "text":
        texts = list(catalogue.as_read_by(featurizer.preprocessing).texts["text"])
        return extract.extract_text(texts, featurizer, root, settings)
    if modality == "tabular":
        return extract.extract_tabular(product_items(products), featurizer, root, settings)
    if modality == "image":
        photos = [list(keys) for keys in products["photos"]]
        return extract.extract_image(catalogue.media, photos, featurizer, root, settings)
    sounds = [str(keys[0]) if len(keys) else None for keys in products["sounds"]]
    return extract.extract_audio(catalogue.media, sounds, featurizer, root, settings)


def features_for(encoder: Any, catalogue: Catalogue) -> FeatureTable:
    """Features as a given ProductEncoder sees them, by its own featurizer."""
    read = catalogue.as_read_by(encoder.featurizer.preprocessing)
    made = {name: modality_features(name, read, encoder.featurizer)[0] for name in encoder.modalities}
    return FeatureTable(tuple(catalogue.products["product_id"]), made)


def keys_to_embed(encoder: Any, catalogue: Catalogue) -> pd.DataFrame:
    """One hash a product and modality the encoder reads, "" where absent: what decides on its vector."""
    read = catalogue.as_read_by(encoder.featurizer.preprocessing)
    found: dict[str, Any] = {name: read.texts[f"{name}_hash"] for name in encoder.modalities}
    if "details" in encoder.featurizer.arrays.get("tabular", ()):
        # A coarse price is not all that the table says.
        found["tabular"] = _table_hashes(encoder.featurizer.table(product_items(catalogue.products)))
    return pd.DataFrame(found)


def _table_hashes(table: ModalityFeatures) -> list[str]:
    """One hash a row of what the network reads, "" where it is absent: a coarse price, ids of details."""
    rows = zip(*table.values.values(), strict=True)
    return [
        content_hash(*(part.tobytes() for part in row)) if there else ""
        for row, there in zip(rows, table.present, strict=True)
    ]


@dataclass(frozen=True)
class Embedded:
    """Vectors of a catalogue.

    Attributes:
        vectors: (n, d) float32, L2-normalised, of the products that have any modality.
        table: product_id and label of those n products, in row order; predicted, the category that the
            encoder names ("" without categories), and the confidence, its probability.
        computed, reused: rows newly embedded, and rows taken from the ledger.
    """

    vectors: np.ndarray
    table: pd.DataFrame
    computed: int
    reused: int


def embed_catalogue(encoder: Any, catalogue: Catalogue, level: int = 1) -> Embedded:
    """Embed the products whose content or model changed; take the others from the ledger."""
    hashes = keys_to_embed(encoder, catalogue)
    has_any = (hashes != "").any(axis=1).to_numpy()
    kept = catalogue.take(np.flatnonzero(has_any))
    keys = [content_hash(*row) for row in hashes[has_any].itertuples(index=False, name=None)]
    root = catalogue.state / "embeddings"
    ledger = FeatureStore(root, "product", encoder.fingerprint)
    named = FeatureStore(
        root, "named", encoder.fingerprint, {"place": ((), "<i4"), "confidence": ((), "<f4")}
    )
    fresh, unnamed = set(ledger.lacking(keys)), set(named.lacking(keys))
    if todo := sorted(fresh | unnamed):
        features = features_for(encoder, kept.take(todo))
        said = encoder.encode_features(features)
        rows = [place for place, row in enumerate(todo) if row in fresh]
        ledger.append([keys[todo[place]] for place in rows], {"vector": said.vectors[rows]})
        rows = [place for place, row in enumerate(todo) if row in unnamed]
        made = _named(encoder.labelled(features, said.probabilities))
        named.append([keys[todo[place]] for place in rows], {k: v[rows] for k, v in made.items()})
    vectors = np.ascontiguousarray(ledger.gather(keys)["vector"], dtype=np.float32)
    found = named.gather(keys)
    labels = [label_of(category, level) for category in kept.products["category"]]
    known = np.array([*encoder.labels, ""], dtype=object)
    table = pd.DataFrame(
        {
            "product_id": kept.products["product_id"],
            "label": labels,
            "predicted": known[found["place"]],
            "confidence": found["confidence"],
        }
    )
    return Embedded(vectors, table, computed=len(todo), reused=len(keys) - len(todo))


def _named(probabilities: np.ndarray) -> dict[str, np.ndarray]:
    """Place of each row's most probable category, -1 without any, and its probability."""
    if not probabilities.shape[1]:
        rows = len(probabilities)
        return {"place": np.full(rows, -1, np.int32), "confidence": np.zeros(rows, np.float32)}
    place = probabilities.argmax(axis=1).astype(np.int32)
    return {"place": place, "confidence": probabilities.max(axis=1).astype(np.float32)}
