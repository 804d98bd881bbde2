"""Catalogues whose public data sets need readers of their own."""

from catalog.sources.presets import flipkart, online_retail

__all__ = ["READERS"]

READERS = {
    "flipkart": {"products": flipkart.read_products},
    "online-retail": {"products": online_retail.read_products, "events": online_retail.read_events},
}
"""Reader name to a function per table it has."""
