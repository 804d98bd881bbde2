"""The trained shop as a storefront shows it: all columns of a catalogue, media, figures, a drift report."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd

from catalog.snapshot.media_store import MediaStore, add_media
from insights.recommendation.build import build
from models.features.catalogue import Catalogue
from models.inference.by_modality import modality_vectors
from releases import Release, promote, write_release
from releases.contents import GRAPH
from releases.search_parts import search_part_writers
from retrieval.lexical.index import LexicalIndex
from retrieval.ranking.fusion import FusionModel
from retrieval.vectors import build_index
from shelfspace.files import write_json, write_table
from shelfspace.settings.insights import Recommendation
from shelfspace.workspace import Workspace
from tests.bentos.shop import COLOURS, PRODUCTS, WORDS, Shop, draw_photo, play_sound

HOSTILE = (
    "<b>Solid</b> & plain<script>document.title='owned'</script>"
    "<img src=x onerror=\"document.title='owned'\">"
)
CHAMPION = "abc123"
NO_PHOTO, NO_PRICE, SOLD_OUT, TWO_PHOTOS, CHINESE = "P002", "P001", "P003", "P004", "P005"
"""Products that tests name for what is special about them."""
LOUD = "P008"
NAMES = {"Home": {"zh": ["家居"]}, "Home > Lamps": {"zh": ["台灯", "灯"]}}
"""What the shop calls some of its categories."""


def build_storefront(shop: Shop, root: Path) -> tuple[Workspace, Release]:
    """A workspace of its own with one release of the shop's encoder and vectors."""
    workspace = Workspace.open("shown", root / "workspaces")
    labels = sorted(WORDS)
    products = pd.DataFrame([product(n, labels[n % 3], shop.items[n]) for n in range(PRODUCTS)])
    files = []
    for n in range(PRODUCTS):
        for place, key in enumerate(products["photos"][n]):
            files.append((key, draw_photo(labels[n % 3], COLOURS[(n + place) % 5], n), None))
        for key in products["sounds"][n]:
            files.append((key, play_sound(200 + 100 * (n % 3)), None))
    add_media(workspace.snapshot, files, 1_000_000)
    media = MediaStore.open(workspace.snapshot)
    seen = modality_vectors(shop.encoder, Catalogue.read(products, media, workspace.state, shop.settings))
    together = pd.DataFrame(
        [(TWO_PHOTOS, "P009", 3, 0.5), (TWO_PHOTOS, LOUD, 2, 0.25)],
        columns=["product_id", "other_id", "baskets", "weight"],
    )
    vectors = np.asarray(shop.first.embeddings)
    release = write_release(
        workspace.releases,
        shop.first.model_folder,
        product_ids=list(products["product_id"]),
        embeddings=vectors,
        index=build_index(vectors, shop.settings.release),
        products=products,
        metrics={"accuracy": 0.9, "macro_f1": 0.88, "same_category_recall_at_10": 0.95, "roc_auc": 0.99},
        parts={
            **search_part_writers(
                LexicalIndex.build(products, categories=NAMES),
                FusionModel.fallback(),
                seen.alone,
                own=seen.own,
            ),
            "insights/bought_together/bought_together.parquet": lambda path: write_table(path, together),
            "insights/recommendation": lambda folder: recommend(folder, products, vectors),
            "evaluation.json": lambda path: write_json(path, judged(labels)),
            GRAPH: lambda path: write_json(path, {"compared": compared("linear", 0.0, [-0.01, 0.01])}),
        },
        provenance={"champion": CHAMPION, "created_at": "2026-11-20T10:00:00+00:00", "catalogue": "shown"},
    )
    write_json(
        workspace.monitoring / "drift_report" / "verdict.json",
        {"champion": CHAMPION, "drifted": False, "cause": "",
         "decision": {"action": "none", "reason": "nothing has moved that is known to matter"}, "compared": {
            "catalogue": {"drifted": False, "judged": True, "cause": "no drift: 0 of 12 columns drifted"},
            "traffic search": {"drifted": False, "judged": False, "cause": ""}}},
    )  # fmt: skip
    write_json(workspace.prepared / "encoders" / "choice.json", chosen())
    promote(workspace.root, release.id)
    return workspace, release


def recommend(folder: Path, products: pd.DataFrame, vectors: np.ndarray) -> None:
    """What is recommended after three orders of the same two products."""
    time = pd.Timestamp("2026-05-01", tz="UTC")
    lines = [(f"u{n}", one, "purchase", time, f"{n}") for n in range(3) for one in (TWO_PHOTOS, "P009")]
    events = pd.DataFrame(lines, columns=["user_id", "product_id", "event", "time", "order_id"])
    folder.mkdir(parents=True)
    build(folder, products, events, vectors, Recommendation(), 0)


def product(n: int, category: str, item: dict) -> dict:
    """One row of the catalogue."""
    name = f"P{n:03d}"
    photos = [] if name == NO_PHOTO else [f"photos/{n}.jpg"]
    if name == TWO_PHOTOS:
        photos.append(f"photos/{n}-2.jpg")
    return {
        "product_id": name,
        "title": "红色皮革 提包" if name == CHINESE else item["title"],
        "description": HOSTILE if name == TWO_PHOTOS else f"A {category.lower()} for every day.",
        "category": f"Home > {category}" if category == "Lamps" else f"Wear > {category}",
        "brand": item["brand"],
        "price": np.nan if name == NO_PRICE else item["price"],
        "currency": "EUR",
        "attributes": json.dumps(item["attributes"]),
        "photos": photos,
        "sounds": [f"sounds/{n}.wav"] if n % 4 == 0 else [],
        "language": "zh" if name == CHINESE else "en",
        "on_hand": 0.0 if name == SOLD_OUT else float(1 + n % 9),
    }


def judged(labels: list[str]) -> dict:
    """The parts of an evaluation that the release page reads."""
    figures = {"accuracy": 0.9, "macro_f1": 0.88, "recall_at_10": 0.95, "map": 0.8, "rows": 30}
    return {
        "rows": 30,
        "labels": {"known": labels},
        "overall": {"confusion": [[9, 1, 0], [0, 10, 0], [2, 0, 8]]},
        "intervals": {"accuracy": [0.8, 0.96]},
        "baseline": {"name": "words", "accuracy": 0.6, "intervals": {"accuracy": [0.5, 0.7]}},
        "by_category": {},
        "labels_compared": compared("linear", -0.02, [-0.05, 0.01]),
        "retrieval": {"known_item": {"compared": compared("learned", 0.04, [0.01, 0.07])}},
        "by_subset": {"text": figures, "image + text": {**figures, "accuracy": 0.93}},
    }


def chosen() -> dict:
    """The encoders that the chain chose: the photos' for this release, the texts' for a later model."""
    one = {"beside": "", "weights": "", "figures": {}}
    return {
        "image": {**one, "encoder": "cnn", "why": "cnn stays, the simpler"},
        "text": {**one, "encoder": "minilm", "why": "better by 0.1"},
    }


def compared(winner: str, by: float, interval: list[float]) -> dict:
    """What was learned beside a simple rival."""
    rivals = {"linear": 0.9, "other": 0.8}
    return {"learned": 0.9 + by, "rivals": rivals, "winner": winner, "rival": "linear", "by": by,
            "interval": interval, "rows": 30}  # fmt: skip


def noise() -> bytes:
    """A file that names itself a photo and is none."""
    return io.BytesIO(b"\xff\xd8\xff" + bytes(range(200))).getvalue()
