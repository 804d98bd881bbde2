"""What is said of one price: of a product with its price of now, or of a listing that is not there yet."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from catalog.product import ProductInput
from insights.price.best import best_price
from insights.price.kept import KeptPrices
from insights.price.listings import Listing
from insights.price.reasons import NEW, NEW_LISTING, NO_MODEL, SILENT, Why, lacking, too_few
from insights.price.suggestions import comparable, says_nothing
from models.features.catalogue import label_of

__all__ = ["advise_listing", "advise_product", "without"]


def advise_product(
    kept: KeptPrices, product_id: str, price: float | None, cost: float | None = None
) -> dict[str, Any]:
    """Of a product of the catalogue.

    Args:
        price: of now; it may have changed since the suggestions were made.
        cost: of now; None for that of the catalogue.

    Returns:
        fields of `/price`, JSON values.
    """
    if product_id not in kept.table.index:
        return without(price, NEW)
    row = kept.table.loc[product_id].to_dict()
    known = {name: told(row[name]) for name in ("suggested", "low", "high", "elasticity", "elasticity_error")}
    near = [{"product_id": name, "likeness": like} for name, like in json.loads(row["comparables"])]
    own = None
    if row["elasticity_lacks"]:
        prices, weeks, bought = (int(row[name]) for name in ("prices_tried", "weeks_seen", "purchases"))
        own = lacking(kept.settings, prices, weeks, bought, enough=False)
    return {
        "price": price, **known, "place": place_of(price, known), "comparables": near,
        **both("reason", lacks(kept) if row["lacks"] else None),
        "elasticity_of": row["elasticity_of"] or None, **both("elasticity_reason", own),
        **earning(kept, price, told(row["cost"]) if cost is None else cost, known["elasticity"]),
    }  # fmt: skip


def advise_listing(
    kept: KeptPrices, item: ProductInput, category: str, price: float | None, cost: float | None
) -> dict[str, Any]:
    """Of a listing that is given; its elasticity is its category's."""
    label = label_of(category, kept.label_level)
    of = "category" if label in kept.elasticities else "catalogue" if "" in kept.elasticities else None
    elasticity = None if of is None else round(kept.elasticities[label if of == "category" else ""], 3)
    found = without(price, NO_MODEL)
    found |= {
        "elasticity": elasticity, "elasticity_of": of,
        **both("elasticity_reason", NEW_LISTING), **earning(kept, price, cost, elasticity),
    }  # fmt: skip
    if kept.model is None:
        return found
    listing = Listing.of(item, category)
    if says_nothing(kept.model, listing):
        return {**found, **both("reason", SILENT)}
    priced = kept.model.predict([listing], [label])
    low, middle, high = (float(np.exp(part[0])) for part in (priced.low, priced.middle, priced.high))
    known = {"suggested": kept.endings.nearest(middle), "low": round(low, 2), "high": round(high, 2)}
    near = json.loads(comparable(priced.near, 0, kept.priced))
    return {
        **found, **known, **both("reason", None), "place": place_of(price, known),
        "comparables": [{"product_id": name, "likeness": like} for name, like in near],
    }  # fmt: skip


def lacks(kept: KeptPrices) -> Why:
    """Why no price is suggested of a product of the table."""
    if kept.model is not None:
        return SILENT
    return too_few(int(kept.table["price"].gt(0).sum()), kept.settings.least_listings)


def both(field: str, why: Why | None) -> dict[str, str | None]:
    """A reason as two fields, the second in Chinese."""
    return dict(zip((field, f"{field}_zh"), why or (None, None), strict=True))


def without(price: float | None, reason: Why) -> dict[str, Any]:
    """Where nothing supports a number."""
    return {
        "price": price, "suggested": None, "low": None, "high": None, "place": None, "comparables": [],
        **both("reason", reason), "elasticity": None, "elasticity_error": None, "elasticity_of": None,
        **both("elasticity_reason", reason), "best": None, "best_for": None, "gain": None,
        **both("best_reason", reason),
    }  # fmt: skip


def earning(
    kept: KeptPrices, price: float | None, cost: float | None, elasticity: float | None
) -> dict[str, Any]:
    """The price that earns most, as fields."""
    best = best_price(price, cost, elasticity, kept.endings, kept.settings)
    gain = None if best.price is None or not np.isfinite(best.gain) else round(best.gain, 4)
    return {"best": best.price, "best_for": best.aim or None, "gain": gain, **both("best_reason", best.why)}


def place_of(price: float | None, known: Mapping[str, float | None]) -> str | None:
    """Where a price lies: below, within or above the range of comparable ones."""
    low, high = known["low"], known["high"]
    if price is None or low is None or high is None:
        return None
    return "below" if price < low else "above" if price > high else "within"


def told(value: float) -> float | None:
    """A number, None where there is none."""
    return float(value) if np.isfinite(value) else None
