"""A shop of many products for the load test: a really trained small encoder, a release, a Bento.

Titles are drawn from word lists with a fixed seed, the first products have a photo of their own; the
encoder learns from those, and the fusion of words and vectors from a few titles asked of the whole shop.
Built once into a folder and found there again.
"""

import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from bentos.build import bento_folder, build_bento
from catalog.product import ProductInput
from models.features.featurizer import Featurizer
from models.inference.by_modality import vectors_alone
from models.inference.product_encoder import ProductEncoder
from models.training.train import train
from releases import Release, promote, write_release
from releases.search_parts import search_part_writers
from retrieval.lexical.index import LexicalIndex
from retrieval.ranking.fit import Judged, fit_fusion
from retrieval.ranking.fusion import FusionModel
from retrieval.ranking.hybrid import HybridSearch
from retrieval.vectors import RowIndex, build_index
from shelfspace.files import read_json, write_json
from shelfspace.settings import Settings
from shelfspace.workspace import Workspace

__all__ = ["Shop", "open_shop", "photo_of", "title_of"]

SETTINGS = {
    "model": {"text": "lstm", "image": "cnn"},
    "preprocessing": {"image_size": 64, "vocabulary": 2000, "text_length": 24},
    "training": {"epochs": 3, "batch_size": 64, "patience": 3},
    "release": {"exact_up_to": 5000},
    # A load repeats its queries more than shoppers do; each one is to be encoded.
    "service": {"log_every_seconds": 5, "query_cache": 0},
}
NAME = "searched"
"""Of the workspaces; another where what is built has changed, so that no older one is taken for it."""
LEARNT = 1200
LESSONS = 60
BLOCK = 1000
LABELS = ("Shoes", "Bags", "Lamps", "Chairs", "Shirts", "Watches", "Toys", "Cups")
NOUNS = ("runner", "classic", "tower", "studio", "garden", "city", "harbour", "meadow", "summit", "canyon")
COLOURS = ("red", "blue", "green", "black", "white", "orange", "purple", "brown")
MATERIALS = ("leather", "cotton", "steel", "oak", "linen", "ceramic", "rubber", "glass", "wool", "bamboo")
SIZES = ("small", "medium", "large", "wide", "slim", "compact", "tall", "mini")


@dataclass(frozen=True)
class Shop:
    """What the load test serves.

    Attributes:
        release: its products are `P000000` and so on, in row order.
        tag: of the Bento.
    """

    workspace: Workspace
    settings: Settings
    release: Release
    tag: str


def title_of(row: int) -> str:
    """The title of a product; words are shared, the number is its own."""
    rng = np.random.default_rng(row)
    words = [str(rng.choice(part)) for part in (COLOURS, SIZES, MATERIALS, NOUNS)]
    return f"{' '.join(words)} {LABELS[row % len(LABELS)].lower()} model {row % 977}"


def photo_of(row: int) -> bytes:
    """A JPEG of a shape in the product's colour."""
    rng = np.random.default_rng(row)
    colour = str(rng.choice(COLOURS))
    picture = Image.new("RGB", (160, 120), "white")
    pen = ImageDraw.Draw(picture)
    shape = (pen.rectangle, pen.ellipse)[row % 2]
    shape([20 + row % 20, 15, 130, 100 - row % 30], fill=colour)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=88)
    return stream.getvalue()


def open_shop(folder: Path, rows: int) -> Shop:
    """The shop of that many products in `folder`; built where it is not there yet."""
    settings = Settings.model_validate(SETTINGS)
    workspace = Workspace.open(f"{NAME}{rows}", folder / "workspaces")
    built = sorted(workspace.releases.glob("0*")) if workspace.releases.exists() else []
    release = (
        Release.load(built[-1], verify=False) if built else build_release(folder, workspace, rows, settings)
    )
    promote(workspace.root, release.id)
    shutil.rmtree(workspace.root / "delta", ignore_errors=True)  # changes of an earlier load
    record = workspace.root / "bento" / "bento.json"
    tag = build_bento(workspace, release, settings)
    if not record.is_file() or read_json(record)["bento"] != tag:
        write_json(record, {"bento": tag})
    assert bento_folder(workspace, tag).is_dir()
    return Shop(workspace, settings, release, tag)


