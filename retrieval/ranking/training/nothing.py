"""Queries without an answer, and real ones as they would be if no listing had their words.

They teach where a search finds nothing (`retrieval.ranking.training.answering`), never an order. Without an
answer are keys hit at random, and things that some shop sells and this one has no word of.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

import numpy as np

from retrieval.lexical.tokens import search_terms
from retrieval.query import Encoder
from retrieval.ranking.hybrid import HybridSearch
from retrieval.ranking.training.held_out import Lesson, Query, fragment, worded

__all__ = ["nonsense", "things", "typed", "unanswered", "unworded"]

KEYS = "qwertyuiopasdfghjklzxcvbnm"
NONSENSE = 120
FIRST_GROUP = 1_000_000
"""Groups of these lessons, away from those that are made of listings."""


def unanswered(search: HybridSearch, encoder: Encoder) -> list[Lesson]:
    """Lessons of kind elsewhere, none of which has an answer; the same search gives the same lessons."""
    none = np.zeros(len(search.vectors), np.int8)
    texts = [text for text in (*nonsense(NONSENSE), *things()) if unknown(search, text)]
    queries: list[Query] = [("elsewhere", FIRST_GROUP + i, text, none) for i, text in enumerate(texts)]
    return worded(search, queries, encoder)


def unknown(search: HybridSearch, text: str) -> bool:
    """Whether a text has words, and no listing has any of them."""
    query = search.lexical.query(text)
    return bool(query.words) and query.unknown_share == 1.0


def typed(search: HybridSearch, texts: Sequence[str], rows: np.ndarray, encoder: Encoder) -> list[Lesson]:
    """Lessons of kind typed: a few words of a listing's text, which are answered by it.

    Args:
        texts: of all products that are searched: the title, or what else there is.
        rows: those that are asked for.
    """
    queries: list[Query] = []
    for row in rows.tolist():
        text = fragment(texts[row], row)
        if search_terms(text):
            grades = np.zeros(len(texts), np.int8)
            grades[row] = 2
            queries.append(("typed", row, text, grades))
    return worded(search, queries, encoder)


def unworded(lessons: Sequence[Lesson]) -> list[Lesson]:
    """The lessons of queries of words as if no listing had any of the words."""
    found = []
    for one in lessons:
        c = one.judged.candidates
        if c.words and c.words_weight is None and one.judged.useful:
            zero = np.zeros_like(c.lexical)
            bare = replace(
                c, lexical=zero, covered=zero, feedback=zero, feedback_agreement=zero, unknown_share=1.0
            )
            found.append(replace(one, kind="unworded", judged=replace(one.judged, candidates=bare)))
    return found


def nonsense(count: int) -> list[str]:
    """Keys hit at random, one to three runs of them; the same every time."""
    chance = np.random.default_rng(0)

    def run() -> str:
        return "".join(chance.choice(list(KEYS), int(chance.integers(4, 11))))

    return [" ".join(run() for _ in range(int(chance.integers(1, 4)))) for _ in range(count)]


@cache
def things() -> tuple[str, ...]:
    """Things that shops of all sorts sell, in English and Chinese, one a line of `things.txt`."""
    text = files("retrieval.ranking.training").joinpath("things.txt").read_text("utf-8")
    return tuple(line for line in text.splitlines() if line)
