"""Catalogues whose files need readers of their own: public data sets, and exports of shop programs."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from catalog.sources.presets import flipkart, online_retail, shop_programs
from catalog.sources.shop_exports import EXPORTS

if TYPE_CHECKING:
    from catalog.sources.base import CatalogSource

__all__ = ["READERS"]

READERS: "Mapping[str, Mapping[str, Callable[[CatalogSource], pd.DataFrame]]]" = {
    "flipkart": {"products": flipkart.read_products},
    "online-retail": {"products": online_retail.read_products, "events": online_retail.read_events},
    **{
        name: {
            "products": partial(shop_programs.read_products, export),
            "stock": partial(shop_programs.read_stock, export),
        }
        for name, export in EXPORTS.items()
    },
}
"""Reader name to a function per table it has."""
