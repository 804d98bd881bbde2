"""The arrays of table values: the price as a coarse level, and hashed brand and attributes."""

from collections.abc import Sequence

import numpy as np

from catalog.product import ProductInput
from models.inputs.arrays import MANY, Fitted, array
from models.inputs.details import DETAILS_CODE, MOST, detail_ids
from models.inputs.tabular import TABULAR_CODE, is_priced
from shelfspace.hashing import fingerprint

__all__ = ["details", "price_values", "priced"]


@array(
    "tabular",
    "values",
    shape=lambda fitted: ((fitted.scaler.width,), "<f4"),
    fingerprint=lambda fitted: fingerprint([TABULAR_CODE, fitted.scaler.to_dict()]),
    known=is_priced,
    batch=MANY,
)
def price_values(fitted: Fitted, items: Sequence[ProductInput]) -> np.ndarray:
    """(n, 3) float32, see `TabularScaler.transform`."""
    return fitted.scaler.transform(items)[0]


@array(
    "tabular",
    "priced",
    shape=lambda fitted: ((1,), "<f4"),
    fingerprint=lambda fitted: fingerprint([TABULAR_CODE]),
    known=is_priced,
    batch=MANY,
)
def priced(fitted: Fitted, items: Sequence[ProductInput]) -> np.ndarray:
    """(n, 1) float32, 1 with a price."""
    return is_priced(items)[:, None].astype(np.float32)


def _has_details(items: Sequence[ProductInput]) -> np.ndarray:
    return np.array([bool(detail_ids(item).any()) for item in items], dtype=bool)


@array(
    "tabular",
    "details",
    shape=lambda fitted: ((MOST,), "<i4"),
    fingerprint=lambda fitted: fingerprint([DETAILS_CODE]),
    known=_has_details,
    batch=MANY,
)
def details(fitted: Fitted, items: Sequence[ProductInput]) -> np.ndarray:
    """(n, MOST) int32."""
    return np.stack([detail_ids(item) for item in items])
