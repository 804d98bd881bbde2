"""Proposed synonyms: alike to the encoder, apart in the listings, and not what it knows nothing of."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from retrieval.lexical.index import LexicalIndex
from retrieval.lexical.proposals import COLUMNS, proposals

TIMES = {
    "sofa red": 4, "couch blue": 3, "hot kettle": 3, "warm kettle pot": 3, "qux": 3, "zorp": 3, "lamp": 12,
}  # fmt: skip
ANGLES = {"sofa": 0.0, "couch": 0.2, "kettle": 1.5, "pot": 1.55, "hot": 3.0, "warm": 3.3, "qux": 5, "zorp": 5}


def vectors_of(words: Sequence[str]) -> np.ndarray:
    """By their angles; all others are zero."""
    angles = np.array([ANGLES.get(word, np.nan) for word in words])
    return np.nan_to_num(np.stack([np.cos(angles), np.sin(angles)], axis=1))


def test_pairs_that_are_alike_and_do_not_stand_together_come_first() -> None:
    titles = [title for title, times in TIMES.items() for _ in range(times)]
    index = LexicalIndex.build(pd.DataFrame({"title": titles}))
    found = proposals(index, vectors_of)
    assert tuple(found.columns) == COLUMNS
    pairs = [set(pair) for pair in found[["word", "other"]].to_numpy().tolist()]
    assert pairs[:2] == [{"sofa", "couch"}, {"hot", "warm"}]
    assert found.loc[0, ["listings", "of_other", "both"]].tolist() == [4, 3, 0]
    assert found["cosine"].is_monotonic_decreasing
    assert {"kettle", "pot"} not in pairs  # each pot is a kettle
    assert {"qux", "zorp"} not in pairs  # told apart by nothing
    assert len(proposals(index, vectors_of, most=1)) == 1


def test_a_shop_of_few_words_proposes_nothing() -> None:
    index = LexicalIndex.build(pd.DataFrame({"title": ["red cup", "blue cup"]}))
    assert proposals(index, vectors_of).empty
