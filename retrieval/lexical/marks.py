"""Where a query's words stand in a title, to be set off there."""

import re
import unicodedata
from collections.abc import Collection, Sequence

from catalog.text.clean import HAN
from catalog.text.letters import CLUSTER, CUT, LATIN_WORD, find_words, fold, ordered
from retrieval.lexical.tokens import DECIMAL, decimal_term, stems

__all__ = ["marks"]

NOT_CUT = re.compile(f"[^{HAN.pattern[1:-1]}{CUT.pattern[1:-1]}]+")
BESIDE_CHINESE = re.compile(f"[^{HAN.pattern[1:-1]}{CUT.pattern[1:-1]}'’]+")
"""Where a word has Chinese in it, jieba cuts at an apostrophe, too."""


def marks(titles: Sequence[str], terms: Collection[str]) -> list[list[tuple[int, int]]]:
    """Ranges of each title, ascending and apart, whose word has one of the terms; of those that
    are cut (Chinese, Thai, ...), the characters.

    Args:
        terms: of the query's words.
    """
    found: list[list[tuple[int, int]]] = [[] for _ in titles]
    if not terms:
        return found
    spans, words = [], []
    for own, title in zip(found, titles, strict=True):
        if title.isascii() and not DECIMAL.search(title):
            # Most titles are; a call a title is felt.
            for match in LATIN_WORD.finditer(title.lower()):
                spans.append((own, match.span()))
                words.append(match.group())
        else:
            for span, word in with_decimals(uncut(title), title):
                spans.append((own, span))
                words.append(word)
    # One call for all words: a stemmer costs more a call than a word.
    for (own, span), term in zip(spans, stems(words), strict=True):
        if term in terms:
            own.append(span)
    return [
        own if title.isascii() else joined(sorted([*own, *cut(title, terms)]))
        for own, title in zip(found, titles, strict=True)
    ]


def cut(title: str, terms: Collection[str]) -> list[tuple[int, int]]:
    """Ranges of a title that are a term of Chinese, or of another script that is cut."""
    parts = [term for term in terms if HAN.search(term) or CUT.search(term)]
    if not parts or not CUT.search(title):
        return [(at, at + len(one)) for one in parts for at in at_all(title, one)]
    plain, places = read_as(title)
    return [(places[at], places[at + len(one)]) for one in parts for at in at_all(plain, one)]


def read_as(title: str) -> tuple[str, list[int]]:
    """A title as its terms are read, and for each of its characters, and its end, the place in the title."""
    read, places = [], []
    for place, cluster in ((match.start(), match.group()) for match in CLUSTER.finditer(title)):
        own = ordered(unicodedata.normalize("NFKC", cluster).lower())
        read.append(own)
        places += [place] * len(own)
    return "".join(read), [*places, len(title)]


def uncut(title: str) -> list[tuple[tuple[int, int], str]]:
    """Words of a title that are not cut, in lower case, and where each stands."""
    found = []
    for match in find_words(title):
        text, start = match.group(), match.start()
        # A word of both scripts is cut between them.
        for part in (BESIDE_CHINESE if HAN.search(text) else NOT_CUT).finditer(text):
            plain = fold(unicodedata.normalize("NFKC", part.group()).lower())
            found.append(((start + part.start(), start + part.end()), plain))
    return found


def with_decimals(read: list[tuple[tuple[int, int], str]], title: str) -> list[tuple[tuple[int, int], str]]:
    """Words and their places, a number with decimals as one of them."""
    for number in DECIMAL.finditer(title):
        start, end = number.span()
        read = [one for one in read if one[0][1] <= start or one[0][0] >= end]
        read.append(((start, end), decimal_term(number.group())))
    return sorted(read)


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
