"""Cleaning: raw rows become typed rows; every row, field or file refused goes to quarantine with a reason.

For each table, clean rows and quarantined rows add up to the collected ones. A photo, sound
or field that is refused does not take its row with it: the product goes on without it.
"""

from catalog.cleaning.events import clean_events, clean_stock
from catalog.cleaning.products import clean_products
from catalog.cleaning.refusals import Cleaned
from catalog.cleaning.tables import CleanTables, clean_tables

__all__ = ["CleanTables", "Cleaned", "clean_events", "clean_products", "clean_stock", "clean_tables"]
