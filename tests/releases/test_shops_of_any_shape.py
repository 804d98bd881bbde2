"""Shops of odd shapes, from their files to the gate: a model that may serve, or one sentence that helps."""

import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image, ImageDraw

from catalog.cleaning import clean_products
from catalog.media import probe_catalogue
from catalog.snapshot.media_store import MediaStore
from catalog.snapshot.shards import read_raw_products
from catalog.snapshot.write import write_snapshot
from catalog.splits import divide
from data_checks.checks.splits import no_leak
from data_checks.suites import Surroundings
from data_checks.validation.validate import validate
from models.evaluation.evaluate import evaluate
from models.features.catalogue import Catalogue, modality_features, targets
from models.features.featurizer import Featurizer
from models.features.table import FeatureTable
from models.inference.product_encoder import ProductEncoder
from models.training.train import train
from releases.gate import Judged, decide
from shelfspace.settings import Settings
from tests.catalog.shelf import product, write_catalogue
from tests.models.learning import quick_settings

WORDS = {
    "Boots": ["sole", "lace", "heel"],
    "Lamps": ["bulb", "shade", "glow"],
    "Mugs": ["handle", "tea", "cup"],
    "Rugs": ["wool", "pile", "yarn"],
}
ADJECTIVES = ["red", "old", "new", "soft", "hard", "tiny", "big", "warm", "cold", "dark", "calm", "bold"]
Row = dict[str, str]


def row(number: int) -> Row:
    """A product of one of four classes, in words of its class, with a photo and a sound of its own."""
    draw, name = random.Random(number), list(WORDS)[number % 4]
    return product(
        number,
        title=" ".join([*draw.sample(ADJECTIVES, 3), *draw.sample(WORDS[name], 2)]),
        description=" ".join(draw.choices(WORDS[name] + ADJECTIVES, k=14)),
        category=f"Home > {name}",
    )


def photo(number: int) -> bytes:
    picture, draw = Image.new("RGB", (64, 64), "white"), random.Random(number)
    corner, colour = draw.randint(2, 25), tuple(draw.randint(0, 200) for _ in range(3))
    shape = ImageDraw.Draw(picture)
    (shape.ellipse if number % 2 else shape.rectangle)((corner, 9, corner + 30, 50 + number % 4), fill=colour)
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def sound(number: int) -> bytes:
    time, draw = np.arange(4000) / 8000, np.random.default_rng(number)
    wave = 0.4 * np.sin(2 * np.pi * 220 * (1 + number % 4) * time) + 0.02 * draw.normal(size=4000)
    stream = io.BytesIO()
    soundfile.write(stream, wave.astype(np.float32), 8000, format="WAV")
    return stream.getvalue()


def unchanged(number: int, one: Row) -> None:
    """A plain shop."""


def without(*fields: str, **values: str) -> Callable[[int, Row], None]:
    """Rows without some fields, and with others that are the same in all."""
    return lambda number, one: one.update(dict.fromkeys(fields, ""), **values)


def media(kind: str, ending: str) -> Callable[[int, Row], None]:
    return lambda number, one: one.update(
        {"title": "", "description": "", "price": "", kind: f"{number}.{ending}"}
    )


def lone(number: int, one: Row) -> None:
    one.update({"category": "Odd > One"} if number == 7 else {})


def own_class(number: int, one: Row) -> None:
    one.update(category=f"Home > c{number}")


RELEASED = {
    "thirty products": (30, unchanged, {}),
    "one class": (60, without(category="Home > Boots"), {}),
    "no price": (60, without("price", "currency"), {}),
    "no category": (60, without("category"), {}),
    "no category, no labels asked for": (60, without("category"), {"label_level": 0}),
    "all prices equal": (60, without(price="9.99"), {}),
    "photos alone": (60, media("photos", "png"), {}),
    "sounds alone": (60, media("sounds", "wav"), {}),
    "a class of one": (60, lone, {}),
    "ten products": (10, unchanged, {}),
    "four products, no labels asked for": (4, unchanged, {"label_level": 0}),
}


