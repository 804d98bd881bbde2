"""The plan of the sample's products: what each one is, before it is written, drawn or sounded."""

import numpy as np
import pandas as pd

from catalog.sample.world import (
    BRANDS,
    CATEGORIES,
    COST_SHARES,
    END,
    OWN_ELASTICITY,
    SHARES,
    SIZES,
    STYLES,
    brand_effects,
    colours_of,
    random,
)

__all__ = ["plan_products"]

SYLLABLES = [first + vowel for first in "bcdfghjklmnprstvwyz" for vowel in "aeio"] + ["al", "el", "or", "in"]


def plan_products(seed: int, products: int) -> pd.DataFrame:
    """One row a product, in the order of their ids; columns:

    product_id, category (index into CATEGORIES), group (running number of the variant group),
    group_id ("" when alone), line (series name, one a group), number, brand, colour, style, size, language
    ("en", "zh", "mixed"), vague, list_price (EUR, what the price model gave), cost (EUR), elasticity (its
    own), popularity (mean about 1), flags has_description, has_photo, has_sound, has_price, has_cost,
    has_brand, noisy_photo, noisy_sound, photos (how many), launched (day), updated_at.
    """
    rng = random(seed, "plan")
    table = _groups(rng, products)
    n = len(table)
    category = table["category"].to_numpy()
    department = np.array([c.department for c in CATEGORIES])[category]
    table["brand"] = _per_group(rng, table, department, BRANDS, _brand_weights())
    table["style"] = _per_group(rng, table, department, STYLES, None)
    table["colour"] = _distinct_colours(rng, table, department)
    draws = rng.integers(0, 60, n)
    table["size"] = [SIZES[d][k % len(SIZES[d])] for d, k in zip(department, draws, strict=True)]
    table["number"] = rng.integers(60, 320, n)
    table["line"] = _lines(rng, int(table["group"].max()) + 1)[table["group"].to_numpy()]
    languages = rng.choice(
        ["en", "zh", "mixed"],
        n,
        p=[1 - SHARES["chinese"] - SHARES["mixed_language"], SHARES["chinese"], SHARES["mixed_language"]],
    )
    table["language"] = languages[_first_of_group(table)]
    table["vague"] = _flag(rng, n, "vague_text")
    table["has_description"] = ~_flag(rng, n, "no_description") | table["vague"]
    table["has_photo"] = ~_flag(rng, n, "no_photo")
    sounding = np.array([c.timbre != "" for c in CATEGORIES])[category]
    table["has_sound"] = sounding & ~_flag(rng, n, "no_sound")
    table["has_price"] = ~_flag(rng, n, "no_price")
    table["has_brand"] = ~_flag(rng, n, "no_brand")
    table["noisy_photo"] = _flag(rng, n, "noisy_photo")
    table["noisy_sound"] = _flag(rng, n, "noisy_sound")
    table["photos"] = np.where(table["has_photo"], 1 + _flag(rng, n, "second_photo"), 0)
    table["list_price"] = _prices(rng, table, brand_effects(seed))
    table["cost"], table["has_cost"] = _costs(
        random(seed, "cost"), table["list_price"].to_numpy(), department
    )
    mean = np.array([c.elasticity for c in CATEGORIES])[category]
    table["elasticity"] = (mean + random(seed, "elasticity").normal(0, OWN_ELASTICITY, n)).round(4)
    table["popularity"] = np.exp(rng.normal(-0.32, 0.8, n))
    table["launched"], table["updated_at"] = _dates(rng, n)
    return table


def _groups(rng: np.random.Generator, products: int) -> pd.DataFrame:
    """Categories in equal numbers, some products in variant groups of 2 to 4, ids in random order."""
    category = np.arange(products) % len(CATEGORIES)
    rows: list[tuple[int, int, bool]] = []
    group = 0
    for index in range(len(CATEGORIES)):
        left = int((category == index).sum())
        in_variants = int(left * SHARES["variants"])
        while left:
            size = min(left, int(rng.integers(2, 5))) if in_variants > 1 else 1
            rows += [(index, group, size > 1)] * size
            left, in_variants, group = left - size, in_variants - size, group + 1
    order = rng.permutation(products)
    table = pd.DataFrame([rows[i] for i in order], columns=["category", "group", "in_group"])
    table.insert(0, "product_id", [f"p{i:05d}" for i in range(1, products + 1)])
    names = "g" + table["group"].astype(str).str.zfill(5)
    table["group_id"] = names.where(table["in_group"], "")
    return table.drop(columns="in_group")


