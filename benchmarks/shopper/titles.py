"""Words of titles: a title whole, in part, misspelt, in the plural, in another order; brands; words that
some titles have and others lack."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

from benchmarks.shopper.intention import (
    FIRST,
    Answer,
    Ask,
    Check,
    Intention,
    Score,
    all_of,
    drawn,
    first_among,
    generator,
    place_gain,
    stands_for,
)
from benchmarks.shopper.shop import Product, Shop
from benchmarks.shopper.spelling import LATIN, Vocabulary, misspelt, terms
from catalog.sample.world import COLOURS
from catalog.sample.world import words as sample_words
from catalog.text.clean import clean_text
from retrieval.lexical.tokens import search_terms

__all__ = ["TitleWords", "title_intentions", "words_first"]

TITLES = 100
GROUPS = 150
"""Sets of words of which titles are asked for."""
NOUNS = 2
"""Words that are asked for with each colour."""
MOST = 60
"""Titles that may have the words of one question: all of them fit on the largest page."""
PAGE = 100
TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
HAN = re.compile(r"[\u3400-\u9fff]")


class TitleWords:
    """Which titles have which words, as written and by their terms."""

    def __init__(self, products: Sequence[Product]) -> None:
        self.products = products
        # In one Unicode form: an accent may be a character of its own.
        self._titles = {one.product_id: clean_text(one.title) for one in products}
        self._written = {product: written(title) for product, title in self._titles.items()}
        self._terms = {product: terms(title) for product, title in self._titles.items()}
        self.counts = Counter(word for one in products for word in self.of(one))

    def of(self, one: Product) -> list[str]:
        """Words of a title without stop words and numbers, in order, each once."""
        found = dict.fromkeys(word for word, _ in search_terms(one.title))
        return [word for word in found if len(word) > 1 and not any(c.isdigit() for c in word)]

    def having(self, words: Sequence[str]) -> frozenset[str]:
        """Products whose title has every word as it is written."""
        return frozenset(one.product_id for one in self.products if self._has(one.product_id, words))

    def lacks(self, product: str, words: Sequence[str]) -> bool:
        """Whether a title lacks a word in whatever form."""
        pairs = [pair for word in words for pair in search_terms(word)]
        return not all(
            term in self._terms[product] or (HAN.search(word) and word in self._titles[product])
            for word, term in pairs
        )

    def _has(self, product: str, words: Sequence[str]) -> bool:
        own = self._written[product]
        return all(word in self._titles[product] if HAN.search(word) else word in own for word in words)


def written(title: str) -> frozenset[str]:
    """Latin words and numbers of a title in lower case."""
    return frozenset(TOKEN.findall(title.lower()))


def title_intentions(shop: Shop) -> Iterator[Intention]:
    """Questions of words that stand in titles."""
    words = TitleWords(shop.products)
    known = Vocabulary(one.text for one in shop.products)
    for one in drawn([one for one in shop.products if words.of(one)], TITLES, "titles"):
        yield from of_title(shop, one, words, known)
    yield from of_brands(shop)
    yield from of_words(shop, words)


def of_title(shop: Shop, one: Product, words: TitleWords, known: Vocabulary) -> Iterator[Intention]:
    """Questions made of one title."""
    random = generator(f"title {one.product_id}")
    same = frozenset(other.product_id for other in shop.products if other.title == one.title)
    wanted = f"{one.title} ({one.product_id})"
    make = partial(Intention, wanted=wanted, language=one.language)
    yield make("exact title", {"text": one.title}, first_among(same))
    for mistakes, kind in ((1, "title with one typo"), (2, "title with two typos")):
        wrong = misspelt(one.title, known, random, mistakes)
        if wrong is not None:
            row = "typo_ratio" if mistakes == 1 else ""
            yield make(kind, {"text": wrong}, as_good_as(one.title, same), row=row)
    own = words.of(one)
    order = " ".join(own[place] for place in random.permutation(len(own)))
    if len(own) > 2:
        yield make("title in another order", {"text": order}, first_among(words.having(own), FIRST))
        start = int(random.integers(len(own) - 1))
        part = own[start : start + 2]
        right = words.having(part)
        yield make(
            "part of a title",
            {"text": " ".join(part)},
            all_of(right),
            wanted=f"titles with {part}: {one.title}",
        )
        for place, word in enumerate(part):
            if LATIN.fullmatch(word) and len(word) > 3:
                other = word[:-1] if word.endswith("s") else f"{word}s"
                if not word.endswith("ss"):
                    text = " ".join([*part[:place], other, *part[place + 1 :]])
                    yield make(
                        "plural", {"text": text}, all_of(right), wanted=f"titles with {part}: {one.title}"
                    )
                    break


def as_good_as(right: str, wanted: frozenset[str]) -> Check:
    """nDCG@10 of what was misspelt over that of the right spelling."""

    def check(answer: Answer, ask: Ask) -> Score:
        best = place_gain(wanted, ask({"text": right}))
        return Score(place_gain(wanted, answer), best, f"the right spelling gets {best:.2f}")

    return check


def of_brands(shop: Shop) -> Iterator[Intention]:
    """Brands of several listings, by their name."""
    counts = Counter(one.brand for one in shop.products if one.brand)
    for brand in drawn(sorted(b for b, count in counts.items() if count > 2), TITLES, "brands"):
        right = shop.ids(brand=brand)
        yield Intention("brand", {"text": brand}, all_of(right), f"listings of {brand}")


def of_words(shop: Shop, words: TitleWords) -> Iterator[Intention]:
    """One, two or three words that some titles have: those come before all titles that lack one."""
    random = generator(f"title words of {shop.name}")
    asked: dict[tuple[str, ...], frozenset[str]] = {}
    titled = [one for one in shop.products if len(words.of(one)) > 1]
    for place in random.permutation(len(titled)).tolist():
        own = words.of(titled[place])
        size = min(len(own), 1 + len(asked) % 3)
        picked = tuple(own[i] for i in sorted(random.permutation(len(own))[:size].tolist()))
        right = words.having(picked)
        if 1 < len(right) <= MOST:
            asked.setdefault(picked, right)
        if len(asked) == GROUPS:
            break
    kinds = {picked: f"title words: {len(picked)}" for picked in asked}
    for picked in colours_with_nouns(words):
        asked[picked] = words.having(picked)
        kinds[picked] = "title words: colour and noun"
    for picked, right in asked.items():
        text = " ".join(picked)
        language = "zh" if HAN.search(text) else "en"
        yield Intention(
            kinds[picked], {"text": text}, words_first(words, picked, right),
            f"{len(right)} titles with {text}", row="title_words_first", options={"k": PAGE},
            language=language,
        )  # fmt: skip


def colours_with_nouns(words: TitleWords) -> list[tuple[str, ...]]:
    """Pairs of a colour and another word of titles, as many of a colour as of any other."""
    found = []
    for names in (COLOURS, sample_words()["names"]["colours"].values()):
        for colour in names:
            others = Counter(
                word for one in words.products if colour in (own := words.of(one)) for word in own
            )
            pairs = sorted(word for word, count in others.items() if word != colour and count > 1)
            pairs = [word for word in pairs if 1 < len(words.having([colour, word])) <= MOST]
            found += [(colour, word) for word in drawn(pairs, NOUNS, f"nouns of {colour}")]
    return found


def words_first(words: TitleWords, picked: Sequence[str], right: frozenset[str]) -> Check:
    """Share of the titles with every word that stand before the first hit whose title lacks one."""

    def check(answer: Answer, ask: Ask) -> Score:
        before: set[str] = set()
        first = None
        for place, hit in enumerate(answer.hits):
            if words.lacks(hit["product_id"], picked):
                first = place
                break
            before |= stands_for(hit) & right
        said = "" if first is None else f"the first title that lacks one stands at place {first + 1}"
        return Score(len(before) / len(right), said=said)

    return check
