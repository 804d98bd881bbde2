"""Names of categories in the shop's other language, and words that mean a category and stand nowhere."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from benchmarks.shopper.intention import Intention, all_of
from benchmarks.shopper.nothing import sold
from benchmarks.shopper.shop import Shop
from benchmarks.shopper.spelling import terms
from catalog.text.clean import detect_language

__all__ = ["language_intentions", "phrase_intentions", "synonym_intentions"]


def language_intentions(shop: Shop) -> Iterator[Intention]:
    """Names of categories asked of everything, and of the listings of the other language alone."""
    for path, by_language in shop.names.items():
        for language, own in by_language.items():
            for name in own:
                # Two categories may be called the same.
                right = frozenset(one.product_id for one in shop.products if name in one.called)
                if right:
                    yield Intention(
                        "category in another language", {"text": name}, all_of(right), path,
                        row="cross_language_top10", language=language,
                    )  # fmt: skip
                for other in sorted({one.language for one in shop.products} - {language, ""}):
                    there = right & shop.ids(language=other)
                    if there:
                        yield Intention(
                            f"category, listings in {other} alone", {"text": name}, all_of(there), path,
                            row="cross_language_top10", language=language,
                            options={"filters": {"language": [other]}},
                        )  # fmt: skip


def words() -> dict[str, Any]:
    """What words.yaml says."""
    found: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("words.yaml").read_text(encoding="utf-8"))
    return found


def phrase_intentions(shop: Shop) -> Iterator[Intention]:
    """Names of categories, of each language the last, among what shoppers say around them."""
    said = words()["phrases"]
    for path, by_language in shop.names.items():
        for language, own in by_language.items():
            right = frozenset(one.product_id for one in shop.products if own[-1] in one.called)
            for phrase in said.get(language, ()) if right else ():
                text = phrase.format(own[-1])
                yield Intention(
                    "category in a phrase", {"text": text}, all_of(right), path, language=language
                )


def synonym_intentions(shop: Shop) -> Iterator[Intention]:
    """The words of words.yaml that no listing has."""
    listings = [terms(one.text) for one in shop.products]
    for path, own in words().get(shop.name, {}).items():
        right = shop.ids(category=path)
        for word in own:
            if right and not sold(word, listings):
                yield Intention(
                    "synonym that stands nowhere", {"text": word}, all_of(right), path, row="synonyms_top10",
                    real=False, language=detect_language(word),
                )  # fmt: skip
