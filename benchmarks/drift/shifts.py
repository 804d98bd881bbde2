"""Shifts that are planted into windows of a generated shop, and of its traffic."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from benchmarks.drift.shop import Shop
from data_checks.drift.windows import Window

__all__ = ["SHIFTS", "Shift", "planted"]

Plant = Callable[[Shop, np.ndarray, int, float, np.random.Generator], Window]


@dataclass(frozen=True)
class Shift:
    """One kind of shift at one size.

    Attributes:
        row: of the result; "" of a size that is shown in the table alone.
        kind: the cause that is to be named.
        size: how large, in the unit that `says` names.
        ramp: windows over which it grows to that size; 0 at once.
        plant: gives a window of the rows at a size.
    """

    row: str
    kind: str
    says: str
    size: float
    plant: Plant
    ramp: int = 0


def planted(shift: Shift, shop: Shop, rows: np.ndarray, number: int, step: int, seed: int) -> Window:
    """The window of these rows after the shift; `step` counts from 1 for the first window that has it."""
    share = min(step / shift.ramp, 1.0) if shift.ramp else 1.0
    return shift.plant(shop, rows, number, shift.size * share, np.random.default_rng(seed))


def new_category(shop: Shop, rows: np.ndarray, number: int, size: float, rng: np.random.Generator) -> Window:
    """A share of the rows is of a category that nobody has seen."""
    new = round(size * len(rows))
    return shop.window(np.concatenate([rows[new:], rng.choice(shop.unseen, new, replace=False)]), number)


def price(shop: Shop, rows: np.ndarray, number: int, size: float, rng: np.random.Generator) -> Window:
    """Every price is higher by a share."""
    columns = shop.columns.iloc[rows].reset_index(drop=True)
    return shop.window(rows, number, columns.assign(log_price=columns["log_price"] + np.log10(1 + size)))


def dark(shop: Shop, rows: np.ndarray, number: int, size: float, rng: np.random.Generator) -> Window:
    """Photos have lost this share of their light."""
    columns = shop.columns.iloc[rows].reset_index(drop=True)
    seen = shop.stock.photos[round(1 - size, 2)].iloc[rows].reset_index(drop=True)
    return shop.window(rows, number, columns.assign(**{str(name): seen[name] for name in seen}))


def language(shop: Shop, rows: np.ndarray, number: int, size: float, rng: np.random.Generator) -> Window:
    """This share of the products is Chinese, of an assortment that is the same."""
    chinese = shop.stock.language == "zh"
    pools = [shop.arriving[chinese[shop.arriving] == is_it] for is_it in (True, False)]
    many = round(max(size, 0.25) * len(rows))
    taken = [
        rng.choice(pool, n, replace=False) for pool, n in zip(pools, (many, len(rows) - many), strict=True)
    ]
    return shop.window(np.concatenate(taken), number)


def dead_sound(shop: Shop, rows: np.ndarray, number: int, size: float, rng: np.random.Generator) -> Window:
    """This share of the sounds is no longer delivered; every other time it is there and cannot be decoded."""
    columns = shop.columns.iloc[rows].reset_index(drop=True)
    dead = columns["has_sound"].eq("yes") & (rng.random(len(rows)) < size)
    columns["has_sound"] = columns["has_sound"].mask(dead, "no")
    for name in ("sound_loudness", "sound_silence", "sound_seconds"):
        columns[name] = columns[name].mask(dead)
    refused = "no" if rng.random() < 0.5 else None
    columns["sound_decodable"] = columns["sound_decodable"].mask(dead, refused)
    return shop.window(rows, number, columns)


def removal(shop: Shop, rows: np.ndarray, number: int, size: float, rng: np.random.Generator) -> Window:
    """This share of the whole catalogue is gone."""
    window = shop.window(rows, number)
    counts = {"products": round(window.counts["products"] * (1 - size)), "gone": window.counts["gone"] + size}
    return replace(window, counts=counts)


def shuffled(shop: Shop, rows: np.ndarray, number: int, size: float, rng: np.random.Generator) -> Window:
    """The labels of this share of the rows have changed places; as many of each category as before."""
    columns = shop.columns.iloc[rows].reset_index(drop=True)
    labels = shop.stock.category[rows].copy()
    chosen = np.flatnonzero(rng.random(len(rows)) < size)
    labels[chosen] = labels[rng.permutation(chosen)]
    columns["category"] = labels
    columns["label_agrees"] = np.where(shop.predicted[rows] == labels, "yes", "no")
    return shop.window(rows, number, columns)


def queries(shop: Shop, rows: np.ndarray, number: int, size: float, rng: np.random.Generator) -> Window:
    """Traffic: this share of the sessions is Chinese."""
    return traffic(shop, rows, number, size, rng)


def traffic(shop: Shop, rows: np.ndarray, number: int, chinese: float, rng: np.random.Generator) -> Window:
    """A window of searches, replayed from the catalogue's own titles.

    A session has one language and one category; a query is the title, whole or its first words.
    """
    pools = shop.by_language
    session = np.sort(rng.integers(0, len(rows) // 4, len(rows)))
    speaks = (rng.random(len(rows) // 4) < chinese).astype(int)[session]
    wants = rng.integers(0, len(pools[0]), len(rows) // 4)[session]
    asked = np.array([rng.choice(pools[s][w]) for s, w in zip(speaks, wants, strict=True)])
    columns = shop.columns.iloc[asked].reset_index(drop=True)
    cut = rng.beta(3, 1.5, len(rows))
    table = pd.DataFrame(
        {
            "text_length": (columns["title_length"] * cut).round().clip(1),
            "language": np.where(speaks == 1, "zh", "en"),
            "top_label": columns["predicted"],
            "top_score": columns["confidence"] * (0.6 + 0.4 * cut),
            "has_text": "yes",
            "has_photo": np.where(rng.random(len(rows)) < 0.1, "yes", "no"),
            "answered": np.where(rng.random(len(rows)) < 0.97, "yes", "no"),
        }
    )
    made = shop.window(asked, number, table)
    return replace(made, question="traffic search", blocks=pd.Series(session), counts={})


SHIFTS = (
    *(Shift("", "new_category", "of rows", s, new_category) for s in (0.03, 0.05)),
    Shift("detected_new_category", "new_category", "of rows", 0.1, new_category),
    Shift("", "new_category", "of rows", 0.2, new_category),
    *(Shift("", "price", "dearer", s, price) for s in (0.05, 0.1, 0.2)),
    Shift("detected_price", "price", "dearer", 0.3, price),
    Shift("", "price", "dearer", 0.5, price),
    *(Shift("", "dark_photos", "of light lost", s, dark) for s in (0.1, 0.25)),
    Shift("detected_dark_photos", "dark_photos", "of light lost", 0.5, dark),
    Shift("", "dark_photos", "of light lost", 0.75, dark),
    *(Shift("", "language", "Chinese, from 25%", s, language) for s in (0.35, 0.45)),
    Shift("detected_language", "language", "Chinese, from 25%", 0.7, language),
    Shift("", "language", "Chinese, from 25%", 0.9, language),
    *(Shift("", "dead_sound", "of sounds", s, dead_sound) for s in (0.1, 0.25, 0.5)),
    Shift("detected_dead_sound", "dead_sound", "of sounds", 1.0, dead_sound),
    *(Shift("", "queries", "Chinese, from 28%", s, queries) for s in (0.4, 0.5)),
    Shift("detected_queries", "queries", "Chinese, from 28%", 0.61, queries),
    Shift("", "queries", "Chinese, from 28%", 0.8, queries),
    *(Shift("", "mass_removal", "of products gone", s, removal) for s in (0.1, 0.3)),
    Shift("detected_mass_removal", "mass_removal", "of products gone", 0.6, removal),
    Shift("", "mass_removal", "of products gone", 0.9, removal),
    *(Shift("", "labels", "of labels shuffled", s, shuffled) for s in (0.1, 0.25, 0.5)),
    Shift("detected_shuffled_labels", "labels", "of labels shuffled", 1.0, shuffled),
    Shift("detected_gradual", "price", "dearer, over 8 windows", 0.3, price, 8),
    Shift("detected_gradual", "language", "Chinese, over 8 windows", 0.7, language, 8),
    Shift("detected_gradual", "new_category", "of rows, over 8 windows", 0.1, new_category, 8),
)
"""In the order of the table."""
