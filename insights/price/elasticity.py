"""How a product's demand follows its own price, as far as its past prices can say it.

Each product's estimate is drawn towards its category's by how sure it is (empirical Bayes): what is sold
twice a month says little alone. The spread of products around their category is estimated from the products
themselves (DerSimonian and Laird, 1986), and so is that of categories around the whole catalogue.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from insights.price.grid import Grid
from insights.price.poisson import Pooled, one_step, pooled_elasticity
from insights.price.reasons import lacking
from shelfspace.settings.insights import Price

__all__ = ["COLUMNS", "elasticities", "spread"]

COLUMNS = (
    "product_id",
    "elasticity",
    "error",
    "of",
    "category_elasticity",
    "prices",
    "weeks",
    "purchases",
    "why",
)
"""Of `elasticities`: `of` is `product`, `category`, `catalogue` or "", and `why` says what is lacking."""


@dataclass(frozen=True)
class Centre:
    """What products are drawn towards.

    Attributes:
        name: `category` or `catalogue`.
        pooled: the regression's own estimate.
        elasticity, error: drawn towards the catalogue's.
    """

    name: str
    pooled: Pooled
    elasticity: float
    error: float


def elasticities(
    grid: Grid, categories: Sequence[str], settings: Price
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Elasticity of each product of a grid, or why there is none.

    Args:
        categories: (n,) of the products; products of "" are drawn towards the whole catalogue.

    Returns:
        COLUMNS, a row a product in the grid's order: `error` is a standard error, and a product whose price
        hardly moved has its category's elasticity (`of`), where that is known well enough. And those of
        categories, "" the whole catalogue's, as far as they are.
    """
    n = len(grid.product_ids)
    labels = np.asarray(categories, dtype=object)
    elasticity, error = np.full(n, np.nan), np.full(n, np.inf)
    of = np.full(n, "", dtype=object)
    centre_of = np.full(n, np.nan)
    prices, weeks = grid.prices(), grid.weeks()
    bought = np.where(np.isfinite(grid.price), grid.bought, 0.0).sum(axis=1)
    centres, tau = fitted(grid, labels)
    enough = (prices >= settings.least_prices) & (weeks >= settings.least_weeks)
    enough &= bought >= settings.least_purchases
    for label in np.unique(labels.astype(str)):
        centre = centres.get(label) or centres.get("")
        if centre is None:
            continue
        rows = np.flatnonzero(labels == label)
        slopes, errors = one_step(
            grid.bought[rows], grid.price[rows], centre.pooled.weeks,
            centre.elasticity, float(np.hypot(tau, centre.error)), centre.pooled.dispersion,
        )  # fmt: skip
        own, known = enough[rows], centre.error <= settings.largest_error
        centre_of[rows] = centre.elasticity
        elasticity[rows] = np.where(own, slopes, centre.elasticity if known else np.nan)
        error[rows] = np.where(own, errors, np.hypot(tau, centre.error) if known else np.inf)
        of[rows] = np.where(own, "product", centre.name if known else "")
    why = [lacking(settings, *facts)[0] for facts in zip(prices, weeks, bought, enough, strict=True)]
    values = (grid.product_ids, elasticity, error, of, centre_of, prices, weeks, bought.astype(np.int64), why)
    told = {name: c.elasticity for name, c in centres.items() if c.error <= settings.largest_error}
    return pd.DataFrame(dict(zip(COLUMNS, values, strict=True))), told


def fitted(grid: Grid, labels: np.ndarray) -> tuple[dict[str, Centre], float]:
    """What products of each category are drawn towards ("" the catalogue), and their spread around it."""
    whole = pooled_elasticity(grid.bought, grid.price)
    if not np.isfinite(whole.elasticity):
        return {}, 0.0
    names = [str(label) for label in np.unique(labels.astype(str)) if label]
    rows_of = {name: labels == name for name in names}
    found = {name: pooled_elasticity(grid.bought[rows], grid.price[rows]) for name, rows in rows_of.items()}
    found = {name: pooled for name, pooled in found.items() if np.isfinite(pooled.error)}
    slopes = np.array([pooled.elasticity for pooled in found.values()])
    errors = np.array([pooled.error for pooled in found.values()])
    between = spread(slopes, errors)
    centres = {"": Centre("catalogue", whole, whole.elasticity, float(np.hypot(between, whole.error)))}
    for name, pooled in found.items():
        trust = between**2 / (between**2 + pooled.error**2) if between else 0.0
        drawn = trust * pooled.elasticity + (1 - trust) * whole.elasticity
        sure = np.sqrt(trust) * pooled.error if trust else whole.error
        centres[name] = Centre("category", pooled, float(drawn), float(sure))
    own_slopes, own_errors = [], []
    for name, centre in centres.items():
        rows = labels == name
        if not rows.any():
            continue
        # A step from the category's slope: a product's own maximum may lie at infinity.
        slopes, errors = one_step(
            grid.bought[rows], grid.price[rows], centre.pooled.weeks, centre.elasticity, 2.0,
            centre.pooled.dispersion,
        )  # fmt: skip
        free = 1 / np.maximum(1 / errors**2 - 0.25, 1e-12)
        alone = centre.elasticity + (slopes - centre.elasticity) * (1 + free / 4.0)
        told = free < 25.0
        own_slopes.append((alone - centre.elasticity)[told])
        own_errors.append(np.sqrt(free[told]))
    if not own_slopes:  # no category's prices moved
        return centres, 0.0
    return centres, spread(np.concatenate(own_slopes), np.concatenate(own_errors), centred=True)


def spread(estimates: np.ndarray, errors: np.ndarray, centred: bool = False) -> float:
    """Standard deviation of what k estimates estimate, beyond their standard errors; 0 below three.

    Args:
        centred: their mean is known to be 0.
    """
    if len(estimates) < 3:
        return 0.0
    weight = 1 / errors**2
    mean = 0.0 if centred else float(weight @ estimates / weight.sum())
    free = len(estimates) - (0 if centred else 1)
    lost = 0.0 if centred else (weight**2).sum() / weight.sum()
    beyond = (weight @ (estimates - mean) ** 2 - free) / (weight.sum() - lost)
    return float(np.sqrt(max(beyond, 0.0)))
