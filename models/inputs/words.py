"""Words of a product's text as ids, in order: what word vectors, word pairs and TF-IDF are made of.

Everything here is a function of the cleaned text alone (`catalog.text.clean.product_text`), so a
stored row and a service request agree. That text holds its parts between " . ": the first is the
title, or whatever comes first where there is none.
"""

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from importlib.metadata import version
from itertools import islice
from pathlib import Path

import numpy as np

from catalog.text.clean import words
from shelfspace.files import read_json, reading, write_json
from shelfspace.hashing import content_hash, fingerprint

__all__ = [
    "FIRST",
    "GRAMS",
    "GRAMS_CODE",
    "NAMES",
    "PADDING",
    "UNKNOWN",
    "WordVocabulary",
    "name_keys",
    "title_grams",
    "title_of",
    "word_sequence",
    "words_code",
]

PADDING, UNKNOWN, FIRST = 0, 1, 2
"""Ids that stand for no word, for one the vocabulary lacks, and of its first word."""

MIN_ROWS = 2
GRAMS = 256
NAMES = 48
"""Names of attributes kept of one text."""
GRAMS_CODE = "1"
"""Changes when the same title gives other grams."""

_SEPARATOR = " . "
# The name of an attribute: "Colour: red; Width: 5" after a separator, as `product_text` writes them.
_NAME = re.compile(r"(?:^|(?<= \. )|(?<=; ))([^:;.]{1,40}): ")


def words_code() -> str:
    """Changes when the same text gives other words; jieba's dictionary is part of what cuts them."""
    return f"2 jieba {version('jieba')}"


def title_of(text: str) -> str:
    """The title of a cleaned product text: all before the first " . "."""
    return text.split(_SEPARATOR, 1)[0]


def word_sequence(text: str) -> list[str]:
    """Words in order; before an attribute's words stands its name as one more, as in `colour=`."""
    found: list[str] = []
    place = 0
    for name in _NAME.finditer(text):
        found += words(text[place : name.start()])
        found.append("_".join(name[1].lower().split()) + "=")
        place = name.start()
    return found + words(text[place:])


def title_grams(texts: Sequence[str], length: int = GRAMS) -> np.ndarray:
    """Hashed 3- to 5-grams of characters of each title's words, spaces around a word included.

    Returns:
        (n, length) int32 above zero, in order; longer titles are cut, shorter ones padded with 0.
    """
    ids = np.zeros((len(texts), length), dtype=np.int32)
    for row, text in enumerate(texts):
        padded = [f" {word} " for word in title_of(text).lower().split()]
        grams = (word[i : i + n] for word in padded for n in (3, 4, 5) for i in range(len(word) - n + 1))
        hashed = [(zlib.crc32(gram.encode()) & 0x7FFFFFFF) or 1 for gram in islice(grams, length)]
        ids[row, : len(hashed)] = hashed
    return ids


def name_keys(texts: Sequence[str], length: int = NAMES) -> np.ndarray:
    """Hashed names of each text's attributes, (n, length) int32 above zero, in order, padded with 0.

    Which specifications a listing has says what kind of thing it is, whatever their values.
    """
    ids = np.zeros((len(texts), length), dtype=np.int32)
    for row, text in enumerate(texts):
        found = islice(dict.fromkeys(name[1].lower().strip() for name in _NAME.finditer(text)), length)
        hashed = [(zlib.crc32(name.encode()) & 0x7FFFFFFF) or 1 for name in found]
        ids[row, : len(hashed)] = hashed
    return ids


class WordVocabulary:
    """Words that at least two training rows hold, the most frequent first.

    Attributes:
        words: word of each id, beginning with id 2.
        length: words kept of one text.
    """

    def __init__(self, found: Sequence[str], length: int) -> None:
        self.words = tuple(found)
        self.length = length
        self._ids = {word: i for i, word in enumerate(self.words, FIRST)}

    @classmethod
    def fit(cls, texts: Iterable[str], size: int, length: int) -> "WordVocabulary":
        """Fit on cleaned texts; equal texts, in any order of rows, give an equal vocabulary.

        Args:
            size: ids at most, padding and unknown included.
            length: words looked at in each text, and kept of it.
        """
        rows: Counter[str] = Counter()
        for text in texts:
            rows.update(set(word_sequence(text)[:length]))
        ranked = sorted((-count, word) for word, count in rows.items() if count >= MIN_ROWS)
        return cls([word for _, word in ranked[: max(0, size - FIRST)]], length)

    def __len__(self) -> int:
        return len(self.words) + FIRST

    def ids(self, texts: Sequence[str]) -> np.ndarray:
        """(n, length) int32; longer texts are cut, shorter ones padded with 0."""
        table = np.zeros((len(texts), self.length), dtype=np.int32)
        for row, text in enumerate(texts):
            found = [self._ids.get(word, UNKNOWN) for word in word_sequence(text)[: self.length]]
            table[row, : len(found)] = found
        return table

    def title_lengths(self, texts: Sequence[str]) -> np.ndarray:
        """(n,) int32: how many of a row's ids are its title's."""
        counts = [min(len(word_sequence(title_of(text))), self.length) for text in texts]
        return np.array(counts, dtype=np.int32)

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the words, their number and what cuts them."""
        return fingerprint([words_code(), content_hash(*self.words), self.length])

    def save(self, path: Path) -> None:
        """Write one JSON file."""
        write_json(path, {"words": self.words, "length": self.length})

    @classmethod
    def load(cls, path: Path) -> "WordVocabulary":
        """Read what `save` wrote.

        Raises:
            ArtifactError: the file is missing or damaged.
        """
        with reading(path, KeyError, TypeError):
            described = read_json(path)
            loaded = cls([str(word) for word in described["words"]], int(described["length"]))
        # Chinese needs jieba's dictionary, about a second: now rather than in someone's request.
        words(next((word for word in loaded.words if not word.isascii()), ""))
        return loaded
