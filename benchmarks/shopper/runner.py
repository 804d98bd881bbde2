"""Asking every intention, and the rows and kinds that come of the answers."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tqdm import tqdm

from benchmarks.shopper.choices import choice_intentions
from benchmarks.shopper.intention import FIRST, Asked, Intention
from benchmarks.shopper.judged import judged_intentions
from benchmarks.shopper.languages import language_intentions, phrase_intentions, synonym_intentions
from benchmarks.shopper.nothing import nothing_intentions
from benchmarks.shopper.photos import photo_intentions
from benchmarks.shopper.prices import price_intentions
from benchmarks.shopper.shop import Shop
from benchmarks.shopper.sounds import sound_intentions
from benchmarks.shopper.titles import title_intentions
from benchmarks.shopper.unlike import unlike_intentions
from benchmarks.shopper.why import why_lines

__all__ = ["ask_all", "each_once", "intentions", "kinds", "values", "why_failures"]


Makers = Mapping[Callable[[Shop], Iterator[Intention]], Sequence[str]]
MAKERS: Makers = {
    photo_intentions: ("own_photo_first", "retaken_photo_top10", "same_colour_top10", "other_colour_top10"),
    sound_intentions: ("own_sound_first", "rerecorded_sound_top10"),
    title_intentions: ("typo_ratio", "title_words_first"),
    nothing_intentions: ("nothing_when_nothing",),
    unlike_intentions: ("nothing_alike",),
    price_intentions: ("price_words",),
    language_intentions: ("cross_language_top10",),
    phrase_intentions: (),
    synonym_intentions: ("synonyms_top10",),
    choice_intentions: ("facets_true",),
    judged_intentions: ("judged_plain", "typo_ratio"),
}
"""What makes questions, and the rows they count in; some count in none."""
OF_ALL = ("wrongly_empty", "why_true")
"""Rows of which every question is part."""


def intentions(shop: Shop, only: Sequence[str] = ()) -> list[Intention]:
    """Everything that is asked of a shop, or what some rows need."""
    every = not only or any(row in OF_ALL for row in only)
    made = [one for maker, rows in MAKERS.items() if every or {*rows} & {*only} for one in maker(shop)]
    return [one for one in made if every or one.row in only]


def ask_all(shop: Shop, chosen: Iterable[Intention]) -> Iterator[Asked]:
    """The answer to each intention, scored."""
    chosen = list(chosen)
    for one in tqdm(chosen, shop.name, mininterval=1):
        answer = shop.ask(one.query, **{"k": FIRST, **one.options})
        yield Asked(one, answer, one.check(answer, shop.ask))


def values(shop: Shop, asked: Sequence[Asked]) -> dict[str, dict[str, float]]:
    """Row to its `value` and `queries` in one catalogue."""
    found: dict[str, dict[str, float]] = {}
    for row in sorted({one.intention.row for one in asked} - {""}):
        found[row] = mean_of([one for one in asked if one.intention.row == row])
    answers = each_once(asked)
    real = [one for one in answers if one.intention.real]
    if real:
        empty = sum(not one.answer.hits for one in real)
        found["wrongly_empty"] = {"value": empty / len(real), "queries": len(real)}
    lines = [not wrong for one in answers for _, wrong in why_lines(shop, one)]
    if lines:
        found["why_true"] = {"value": sum(lines) / len(lines), "queries": len(lines)}
    return found


def each_once(asked: Sequence[Asked]) -> list[Asked]:
    """One of those that share an answer, as questions of a photo's product and of its colour do."""
    return list({id(one.answer): one for one in asked}.values())


def mean_of(asked: Sequence[Asked]) -> dict[str, float]:
    """Score of some answers over the best that could be had."""
    best = sum(one.score.best for one in asked)
    return {"value": sum(one.score.value for one in asked) / best if best else 0.0, "queries": len(asked)}


def kinds(shop: Shop, asked: Sequence[Asked]) -> list[dict[str, Any]]:
    """Figures by kind of question and language."""
    by: dict[tuple[str, str, str], list[Asked]] = {}
    for one in asked:
        by.setdefault((one.intention.row, one.intention.kind, one.intention.language), []).append(one)
    return [
        {"row": row, "kind": kind, "language": language, "catalogue": shop.name, **mean_of(own)}
        for (row, kind, language), own in by.items()
    ]


def why_failures(shop: Shop, asked: Sequence[Asked]) -> Iterator[tuple[Asked, str]]:
    """Answers with a line that is untrue, and what is wrong with how many of their lines."""
    for one in each_once(asked):
        wrong = [f"{hit['title'] or hit['product_id']}: {said}" for hit, said in why_lines(shop, one) if said]
        if wrong:
            yield one, f"{len(wrong)} untrue; {wrong[0]}"
