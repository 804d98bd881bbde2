"""Texts by the beginnings of their words: a sorted array of where words begin, searched by halving.

All texts stand behind one another as UTF-8. Every place where a word begins is listed (of Chinese, which has
no spaces, every character), sorted by the eight bytes from there on. What begins with some bytes is a range
of the list; bytes beyond the eighth are compared in it. A place costs 16 bytes beside the text itself:
about 20 MB for 100,000 titles of eight words.
"""

from collections.abc import Sequence

import numpy as np

from retrieval.suggestions.folding import plain

__all__ = ["PrefixIndex", "misspelt"]

KEY = 8
"""Bytes that places are sorted by."""
LONGEST = 200
"""Characters of a text that can be found by."""
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
TRIED = 10
"""Spellings that are compared beyond their first eight letters."""
FORGIVING, FORGIVEN = 4, 24
"""Letters from which on, and up to which, a word may be misspelt; every letter costs 70 spellings."""


class PrefixIndex:
    """n texts, found by what their words begin with.

    Args:
        texts: as they are shown.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._size = len(texts)
        data = "\n".join([plain(text[:LONGEST]) for text in texts]).encode() + b"\n" + bytes(LONGEST * 4)
        self._bytes = np.frombuffer(data, np.uint8)
        ends = np.flatnonzero(self._bytes == ord("\n"))
        self._begins = np.concatenate([[0], ends[:-1] + 1]).astype(np.int32)[: self._size]
        places = word_places(self._bytes)
        keys = keys_at(self._bytes, places)
        order = np.argsort(keys, kind="stable")
        self._keys, self._places = keys[order], places[order].astype(np.int32)
        self._owners = (np.searchsorted(self._begins, self._places, side="right") - 1).astype(np.int32)

    def __len__(self) -> int:
        return self._size

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        held = (self._bytes, self._begins, self._keys, self._places, self._owners)
        return sum(array.nbytes for array in held)

    def having(self, word: str) -> tuple[np.ndarray, np.ndarray]:
        """(m,) texts that have a word which begins so, with repetitions, and (m,) bool, whether it is their
        first; see `plain` for what `word` must be."""
        spelled = word.encode()[: LONGEST * 4]
        low, high = key_range(spelled)
        first, last = np.searchsorted(self._keys, [low, high], side="left")
        places, owners = self._places[first:last], self._owners[first:last]
        for offset in range(KEY, len(spelled)):
            kept = self._bytes[places + offset] == spelled[offset]
            places, owners = places[kept], owners[kept]
        return owners, places == self._begins[owners]

    def counts(self, ranges: np.ndarray) -> np.ndarray:
        """(m,) how many places have a key in each of (m, 2) ranges."""
        found = np.searchsorted(self._keys, ranges.ravel()).reshape(-1, 2)
        return np.asarray(found[:, 1] - found[:, 0])


def word_places(data: np.ndarray) -> np.ndarray:
    """Where words of UTF-8 text begin; every character of Chinese, Japanese, Thai and Lao does."""
    letters = np.zeros(256, bool)
    letters[list(LETTERS.encode())] = True
    letters[128:] = True
    inside = letters[data]
    begins = inside & ~np.concatenate([[False], inside[:-1]])
    thai = (data == 0xE0) & (np.append(data[1:], 0) >= 0xB8)
    return np.flatnonzero(begins | thai | ((data >= 0xE3) & (data <= 0xE9)))


def keys_at(data: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(m,) uint64 whose order is that of the eight bytes from each place on."""
    keys = np.zeros(len(places), np.uint64)
    for offset in range(KEY):
        keys = (keys << np.uint64(8)) | data[places + offset]
    return keys


def key_range(spelled: bytes) -> tuple[np.uint64, np.uint64]:
    """The first key that begins with some bytes of UTF-8, and the first behind all those that do."""
    head = spelled[:KEY]
    low = int.from_bytes(head.ljust(KEY, b"\0"), "big")
    high = low + (1 << 8 * (KEY - len(head)))
    return np.uint64(low), np.uint64(high)


def misspelt(indexes: Sequence[PrefixIndex], word: str) -> list[str]:
    """Beginnings of words that are one letter away from a typed one, the most frequent first, at most three.

    One letter more, less, another, or two that changed places. What lacks the last letter alone begins many
    words, and counts where there is nothing else.
    """
    if not FORGIVING <= len(word) <= FORGIVEN or not word.isascii():
        return []
    cuts = [(word[:n], word[n:]) for n in range(len(word))]
    near = {head + tail[1:] for head, tail in cuts[:-1]}
    near |= {head + tail[1] + tail[0] + tail[2:] for head, tail in cuts[:-1]}
    near |= {head + letter + tail for head, tail in cuts for letter in LETTERS}
    near |= {head + letter + tail[1:] for head, tail in cuts[:-1] for letter in LETTERS}
    for tried in (near, {word[:-1]}):
        maybe = sorted(tried - {word})
        ranges = np.array([key_range(one.encode()) for one in maybe], np.uint64)
        counts = np.sum([index.counts(ranges) for index in indexes], axis=0)
        likely = [maybe[n] for n in np.argsort(-counts, kind="stable")[:TRIED].tolist() if counts[n]]
        kept = [one for one in likely if any(len(index.having(one)[0]) for index in indexes)]
        if kept:
            return kept[:3]
    return []
