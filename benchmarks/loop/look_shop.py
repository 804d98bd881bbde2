"""A shop whose champion has never seen a part of its products: deliveries are drawn from those."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageEnhance, ImageOps

from catalog.cleaning import clean_products
from catalog.media import probe_catalogue
from catalog.snapshot.media_store import MediaStore
from catalog.snapshot.shards import read_raw_products
from catalog.snapshot.write import write_snapshot
from catalog.sources.open import open_catalog
from catalog.splits import assign_splits
from models.choice import choose_encoders
from models.features.catalogue import Catalogue, features_for, label_names_of, targets
from models.features.featurizer import Featurizer
from models.inference.product_encoder import ProductEncoder
from models.training.train import train
from releases.look.evidence import Evidence, evidence_of
from shelfspace.hashing import content_hash
from shelfspace.settings import load_settings, merge

__all__ = ["LookShop", "look_shop"]


@dataclass(frozen=True)
class LookShop:
    """What the champion of a shop says of its products.

    Attributes:
        name: of the catalogue, with its size.
        products: the champion's evidence of all of them.
        better: the same of those that have a photo, each with a better one.
        holdout: rows that the champion is judged by.
        known: rows that are in the shop already: learned from, validated or judged by.
        fresh: rows that the champion has never seen, of categories that it knows.
        strange: rows of the category that it never learned.
    """

    name: str
    products: Evidence
    better: Evidence
    holdout: np.ndarray
    known: np.ndarray
    fresh: np.ndarray
    strange: np.ndarray


class BetterMedia(MediaStore):
    """The photos of a snapshot as a better camera takes them: larger, lighter, sharper. Sounds stay."""

    def __init__(self, store: MediaStore, photos: Iterable[str]) -> None:
        super().__init__(store.folder, store._entries)
        self._photos = frozenset(photos)

    def read(self, key: str) -> bytes:
        if key not in self._photos:
            return super().read(key)
        photo = Image.open(io.BytesIO(super().read(key))).convert("RGB")
        photo = ImageOps.autocontrast(photo.resize((photo.width * 3 // 2, photo.height * 3 // 2)), cutoff=1)
        photo = ImageEnhance.Sharpness(ImageEnhance.Brightness(photo).enhance(1.1)).enhance(1.5)
        stream = io.BytesIO()
        photo.save(stream, "JPEG", quality=95)
        return stream.getvalue()

    def digest(self, key: str) -> str:
        digest = super().digest(key)
        return content_hash("better", digest) if key in self._photos else digest


def look_shop(name: str, seed: int, folder: Path) -> LookShop:
    """Collect, clean, divide and train as the chain does, with one category and a part of the rest left out.

    Args:
        name: sample or flipkart.
        seed: of the division and the training; also which category is left out.
        folder: empty; takes the snapshot, the features and the model.
    """
    source = open_catalog(name, cache=folder / "source")
    # Half of the products stand back: two fifths of them judge, the others are delivered later.
    overrides = merge(source.overrides, {"seed": seed, "preprocessing": {"test_share": 0.5}})
    settings = load_settings(overrides=overrides)
    write_snapshot(source, folder / "snapshot", settings, progress=False)
    raw, media = read_raw_products(folder / "snapshot"), MediaStore.open(folder / "snapshot")
    findings = probe_catalogue(media, raw, source.photo_separator, settings.media)
    products = clean_products(raw, source, settings, findings).clean.reset_index(drop=True)
    catalogue, level = Catalogue.read(products, media, folder / "state", settings), source.label_level
    digests = {key: media.digest(key) for keys in products["photos"] for key in keys}
    split = assign_splits(products, digests, settings, label_level=level).set_index("product_id")
    sides, groups = (split.loc[products["product_id"], c].to_numpy(dtype=str) for c in ("split", "group"))
    labels = label_names_of(products, level)
    names = sorted(set(labels) - {""})
    left_out = labels == names[seed % len(names)]
    sides = np.where(left_out, "later", sides)
    late = np.array([int(content_hash(group, str(seed))[:8], 16) % 5 > 1 for group in groups])
    sides = np.where((sides == "test") & late, "later", sides)
    learnt = targets(products, level, [one for one in names if one != names[seed % len(names)]])
    rows = np.flatnonzero(sides == "train")
    chosen = choose_encoders(catalogue, learnt.labels, groups, sides == "train").settings(settings)
    texts = list(catalogue.texts["text"])
    fitted = Featurizer.fit([texts[i] for i in rows], products["price"].to_numpy()[rows], chosen)
    fitted.save(folder / "featurizer")
    features = features_for(_Reader(fitted, chosen.model.modalities), catalogue)
    seen = np.where(sides == "later", "test", sides)
    train(
        features, learnt.labels, learnt.label_names, learnt.log_price, seen, chosen,
        folder / "featurizer", folder / "model", folder / "scratch", progress=False,
    )  # fmt: skip
    encoder = ProductEncoder.load(folder / "model")
    pictured = catalogue.take(np.flatnonzero([len(keys) > 0 for keys in products["photos"]]))
    better = Catalogue.read(pictured.products, BetterMedia(media, digests), folder / "state", settings)
    labelled = labels != ""
    return LookShop(
        f"{name}, {len(products):,} products",
        evidence_of(encoder, catalogue, level),
        evidence_of(encoder, better, level),
        holdout=np.flatnonzero(sides == "test"),
        known=np.flatnonzero((sides != "later") & labelled),
        fresh=np.flatnonzero((sides == "later") & labelled & ~left_out),
        strange=np.flatnonzero(left_out),
    )


@dataclass(frozen=True)
class _Reader:
    """What features are computed by before there is an encoder."""

    featurizer: Featurizer
    modalities: tuple[str, ...]


def contents(evidence: Evidence) -> pd.DataFrame:
    """Label and content of products, by product_id: what is there before a delivery."""
    return evidence.table.set_index("product_id")[["label", "text_hash", "image_hash"]]
