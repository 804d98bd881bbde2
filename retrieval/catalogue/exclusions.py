"""Products that a shopper leaves out by a word: "clock not red"."""

import re
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np

from catalog.text.clean import HAN
from retrieval.catalogue.products import attributes_of
from retrieval.catalogue.view import CatalogueView
from retrieval.filters.columns import Filters, allowed_rows
from retrieval.lexical.tokens import query_terms, stems

__all__ = ["passing", "rows_saying"]

KEPT = 64
"""Words whose products are kept, of one state of the catalogue."""
_known: WeakKeyDictionary[CatalogueView, dict[str, np.ndarray]] = WeakKeyDictionary()
_DENIED = re.compile(r"(?:\b(?:no|not|non|without|free of|free from)[\s-]+(?:any |an? |the )?|[不无非]含?)$")
_LACKS = re.compile(r"[\s-]*(?:free|less)\b")


def passing(catalogue: CatalogueView, filters: Filters) -> np.ndarray:
    """(positions,) bool: products that pass every filter and are not deleted."""
    allowed = allowed_rows(catalogue.columns, filters)
    if filters.without:
        allowed[rows_saying(catalogue, filters.without)] = False
    return allowed


def rows_saying(catalogue: CatalogueView, texts: Sequence[str]) -> np.ndarray:
    """Ascending positions whose title, brand, category or attributes have all words of one of some texts.

    A word that is itself denied there ("sugar free", "without cable") does not count, and a description is
    not asked: it often names other things.
    """
    found = [_saying(catalogue, text) for text in texts]
    return np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)


def _saying(catalogue: CatalogueView, text: str) -> np.ndarray:
    known = _known.setdefault(catalogue, {})
    if text not in known:
        terms = query_terms(text)
        lexical = catalogue.search.lexical
        rows = lexical.having_all(lexical.query_of(*terms)).tolist()
        pairs = list(zip(terms.words, terms.terms, strict=True))
        kept = [
            row for row in rows if (said := _text(catalogue, row)) and all(_says(said, *p) for p in pairs)
        ]
        while len(known) >= KEPT:
            known.pop(next(iter(known)), None)
        known[text] = np.array(kept, np.int64)
    return known[text]


def _text(catalogue: CatalogueView, row: int) -> str:
    """What a listing says of itself, its description aside, in lower case."""
    hit, details = catalogue.hit(row), catalogue.details(row)
    pairs = attributes_of(details["attributes"]).values()
    return "\n".join([hit["title"], hit["brand"], hit["category"], *map(str, pairs)]).lower()


def _says(text: str, word: str, term: str) -> bool:
    """Whether a text has a word, in whatever form, and does not deny it there."""
    if HAN.search(word):
        found = re.finditer(re.escape(word), text)
    else:
        begins = re.escape(word[: max(min(len(term), len(word)) - 1, 1)])
        found = re.finditer(rf"(?<![^\W_]){begins}[^\W_]*", text)
    return any(
        (HAN.search(word) or stems([one.group()]) == [term])
        and not _DENIED.search(text, max(one.start() - 20, 0), one.start())
        and not _LACKS.match(text, one.end())
        for one in found
    )
