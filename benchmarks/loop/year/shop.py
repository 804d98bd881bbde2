"""The half year's shop as files: its start catalogue, its deliveries, and the truth for the judge alone."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from PIL import Image, ImageOps

from benchmarks.loop.year.schedule import Schedule, Step
from benchmarks.loop.year.stock import moment, stock_of
from catalog.sample.photos import render_photo
from catalog.sample.sounds import render_sound
from catalog.sample.texts import write_texts
from catalog.sample.world import CATEGORIES

__all__ = ["NAME", "PARAMS", "Truth", "deliver", "everything", "start", "true_ids", "truth", "write_truth"]

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
    table = _arrive(schedule, step, folder / "media", as_it_comes=True)
    file = folder / f"delivery-{step.number:03}.csv"
    part = file.with_suffix(".part")
    part.write_bytes(table.to_csv(index=False, lineterminator="\n").encode())
    part.replace(file)
    return file


def everything(schedule: Schedule, folder: Path, as_it_comes: bool) -> Path:
    """Write all that is there at the end of the half year as one catalogue, for the loop's rivals.

    Args:
        as_it_comes: what is poisoned or dark is so here; otherwise everything is as it truly is.
    """
    products = stock_of(schedule.seed).start
    tables = [_table(products, schedule.seed)]
    tables += [_arrive(schedule, step, folder / "media", as_it_comes) for step in schedule.steps]
    _write_shop(folder, pd.concat(tables), products, schedule.seed)
    return folder


def _arrive(schedule: Schedule, step: Step, media: Path, as_it_comes: bool) -> pd.DataFrame:
    """Write the media of a delivery; gives its table."""
    products = stock_of(schedule.seed).delivered(step)
    table = _table(products, schedule.seed)
    rng = np.random.default_rng([schedule.seed, 11, step.number])
    if as_it_comes and step.poisoned:
        table["category"] = _shuffled(table["category"].to_numpy(), rng)
    shown = _swapped(products) if as_it_comes and step.poisoned == "photos" else None
    dark = as_it_comes and step.dark
    _write_media(media, products, schedule.seed, list(table["product_id"]), dark, shown)
    return table


def truth(schedule: Schedule, step: Step) -> Truth:
    """What is true on the day of a step."""
    stock = stock_of(schedule.seed)
    rows = stock.truth_rows(step)
    paths = np.array([CATEGORIES[c].path for c in stock.true["category"]], dtype=object)
    return Truth(schedule.seed, rows, paths[rows])


def write_truth(schedule: Schedule, folder: Path) -> Path:
    """Write all products that are ever judged as a catalogue; gives the folder."""
    true = stock_of(schedule.seed).true
    table = _table(true, schedule.seed)
    ids = pd.Series(true_ids(schedule))
    table["product_id"] = ids
    for name, end in (("photos", ".jpg"), ("sounds", ".flac")):
        table[name] = (f"{name}/" + ids + end).where(table[name].ne(""), "")
    _write_shop(folder, table, true, schedule.seed, list(ids))
    return folder


def true_ids(schedule: Schedule) -> list[str]:
    """Ids in `write_truth`, by place: each product stands there as each supplier has it."""
    true = stock_of(schedule.seed).true
    return [f"{one}{language[0]}" for one, language in zip(true["product_id"], true["language"], strict=True)]


def _write_shop(
    folder: Path, table: pd.DataFrame, pictured: pd.DataFrame, seed: int, ids: Sequence[str] = ()
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    _write_media(folder / "media", pictured, seed, ids or list(pictured["product_id"]))
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


def _swapped(products: pd.DataFrame) -> pd.DataFrame:
    """The products whose photos are shown in the place of each: those that are further on by category."""
    order = np.argsort(products["category"].to_numpy(), kind="stable")
    other = np.empty(len(order), int)
    other[order] = np.roll(order, len(order) // 3)
    return products.iloc[other]


def _write_media(
    folder: Path,
    products: pd.DataFrame,
    seed: int,
    ids: Sequence[str],
    dark: bool = False,
    shown: pd.DataFrame | None = None,
) -> None:
    """All files at one stroke, once they are drawn: a delivery is not seen half way.

    Args:
        shown: whose photo each product has, where that is not its own.
    """
    files: dict[str, bytes] = {}
    pictured = products if shown is None else shown
    for product_id, row, other in zip(ids, products.itertuples(), pictured.itertuples(), strict=True):
        if row.has_photo:
            data = _photo(
                seed, CATEGORIES[other.category].look, other.colour, other.style, other.group,
                int(other.product_id[1:]), other.noisy_photo,
            )  # fmt: skip
            data = _restyled(data) if row.supplied else data
            files[f"photos/{product_id}.jpg"] = _dimmed(data) if dark else data
        if row.has_sound:
            timbre, number = CATEGORIES[row.category].timbre, int(row.product_id[1:])
            sound = render_sound(timbre, seed, row.group, number, noisy=row.noisy_sound)
            files[f"sounds/{product_id}.flac"] = sound
    for kind in ("photos", "sounds"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


@cache
def _photo(seed: int, look: str, colour: str, style: str, group: int, number: int, noisy: bool) -> bytes:
    return render_photo(look, colour, style, seed=seed, group=group, shot=(number, 0), noisy=noisy)


def _dimmed(data: bytes) -> bytes:
    """The photo as a camera without light gives it: nearly black, and its noise."""
    dark = np.asarray(Image.open(io.BytesIO(data))).astype(np.float32) * DIM
    dark += np.random.default_rng(len(data)).normal(0, 2, dark.shape)
    return _jpeg(Image.fromarray(np.clip(dark, 0, 255).astype(np.uint8)))


def _restyled(data: bytes) -> bytes:
    """The photo as the new supplier takes it: without colour, lying on its side, on a dark ground."""
    photo = ImageOps.grayscale(Image.open(io.BytesIO(data))).rotate(90)
    small = photo.resize((photo.width * 2 // 3, photo.height * 2 // 3))
    ground = np.random.default_rng(len(data)).normal(60, 4, (photo.height, photo.width))
    whole = Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8))
    whole.paste(small, (photo.width // 6, photo.height // 6))
    return _jpeg(whole.convert("RGB"))


def _jpeg(photo: Image.Image) -> bytes:
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=88)
    return file.getvalue()
