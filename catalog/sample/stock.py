"""Stock on hand and lead times of the sample's products."""

import numpy as np
import pandas as pd

from catalog.sample.world import CATEGORIES, random

__all__ = ["make_stock"]


def make_stock(plan: pd.DataFrame, weekly: np.ndarray, seed: int) -> pd.DataFrame:
    """product_id, on_hand (pieces), lead_time_days of each planned product.

    A product holds 1 to 14 weeks of the last quarter's demand; 6% have run out and 5% hold a year.
    """
    rng = random(seed, "stock")
    n = len(plan)
    recent = np.maximum(weekly[:, -13:].mean(axis=1), 0.02)
    weeks = rng.uniform(1, 14, n)
    state = rng.random(n)
    weeks = np.where(state < 0.05, rng.uniform(40, 70, n), weeks)
    on_hand = np.ceil(recent * weeks + rng.uniform(0, 1, n))
    on_hand = np.where(state > 0.94, 0, on_hand).astype(np.int64)
    median = np.array([c.lead_days for c in CATEGORIES])[plan["category"].to_numpy()]
    lead = np.round(median * np.exp(rng.normal(0, 0.2, n)), 1)
    return pd.DataFrame({"product_id": plan["product_id"], "on_hand": on_hand, "lead_time_days": lead})
