"""What a shopper means to find, the question that is asked for it, and what came of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = [
    "Answer",
    "Ask",
    "Asked",
    "Check",
    "Intention",
    "Score",
    "all_of",
    "drawn",
    "first_among",
    "place_gain",
    "share",
]

FIRST = 10
"""Hits that are looked at, of a first page of as many."""


@dataclass(frozen=True)
class Answer:
    """What the service answered to one query.

    Attributes:
        hits: best first, as the service gave them.
        total: how many can be paged to.
        facets: where they were asked for.
        understood, nearest: as the answer has them; None where the service has no such field.
        seconds: as the client saw it.
    """

    hits: list[dict[str, Any]]
    total: int
    facets: dict[str, Any] | None = None
    understood: list[dict[str, Any]] | None = None
    nearest: list[dict[str, Any]] | None = None
    seconds: float = 0.0

    @classmethod
    def of(cls, result: Mapping[str, Any], seconds: float = 0.0) -> "Answer":
        """One result of /search."""
        names = ("facets", "understood", "nearest")
        return cls(result["hits"], result["total"], **{n: result.get(n) for n in names}, seconds=seconds)

    @property
    def ids(self) -> list[str]:
        """Of the hits."""
        return [hit["product_id"] for hit in self.hits]

    def understood_as(self, kind: str) -> list[dict[str, Any]]:
        """What the answer says it made of the query, of one kind."""
        return [one for one in self.understood or () if one["kind"] == kind]


Ask = Callable[..., Answer]
"""`ask(query, **options)`: the answer of the service to one query."""


@dataclass(frozen=True)
class Score:
    """How well an answer did: `value` of what could be had, `best`; a row is the sum over the sum."""

    value: float
    best: float = 1.0
    said: str = ""


Check = Callable[[Answer, Ask], Score]
"""Scores an answer; may ask more."""


@dataclass(frozen=True)
class Intention:
    """One thing a shopper wants.

    Attributes:
        kind: of what it is, in a few words; figures are also given by kind.
        query: as /search has it.
        check: scores the answer.
        wanted: what should come back, for whoever reads the failures.
        row: the row of the result that it counts in; "" where it is reported by its kind alone.
        real: the shop has an answer, so that an empty one is wrong.
        options: beside the query: k, filters, sort, facets.
        language: of its words, "" without any.
    """

    kind: str
    query: Mapping[str, Any]
    check: Check
    wanted: str
    row: str = ""
    real: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    language: str = ""


@dataclass(frozen=True)
class Asked:
    """An intention, the answer to it and its score."""

    intention: Intention
    answer: Answer
    score: Score


def all_of(right: frozenset[str]) -> Check:
    """Share of the first ten that are right, out of as many as there could be; where none is, no hits."""
    return lambda answer, ask: Score(share(answer, right) if right else float(not answer.ids))


def first_among(wanted: Sequence[str] | frozenset[str], first: int = 1) -> Check:
    """1 where one of the wanted products is among the first hits."""
    known = frozenset(wanted)
    return lambda answer, ask: Score(float(place_of(answer, known) < first))


def place_gain(wanted: Sequence[str] | frozenset[str], answer: Answer) -> float:
    """nDCG@10 of an answer where one product is wanted, whichever of `wanted` comes first."""
    place = place_of(answer, frozenset(wanted))
    return 1 / float(np.log2(place + 2)) if place < FIRST else 0.0


def place_of(answer: Answer, wanted: frozenset[str]) -> int:
    """Place, from 0, of the first hit that is or stands for a wanted product; the number of hits without."""
    places = (place for place, hit in enumerate(answer.hits) if wanted & stands_for(hit))
    return next(places, len(answer.hits) + FIRST)


def stands_for(hit: Mapping[str, Any]) -> frozenset[str]:
    """The product of a hit and those that the answer says it collapsed into it."""
    return frozenset([hit["product_id"], *hit.get("variants", ())])


def share(answer: Answer, right: frozenset[str], of: int = FIRST) -> float:
    """Share of the first hits that are right, with what they stand for, out of as many as there could be."""
    most = min(of, len(right))
    found = sum(len(right & stands_for(hit)) for hit in answer.hits[:of])
    return min(found, most) / most if most else 0.0


def drawn(rows: Sequence[Any], most: int, what: str) -> list[Any]:
    """At most so many of some rows, drawn by a fixed seed of what they are drawn for, in their order."""
    random = generator(what)
    picked = np.sort(random.permutation(len(rows))[:most])
    return [rows[place] for place in picked.tolist()]


def generator(what: str) -> np.random.Generator:
    """Randomness that is the same in every run, and another for everything it is drawn for."""
    return np.random.default_rng(list(what.encode()))
