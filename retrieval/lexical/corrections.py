"""Typing errors in a query: words that no listing has, put right by words that listings have.

What is put right is said, never done in silence. Of several words that are as near, the one stands that
occurs together with the query's other words, then the one that most listings have. A right English word that
the shop lacks is most often something that it does not sell: it is taken for a typing error only where titles
have the other word with each that is asked beside it.
"""

import math
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from unicodedata import normalize

import numpy as np

from catalog.text.clean import stop_words
from catalog.text.letters import find_words, fold
from retrieval.lexical.score_table import in_all
from retrieval.lexical.spelling import Near, edits, is_spelled
from retrieval.lexical.tokens import stems

__all__ = ["Corrected", "Words", "correct"]

COMPARED = 8
"""Of the words that are as near, so many, those of most listings, are looked up with the query's others."""


class Words(Protocol):
    """What is asked of an index of words."""

    def knows(self, word: str, term: str) -> bool:
        """Whether a listing has the word, or another of its term."""

    def near(self, typed: str) -> list[Near]:
        """See `Spelling.near`."""

    def ending(self, character: str) -> list[str]:
        """See `Spelling.ending`."""

    def listed(self, term: str, titled: bool = False) -> np.ndarray:
        """Ascending rows of the listings that have a term, or have it in their title."""

    def __len__(self) -> int: ...


class Corrected(NamedTuple):
    """A query's text as it is searched, and what was made of it.

    Attributes:
        text: with the words put right, the rest as typed.
        said: of each word put right: kind, text (as typed), meaning (a sentence), filters (None).
    """

    text: str
    said: tuple[dict[str, Any], ...] = ()


def correct(words: Words, text: str, ignore: Collection[str] = ()) -> Corrected:
    """Put right what can be explained by a typing error.

    Args:
        words: the index; it says which words there are.
        text: as typed.
        ignore: words that stay, as typed.
    """
    # An accent that is a character of its own would end its word.
    text = normalize("NFC", text)
    typed = list(find_words(text))
    plain = [fold(match.group().lower()) for match in typed]
    terms, stop = stems(plain), stop_words()
    asked = [
        not edits(word) or word in stop or words.knows(word, term)
        for word, term in zip(plain, terms, strict=True)
    ]
    if all(asked):
        return Corrected(text)
    others = {
        term
        for word, term, known in zip(plain, terms, asked, strict=True)
        if known and word not in stop and words.knows(word, term)
    }
    parts, said, end = [], [], 0
    for match, word, term, known in zip(typed, plain, terms, asked, strict=True):
        if known or not is_spelled(word) or match.group() in ignore:
            continue
        meant = likeliest(words, words.near(word), others, is_english(word, term))
        if not meant:
            continue
        others.add(*stems([meant]))
        parts += [text[end : match.start()], meant]
        end = match.end()
        said.append(spelled(match.group(), meant))
    return Corrected("".join([*parts, text[end:]]), tuple(said))


def spelled(typed: str, meant: str) -> dict[str, Any]:
    """What an answer says of a word that was put right."""
    return {"kind": "spelling", "text": typed, "meaning": f"showing {meant} for {typed}", "filters": None}


def likeliest(words: Words, near: list[Near], others: set[str], right: bool) -> str:
    """Of words as near as one another the one that was meant; "" where there is none.

    Args:
        others: terms of the query's other words.
        right: what was typed is a word of the language, so only one that titles have with each of the others
            will do.
    """
    if not near or (right and not others):
        return ""
    compared = near[:COMPARED]
    if others and (right or len(near) > 1):
        terms = stems([one.word for one in compared])
        beside = [words.listed(other, titled=right) for other in sorted(others)]
        listed = [words.listed(term, titled=right) for term in terms]
        shared = [[len(in_all([own, other], len(words))) for other in beside] for own in listed]
        if right and not any(map(all, shared)):
            return ""
        # Logarithms: no other word outweighs the rest by being common.
        weights = [(all(own) or not right, sum(map(math.log1p, own))) for own in shared]
        return compared[weights.index(max(weights))].word
    return compared[0].word


def is_english(word: str, term: str) -> bool:
    """Whether a word, or another with its term, is a frequent one of English."""
    return word in english_words() or term in english_words()


@cache
def english_words() -> frozenset[str]:
    """Frequent English words of at least four letters, and their terms."""
    lines = (Path(__file__).parent / "english_words.txt").read_text(encoding="ascii").splitlines()
    listed = [word for line in lines if not line.startswith("#") for word in line.split()]
    return frozenset(listed).union(stems(listed))