def opened(folder: Path, count: int, change: Callable[[int, Row], None], **described: Any) -> Any:
    """The shop's source, and its snapshot beside it."""
    rows = [row(number) for number in range(count)]
    for number, one in enumerate(rows):
        change(number, one)
    files = {one["photos"]: photo(i) for i, one in enumerate(rows) if one["photos"]}
    files |= {one["sounds"]: sound(i) for i, one in enumerate(rows) if one["sounds"]}
    source = write_catalogue(folder / "shop", rows, photos=files, **{"label_level": 2, **described})
    write_snapshot(source, folder / "snapshot", Settings(), progress=False)
    return source


@pytest.mark.parametrize("shape", RELEASED)
def test_a_shop_of_any_shape_ends_in_a_model_that_may_serve(tmp_path: Path, shape: str) -> None:
    count, change, described = RELEASED[shape]
    source = opened(tmp_path, count, change, **described)
    settings = quick_settings(
        training={"epochs": 1}, evaluation={"bootstrap": 20}, validation={"min_rows": 3}
    )
    raw, store = read_raw_products(tmp_path / "snapshot"), MediaStore.open(tmp_path / "snapshot")
    around = Surroundings(source.currency, 0, None, None)
    assert validate("raw_products", raw, settings, None, around).passed
    findings = probe_catalogue(store, raw, source.photo_separator, settings.media)
    products = clean_products(raw, source, settings, findings).clean
    assert len(products) == count
    made = divide(products, {}, settings, label_level=source.label_level)
    assert no_leak(made.table, products, made.empty).passed, made.empty
    sides = made.table.set_index("product_id").loc[products["product_id"], "split"].to_numpy(dtype=str)

    catalogue = Catalogue.read(products, store, tmp_path / "state", settings)
    learned = sides == "train"
    prices = products["price"].to_numpy()
    fitted = Featurizer.fit(list(catalogue.texts["text"][learned]), prices[learned], settings)
    fitted.save(tmp_path / "featurizer")
    parts = {name: modality_features(name, catalogue, fitted)[0] for name in settings.model.modalities}
    features, aims = FeatureTable(tuple(products["product_id"]), parts), targets(products, source.label_level)
    kept = {"featurizer_dir": tmp_path / "featurizer", "out": tmp_path / "model", "scratch": tmp_path / "s"}
    train(
        features, aims.labels, aims.label_names, aims.log_price, sides, settings, progress=False, **kept
    )  # fmt: skip
    encoder = ProductEncoder.load(tmp_path / "model")
    held = np.flatnonzero(sides == "test")
    figures, rows = evaluate(encoder, features, aims.labels, held, settings, progress=False)
    verdict = decide(Judged(figures, rows), None, settings.gate)
    assert verdict.promote, verdict.refusals
    vectors = encoder.embed_features(features)
    assert np.isfinite(vectors).all()
    assert vectors.shape[0] == count


@pytest.mark.parametrize(
    ("count", "change", "described", "said"),
    [
        (2, unchanged, {}, "deliver at least 4 products that are unlike"),
        (60, own_class, {}, "set label_level: 1 (1 classes) in catalog.yaml"),
        (60, without(group_id="all", title="one", description="and the same"), {}, ""),
    ],
    ids=["two products", "a class for each product", "all alike"],
)
def test_a_shop_that_cannot_be_divided_says_what_to_change(
    tmp_path: Path, count: int, change: Callable[[int, Row], None], described: dict, said: str
) -> None:
    source = opened(tmp_path, count, change, **described)
    raw = read_raw_products(tmp_path / "snapshot")
    none = pd.DataFrame(columns=["key", "kind", "ok", "field", "value", "reason"])
    products = clean_products(raw, source, Settings(), none).clean
    made = divide(products, {}, Settings(), label_level=source.label_level)
    report = no_leak(made.table, products, made.empty)
    assert report.passed is not bool(said), report.cause
    assert said in report.cause


@pytest.mark.parametrize(
    ("count", "change", "said"),
    [
        (2, unchanged, "deliver more, or set validation.min_rows lower under params in catalog.yaml"),
        (
            60,
            without("title", "description"),
            "name the columns of titles and descriptions under",
        ),
    ],
    ids=["two products", "nothing that describes them"],
)
def test_too_little_of_a_shop_says_what_to_change(
    tmp_path: Path, count: int, change: Callable[[int, Row], None], said: str
) -> None:
    source = opened(tmp_path, count, change)
    around = Surroundings(source.currency, 0, None, None)
    raw = read_raw_products(tmp_path / "snapshot")
    assert said in validate("raw_products", raw, Settings(), None, around).cause
