"""What ranks each kind of query: weights that were learned, where they beat every simple rule, else a rule.

Lessons that people judged decide wherever there are enough of them; below that those made of the category
tree do. Listings that are asked for by their own words decide nothing: they are found by words whatever
people mean. Clicks teach beside others, at little weight, and decide nothing: they are of answers that
the present ranking gave.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from retrieval.ranking.candidates import WORDLESS
from retrieval.ranking.fusion import FusionModel
from retrieval.ranking.metrics import ndcg
from retrieval.ranking.rules import rivals_of, rule_scores
from retrieval.ranking.training.held_out import FEWEST, Lesson
from shelfspace.paired import LEARNED, LEAST_ROWS, compare

__all__ = ["CLICKS", "PEOPLE", "chosen", "crossed", "joining", "teaching"]

PEOPLE = "judgement"
"""Kind of the lessons that people judged."""
LEAST_JUDGED = LEAST_ROWS
"""Queries of a kind with an answer, judged by people, from which on no lesson that was made counts."""
CLICKS = "clicks"
"""Kind of the lessons that clicks judged."""
UNDECIDING = frozenset({CLICKS, "item", "typed", "backwards", "elsewhere", "unworded"})


def teaching(lessons: Sequence[Lesson]) -> list[Lesson]:
    """The lessons that count: of a kind of query that people judged enough of, theirs alone."""
    judged: dict[str, int] = {}
    for one in lessons:
        if one.kind == PEOPLE and one.judged.useful:
            kind = one.judged.candidates.kind
            judged[kind] = judged.get(kind, 0) + 1
    enough = {kind for kind, count in judged.items() if count >= LEAST_JUDGED}
    return [
        one
        for one in lessons
        if one.kind == PEOPLE or not one.grades.any() or one.judged.candidates.kind not in enough
    ]


def joining(clicked: Sequence[Lesson], ordering: Sequence[Lesson]) -> list[Lesson]:
    """Lessons of clicks that teach: of the kinds of query that others teach anyway."""
    useful = Counter(one.judged.candidates.kind for one in ordering if one.judged.useful)
    return [one for one in clicked if useful[one.judged.candidates.kind] >= FEWEST]


def chosen(fusion: FusionModel, tried: Iterable[tuple[FusionModel, Sequence[Lesson]]]) -> FusionModel:
    """The fusion with weights for those kinds alone where they beat every rule on queries left out.

    Args:
        tried: lessons with the fusion that ranks them, as `left_out` gives them.
    """
    values: dict[str, dict[str, list[float]]] = {}
    counts: dict[str, list[float]] = {}
    for model, asked in tried:
        for one in asked:
            kind = one.judged.candidates.kind
            if one.kind in UNDECIDING or not one.grades.any() or kind in WORDLESS:
                continue
            row = values.setdefault(kind, {})
            counts.setdefault(kind, []).append(one.judged.weight)
            row.setdefault(LEARNED, []).append(quality(one, model.scores(one.judged.candidates)))
            for rule in rivals_of(kind):
                row.setdefault(rule, []).append(quality(one, rule_scores(rule, one.judged.candidates)))
    parts, rules, compared = dict(fusion.parts), {}, {}
    for kind, row in sorted(values.items()):
        learned = np.array(row.pop(LEARNED))
        weights = np.array(counts[kind])
        found = compare(learned, {rule: np.array(own) for rule, own in row.items()}, weights=weights)
        more = ""
        if not (found.learned_wins and kind in parts):
            parts.pop(kind, None)
            rules[kind] = rule = rule_that_stands(kind, row, weights)
            if rule != found.rival:
                why = "is not above it by more than chance"
                why = f"does not count under {LEAST_ROWS} rows" if found.rows < LEAST_ROWS else why
                more = f"; {rule} {found.rivals[rule]:.3f}, {found.rival} {why}"
            found = replace(found, winner=rule)
        compared[kind] = {**found.describe(), "said": found.sentence() + more}
    undecided = {kind for kind in parts if kind not in values}
    for kind in undecided:
        del parts[kind]
    return replace(fusion, parts=parts, rules=rules, compared=compared)


def rule_that_stands(kind: str, values: Mapping[str, Sequence[float]], weights: np.ndarray) -> str:
    """The default rule, unless another is better by more than chance."""
    first, *_ = rivals_of(kind)
    best = max(values, key=lambda rule: float(np.average(values[rule], weights=weights)))
    if best == first:
        return first
    found = compare(np.array(values[best]), {first: np.array(values[first])}, weights=weights)
    return best if found.learned_wins else first


def quality(one: Lesson, scores: np.ndarray) -> float:
    """nDCG@10 of a lesson's candidates in the order of some scores; ties by row."""
    found, grades = one.judged.candidates, one.judged.grades
    order = np.lexsort((found.rows, -np.round(scores, 9)))
    return ndcg(grades[order], one.grades)


def crossed(tried: Iterable[tuple[FusionModel, Sequence[Lesson]]]) -> dict[str, dict[str, Any]]:
    """nDCG@10 by kind of lesson: of each rule, and fused by weights of the other lessons."""
    values: dict[str, dict[str, list[float]]] = {}
    for fusion, asked in tried:
        for one in asked:
            if not one.grades.any():
                continue
            found = one.judged.candidates
            row = values.setdefault(one.kind, {})
            row.setdefault("fused", []).append(quality(one, fusion.scores(found)))
            for rule in rivals_of(found.kind):
                row.setdefault(rule, []).append(quality(one, rule_scores(rule, found)))
    return {
        kind: {"queries": len(row["fused"]), **{name: float(np.mean(row[name])) for name in sorted(row)}}
        for kind, row in sorted(values.items())
    }
