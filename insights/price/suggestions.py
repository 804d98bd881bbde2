"""The price suggestions of a catalogue: what its listings say, and how its demand follows its prices."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from insights.price.elasticity import elasticities
from insights.price.endings import Endings
from insights.price.grid import weekly_grid
from insights.price.listings import Listing, listings_of
from insights.price.model import Priced, PriceModel, fit_prices
from insights.price.neighbours import Near
from insights.price.reasons import SILENT, too_few
from models.features.catalogue import label_of
from shelfspace.settings.insights import Price

__all__ = ["COLUMNS", "Suggestions", "suggest_prices"]

SHOWN = 5
COLUMNS = (
    "product_id", "suggested", "low", "high", "comparables", "lacks", "price", "cost", "elasticity",
    "elasticity_error", "elasticity_of", "prices_tried", "weeks_seen", "purchases", "elasticity_lacks",
)  # fmt: skip
"""Of the table: `comparables` is the JSON text of product ids and likenesses, `lacks` says why no price is
suggested, `elasticity_lacks` why there is no elasticity of the product's own."""


@dataclass(frozen=True)
class Suggestions:
    """What is known of the prices of a catalogue.

    Attributes:
        table: COLUMNS, a row a product, in their order.
        model: prices further listings; None where too few listings have a price.
        priced: (m,) ids of the listings that it learned from.
        own: those listings as the others price them.
        endings: how the shop's prices end.
        elasticities: category to elasticity, "" of the whole catalogue, as far as they are known.
        tried: products whose own elasticity is known.
    """

    table: pd.DataFrame
    model: PriceModel | None
    priced: tuple[str, ...]
    own: Priced | None
    endings: Endings
    elasticities: dict[str, float]
    tried: int


def suggest_prices(
    products: pd.DataFrame, events: pd.DataFrame, label_level: int, settings: Price
) -> Suggestions:
    """Suggest prices of cleaned products.

    Args:
        products: the contract's columns.
        events: cleaned events; without any, no elasticity is known.
        label_level: category nodes that make one category here; 0 for none.
    """
    ids = products["product_id"].tolist()
    # Tables that were cleaned before the contract had costs lack the column.
    cost = products["cost"].to_numpy(float) if "cost" in products else np.full(len(ids), np.nan)
    price = products["price"].to_numpy(float)
    labels = [label_of(path, label_level) if label_level else "" for path in products["category"]]
    endings = Endings.of(price)
    listings = listings_of(products)
    grid = weekly_grid(events, ids)
    demand, known = elasticities(grid, labels, settings)
    learned_from = drawn(ids, price, settings.listings)
    table = pd.DataFrame(
        {
            "product_id": ids, "suggested": np.nan, "low": np.nan, "high": np.nan, "comparables": "[]",
            "lacks": "", "price": price, "cost": cost,
            "elasticity": demand["elasticity"].round(3), "elasticity_error": told(demand["error"]),
            "elasticity_of": demand["of"], "prices_tried": demand["prices"], "weeks_seen": demand["weeks"],
            "purchases": demand["purchases"], "elasticity_lacks": demand["why"],
        },
        columns=list(COLUMNS),
    ).astype(dict.fromkeys(("suggested", "low", "high"), "float64"))  # fmt: skip
    tried = int(demand["of"].eq("product").sum())
    if len(learned_from) < settings.least_listings:
        table["lacks"] = too_few(len(learned_from), settings.least_listings)[0]
        return Suggestions(table, None, (), None, endings, known, tried)
    groups = np.where(products["group_id"].ne(""), products["group_id"], products["product_id"])
    some = learned_from.tolist()
    model, own = fit_prices(
        [listings[i] for i in some], np.log(price[some]), [labels[i] for i in some],
        groups[some].tolist(), settings,
    )  # fmt: skip
    priced = tuple(ids[i] for i in some)
    fill(table, learned_from, own, own.near, priced, endings)
    rest = np.setdiff1d(np.arange(len(ids)), learned_from)
    if len(rest):
        asked = [listings[i] for i in rest]
        found = model.predict(asked, [labels[i] for i in rest])
        fill(table, rest, found, found.near, priced, endings)
    silent = np.array([says_nothing(model, listing) for listing in listings])
    table.loc[silent, ["suggested", "low", "high"]] = np.nan
    table.loc[silent, "comparables"] = "[]"
    table.loc[silent, "lacks"] = SILENT[0]
    return Suggestions(table, model, priced, own, endings, known, tried)


def says_nothing(model: PriceModel, listing: Listing) -> bool:
    """Whether the model knows no term of a listing."""
    terms = model.features.terms
    return not any(term in terms[name].places for name in terms for term in getattr(listing, name))


def drawn(ids: Sequence[str], price: np.ndarray, most: int) -> np.ndarray:
    """Rows with a price, in their order; of more than `most` those whose ids' hashes come first, so that a
    catalogue which grows keeps most of them."""
    rows = np.flatnonzero(np.isfinite(price) & (price > 0))
    if len(rows) <= most:
        return rows
    hashes = [hashlib.blake2b(ids[row].encode(), digest_size=8).digest() for row in rows.tolist()]
    return np.sort(rows[np.argsort(np.array(hashes), kind="stable")[:most]])


def fill(
    table: pd.DataFrame,
    rows: np.ndarray,
    found: Priced,
    near: Near,
    priced: Sequence[str],
    endings: Endings,
) -> None:
    """Write prices into rows of the table, ending as the shop's do."""
    label = table.index[rows]
    table.loc[label, "suggested"] = [endings.nearest(price) for price in np.exp(found.middle).tolist()]
    table.loc[label, "low"] = np.exp(found.low).round(2)
    table.loc[label, "high"] = np.exp(found.high).round(2)
    table.loc[label, "comparables"] = [comparable(near, row, priced) for row in range(len(rows))]


def comparable(near: Near, row: int, priced: Sequence[str]) -> str:
    """JSON text of the nearest listings that share something: ids and likenesses."""
    pairs = zip(near.places[row, :SHOWN].tolist(), near.likeness[row, :SHOWN].tolist(), strict=True)
    return json.dumps([[priced[place], round(like, 3)] for place, like in pairs if like > 0])


def told(errors: pd.Series) -> pd.Series:
    """Standard errors; NaN where they know no bound."""
    return errors.where(np.isfinite(errors)).round(3)
