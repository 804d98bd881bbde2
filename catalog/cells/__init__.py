"""The one reading of a raw cell: ids, numbers, times, currencies, lists, and values as text.

Cleaning reads by these functions, and the checks ask them what cleaning will be able to read. What one
cell leaves open (1.261, 03/04/2026) its whole column decides, or catalog.yaml (`Reading`); what stays
open is refused.
"""

from catalog.cells.currencies import Prices, one_currency
from catalog.cells.ids import ids, usable_ids, written_otherwise
from catalog.cells.money import SIGNS
from catalog.cells.numbers import LARGEST_PRICE, amounts, numbers, open_numbers
from catalog.cells.reading import AS_FOUND, Reading
from catalog.cells.times import moments, open_dates
from catalog.cells.values import (
    attribute_texts,
    category_path,
    codes,
    filled,
    languages,
    media_cell,
    number_text,
    says_nothing,
    stripped,
    text_of,
    usable_key,
)

__all__ = [
    "AS_FOUND", "LARGEST_PRICE", "SIGNS", "Prices", "Reading", "amounts", "attribute_texts", "category_path",
    "codes", "filled", "ids", "languages", "media_cell", "moments", "number_text", "numbers", "one_currency",
    "open_dates", "open_numbers", "says_nothing", "stripped", "text_of", "usable_ids", "usable_key",
    "written_otherwise",
]  # fmt: skip