def _first_of_group(table: pd.DataFrame) -> np.ndarray:
    """Row of the first product of each product's group."""
    _, first, inverse = np.unique(table["group"].to_numpy(), return_index=True, return_inverse=True)
    return first[inverse]


def _brand_weights() -> np.ndarray:
    return np.array([0.28, 0.22, 0.17, 0.14, 0.11, 0.08])


def _per_group(
    rng: np.random.Generator,
    table: pd.DataFrame,
    department: np.ndarray,
    choices: dict[str, tuple[str, ...]],
    weights: np.ndarray | None,
) -> np.ndarray:
    draws = rng.random(int(table["group"].max()) + 1)[table["group"].to_numpy()]
    values = []
    for name, draw in zip(department, draws, strict=True):
        options = choices[name]
        share = np.full(len(options), 1 / len(options)) if weights is None else weights
        values.append(options[int(np.searchsorted(np.cumsum(share)[:-1], draw, side="right"))])
    return np.array(values, dtype=object)


def _distinct_colours(rng: np.random.Generator, table: pd.DataFrame, department: np.ndarray) -> list[str]:
    """Variants of one group differ in colour."""
    rank = table.groupby("group").cumcount().to_numpy()
    start = rng.integers(0, 10_000, int(table["group"].max()) + 1)[table["group"].to_numpy()]
    palettes = [colours_of(name) for name in department]
    return [p[(s + 3 * r) % len(p)] for p, s, r in zip(palettes, start, rank, strict=True)]


def _lines(rng: np.random.Generator, groups: int) -> np.ndarray:
    """A distinct invented series name for each group."""
    seen: dict[str, None] = {}
    while len(seen) < groups:
        seen.setdefault("".join(rng.choice(SYLLABLES, int(rng.integers(2, 4)))).capitalize())
    return np.array(list(seen), dtype=object)


def _flag(rng: np.random.Generator, n: int, share: str) -> np.ndarray:
    """Exactly round(share * n) rows, at random."""
    flag = np.zeros(n, bool)
    flag[rng.permutation(n)[: round(SHARES[share] * n)]] = True
    return flag


def _prices(rng: np.random.Generator, table: pd.DataFrame, effects: dict[str, float]) -> np.ndarray:
    """exp(log median + brand effect + normal(0, sigma)); variants share all but 5% of it."""
    category = table["category"].to_numpy()
    medians = np.array([c.median_price for c in CATEGORIES])[category]
    sigmas = np.array([c.sigma for c in CATEGORIES])[category]
    own = rng.normal(0, 1, int(table["group"].max()) + 1)[table["group"].to_numpy()]
    brand = np.array([effects[b] for b in table["brand"]])
    logs = np.log(medians) + brand + sigmas * own + rng.normal(0, 0.03, len(table))
    return np.maximum(np.round(np.exp(logs), 1) - 0.01, 0.99).round(2)


def _costs(
    rng: np.random.Generator, prices: np.ndarray, department: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What each product costs the shop (EUR), and whether the catalogue says it."""
    share = np.array([COST_SHARES[name] for name in department]) + rng.normal(0, 0.06, len(prices))
    costs = np.maximum((prices * np.clip(share, 0.2, 0.85)).round(2), 0.01)
    return costs, ~_flag(rng, len(prices), "no_cost")


def _dates(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Launch days (a quarter of the products comes within the two years) and last changes."""
    late = rng.random(n) < 0.25
    weeks = rng.integers(4, 80, n)
    launched = (END - np.timedelta64(104 * 7, "D")) + np.where(late, weeks, 0) * np.timedelta64(7, "D")
    fresh = _flag(rng, n, "new_without_events")
    launched = np.where(fresh, END, launched)
    seconds = rng.integers(0, 180 * 86_400, n)
    updated = END.astype("datetime64[s]") - seconds * np.timedelta64(1, "s")
    return launched, updated
