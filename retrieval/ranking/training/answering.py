"""Learning what is no answer: relevance and floors from queries with an answer and without one.

The floor of a kind of query lies where 97% of the queries without an answer find nothing, unless that would
leave more than 1 in 200 of those with an answer empty: then it lies there or below. Queries of words are made
of listings (`retrieval.ranking.training.nothing`), photos and sounds of their files (`likeness`).
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

from retrieval.ranking.answers import BY_FILE, TELLING, AnswerFloor, telling
from retrieval.ranking.fit import FEWEST, PARTS
from retrieval.ranking.floors import best_floor
from retrieval.ranking.training.held_out import Lesson
from retrieval.ranking.training.likeness import RETAKEN, UNLIKE

__all__ = ["learn_answers"]

KINDS = ("long", "short")
NOTHING = 0.97
"""Share of the queries without an answer that shall find nothing."""
EMPTY = 0.005
"""Share of the queries with an answer that may find nothing at most."""
LOUDEST = 10
"""Candidates of a query without an answer that teach: those that look most like one."""
ABOVE = 0.25
"""How far the floor lies above the loudest without an answer, as a share of the way to the faintest with one:
both were measured on few queries."""
CAREFUL = 0.5
"""The same below the faintest photo or sound, which others than these are taken fainter still: of Flipkart's
photos taken again in other ways 0.9% find nothing, 1.1% without."""
WORTH = 0.5
"""Share of the photos and sounds without an answer that a floor has to turn away; one that tells less is not
used."""
REAL = frozenset({"item", "typed", "name", "judgement", RETAKEN})
"""Lessons of queries that some listing surely answers; one outside the gallery may ask in vain."""
SUREST = 3
"""Relevant candidates of a query that teach: of a category's many, what is nearest is what is meant."""
UNWORDED = "unworded"
"""Lessons whose words no listing has: they say what meaning alone is worth, and count as no real query."""


def learn_answers(lessons: Sequence[Lesson]) -> dict[str, AnswerFloor]:
    """Kind of query to its floor; of kinds with enough queries of both sorts.

    Long and short queries share what teaches them where one of them has too few; a photo or a sound beside
    words is judged by what teaches the same alone.
    """
    worded = [one for one in lessons if one.judged.candidates.kind in KINDS and len(one.judged.grades)]
    found = {}
    for kind in KINDS:
        own = [one for one in worded if one.judged.candidates.kind == kind]
        taught = own if enough(own) else worded
        if enough(taught):
            found[kind] = learned(taught, TELLING)
    for kind, names in BY_FILE.items():
        file = kind.removesuffix("_words")
        taught = [o for o in lessons if o.kind in (RETAKEN, UNLIKE) and o.judged.candidates.kind == file]
        if enough(taught) and len({one.group for one in taught if is_real(one)}) >= FEWEST:
            floor = learned(taught, names, careful=CAREFUL)
            if floor.figures["nothing_when_nothing"] >= WORTH:
                found[kind] = floor
    return found


def enough(lessons: Sequence[Lesson]) -> bool:
    """Whether there are queries with an answer and without one to learn from."""
    real = sum(is_real(one) for one in lessons)
    lost = sum(not one.grades.any() for one in lessons)
    return min(real, lost) >= FEWEST


def is_real(one: Lesson) -> bool:
    """Whether somebody who asks this must not be left without an answer."""
    return one.judged.useful and one.kind in REAL


def learned(lessons: Sequence[Lesson], names: tuple[str, ...], careful: float = 0.0) -> AnswerFloor:
    """Weights from all lessons; the floor from each fifth by weights of the others.

    Args:
        careful: how far below the faintest with an answer it lies where the loudest without one is louder, as
            a share of the way between them.
    """
    tables = [telling(one.judged.candidates, names) for one in lessons]
    best: list[tuple[float, Lesson]] = []
    for part in range(PARTS):
        others = [place for place, one in enumerate(lessons) if one.group % PARTS != part]
        weights, bias = fitted([lessons[p] for p in others], [tables[p] for p in others])
        for place, one in enumerate(lessons):
            if one.group % PARTS == part:
                best.append((float(expit(tables[place] @ weights + bias).max(initial=0.0)), one))
    real = np.array([top for top, one in best if is_real(one)])
    lost = np.array([top for top, one in best if not one.grades.any()])
    loud, faint = logit(np.quantile(lost, NOTHING)), logit(np.quantile(real, EMPTY))
    floor = float(expit(loud + ABOVE * (faint - loud) if loud < faint else faint - careful * (loud - faint)))
    alone = [top for top, one in best if one.judged.useful and one.kind == UNWORDED]
    weights, bias = fitted(lessons, tables)
    figures = {
        "queries": len(real),
        "without_answer": len(lost),
        "nothing_when_nothing": round(float((lost < floor).mean()), 4),
        "wrongly_empty": round(float((real < floor).mean()), 4),
        "found_by_meaning_alone": round(float((np.array(alone) >= floor).mean()), 4) if alone else None,
    }
    most = 2.0 ** max(int(one.judged.grades.max(initial=0)) for one in lessons) - 1
    pairs = [
        (expit(table @ weights + bias), (2.0**one.judged.grades - 1) / most)
        for one, table in zip(lessons, tables, strict=True)
        if one.kind != UNWORDED
    ]
    return AnswerFloor(names, weights, bias, floor, max(floor, best_floor(pairs)), figures)


def fitted(lessons: Sequence[Lesson], tables: Sequence[np.ndarray]) -> tuple[np.ndarray, float]:
    """Weights and bias. What looks most like an answer to a query without one teaches, in a second round."""
    weights, bias = np.ones(tables[0].shape[1]), 0.0
    for _ in range(3):
        rows, gains, shares = [], [], []
        for one, table in zip(lessons, tables, strict=True):
            # What nobody judged may be an answer as well: of a query that has one, only those known teach.
            may = table[one.judged.grades > 0] if one.judged.useful else table
            most = SUREST if one.judged.useful else LOUDEST
            chosen = may[np.argsort(-(may @ weights + bias), kind="stable")[:most]]
            if len(chosen) and (one.judged.useful or not one.grades.any()):
                rows.append(chosen)
                gains.append(np.full(len(chosen), float(one.judged.useful)))
                shares.append(np.full(len(chosen), 1 / len(chosen)))
        weights, bias = logistic(np.concatenate(rows), np.concatenate(gains), np.concatenate(shares))
    return weights, bias


def logistic(table: np.ndarray, gain: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, float]:
    """Logistic regression with weights of 0 or more; queries with and without an answer weigh the same."""
    share = np.where(gain > 0, share / share[gain > 0].sum(), share / max(share[gain == 0].sum(), 1e-12))

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        score = table @ point[:-1] + point[-1]
        value = share @ (np.logaddexp(0, score) - gain * score) + point[:-1] @ point[:-1] * RIDGE
        slope = share * (expit(score) - gain)
        return float(value), np.append(table.T @ slope + 2 * RIDGE * point[:-1], slope.sum())

    wide = table.shape[1]
    bounds = [*[(0.0, None)] * wide, (None, None)]
    start = np.append(np.ones(wide), 0.0)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500})
    return np.asarray(found.x[:-1]), float(found.x[-1])


RIDGE = 1e-4
