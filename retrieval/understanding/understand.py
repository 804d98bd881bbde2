"""From the words that were typed to those that are looked for, and the filters that the others became."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from retrieval.filters.columns import Filters
from retrieval.lexical.tokens import query_terms
from retrieval.understanding.amounts import money
from retrieval.understanding.denials import is_colour
from retrieval.understanding.grammar import Phrase
from retrieval.understanding.vocabulary import Vocabulary, folded

__all__ = ["UNSAID", "Understood", "priced", "understand", "understood_as"]

NOTHING = Filters()
UNSAID = ""
"""The meaning of "cheap", until it is known what is found."""
_MARKS = r"[\s,;:.!?，；、。！？：–—-]+"
_HOLLOW = re.compile(rf"[(（\[]\s*[)）\]]|^{_MARKS}|{_MARKS}$|\s*,(?=\s*,)")
"""What a phrase leaves behind that held it."""
_ANYTHING = re.compile(
    r"(?:(?:any|some|every)(?:thing|one)|all|stuff|(?:the )?(?:things?|items?|products?|ones?)|"
    "什么都行|东西|商品|产品|宝贝)",
    re.IGNORECASE,
)
"""Who asks for no more than this beside a price asks for whatever has it."""
CENT = 0.01
"""What a price is below another by, at least."""


@dataclass(frozen=True)
class Understood:
    """What was made of a query's words.

    Attributes:
        text: the words left, to be looked for.
        filters: what the others ask for, the shopper's own filters aside.
        cheap: whether only the lowest third by price is wanted of what is found.
        said: one entry a phrase, as an answer's `understood` has them. That of `cheap` gets its meaning when
            it is known what is found.
    """

    text: str
    filters: Filters = NOTHING
    cheap: bool = False
    said: tuple[Mapping[str, Any], ...] = ()


def understood_as(
    kind: str, text: str, meaning: str, filters: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """One entry of an answer's `understood`."""
    return {"kind": kind, "text": text, "meaning": meaning, "filters": dict(filters) if filters else None}


def understand(
    text: str,
    found: Sequence[Phrase],
    vocabulary: Vocabulary,
    chosen: Filters,
    *,
    ignore: Collection[str] = (),
    beside: bool = False,
    price: float | None = None,
    mixed: bool = False,
    listed: Callable[[str], tuple[str, ...]] = lambda word: (word,),
) -> Understood | None:
    """What a query's words ask for beside what they look for; None where that is nothing, as of most.

    Args:
        found: what the grammar finds in the text; names of the catalogue among it are left alone.
        chosen: the shopper's own filters, which nothing in the words changes.
        ignore: phrases that are taken out and ask for nothing, as `said` has their text.
        beside: whether a product stands beside the words: "cheaper" is then below its price.
        price: of that product; None where it has none.
        mixed: whether anything stands beside the words.
        listed: of what is denied, the texts by which listings say it.
    """
    skipped = {folded(one) for one in ignore}
    reading = _Reading(vocabulary, chosen, price if beside else None, beside, listed)
    left, last = [], 0
    for phrase in found:
        core = text[slice(*phrase.core)]
        if vocabulary.is_name(text, phrase):
            continue
        if folded(core) not in skipped and not reading.take(phrase, core):
            continue
        left.append(text[last : phrase.whole[0]])
        last = phrase.whole[1]
    if not last:
        return None
    rest = " ".join(_HOLLOW.sub(" ", " ".join([*left, text[last:]])).split()).replace(" ,", ",")
    if _ANYTHING.fullmatch(rest):
        rest = ""
    denied = [one for one in found if one.means == "without"]
    if not rest and not mixed and any(not is_colour(word) for one in denied for word in one.denied):
        # "No fear" alone is a name, or nothing that can be left out of something.
        others = [one for one in found if one not in denied]
        return understand(
            text, others, vocabulary, chosen, ignore=ignore, beside=beside, price=price, mixed=True
        )
    return Understood(rest, reading.filters, reading.cheap, tuple(reading.said))


