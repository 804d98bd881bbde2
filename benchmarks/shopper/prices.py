"""Words of price: ranges, "cheap", and amounts in a currency that the shop does not sell in.

A price is read off the listing, never off the answer.
"""

from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np

from benchmarks.shopper.intention import FIRST, Answer, Ask, Check, Intention, Score, drawn
from benchmarks.shopper.shop import Shop
from benchmarks.shopper.titles import HAN, TitleWords

__all__ = ["price_intentions", "round_between"]

WORDS = 12
"""Words of either script that are asked for with a price."""
COUNTED = frozenset(
    ("page", "pages", "pack", "packs", "piece", "pieces", "set", "sets", "size", "number", "cm")
)
"""Words that a number beside them counts: it may well be no price."""
FEWEST = 12
"""Priced titles that must have a word for it to be asked with a price."""
PAGE = 100

CURRENCIES = {
    "EUR": {"en": ("{} euro", "€{}", "{} EUR"), "zh": ("{}欧元", "€{}")},
    "INR": {"en": ("rs {}", "₹{}", "{} rupees"), "zh": ("{}卢比", "₹{}")},
}
FOREIGN = {
    "EUR": {"en": ("${}", "{} dollars", "£{}"), "zh": ("{}元", "{}美元")},
    "INR": {"en": ("${}", "{} dollars", "€{}"), "zh": ("{}元", "{}欧元")},
}
"""Amounts of money in the catalogue's currency, and in others, as people write them."""
UPWARDS = {"en": ("{w} over {x}", "{w} above {x}"), "zh": ("{x}以上的{w}", "{w} {x}以上")}
DOWNWARDS = {
    "en": ("{w} under {x}", "{w} below {x}", "{w} less than {x}", "{w} up to {x}"),
    "zh": ("{x}以下的{w}", "{w} {x}以内", "{w} 不超过{x}"),
}
BETWEEN = {
    "en": ("{w} {a} to {x}", "{w} between {a} and {x}", "{w} {a}-{x}"),
    "zh": ("{a}到{x}的{w}", "{w} {a}-{x}"),
}
CHEAP = {"en": ("cheap {w}", "{w} cheap", "inexpensive {w}"), "zh": ("便宜的{w}", "便宜 {w}")}


def price_intentions(shop: Shop) -> Iterator[Intention]:
    """Questions of a word and a price."""
    words = TitleWords(shop.products)
    currency = next((one.currency for one in shop.products if one.currency), "")
    if currency not in CURRENCIES:
        return
    priced = {one.product_id: one.price for one in shop.products if one.price is not None}

    def often(language: str) -> list[str]:
        def fits(word: str) -> bool:
            is_han = bool(HAN.search(word))
            if word in COUNTED or is_han != (language == "zh"):
                return False
            return len(words.having([word]) & priced.keys()) >= FEWEST

        return drawn(sorted(filter(fits, words.counts)), WORDS, f"price words {language}")

    own = {language: often(language) for language in ("en", "zh")}
    # Where no listing is Chinese, Chinese price words stand beside the words there are.
    own["zh"] = own["zh"] or own["en"]
    for language, asked in own.items():
        for number, word in enumerate(asked):
            prices = {one: cost for one, cost in sorted(priced.items()) if not words.lacks(one, [word])}
            yield from of_word(shop, word, language, number, currency, prices)


