"""What is planted, as truth.json says it: signals, prices, demand, companions, dirt."""

from itertools import combinations

import numpy as np
import pandas as pd

from catalog.sample.dirt import GONE, KINDS, Dirt
from catalog.sample.events import PRICE_STEPS, STEADY_STEPS, STEP_WEEKS, Events
from catalog.sample.world import (
    CATEGORIES,
    CO_PURCHASE,
    COST_SHARES,
    END,
    OWN_ELASTICITY,
    PRODUCT_PAIR_PROBABILITY,
    SHARES,
    START,
    WEEKS,
    YEARLY_GROWTH,
    Category,
    brand_effects,
    season,
)

__all__ = ["VERSION", "ceiling", "truth"]

VERSION = 4
"""Raised when the same seed gives other bytes."""

SIGNALS = {"text": "voice", "image": "look", "audio": "timbre"}


def ceiling(modalities: tuple[str, ...]) -> float:
    """Best accuracy with these modalities when none is missing: categories told apart over all."""
    seen = {tuple(getattr(c, SIGNALS[m]) for m in modalities) for c in CATEGORIES}
    return len(seen) / len(CATEGORIES)


def truth(
    plan: pd.DataFrame,
    seed: int,
    *,
    events: Events,
    dirt: Dirt,
    duplicates: list[dict[str, object]],
    other_dirt: dict[str, list],
) -> dict:
    """All planted facts; see docs/sample-catalogue.md for what each entry means."""
    ids = plan["product_id"].to_numpy()
    refused = sum(len(dirt.rows[name]) for name, kind in KINDS.items() if kind.refuses == "product")
    extra = len(dirt.rows["duplicate_id"]) + len(dirt.rows["empty_id"])
    subsets = [s for size in (1, 2, 3) for s in combinations(SIGNALS, size)]
    return {
        "version": VERSION,
        "seed": seed,
        "products": len(plan),
        "rows": {"products": len(plan) + extra, "events": len(events.table)},
        "refused_products": refused,
        "period": {"start": str(START), "end": str(END), "weeks": WEEKS},
        "categories": {c.path: _category(c) for c in CATEGORIES},
        "pairs": _pairs(),
        "ceilings": {"+".join(s): round(ceiling(s), 4) for s in subsets},
        "price": {
            "formula": "exp(log median + brand effect + sigma * group's normal + 0.03 * normal)",
            "brand_effects": brand_effects(seed),
        },
        "cost": {"formula": "list price * (share + 0.06 * normal)", "shares": COST_SHARES},
        "demand": {
            "formula": "weekly * popularity * season * (1 + growth)^years * (price / list price)^own",
            "yearly_growth": YEARLY_GROWTH,
            "price_steps": PRICE_STEPS.tolist(),
            "steady_price_steps": STEADY_STEPS.tolist(),
            "price_step_weeks": STEP_WEEKS,
            "expected_lines": float(np.round(events.weekly.sum(), 1)),
            "own_elasticity_sd": OWN_ELASTICITY,
            "elasticities": dict(zip(ids.tolist(), plan["elasticity"].tolist(), strict=True)),
            "prices_tried": ids[events.tried].tolist(),
        },
        "co_purchase": {
            "categories": [{"first": a, "second": b, "probability": p} for a, b, p in CO_PURCHASE],
            "products": [{"first": a, "second": b} for a, b in events.partners],
            "product_probability": PRODUCT_PAIR_PROBABILITY,
        },
        "shares": SHARES,
        "without_events": ids[plan["launched"].to_numpy() >= END].tolist(),
        "vague_text": ids[plan["vague"].to_numpy()].tolist(),
        "noisy_photo": ids[(plan["noisy_photo"] & plan["has_photo"]).to_numpy()].tolist(),
        "noisy_sound": ids[(plan["noisy_sound"] & plan["has_sound"]).to_numpy()].tolist(),
        "dirt": {
            name: {
                "refuses": kind.refuses,
                "count": len(dirt.rows[name]),
                "product_ids": ids[dirt.rows[name]].tolist(),
                "removes_product": name in GONE,
            }
            for name, kind in KINDS.items()
        },
        "duplicates": duplicates,
        "event_dirt": {name: rows for name, rows in other_dirt.items() if name.startswith("event_")},
        "stock_dirt": {name: rows for name, rows in other_dirt.items() if name.startswith("stock_")},
    }


def _category(c: Category) -> dict:
    return {
        "voice": c.voice,
        "look": c.look,
        "timbre": c.timbre,
        "median_price": c.median_price,
        "sigma": c.sigma,
        "elasticity": c.elasticity,
        "weekly": c.weekly,
        "peak_months": list(c.peaks),
        "season": season(c).round(4).tolist(),
        "lead_days": c.lead_days,
    }


def _pairs() -> list[dict]:
    """Categories that exactly one modality tells apart."""
    found = []
    for one, other in combinations(CATEGORIES, 2):
        differ = [m for m, field in SIGNALS.items() if getattr(one, field) != getattr(other, field)]
        if len(differ) == 1:
            found.append({"categories": [one.path, other.path], "separated_by": differ[0]})
    return found