class _Reading:
    """The phrases of one query, one after the other."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        chosen: Filters,
        price: float | None,
        beside: bool,
        listed: Callable[[str], tuple[str, ...]],
    ) -> None:
        self._vocabulary = vocabulary
        self._chosen = chosen
        self._price = price
        self._beside = beside
        self._listed = listed
        self.filters = NOTHING
        self.cheap = False
        self.said: list[dict[str, Any]] = []

    def take(self, phrase: Phrase, text: str) -> bool:
        """Take a phrase in; False where it stays among the words."""
        if phrase.means == "in_stock":
            return self._stock(text)
        if phrase.means == "without":
            return self._without(phrase.denied, text)
        return self._vocabulary.priced and self._priced(phrase, text)

    def _priced(self, phrase: Phrase, text: str) -> bool:
        if phrase.means in ("cheap", "cheaper", "dearer"):
            return self._compared(phrase.means, text)
        currency = self._vocabulary.currency
        if phrase.currencies is not None and currency and currency not in phrase.currencies:
            if text.lower().rstrip("s").endswith("pound") and phrase.alone:
                return False  # a weight
            meaning = f"prices here are in {currency}; another currency is not converted and limits nothing"
            self.said.append(understood_as("currency", text, meaning))
            return True
        self._limit(text, phrase.low, phrase.high)
        return True

    def _stock(self, text: str) -> bool:
        if not self._vocabulary.stocked:
            return False
        if self._chosen.in_stock is not None:
            self.said.append(understood_as("attribute", text, "the chosen filter of stock holds instead"))
        else:
            self.filters = replace(self.filters, in_stock=True)
            self.said.append(understood_as("attribute", text, "known to be in stock", {"in_stock": True}))
        return True

    def _without(self, denied: Sequence[str], text: str) -> bool:
        """Leave out what has a word; a word that is a stop word denies nothing."""
        if not all(query_terms(word).terms for word in denied):
            return False
        texts = list(dict.fromkeys(one for word in denied for one in self._listed(word)))
        if not texts:
            self.said.append(
                understood_as("exclusion", text, f"no product has {' or '.join(denied)}; nothing is left out")
            )
            return True
        self.filters = replace(self.filters, without=tuple(dict.fromkeys([*self.filters.without, *texts])))
        meaning = f"without what has {' or '.join(texts)} in title, brand, category or attributes"
        self.said.append(understood_as("exclusion", text, meaning, {"without": texts}))
        return True

    def _compared(self, means: str, text: str) -> bool:
        """Words that compare with a product beside them, else with what is found."""
        if means == "cheap" or (means == "cheaper" and not self._beside):
            self.cheap = True
            self.said.append(understood_as("price", text, UNSAID))
            return True
        if not self._beside:
            return False
        if self._price is None:
            self.said.append(understood_as("price", text, "that product has no price; this limits nothing"))
        elif means == "cheaper":
            self._limit(text, None, max(round(self._price - CENT, 2), 0.0), "below that product's price: ")
        else:
            self._limit(text, round(self._price + CENT, 2), None, "above that product's price: ")
        return True

    def _limit(self, text: str, low: float | None, high: float | None, note: str = "") -> None:
        """A range of prices, as far as the shopper's own filters leave it to the words."""
        own, held = (ends(filters) for filters in (self._chosen, self.filters))
        asked = ends(Filters(price_from=low, price_to=high))
        limits = {name: value for name, value in asked.items() if name not in own}
        whole = {**held, **limits, **own}
        if not limits:
            self.said.append(understood_as("price", text, "the chosen price filter holds instead"))
        elif whole.get("price_from", 0.0) > whole.get("price_to", float("inf")):
            self.said.append(understood_as("price", text, "contradicts another price, and limits nothing"))
        else:
            self.filters = Filters(**{**vars(self.filters), **limits})
            meaning = note + priced(limits.get("price_from"), limits.get("price_to"), self._vocabulary)
            self.said.append(understood_as("price", text, meaning, limits))


def ends(filters: Filters) -> dict[str, float]:
    """The price limits that are set."""
    both = {"price_from": filters.price_from, "price_to": filters.price_to}
    return {name: value for name, value in both.items() if value is not None}


def priced(low: float | None, high: float | None, vocabulary: Vocabulary) -> str:
    """A range of prices in words, and who is left out by it."""
    currency = vocabulary.currency
    if low is not None and high is not None:
        range_ = f"{money(low, '')} to {money(high, currency)}"
    elif high is not None:
        range_ = f"at most {money(high, currency)}"
    else:
        range_ = f"at least {money(low or 0.0, currency)}"
    return range_ + ("; products without a price are left out" if vocabulary.unpriced else "")
