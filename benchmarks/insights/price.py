"""Suggested prices on real listings, and elasticities where the true ones are known."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import pandas as pd
from tqdm import tqdm

from benchmarks.insights.rows import Figure, Part
from benchmarks.insights.task import Data, Task

__all__ = ["ELASTICITIES", "PRICES"]

SEEDS = (0, 1, 2)
FOLDS = 5
LARGE = 100
"""Rows of a category whose coverage counts."""
COUNTED = 4
"""Different prices of a product whose elasticity counts."""
RETAIL = {"naive": -0.6, "demeaned": -1.7, "Poisson": -2.9}
"""What public analyses of the same shop give: the order is the check, not the figures."""


def flipkart() -> tuple[pd.DataFrame, np.ndarray]:
    """Cleaned listings with a price, in the order of the file, and their log prices."""
    from catalog.cleaning import clean_products
    from catalog.sources.open import open_catalog
    from shelfspace.settings import load_settings

    source = open_catalog("flipkart")
    raw = source.products()
    raw["source_row"] = np.arange(len(raw))
    probed = pd.DataFrame(columns=["key", "kind", "ok", "field", "value", "reason"])
    order = {name: row for row, name in enumerate(raw["product_id"])}
    found = clean_products(raw, source, load_settings(), probed).clean.dropna(subset="price")
    found = found.iloc[np.argsort([order[name] for name in found["product_id"]])].reset_index(drop=True)
    return found, np.log(found["price"].to_numpy())


def prices(data: Data) -> Iterator[Figure]:
    """KFold(5, shuffle) of the public baselines, its seed 0 the figure; all is fitted inside the fold."""
    from sklearn.model_selection import KFold

    from insights.price.intervals import conformal
    from insights.price.listings import Listing, listings_of
    from insights.price.model import RIVALS, fit_prices
    from insights.price.neighbours import nearest, normalised
    from shelfspace.settings.insights import Price

    del data
    settings = Price()
    products, y = flipkart()
    listings, label = listings_of(products), products["category"].str.split(" > ").str[0].tolist()
    ids = products["product_id"].tolist()

    def taken(rows: np.ndarray) -> tuple[list[Listing], np.ndarray, list[str], list[str]]:
        own = rows.tolist()
        return [listings[i] for i in own], y[rows], [label[i] for i in own], [ids[i] for i in own]

    parts, covered, ratios, rivals = [], {}, {}, {name: np.zeros(len(y)) for name in RIVALS}
    for seed in tqdm(SEEDS, "seeds", mininterval=1):
        middle, low, high, constant = (np.zeros(len(y)) for _ in range(4))
        for train, test in KFold(FOLDS, shuffle=True, random_state=seed).split(y):
            model, _ = fit_prices(*taken(train), settings)
            asked, _, filed, _ = taken(test)
            found = model.predict(asked, filed)
            middle[test], low[test], high[test] = found.middle, found.low, found.high
            constant[test] = conformal(model.errors, settings.coverage)
            if seed == 0:
                rows = model.encode(asked)
                ways = model.ways(rows, nearest(normalised(rows), model.rows), filed)
                for name in RIVALS:
                    rivals[name][test] = ways[name]
        parts.append(r2(y, middle))
        held = pd.Series((low <= y) & (y <= high)).groupby(label)
        covered[seed] = held.mean()[held.size() >= LARGE]
        ratios[seed] = float((high - low).mean() / 2 / constant.mean())
        if seed == 0:
            fixed = pd.Series(np.abs(y - middle) <= constant).groupby(label).mean()
    scores = {name: r2(y, rivals[name]) for name in RIVALS}
    yield Figure(
        "flipkart_price_r2", parts[0], scores["ridge on words"], float(np.std(parts)),
        tuple(Part(f"folds of seed {seed}", value) for seed, value in zip(SEEDS, parts, strict=True)),
        beside={name: scores[name] for name in RIVALS},
    )  # fmt: skip
    within = {
        "width at most 0.9 of a constant one's": ratios[0] <= 0.9,
        "every category within 0.75 to 0.85": bool(covered[0].between(0.75, 0.85).all()),
    }
    beside = {f"width over the constant one's, seed {seed}": ratios[seed] for seed in SEEDS}
    beside |= {f"worst category, seed {seed}": farthest(held) for seed, held in covered.items()}
    yield Figure(
        "flipkart_price_cover80_worst", farthest(covered[0]), farthest(fixed), None,
        tuple(Part(str(name), float(value), float(fixed[name])) for name, value in covered[0].items()),
        conditions=within, beside=beside,
    )  # fmt: skip


def farthest(covered: pd.Series) -> float:
    """Of shares the one farthest from 0.8."""
    return float(covered.iloc[int(np.abs(covered.to_numpy() - 0.8).argmax())])


def r2(truth: np.ndarray, guess: np.ndarray) -> float:
    return float(1 - np.square(truth - guess).sum() / np.square(truth - truth.mean()).sum())


def elasticities(data: Data) -> Iterator[Figure]:
    """The sample's own elasticities; beside them Online Retail's by three estimates, where it is there."""
    from catalog.sample.events import make_events
    from catalog.sample.products import plan_products
    from catalog.sample.world import CATEGORIES
    from insights.price.elasticity import elasticities as estimated
    from insights.price.elasticity import fitted
    from insights.price.grid import weekly_grid
    from shelfspace.settings.insights import Price

    settings = Price(least_prices=COUNTED, least_purchases=1)
    parts = []
    for seed in tqdm(SEEDS, "seeds", mininterval=1):
        plan = plan_products(seed, 1200)
        events = make_events(plan, seed).table
        events["time"] = pd.to_datetime(events["time"]).dt.tz_localize("UTC")
        label = np.array([category.path for category in CATEGORIES], dtype=object)[plan["category"]]
        grid = weekly_grid(events, plan["product_id"].tolist())
        counted = grid.prices() >= COUNTED
        own = estimated(grid, label.tolist(), settings)[0]["elasticity"].to_numpy()
        centres, _ = fitted(grid, label)
        pooled = np.array([centres[name].pooled.elasticity for name in label])
        truth = plan["elasticity"].to_numpy()
        errors = [float(np.abs(found - truth)[counted].mean()) for found in (own, pooled)]
        parts.append(Part(f"seed {seed}, {int(counted.sum())} products", *errors))
    values = [part.value / (part.baseline or np.nan) for part in parts]
    yield Figure(
        "sample_elasticity_error_ratio", float(np.mean(values)), 1.0, float(np.std(values)), tuple(parts),
        beside=retail(data),
    )  # fmt: skip


def retail(data: Data) -> dict[str, float]:
    """Three estimates of one elasticity of Online Retail, of purchases and of pieces; none without it."""
    if not (data.public / "retail").is_dir():
        return {}
    from insights.price.grid import weekly_grid
    from insights.price.poisson import pooled_elasticity

    lines = pd.read_parquet(data.public / "retail" / "online_retail.parquet").drop_duplicates()
    code = lines["StockCode"].astype(str).str.upper()
    kept = lines["CustomerID"].notna() & ~lines["InvoiceNo"].astype(str).str.startswith("C")
    kept &= (lines["Quantity"] > 0) & (lines["UnitPrice"] > 0) & code.str.fullmatch(r"\d{5}[A-Z]*")
    events = pd.DataFrame(
        {
            "product_id": code[kept], "event": "purchase", "quantity": lines["Quantity"][kept],
            "unit_price": lines["UnitPrice"][kept],
            "time": pd.to_datetime(lines["InvoiceDate"][kept]).dt.tz_localize("UTC"),
        }
    )  # fmt: skip
    ids = sorted(events["product_id"].unique())
    found: dict[str, float] = {}
    for pieces, name in product((False, True), RETAIL):
        grid = weekly_grid(events, ids, pieces)
        said = f"Online Retail, {'pieces' if pieces else 'purchases'}, {name}"
        if name == "Poisson":
            found[said] = pooled_elasticity(grid.bought, grid.price).elasticity
            continue
        sold = np.isfinite(grid.price) & (grid.bought > 0)
        x, y = np.log(np.where(sold, grid.price, 1.0)), np.log(np.where(sold, grid.bought, 1.0))
        if name == "demeaned":
            count = np.maximum(sold.sum(axis=1, keepdims=True), 1)
            x, y = (part - np.where(sold, part, 0).sum(axis=1, keepdims=True) / count for part in (x, y))
        found[said] = float(np.polyfit(x[sold], y[sold], 1)[0])
    return found


PRICES = Task(
    "price", ("flipkart_price_r2", "flipkart_price_cover80_worst"), prices,
    lambda data: "" if (data.public / "flipkart1050").is_dir() else f"{data.public} has no flipkart1050",
)  # fmt: skip
ELASTICITIES = Task("elasticity", ("sample_elasticity_error_ratio",), elasticities)
