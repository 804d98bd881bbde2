"""Words that may mean the same, proposed for a person to judge: an encoder of texts sees them alike, and
hardly any listing has both."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from retrieval.lexical.index import LexicalIndex
from retrieval.lexical.tokens import stems

__all__ = ["proposals"]

FEWEST, LARGEST, WORDS = 3, 0.2, 2000
"""Listings of a word at least, its share of all listings at most, and how many words are compared."""
TOGETHER = 0.2
"""Of the listings of the rarer word, the share that has the other at most: synonyms stand for each other."""
SAME = 0.999
"""From this cosine on the encoder cannot tell two words apart: it knows neither."""
COLUMNS = ("word", "other", "cosine", "listings", "of_other", "both")


def proposals(
    lexical: LexicalIndex, vectors_of: Callable[[Sequence[str]], np.ndarray], most: int = 50
) -> pd.DataFrame:
    """Pairs of words, the likeliest first.

    Args:
        vectors_of: (n, d) of n words, of unit length or zero.
        most: pairs.

    Returns:
        word, other, cosine, listings, of_other and both: how many have the one, the other, and both.
    """
    written = sorted(lexical.spelling.words.items(), key=lambda item: (-item[1], item[0]))
    words = [word for word, _ in written if word.isalpha() and len(word) > 1]
    by_term: dict[str, str] = {}
    for word, term in zip(words, stems(words), strict=True):
        by_term.setdefault(term, word)  # of each term the word that most listings have
    listed = {term: lexical.listed(term) for term in by_term}
    able = [term for term, rows in listed.items() if FEWEST <= len(rows) <= LARGEST * len(lexical)]
    terms = sorted(able, key=lambda term: (-len(listed[term]), term))[:WORDS]
    found: list[tuple[str, str, float, int, int, int]] = []
    if terms:
        vectors = vectors_of([by_term[term] for term in terms])
        cosine = np.triu(vectors @ vectors.T, 1)
        cosine[cosine >= SAME] = 0.0
        for place in np.argsort(-cosine, axis=None, kind="stable").tolist():
            one, other = (terms[at] for at in divmod(place, len(terms)))
            alike = float(cosine.flat[place])
            if len(found) == most or alike <= 0:
                break
            own, its = listed[one], listed[other]
            both = len(np.intersect1d(own, its, assume_unique=True))
            if both <= TOGETHER * min(len(own), len(its)):
                found.append((by_term[one], by_term[other], round(alike, 3), len(own), len(its), both))
    return pd.DataFrame(found, columns=list(COLUMNS))
