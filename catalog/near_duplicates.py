"""Texts written from one template, found by MinHash (Broder 1997) with banding.

Digits are removed first, so that sizes and model numbers do not hide a template. Work is bounded:
within a bucket a text is compared with a few members that are unlike each other.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import xxhash

from catalog.text.letters import MARKS

__all__ = ["near_duplicate_pairs", "shingles", "similar_pairs"]

PERMUTATIONS = 96
BANDS = 24
"""Four rows a band: a pair of similarity 0.75 shares a bucket with probability 0.9999, one of 0.3
with 0.18."""
SIMILAR = 0.75
"""Jaccard similarity of shingle sets from which two texts count as one template. Of 1,050 Flipkart
listings that puts 19% in groups, the largest of 21 mugs of one seller; at 0.7 the site's own phrases
join 45 unlike gift sets, at 0.8 (16%) more colour variants of one listing stay apart."""
MIN_WORDS = 6
"""Shorter texts are compared whole: three words in common make no template."""
CLOSE = 0.9
"""Jaccard similarity from which one text stands for the other in a bucket."""
MEMBERS = 8
"""Members of a bucket that a text is compared with at most."""

_LETTERS = r"[^\W\d_\u4e00-\u9fff]+"
_WORD = re.compile(rf"{_LETTERS}(?:[{MARKS}]+(?:{_LETTERS})?)*|[\u4e00-\u9fff]")


def shingles(text: str) -> frozenset[int]:
    """Hashes of all runs of three words (Chinese: characters), digits left out."""
    words = _WORD.findall(text.lower())
    if not words:
        return frozenset()
    if len(words) < MIN_WORDS:
        return frozenset({xxhash.xxh3_64_intdigest(" ".join(words).encode())})
    runs = (" ".join(words[i : i + 3]) for i in range(len(words) - 2))
    return frozenset(xxhash.xxh3_64_intdigest(run.encode()) for run in runs)


def near_duplicate_pairs(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """`similar_pairs` of the texts' shingles."""
    return similar_pairs(shingles(text) for text in texts)


def similar_pairs(shingled: Iterable[frozenset[int]]) -> Iterator[tuple[int, int]]:
    """Pairs of positions whose sets of shingles are similar; enough pairs to connect each group. An empty
    set is like none."""
    generator = np.random.default_rng(0)
    # Multiply-shift hashing (Dietzfelbinger 1997): odd factors, products modulo 2^64, the high bits.
    factors = generator.integers(0, 2**63, PERMUTATIONS, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    rows = PERMUTATIONS // BANDS
    sets: dict[int, frozenset[int]] = {}
    buckets: dict[tuple[int, bytes], list[int]] = {}
    same: dict[frozenset[int], int] = {}
    for position, found in enumerate(shingled):
        if not found:
            continue
        first = same.setdefault(found, position)
        if first != position:
            yield first, position
            continue
        sets[position] = found
        hashes = np.fromiter(found, dtype=np.uint64, count=len(found))
        signature = ((hashes[:, None] * factors) >> np.uint64(32)).min(axis=0)
        likeness: dict[int, float] = {}
        for band in range(BANDS):
            key = (band, signature[band * rows : (band + 1) * rows].tobytes())
            members = buckets.setdefault(key, [])
            for other in members:
                if other not in likeness:
                    likeness[other] = len(found & sets[other]) / len(found | sets[other])
                    if likeness[other] >= SIMILAR:
                        yield other, position
            # What a close copy would lead to, the copy that is there leads to as well.
            if len(members) < MEMBERS and all(likeness[other] < CLOSE for other in members):
                members.append(position)