def of_word(
    shop: Shop, word: str, language: str, number: int, currency: str, prices: Mapping[str, float]
) -> Iterator[Intention]:
    """Questions of one word; which ways of saying it are used goes round by its number.

    Args:
        prices: of the titles that have the word.
    """

    def said(ways: tuple[str, ...], **parts: str) -> str:
        return ways[number % len(ways)].format(w=word, **parts)

    known = [one.price for one in shop.products if one.price is not None]
    low, high = (round_between(sorted(prices.values()), share, known) for share in (0.3, 0.7))
    make = partial(Intention, row="price_words", language=language)
    plain, sums, foreign = ("{}",), CURRENCIES[currency][language], FOREIGN[currency][language]
    for ways, name in ((plain, "price"), (sums, "price with its currency")):
        money = ways[number % len(ways)]
        for templates, least, most, kind in (
            (DOWNWARDS, 0.0, high, "under"),
            (UPWARDS, low, np.inf, "over"),
            (BETWEEN, low, high, "between"),
        ):
            x = money.format(f"{(low if most == np.inf else high):g}")
            text = said(templates[language], a=f"{low:g}", x=x)
            right = frozenset(one for one, price in prices.items() if least <= price <= most)
            if right and low < high:
                yield make(
                    f"{name}, {kind}", {"text": text}, in_range(shop, least, most, right),
                    f"{word}, {least:g} to {most:g} {currency}",
                )  # fmt: skip
    yield make(
        "cheap", {"text": said(CHEAP[language])}, lowest_third(shop, word), f"the lowest third of {word}",
    )  # fmt: skip
    text = said(DOWNWARDS[language], x=foreign[number % len(foreign)].format(f"{low:g}"))
    yield make(
        "another currency", {"text": text}, not_obeyed(shop, word, low),
        f"{word}; not in {currency}, which is said",
        options={"k": 50},
    )  # fmt: skip


def round_between(prices: list[float], share: float, taken: list[float]) -> float:
    """A price as people say it, about where so large a share of some prices lies below, that no listing
    has: whether its end belongs to a range is then no matter."""
    middle = float(np.quantile(prices, share))
    size = 10 ** max(int(np.floor(np.log10(middle))) - 1, 0)
    amount = float(round(middle / size) * size)
    while amount in taken:
        amount += 1
    return amount


def in_range(shop: Shop, least: float, most: float, right: frozenset[str]) -> Check:
    """1 where the answer says it understood a price, every hit of the first ten costs what was asked for,
    and the first is a listing that has the word."""

    def check(answer: Answer, ask: Ask) -> Score:
        costs = [shop.by_id[one].price for one in answer.ids[:FIRST]]
        inside = [cost is not None and least <= cost <= most for cost in costs]
        faults = []
        if not all(inside):
            faults.append(f"{inside.count(False)} of {len(inside)} cost something else")
        if answer.ids[:1] and answer.ids[0] not in right:
            faults.append("the first has not the word")
        if not answer.ids:
            faults.append("nothing found")
        if not answer.understood_as("price"):
            faults.append("no price is said to be understood")
        return Score(float(not faults), said="; ".join(faults))

    return check


def lowest_third(shop: Shop, word: str) -> Check:
    """1 where the answer says what it understood and every hit of the first ten is among the cheapest third
    of what the word alone finds that is relevant enough to be sorted by price."""

    def check(answer: Answer, ask: Ask) -> Score:
        found = ask({"text": word}, k=PAGE, sort="price_up", collapse=False)
        ids = list(found.ids)
        for page in range(2, 2 + (found.total - 1) // PAGE):
            ids += ask({"text": word}, k=PAGE, sort="price_up", collapse=False, page=page).ids
        costs = sorted(cost for one in ids if (cost := shop.by_id[one].price) is not None)
        if not costs:
            return Score(0, said=f"{word} finds nothing with a price")
        most = float(np.quantile(costs, 1 / 3, method="higher"))
        own = [shop.by_id[one].price for one in answer.ids[:FIRST]]
        dear = sum(cost is None or cost > most for cost in own)
        faults = [f"{dear} of {len(own)} cost more than {most:g}"] if dear or not own else []
        if not answer.understood_as("price"):
            faults.append("no price is said to be understood")
        return Score(float(not faults), said="; ".join(faults))

    return check


def not_obeyed(shop: Shop, word: str, most: float) -> Check:
    """1 where the answer says that it does not know the currency, and finds what costs more all the same."""

    def check(answer: Answer, ask: Ask) -> Score:
        def dear(found: Answer) -> bool:
            return any((shop.by_id[one].price or 0) > most for one in found.ids)

        faults = []
        if not answer.understood_as("currency"):
            faults.append("the currency is not said")
        if any(
            one.get("filters") for one in answer.understood_as("price") + answer.understood_as("currency")
        ):
            faults.append("the amount is obeyed")
        if not dear(answer) and dear(ask({"text": word}, k=50)):
            faults.append("nothing that costs more is found")
        return Score(float(not faults), said="; ".join(faults))

    return check
