"""Questions without an answer: nonsense, and things that the shop does not sell."""

from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import yaml

from benchmarks.shopper.intention import Answer, Ask, Intention, Score
from benchmarks.shopper.shop import Shop
from benchmarks.shopper.spelling import terms
from catalog.text.clean import detect_language

__all__ = ["nothing", "nothing_intentions", "sold"]

KINDS = {"nonsense": "nonsense", "things": "thing that is not sold"}


@cache
def nothing() -> dict[str, list[str]]:
    """The lists of nothing.yaml."""
    return yaml.safe_load(Path(__file__).with_name("nothing.yaml").read_text(encoding="utf-8"))


def nothing_intentions(shop: Shop) -> Iterator[Intention]:
    """Everything on the lists that no listing has every word of."""
    listings = [terms(one.text) for one in shop.products]
    for name, kind in KINDS.items():
        for text in nothing()[name]:
            if not sold(text, listings):
                make = partial(
                    Intention, query={"text": text}, wanted="nothing", real=False, options={"facets": True},
                    language=detect_language(text),
                )  # fmt: skip
                yield make(kind, check=empty, row="nothing_when_nothing")
                yield make(f"facets of a {kind}", check=uncounted, row="facets_true")


def sold(text: str, listings: list[frozenset[str]]) -> bool:
    """Whether one listing, given by its terms, has every word of a text: then finding it is no mistake."""
    wanted = terms(text)
    return bool(wanted) and any(wanted <= own for own in listings)


def empty(answer: Answer, ask: Ask) -> Score:
    """1 where there are no hits."""
    return Score(float(not answer.hits), said=f"{len(answer.hits)} hits, total {answer.total}")


def uncounted(answer: Answer, ask: Ask) -> Score:
    """1 where neither total nor facets count anything, or what they count is among the hits."""
    counted = [name for name, values in (answer.facets or {}).items() if values]
    right = bool(answer.hits) or not (answer.total or counted)
    return Score(float(right), said=f"total {answer.total}, facets: {', '.join(counted)}")
