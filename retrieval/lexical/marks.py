"""Where a query's words stand in a title, to be set off there."""

import re
import unicodedata
from collections.abc import Collection, Sequence

from catalog.text.clean import HAN, WORD
from retrieval.lexical.tokens import stems

__all__ = ["marks"]

NOT_HAN = re.compile(f"[^{HAN.pattern[1:-1]}]+")


def marks(titles: Sequence[str], terms: Collection[str]) -> list[list[tuple[int, int]]]:
    """Ranges of each title, ascending and apart, whose word has one of the terms; of Chinese ones, the
    characters.

    Args:
        terms: of the query's words.
    """
    found: list[list[tuple[int, int]]] = [[] for _ in titles]
    if not terms:
        return found
    spans, words = [], []
    for own, title in zip(found, titles, strict=True):
        if title.isascii():
            for match in WORD.finditer(title.lower()):
                spans.append((own, match.span()))
                words.append(match.group())
        else:
            for span, word in latin(title):
                spans.append((own, span))
                words.append(word)
    # One call for all words: a stemmer costs more a call than a word.
    for (own, span), term in zip(spans, stems(words), strict=True):
        if term in terms:
            own.append(span)
    return [
        own if title.isascii() else joined(sorted([*own, *han(title, terms)]))
        for own, title in zip(found, titles, strict=True)
    ]


def han(title: str, terms: Collection[str]) -> list[tuple[int, int]]:
    """Ranges of a title that are a Chinese term."""
    chinese = [term for term in terms if HAN.search(term)]
    return [(at, at + len(one)) for one in chinese for at in at_all(title, one)]


def latin(title: str) -> list[tuple[tuple[int, int], str]]:
    """Words of a title that are not Chinese, in lower case, and where each stands."""
    found = []
    for match in WORD.finditer(title):
        text, start = match.group(), match.start()
        # A word of both scripts is cut between them.
        for part in NOT_HAN.finditer(text):
            plain = unicodedata.normalize("NFKC", part.group()).lower()
            found.append(((start + part.start(), start + part.end()), plain))
    return found


def at_all(text: str, part: str) -> list[int]:
    """Places where a part of a text begins."""
    return [match.start() for match in re.finditer(f"(?={re.escape(part)})", text)]


def joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ascending ranges, those that overlap as one."""
    apart: list[tuple[int, int]] = []
    for start, end in spans:
        if apart and start < apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart
