"""Spelling mistakes: one seeded change of a word that makes no other word of the shop."""

import re
from collections.abc import Iterable
from functools import cache

import numpy as np

from retrieval.lexical.tokens import search_terms

__all__ = ["LONG_ENOUGH", "Vocabulary", "misspelt", "terms", "typo"]

LONG_ENOUGH = 5
LETTERS = "abcdefghijklmnopqrstuvwxyz"
LATIN = re.compile(r"[A-Za-z]+")
TRIES = 50


@cache
def terms(text: str) -> frozenset[str]:
    """The search terms of a text."""
    return frozenset(term for _, term in search_terms(text))


class Vocabulary:
    """What a shop has words for: every word as written and every term of its listings."""

    def __init__(self, texts: Iterable[str]) -> None:
        pairs = {pair for text in texts for pair in search_terms(text)}
        self._known = {one for pair in pairs for one in pair}

    def __contains__(self, word: str) -> bool:
        return any(one in self._known for pair in search_terms(word) for one in pair)


def misspelt(text: str, known: Vocabulary, random: np.random.Generator, mistakes: int = 1) -> str | None:
    """A text with so many words misspelt, one mistake each; None where it has too few that can be."""
    places = [
        found
        for found in LATIN.finditer(text)
        if len(found.group()) >= LONG_ENOUGH and alone(text, found) and search_terms(found.group())
    ]
    changed: list[tuple[re.Match[str], str]] = []
    for place in random.permutation(len(places)).tolist():
        wrong = typo(places[place].group(), known, random)
        if wrong is not None:
            changed.append((places[place], wrong))
        if len(changed) == mistakes:
            break
    if len(changed) < mistakes:
        return None
    for found, wrong in sorted(changed, key=lambda one: -one[0].start()):
        text = text[: found.start()] + wrong + text[found.end() :]
    return text


def alone(text: str, found: re.Match[str]) -> bool:
    """Whether Latin letters are a word of their own, not part of one such as K75-4B."""
    around = text[max(found.start() - 1, 0) : found.start()] + text[found.end() : found.end() + 1]
    return not any(one.isascii() and (one.isalnum() or one in "-'’&_") for one in around)


def typo(word: str, known: Vocabulary, random: np.random.Generator) -> str | None:
    """A word with one letter inserted, left out, replaced, or swapped with the next; None where each
    change that was tried makes another word of the shop."""
    for _ in range(TRIES):
        wrong = changed(word, random)
        if wrong.lower() != word.lower() and wrong not in known:
            return wrong
    return None


def changed(word: str, random: np.random.Generator) -> str:
    """A word after one random change."""
    place = int(random.integers(len(word)))
    letter = LETTERS[int(random.integers(len(LETTERS)))]
    way = int(random.integers(4))
    if way == 0:
        return word[:place] + letter + word[place:]
    if way == 1:
        return word[:place] + word[place + 1 :]
    if way == 2 or place == len(word) - 1:  # the last letter has no next one
        return word[:place] + letter + word[place + 1 :]
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