def build_release(folder: Path, workspace: Workspace, rows: int, settings: Settings) -> Release:
    """Train on the first products, encode all, build the index."""
    inputs = [
        ProductInput(
            title=title_of(row), price=5.0 + row % 300,
            photos=(photo_of(row),) if row < LEARNT else (),
        )
        for row in range(rows)
    ]  # fmt: skip
    ids = [f"P{row:06d}" for row in range(rows)]
    learnt, scratch = inputs[:LEARNT], folder / f"train{rows}"
    prices = np.array([item.price for item in learnt])
    featurizer = Featurizer.fit([item.title for item in learnt], prices, settings)
    featurizer.save(scratch / "featurizer")
    features = featurizer.featurize(learnt, ids=ids[:LEARNT])
    classes = np.arange(LEARNT) % len(LABELS)
    splits = np.array(["validation" if row % 6 == 5 else "train" for row in range(LEARNT)])
    train(
        features, classes, sorted(LABELS), np.log(prices), splits, settings,
        scratch / "featurizer", scratch / "encoder", scratch / "epochs", progress=False,
    )  # fmt: skip
    encoder = ProductEncoder.load(scratch / "encoder")
    vectors, alone = seen(encoder, inputs)
    products = pd.DataFrame(
        {
            "product_id": ids,
            "title": [item.title for item in inputs],
            "category": [LABELS[row % len(LABELS)] for row in range(rows)],
            "brand": [f"brand{row % 40}" for row in range(rows)],
            "price": [item.price for item in inputs],
            "currency": "EUR",
            "photos": [[f"photos/{row}.jpg"] if row < LEARNT else [] for row in range(rows)],
        }
    )
    index = build_index(vectors, settings.release)
    return write_release(
        workspace.releases, scratch / "encoder", product_ids=ids, embeddings=vectors, index=index,
        products=products, metrics={}, provenance={"rows": rows},
        parts=parts_of(encoder, products, vectors, index, alone),
    )  # fmt: skip


def seen(encoder: ProductEncoder, inputs: list[ProductInput]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Vectors of all products, and of what each modality alone says of them."""
    vectors, parts = [], []
    for at in range(0, len(inputs), BLOCK):
        features = encoder.featurize(inputs[at : at + BLOCK])
        vectors.append(encoder.encode_features(features).vectors)
        parts.append(vectors_alone(encoder, features))
    alone = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return np.concatenate(vectors), alone


def parts_of(
    encoder: ProductEncoder,
    products: pd.DataFrame,
    vectors: np.ndarray,
    index: RowIndex,
    alone: dict[str, np.ndarray],
) -> dict[str, Callable[[Path], None]]:
    """What a release holds for its search; the fusion learns that products of one label answer alike."""
    lexical = LexicalIndex.build(products)
    search = HybridSearch(lexical, index, vectors, FusionModel.fallback(), encoder.classify_vectors(vectors))
    labels = products["category"].to_numpy()
    judged = []
    for number in range(LESSONS):
        words = title_of(number).split()
        # A long query, and every other time a short one: each kind has weights of its own.
        text = " ".join(words[:5] if number % 2 else [words[0], words[4]])
        said = encoder.encode_features(encoder.featurize([ProductInput(title=text)]))
        words = search.look_up(lexical.query(text), search.near(said.vectors[0]))
        found = search.candidates(words, said.vectors[0], said.probabilities[0])
        grades = np.where(labels[found.rows] == labels[number], 2, 0)
        judged.append(Judged(found, grades))
    return search_part_writers(lexical, fit_fusion(judged), alone)
