"""Words of the listings that a misspelled word may stand for (optimal string alignment, Damerau 1964).

Few words come near enough to be compared letter by letter: of the others, length or letters differ by more
than the edits allow. A word's letters are 64 bits: an edit that adds or takes away a letter changes one, one
that replaces a letter at most two, a swap none.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from catalog.text.letters import is_mark
from retrieval.lexical.tokens import stems

__all__ = ["Near", "Spelling", "edits", "is_spelled"]

SHORTEST, LONG, LONGEST = 4, 8, 24
"""Letters of a word that may be misspelled, of one that may be so twice, and of the longest looked at."""
HAN_LONGEST, HAN_MOST = 3, 6
"""Characters of a Chinese word, and how many words a single character stands for."""
COMPOUND = 6
"""Letters of a word that two may make together, at least."""
FIRST, LETTERS = ord("a"), 26
OMITTED, ADDED, REPLACED, SWAPPED = 0.34, 0.27, 0.19, 0.125
"""Shares of what goes wrong in typing (Pollock & Zamora 1984)."""


class Near(NamedTuple):
    """A word that listings have, `edits` from what was typed; `listings` have it."""

    word: str
    edits: int
    listings: int


def is_spelled(word: str) -> bool:
    """Whether a word, in lower case, is made of letters alone, so that it can be misspelled: no number, no
    model code, and of an alphabet: not cut, as Chinese is."""
    if word.isascii():
        return word.isalpha()
    alphabet = max(word) < "\u0250" or (min(word) >= "\u0370" and max(word) < "\u0e00")
    return alphabet and all(letter.isalpha() or is_mark(letter) for letter in word)


def edits(word: str) -> int:
    """Edits that a typed word may be away from what was meant; its vowel signs make no word longer."""
    size = len(word) if word.isascii() else sum(not is_mark(letter) for letter in word)
    return 0 if size < SHORTEST else 1 if size < LONG else 2


class Spelling:
    """The words of all listings.

    Args:
        words: in lower case, with how many listings have each.
    """

    def __init__(self, words: Mapping[str, int]) -> None:
        self.words = dict(words)
        self._meant = with_singulars(words)
        spelled = [word for word in self._meant if SHORTEST <= len(word) <= LONGEST and is_spelled(word)]
        # Those of a length stand together, in alphabetical order.
        self._spelled = sorted(spelled, key=lambda word: (len(word), word))
        lengths = [len(word) for word in self._spelled]
        self._starts = np.searchsorted(lengths, np.arange(LONGEST + 4))
        self._letters = letters(self._spelled)

    def __contains__(self, word: str) -> bool:
        return word in self.words

    def compounds(self, typed: Sequence[str]) -> bool:
        """Whether a word may be written otherwise: as two words, or as one with the next."""
        known = self.words
        unknown = {*typed}.difference(known)
        return max(map(len, unknown), default=0) >= COMPOUND or any(
            map(known.__contains__, map(str.__add__, typed, typed[1:]))
        )

    def ending(self, character: str) -> list[str]:
        """Words of two or three Chinese characters that end with one, those of most listings first."""
        found = [word for word in self.words if word.endswith(character) and 1 < len(word) <= HAN_LONGEST]
        return sorted(found, key=lambda word: (-self.words[word], word))[:HAN_MOST]

    def near(self, typed: str) -> list[Near]:
        """The words that take the fewest edits, as far as so many are allowed, the likeliest first."""
        allowed = edits(typed)
        if not allowed or len(typed) > LONGEST or not is_spelled(typed):
            return []
        first = int(self._starts[max(len(typed) - allowed, 0)])
        last = int(self._starts[min(len(typed) + allowed, LONGEST) + 1])
        other = np.bitwise_count(self._letters[first:last] ^ letters([typed])[0])
        maybe = [self._spelled[first + place] for place in np.flatnonzero(other <= 2 * allowed).tolist()]
        return nearest(typed, maybe, self._meant, allowed)


def with_singulars(words: Mapping[str, int]) -> dict[str, int]:
    """Words with their listings, and of English plurals whose singular no listing has, that as well."""
    found = dict(words)
    plurals = [word for word in words if word.endswith("s") and word[:-1] not in words]
    for word, term in zip(plurals, stems(plurals), strict=True):
        if term == word[:-1]:
            found[term] = words[word]
    return found


def nearest(typed: str, maybe: list[str], listings: Mapping[str, int], allowed: int) -> list[Near]:
    """Of some words those that take the fewest edits, at most `allowed`, the likeliest first, then by word.

    How likely a word was meant grows with its listings and, where one edit explains what was typed, with the
    chance of that very edit: a letter is left out more easily than just this one is taken for just that
    (a noisy channel; Kernighan, Church & Gale 1990).
    """
    if not maybe:
        return []
    far = cdist([typed], maybe, scorer=OSA.distance, score_cutoff=allowed)[0]
    least = int(far.min())
    if least > allowed:
        return []
    found = [Near(maybe[place], least, listings[maybe[place]]) for place in np.flatnonzero(far == least)]
    chance = chance_of_edit if least == 1 else lambda *_: 1.0
    return sorted(found, key=lambda near: (-near.listings * chance(typed, near.word), near.word))


def chance_of_edit(typed: str, meant: str) -> float:
    """Chance that a word is typed with just this one edit, of all that go wrong in typing."""
    size = len(meant)
    if len(typed) < size:
        return OMITTED / size
    if len(typed) > size:
        return ADDED / ((size + 1) * LETTERS)
    if sorted(typed) == sorted(meant):
        return SWAPPED / (size - 1)
    return REPLACED / (size * (LETTERS - 1))


def letters(words: Sequence[str]) -> np.ndarray:
    """(n,) uint64 of n words: which letters each has once, and which twice; all others share what is left."""
    codes = np.array(words, dtype=f"<U{LONGEST}").view(np.uint32).reshape(len(words), LONGEST)
    codes = np.sort(codes, axis=1)
    again = np.zeros((2, *codes.shape), bool)
    again[0, :, 1:] = codes[:, 1:] == codes[:, :-1]
    again[1, :, 2:] = codes[:, 2:] == codes[:, :-2]
    known = (codes >= FIRST) & (codes < FIRST + LETTERS)
    bit = np.where(known, codes - FIRST + LETTERS * again[0], 2 * LETTERS + codes % (64 - 2 * LETTERS))
    bits = np.where((codes == 0) | (known & again[1]), 0, np.uint64(1) << bit.astype(np.uint64))
    return np.bitwise_or.reduce(bits.astype(np.uint64), axis=1)
