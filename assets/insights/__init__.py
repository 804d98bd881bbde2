"""Insights: what a shop does with vectors and events, one file an application; a release carries them all.

docs/add-an-application.md says how one is added.
"""

from importlib import import_module
from pkgutil import iter_modules

import dagster as dg

__all__ = ["INSIGHTS", "MODULES"]

MODULES = [
    import_module(f"{__name__}.{module}") for module in sorted(found.name for found in iter_modules(__path__))
]
INSIGHTS = tuple(
    sorted(
        {
            key.to_user_string()
            for module in MODULES
            for asset in vars(module).values()
            if isinstance(asset, dg.AssetsDefinition)
            for key in asset.keys
        }
    )
)
"""The applications, by asset. Each writes what it likes, and `<asset>.parquet` where it says something of
single products: rows by `product_id`, those of one product side by side."""
