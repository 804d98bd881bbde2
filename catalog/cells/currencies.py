"""The one currency of a catalogue: signs and codes in its prices, and its currency column."""

from collections import Counter
from dataclasses import dataclass

import pandas as pd

from catalog.cells.money import MARKS, money_parts
from catalog.cells.numbers import is_number
from catalog.cells.values import codes, each

__all__ = ["Prices", "one_currency"]


@dataclass(frozen=True)
class Prices:
    """What the rows of a catalogue say about their currency.

    Attributes:
        code: the catalogue's one currency; "" where nothing says it, or only a sign that several share.
        shown: it as people read it: the code, or the codes that a shared sign leaves.
        bad_column: (n,) bool: the row's currency column names another one.
        bad_price: (n,) bool: a sign or code in the row's price names another one.
    """

    code: str
    shown: str
    bad_column: pd.Series
    bad_price: pd.Series


def one_currency(price: pd.Series, currency: pd.Series, named: str = "") -> Prices:
    """Compare signs and codes of the rows with the catalogue's currency, and with each other.

    Where none is named, the one that most rows may mean is the catalogue's, of equals the one that comes
    first; rows that cannot mean it are told. A cell that is no price says nothing.

    Args:
        price: raw price cells.
        currency: raw cells of the currency column.
        named: code that catalog.yaml gives; "" for none.
    """
    in_column = each(currency, lambda texts: texts.map(_meant))
    in_price = each(price, lambda texts: texts.map(_beside))
    code, allowed = named.upper(), frozenset({named.upper()})
    if not code:
        both = zip(in_column, in_price, strict=True)
        said = Counter((column & beside) or column or beside for column, beside in both)
        support: Counter[str] = Counter()
        for meant, rows in said.items():
            support.update(dict.fromkeys(sorted(meant), rows))
        best = max(support, key=lambda one: support[one], default="")
        allowed = frozenset.intersection(*(meant for meant in said if best in meant)) if best else frozenset()
        code = next(iter(allowed)) if len(allowed) == 1 else ""
    bad = [cells.map(lambda said: bool(said) and not said & allowed) for cells in (in_column, in_price)]
    return Prices(code, code or ", ".join(sorted(allowed)), bad[0].astype(bool), bad[1].astype(bool))


def _meant(cell: str) -> frozenset[str]:
    """Currencies that a cell of the currency column may mean; a text that names none means itself."""
    text = str(codes(pd.Series([cell]))[0])
    return MARKS.get(text.lower(), frozenset({text})) if text else frozenset()


def _beside(cell: str) -> frozenset[str]:
    """Currencies that the marks beside a number may mean."""
    number, marks = money_parts(cell) if cell and not cell.isdecimal() else ("", ())
    if not number or not marks or not is_number(cell):
        return frozenset()
    return frozenset.intersection(*(MARKS[mark] for mark in marks))
