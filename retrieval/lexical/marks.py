"""Where a query's words stand in a title, to be set off there."""

import re
import unicodedata
from collections.abc import Collection

from catalog.text.clean import HAN, WORD
from retrieval.lexical.tokens import stems

__all__ = ["marks"]

NOT_HAN = re.compile(f"[^{HAN.pattern[1:-1]}]+")


def marks(title: str, terms: Collection[str]) -> list[tuple[int, int]]:
    """Ranges of a title, ascending and apart, whose word has one of the terms; of Chinese ones, the
    characters.

    Args:
        terms: of the query's words.
    """
    if not terms:
        return []
    pieces = latin(title)
    # One call for all words: a stemmer costs more a call than a word.
    read = stems([word for _, word in pieces])
    found = [span for (span, _), term in zip(pieces, read, strict=True) if term in terms]
    if title.isascii():
        return found
    chinese = [term for term in terms if HAN.search(term)]
    found += [(at, at + len(one)) for one in chinese for at in at_all(title, one)]
    return joined(sorted(found))


def latin(title: str) -> list[tuple[tuple[int, int], str]]:
    """Words of a title that are not Chinese, in lower case, and where each stands."""
    if title.isascii():
        return [(match.span(), match.group()) for match in WORD.finditer(title.lower())]
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
