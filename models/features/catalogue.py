"""From a cleaned catalogue to what models read: texts, features, targets, embeddings.

Everything expensive goes through a `FeatureStore`, keyed by content hash and by the fingerprint of
what computes it: a second call with nothing changed computes nothing.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from catalog.modality_hashes import modality_hashes
from catalog.product import ProductInput
from catalog.snapshot.write import MediaStore
from models.features.store import FeatureStore
from models.features.table import FeatureTable, ModalityFeatures
from shelfspace.hashing import content_hash
from shelfspace.settings import Preprocessing, Settings

__all__ = [
    "Embedded",
    "Targets",
    "embed_catalogue",
    "features_for",
    "label_names_of",
    "load_features",
    "modality_features",
    "prepare_images",
    "prepare_sounds",
    "product_items",
    "product_texts",
    "targets",
    "training_texts",
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


def product_texts(products: pd.DataFrame, settings: Preprocessing) -> pd.DataFrame:
    """One cleaned text a product: columns product_id, text ("" where there is none), language."""
    from catalog.text.clean import detect_language, product_text

    texts = [product_text(item, settings.max_text_characters) for item in product_items(products)]
    languages = [row or detect_language(text) for row, text in zip(products["language"], texts, strict=True)]
    return pd.DataFrame({"product_id": products["product_id"], "text": texts, "language": languages})


def training_texts(products: pd.DataFrame, settings: Preprocessing) -> list[str]:
    """The cleaned texts alone, in row order."""
    return list(product_texts(products, settings)["text"])


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
    modality: str,
    products: pd.DataFrame,
    media: MediaStore,
    featurizer: Any,
    store_root: Path,
    settings: Settings,
) -> tuple[ModalityFeatures, Any]:
    """Features of one modality for all products, computed once per content hash.

    Returns:
        features with n rows, and the counts of rows computed and reused.
    """
    from models.features import extract

    if modality == "text":
        texts = training_texts(products, featurizer.preprocessing)
        return extract.extract_text(texts, featurizer, store_root, settings)
    if modality == "tabular":
        return extract.extract_tabular(product_items(products), featurizer, store_root)
    if modality == "image":
        photos = [list(keys) for keys in products["photos"]]
        return extract.extract_image(media, photos, featurizer, store_root, settings)
    return extract.extract_audio(media, first_keys(products["sounds"]), featurizer, store_root, settings)


def first_keys(cells: pd.Series) -> list[str | None]:
    """The first media key of each product, None where it has none."""
    return [str(keys[0]) if len(keys) else None for keys in cells]


def prepare_images(
    products: pd.DataFrame,
    media: MediaStore,
    featurizer: Any,
    store_root: Path,
    settings: Settings,
    folder: Path,
) -> dict[str, Any]:
    """Write pixels.npy (n, S, S, 3), or (n, K, S, S, 3), uint8 and present.npy; returns facts to show."""
    from models.features.decoded_media import decode_photos
    from models.features.photo_slots import photo_counts_of, photo_slots, with_photo_axis

    size, most = featurizer.preprocessing.image_size, featurizer.preprocessing.max_photos
    keys = photo_slots([list(own) for own in products["photos"]], most)
    decoded, _, _ = decode_photos(media, keys, featurizer, store_root, settings.media)
    counts = photo_counts_of(products["photos"].tolist(), most)
    arrays, present = with_photo_axis({"pixels": decoded}, counts, most)
    pixels = arrays["pixels"]
    np.save(folder / "pixels.npy", pixels)
    np.save(folder / "present.npy", present)
    return {"dagster/row_count": len(pixels), "present": int(present.sum()), "pixels": f"{size} x {size}"}


def prepare_sounds(
    products: pd.DataFrame,
    media: MediaStore,
    featurizer: Any,
    store_root: Path,
    settings: Settings,
    folder: Path,
) -> dict[str, Any]:
    """Write samples.npy (present sounds only, int16) and present.npy; returns facts to show."""
    from models.features.decoded_media import decode_sounds

    keys = first_keys(products["sounds"])
    there = [key for key in keys if key is not None]
    samples, _, _ = decode_sounds(media, there, featurizer, store_root, settings.media)
    np.save(folder / "samples.npy", samples)
    np.save(folder / "present.npy", np.array([key is not None for key in keys]))
    rate = featurizer.preprocessing.sample_rate
    return {"dagster/row_count": len(keys), "present": len(there), "rate_hz": rate}


def features_for(
    encoder: Any, products: pd.DataFrame, media: MediaStore, store_root: Path, settings: Settings
) -> FeatureTable:
    """Features as a given ProductEncoder sees them, by its own featurizer."""
    made = {
        name: modality_features(name, products, media, encoder.featurizer, store_root, settings)[0]
        for name in encoder.modalities
    }
    return FeatureTable(tuple(products["product_id"]), made)


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
        table: product_id and label of those n products, in row order.
        computed, reused: rows newly embedded, and rows taken from the ledger.
    """

    vectors: np.ndarray
    table: pd.DataFrame
    computed: int
    reused: int


def embed_catalogue(
    encoder: Any,
    products: pd.DataFrame,
    media: MediaStore,
    state: Path,
    settings: Settings,
    level: int = 1,
) -> Embedded:
    """Embed the products whose content or model changed; take the others from the ledger."""
    hashes = modality_hashes(products, media)
    # Cleaning can leave no text of a cell that held markup alone.
    texts = training_texts(products, encoder.featurizer.preprocessing)
    hashes["text_hash"] = [content_hash(text) if text else "" for text in texts]
    if encoder.featurizer.features.details:
        hashes["tabular_hash"] = _table_hashes(encoder.featurizer.table(product_items(products)))
    hashes = hashes[[f"{name}_hash" for name in encoder.modalities]]
    has_any = (hashes != "").any(axis=1).to_numpy()
    kept = products[has_any].reset_index(drop=True)
    keys = [content_hash(*row) for row in hashes[has_any].itertuples(index=False, name=None)]
    ledger = FeatureStore(state / "embeddings", "product", encoder.fingerprint)
    missing = set(ledger.missing(keys))
    first = {key: i for i, key in reversed(list(enumerate(keys)))}
    todo = sorted(first[key] for key in missing)
    if todo:
        features = features_for(
            encoder, kept.iloc[todo].reset_index(drop=True), media, state / "features", settings
        )
        ledger.append([keys[i] for i in todo], {"vector": encoder.embed_features(features)})
    vectors = np.ascontiguousarray(ledger.gather(keys)["vector"], dtype=np.float32)
    labels = [label_of(category, level) for category in kept["category"]]
    table = pd.DataFrame({"product_id": kept["product_id"], "label": labels})
    return Embedded(vectors, table, computed=len(todo), reused=len(keys) - len(todo))
