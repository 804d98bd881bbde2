"""Where a query's words stand in a title, to be set off there."""

import unicodedata
from collections.abc import Collection

from catalog.text.clean import HAN, WORD
from retrieval.lexical.tokens import stems

__all__ = ["marks"]


def marks(title: str, terms: Collection[str]) -> list[tuple[int, int]]:
    """Ranges of a title, ascending and apart, whose word has one of the terms; of Chinese ones, the
    characters.

    Args:
        terms: of the query's words.
    """
    if not terms:
        return []
    chinese = [term for term in terms if HAN.search(term)]
    found, plain = [], []
    for match in WORD.finditer(title):
        text = match.group()
        if HAN.search(text):
            found += [
                (match.start() + at, match.start() + at + len(one))
                for one in chinese
                for at in at_all(text, one)
            ]
        else:
            plain.append((match.span(), unicodedata.normalize("NFKC", text).lower()))
    # One call for all words: a stemmer costs more a call than a word.
    read = stems([word for _, word in plain])
    found += [span for (span, _), term in zip(plain, read, strict=True) if term in terms]
    return joined(sorted(found))


def at_all(text: str, part: str) -> list[int]:
    """Places where a part of a text begins."""
    return [at for at in range(len(text)) if text.startswith(part, at)]


def joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ascending ranges, those that overlap as one."""
    apart: list[tuple[int, int]] = []
    for start, end in spans:
        if apart and start < apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart
