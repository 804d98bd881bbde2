"""Other ways to write what a query says: "500ml" and "500 ml", "2 litre" and "2L", "XR500" and "XR-500",
"doormat" and "door mat"; and the Chinese words that a single character stands for (钟: 时钟, 闹钟).

What listings have so is looked for beside what was typed, and said.
"""

import re
from collections.abc import Collection, Iterator
from typing import Any

from catalog.text.clean import HAN
from retrieval.lexical.corrections import Words
from retrieval.lexical.score_table import in_all
from retrieval.lexical.synonyms import meant, place_of, terms_of
from retrieval.lexical.tokens import DECIMAL, Also, search_terms, stems

__all__ = ["written_otherwise"]

_UNITS = (
    ("l", "litre", "liter", "ltr"), ("ml", "millilitre", "milliliter"), ("cl",),
    ("g", "gram", "gm", "gr"), ("kg", "kilo", "kilogram"), ("oz", "ounce"), ("lb", "pound", "lbs"),
    ("m", "metre", "meter", "mtr"), ("cm", "centimetre", "centimeter"), ("mm", "millimetre", "millimeter"),
    ("inch", "in"), ("ft", "feet", "foot"), ("w", "watt"), ("v", "volt"), ("mah",), ("gb",), ("tb",), ("mb",),
    ("pc", "pcs", "piece"),
)  # fmt: skip
_SAME = {stems([unit])[0]: group for group in _UNITS for unit in group}
"""Term of a unit to all its names."""
_PARTS = re.compile(r"\d+|[^\W\d_]+")
_MIXED = re.compile(r"(?:\d+[a-z]+|[a-z]+\d+)(?:\d+|[a-z]+)?")
SHORTEST = 3
"""Letters of each part of a word that two make together."""


def written_otherwise(
    words: Words, text: str, ignore: Collection[str] = ()
) -> tuple[Also, tuple[dict[str, Any], ...]]:
    """What stands for words of a query written otherwise; see `QueryTerms.also`, and what is said of it.

    Args:
        words: the index; it says which words there are.
        text: as it is looked for.
        ignore: what stays as it is, as typed.
    """
    read = search_terms(text)
    also: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    said: dict[str, list[str]] = {}
    for own, terms, ways in ways_of(words, read):
        there = {way: parts for way in ways if (parts := listed(words, way))}
        place = place_of(own, text) if there else None
        if place is None or place.group() in ignore:
            continue
        typed = place.group()
        said.setdefault(typed, []).extend(there)
        for term in terms:
            also.setdefault(term, []).extend(there.items())
    return (
        tuple((term, tuple(dict.fromkeys(others))) for term, others in also.items()),
        tuple(meant(typed, f"looking for {', '.join(ways)} too") for typed, ways in said.items()),
    )


def ways_of(
    words: Words, read: list[tuple[str, str]]
) -> Iterator[tuple[list[str], tuple[str, ...], tuple[str, ...]]]:
    """Words, their terms, and other ways to write it, of what may be written in several."""
    for (word, term), (after, following) in zip(read, [*read[1:], ("", "")], strict=False):
        if _MIXED.fullmatch(word):
            number, *rest = parts = _PARTS.findall(word)
            units = _SAME.get(stems(rest)[0], ()) if len(rest) == 1 else ()
            measures = (way for unit in units for way in (f"{number} {unit}", f"{number}{unit}"))
            yield [word], (term,), tuple(way for way in (" ".join(parts), *measures) if way != word)
        elif len(word) == 1 and HAN.match(word):
            yield [word], (term,), tuple(words.ending(word))
        elif word.isalpha() and not words.knows(word, term):
            halves = ((word[:at], word[at:]) for at in range(SHORTEST, len(word) - SHORTEST + 1))
            yield [word], (term,), tuple(f"{a} {b}" for a, b in halves if together(words, a, b))
        if not after:
            return
        if following in _SAME and (word.isdigit() or DECIMAL.fullmatch(word)):
            units = _SAME[following]
            yield [word, after], (term, following), tuple(f"{word}{unit}" for unit in units)
            yield [after], (following,), tuple(unit for unit in units if stems([unit])[0] != following)
        elif word.isdigit() != after.isdigit() or min(len(word), len(after)) >= SHORTEST:
            yield [word, after], (term, following), (word + after,)


def together(words: Words, first: str, second: str) -> bool:
    """Whether a title has both of two words."""
    one, other = stems([first, second])
    if not (words.knows(first, one) and words.knows(second, other)):
        return False
    lists = [words.listed(term, titled=True) for term in (one, other)]
    return len(in_all(lists, len(words))) > 0


def listed(words: Words, text: str) -> tuple[str, ...]:
    """Terms of a text, where a listing has all of them and none of its words goes unread; else none."""
    terms = terms_of(text)
    if len(terms) != len(text.split()):
        return ()
    return terms if len(in_all([words.listed(term) for term in terms], len(words))) else ()
