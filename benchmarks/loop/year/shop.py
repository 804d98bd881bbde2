"""The half year's shop as files: its start catalogue, its deliveries, and the truth for the judge alone."""

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from PIL import Image

from benchmarks.loop.year.schedule import Schedule, Step
from benchmarks.loop.year.stock import moment, stock_of
from catalog.sample.photos import render_photo
from catalog.sample.sounds import render_sound
from catalog.sample.texts import write_texts
from catalog.sample.world import CATEGORIES

__all__ = ["NAME", "PARAMS", "Truth", "deliver", "start", "true_ids", "truth", "write_truth"]

NAME = "half-year"
PARAMS = Path(__file__).with_name("params.yaml")
"""The recipe: one for the loop and for what it is held against."""
TYPOS = 0.1
"""Share of titles with two letters swapped."""
DIM = 0.02


@dataclass(frozen=True)
class Truth:
    """That day's true, clean products, which nobody but the judge has seen.

    Attributes:
        seed: of the schedule; `write_truth` writes all products of it that are ever judged.
        rows: (n,) positions among those.
        labels: (n,) category paths.
    """

    seed: int
    rows: np.ndarray
    labels: np.ndarray


def start(schedule: Schedule, folder: Path) -> Path:
    """Write the catalogue that the shop begins with: products of the year before; gives the folder."""
    products = stock_of(schedule.seed).start
    _write_shop(folder, _table(products, schedule.seed), products, schedule.seed)
    return folder


def deliver(schedule: Schedule, step: Step, folder: Path) -> Path:
    """Drop one delivery into an inbox: its media, then its products under their name at one stroke.

    Returns:
        the file of products.
    """
    products = stock_of(schedule.seed).delivered(step)
    table = _table(products, schedule.seed)
    rng = np.random.default_rng([schedule.seed, 11, step.number])
    pictured = products
    if step.poisoned:
        table["category"] = _shuffled(table["category"].to_numpy(), rng)
    if step.poisoned == "photos":
        pictured = _swapped(products, rng)
    _write_media(folder / "media", pictured, schedule.seed, list(table["product_id"]), dark=step.dark)
    file = folder / f"delivery-{step.number:03}.csv"
    part = file.with_suffix(".part")
    part.write_bytes(table.to_csv(index=False, lineterminator="\n").encode())
    os.replace(part, file)
    return file


def truth(schedule: Schedule, step: Step) -> Truth:
    """What is true on the day of a step."""
    stock = stock_of(schedule.seed)
    rows = stock.truth_rows(step)
    paths = np.array([CATEGORIES[c].path for c in stock.true["category"]], dtype=object)
    return Truth(schedule.seed, rows, paths[rows])


def write_truth(schedule: Schedule, folder: Path) -> Path:
    """Write all products that are ever judged as a catalogue; gives the folder."""
    true = stock_of(schedule.seed).true.assign(day=0)
    table = _table(true, schedule.seed)
    table["product_id"] = true_ids(schedule)
    _write_shop(folder, table, true[true["language"] == "en"], schedule.seed)
    return folder


def true_ids(schedule: Schedule) -> list[str]:
    """Ids in `write_truth`, by place: each product stands there in both languages, with the same media."""
    true = stock_of(schedule.seed).true
    return [f"{one}{language[0]}" for one, language in zip(true["product_id"], true["language"], strict=True)]


def _write_shop(folder: Path, table: pd.DataFrame, pictured: pd.DataFrame, seed: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    _write_media(folder / "media", pictured, seed, list(pictured["product_id"]))
    table.to_csv(folder / "products.csv", index=False, lineterminator="\n")
    said = {
        "name": NAME,
        "currency": "EUR",
        "label_level": 2,
        "products": {"path": "products.csv", "columns": {}},
        "media_root": "media",
        "photo_separator": "|",
        "category_separator": " > ",
        "params": yaml.safe_load(PARAMS.read_text()),
    }
    (folder / "catalog.yaml").write_text(yaml.safe_dump(said, sort_keys=False))


def _table(products: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Rows in the contract's columns, all text."""
    texts = write_texts(products, seed)
    rng = np.random.default_rng([seed, 13, len(products)])
    slips = rng.random(len(products)) < TYPOS
    titles = [_slip(t, rng) if slip else t for t, slip in zip(texts["title"], slips, strict=True)]
    ids = products["product_id"].to_numpy()
    return pd.DataFrame(
        {
            "product_id": ids,
            "title": titles,
            "description": texts["description"].to_numpy(),
            "category": [CATEGORIES[c].path for c in products["category"]],
            "brand": products["brand"].where(products["has_brand"], "").to_numpy(),
            "price": products["list_price"].map("{:.2f}".format).where(products["has_price"], "").to_numpy(),
            "currency": "EUR",
            "attributes": texts["attributes"].to_numpy(),
            "photos": np.where(products["has_photo"], "photos/" + ids + ".jpg", ""),
            "sounds": np.where(products["has_sound"], "sounds/" + ids + ".flac", ""),
            "language": texts["language"].to_numpy(),
            "updated_at": [moment(day, i) for i, day in enumerate(products["day"])],
        }
    )


def _slip(title: str, rng: np.random.Generator) -> str:
    """Two neighbouring letters changed places."""
    at = int(rng.integers(0, max(len(title) - 1, 1)))
    return title[:at] + title[at : at + 2][::-1] + title[at + 2 :]


def _shuffled(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each product with the category of another; categories move round so that hardly any keeps its own."""
    order = np.argsort(labels, kind="stable")
    counts = pd.Series(labels).value_counts()
    moved = np.empty_like(labels)
    moved[order] = np.roll(labels[order], int(counts.max()) + int(rng.integers(0, 3)))
    return moved


def _swapped(products: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The products whose photos are shown in the place of each: those that are further on by category."""
    order = np.argsort(products["category"].to_numpy(), kind="stable")
    other = np.empty(len(order), int)
    other[order] = np.roll(order, len(order) // 3)
    shown = products.iloc[other].copy()
    return shown.assign(has_photo=True, has_sound=products["has_sound"].to_numpy())


def _write_media(
    folder: Path, products: pd.DataFrame, seed: int, ids: Sequence[str], dark: bool = False
) -> None:
    for kind in ("photos", "sounds"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for product_id, row in zip(ids, products.itertuples(), strict=True):
        category, number = CATEGORIES[row.category], int(row.product_id[1:])
        if row.has_photo:
            shown = category.look, row.colour, row.style
            data = _photo(seed, *shown, row.group, number, row.noisy_photo)
            (folder / "photos" / f"{product_id}.jpg").write_bytes(_dimmed(data) if dark else data)
        if row.has_sound and category.timbre:
            sound = render_sound(category.timbre, seed, row.group, number, noisy=row.noisy_sound)
            (folder / "sounds" / f"{product_id}.flac").write_bytes(sound)


@cache
def _photo(seed: int, look: str, colour: str, style: str, group: int, number: int, noisy: bool) -> bytes:
    return render_photo(look, colour, style, seed=seed, group=group, shot=(number, 0), noisy=noisy)


def _dimmed(data: bytes) -> bytes:
    """The photo as a camera without light gives it: nearly black, and its noise."""
    dark = np.asarray(Image.open(io.BytesIO(data))).astype(np.float32) * DIM
    dark += np.random.default_rng(len(data)).normal(0, 2, dark.shape)
    file = io.BytesIO()
    Image.fromarray(np.clip(dark, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=88)
    return file.getvalue()
