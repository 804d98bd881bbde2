"""What a query says of price and stock, found by patterns: English and Chinese.

A number is a price where a word or a currency beside it says so, and no unit behind it says otherwise:
"iphone 12", "size 40", "under 40 cm", "12v" and "pack of 20" hold none.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from retrieval.understanding import wording as w
from retrieval.understanding.amounts import AMOUNT, Amount, halved
from retrieval.understanding.denials import DENYING, FORMS, denied_words

__all__ = ["Phrase", "phrases"]

AROUND = 0.2
"""Share of an amount that "around" leaves on either side."""


@dataclass(frozen=True)
class Phrase:
    """Some words of a query that say what is wanted, beside what is looked for.

    Attributes:
        whole: where it begins and ends in the text, with words that only lead to it ("for", "priced").
        core: where the words themselves begin and end.
        low, high: of a range, inclusive; None where it is open.
        currencies: codes that the amounts may be meant in; None where none is said.
        alone: whether only a currency makes a number a price; no keyword does.
        denied: of "without", what is not wanted.
    """

    whole: tuple[int, int]
    core: tuple[int, int]
    means: Literal["range", "cheap", "cheaper", "dearer", "in_stock", "without"]
    low: float | None = None
    high: float | None = None
    currencies: frozenset[str] | None = None
    alone: bool = False
    denied: tuple[str, ...] = ()


Read = Callable[[re.Match[str]], Phrase | None]


def _range(low: int, high: int, *, needs_currency: bool = False, swaps: bool = False) -> Read:
    """Reads a match whose amounts of these numbers are the ends of a range; 0 is an open end."""

    def read(found: re.Match[str]) -> Phrase | None:
        ends = [Amount(found, number) if number else None for number in (low, high)]
        if low and high and bool(found["said1"]) != bool(found[f"said{high}"]):
            return None  # "thirty to 26": a word of what is looked for
        said = [end.currencies for end in ends if end and end.currencies]
        if any(end and end.value is None for end in ends) or (needs_currency and not said):
            return None
        below, above = (None if end is None else end.value for end in ends)
        if below is not None and above is not None:
            if low != high and found["scale2"] and not found["scale1"] and below < above / 1000:
                below *= 1000  # "1-2k"
            if below > above and not swaps:
                return None
            below, above = min(below, above), max(below, above)
        shared = frozenset.intersection(*said) if said else None
        return Phrase(found.span(), found.span("core"), "range", below, above, shared)

    return read


def _around(*, needs_currency: bool) -> Read:
    def read(found: re.Match[str]) -> Phrase | None:
        phrase = _range(1, 1, needs_currency=needs_currency)(found)
        if phrase is None or phrase.low is None or (phrase.currencies is None and _is_year(phrase.low)):
            return None
        low, high = (round(share * phrase.low, 2) for share in (1 - AROUND, 1 + AROUND))
        return replace(phrase, low=low, high=high)

    return read


def _from(found: re.Match[str]) -> Phrase | None:
    phrase = _range(1, 0)(found)
    year = phrase is not None and phrase.currencies is None and _is_year(phrase.low or 0.0)
    return None if year else phrase


def _is_year(value: float) -> bool:
    return 1900 <= value <= 2100


def _alone(found: re.Match[str]) -> Phrase | None:
    """An amount that no keyword stands beside: the most to be paid, if a currency says that it is one.

    三元 is a maker of milk, and 5块 of soap are five pieces.
    """
    phrase = _range(0, 1, needs_currency=True)(found)
    pieces = found["after1"] in ("块", "塊") and found.end("core") < len(found.string)
    return None if phrase is None or found["han1"] or pieces else replace(phrase, alone=True)


def _says(means: Literal["cheap", "cheaper", "dearer", "in_stock"]) -> Read:
    return lambda found: Phrase(found.span(), found.span("core"), means)


def _denied(found: re.Match[str]) -> Phrase | None:
    return Phrase(found.span(), found.span("core"), "without", denied=denied_words(found["x"]))


def _pattern(text: str) -> re.Pattern[str]:
    for number in "12":
        text = text.replace(f"#{number}", AMOUNT.replace("@", number))
    return re.compile(text, re.IGNORECASE)


def _english(core: str, end: str = w.END) -> re.Pattern[str]:
    return _pattern(f"{w.LEAD}(?P<core>{w.WORD}{core}){end}")


def _chinese(core: str, end: str = "") -> re.Pattern[str]:
    return _pattern(f"{w.HAN_LEAD}(?P<core>{core}){end}{w.OF}")


_PATTERNS: list[tuple[re.Pattern[str], Read]] = [
    (_english(rf"between\s#1{w.TO}#2", w.ENDS), _range(1, 2, swaps=True)),
    (_english(rf"from\s#1{w.TO}#2", w.ENDS + w.OF), _range(1, 2, needs_currency=True, swaps=True)),
    (_english(rf"#1{w.DASH}#2", w.ENDS + w.OF), _range(1, 2, needs_currency=True, swaps=True)),
    (_chinese(r"#1\s?[-–—~到至]\s?#2(?:之间|(?=的))"), _range(1, 2)),
    # Two numbers alone are prices only where they end the query: "5-6 drawer chest" is none.
    (
        _pattern(
            rf"(?:^|(?<=\s)|(?<=[\u4e00-\u9fff])){w.LEAD}{w.HAN_LEAD}"
            rf"(?P<core>(?:from\s)?#1{w.DASH}#2)\s*$"
        ),
        _range(1, 2),
    ),
    (_chinese(f"{w.HAN_AROUND}?#1{w.HAN_ABOUT}"), _around(needs_currency=False)),
    (_chinese(f"{w.HAN_AROUND}#1"), _around(needs_currency=True)),
    (_chinese(f"{w.HAN_BELOW}#1(?:{w.HAN_AT_MOST})?", w.END), _range(0, 1)),
    (_chinese(f"{w.HAN_FROM}#1", w.END), _range(1, 0)),
    (_chinese(f"#1{w.HAN_AT_MOST}"), _range(0, 1)),
    (_chinese(f"#1{w.HAN_AT_LEAST}"), _range(1, 0)),
    (_english(rf"{w.UNDER}\s?#1"), _range(0, 1)),
    (_english(rf"{w.OVER}\s?#1"), _range(1, 0)),
    (_english(r"from\s?#1"), _range(1, 0, needs_currency=True)),
    (_english(f"#1{w.AT_MOST}", ""), _range(0, 1)),
    (_english(f"#1{w.AT_LEAST}", ""), _range(1, 0, needs_currency=True)),
    (_english(rf"{w.AROUND}\s?#1"), _around(needs_currency=True)),
    # A bare number is one where it ends the query: "around 30 pegs" are pegs.
    (_english(rf"{w.AROUND}\s?#1", w.OR_SO), _around(needs_currency=False)),
    (_english(r"from\s?#1", w.OR_SO), _from),
    (_english("#1", w.END + w.OF), _alone),
    (_chinese(w.CHEAPER), _says("cheaper")),
    (_chinese(w.DEARER), _says("dearer")),
    (_chinese(w.CHEAP), _says("cheap")),
    (_chinese(w.IN_STOCK), _says("in_stock")),
    *((re.compile(form, re.IGNORECASE), _denied) for form in FORMS),
]
"""In the order they are tried: a phrase takes its words from those after it."""

_MAYBE = re.compile(
    r"[\d宜价惠贵货元块塊圓欧以内到至]|cheap|affordable|expensive|pricey|low|stock|budget|bargain|"
    r"\b(?:ten|twelve)\b|fifteen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|thousand|" + DENYING
)
"""Nothing without one of these is understood, in lower case; most queries have none."""

_NOT = re.compile(r"(?:\bnot|\bno|n't)\s$", re.IGNORECASE)
_SIZE = re.compile(
    r"(?:(?<![a-z])(?:sizes?|no|nr|number|model|pack of|set of|aged?|ages|level|part|vol|volume|version|"
    r"chapter|type|mark)[.:]?\s|身高|体重|尺码|年龄)$",
    re.IGNORECASE,
)
_WORN = re.compile(
    r"(?:(?:shoe|boot|sneaker|trainer|sandal|heel|slipper)s?|jeans|trousers|pants|[鞋靴裤])\s?$",
    re.IGNORECASE,
)
_YOUNG = re.compile(
    r"(?:kids?|child(?:ren)?|boys?|girls?|toddlers?|bab(?:y|ies)|infants?|teens?)\s$", re.IGNORECASE
)
LARGEST, FEW_SIZES = 50, 4
"""Of shoes and trousers: the largest size, and how far apart those are that one may ask for."""
LONGEST = 200
"""Characters of a text that is read."""
GROWN = 20
"""Up to this, a bare number behind "kids" is an age or a size."""
WIDEST = 20
"""Times the lower of two bare numbers that the higher may be: "60-1412" is an article."""


def phrases(text: str) -> list[Phrase]:
    """What the grammar finds in a text, in order; no two overlap. Nothing in what is too long for a query."""
    if not _MAYBE.search(text.lower()) or len(text) > LONGEST:
        return []
    plain = halved(text)
    taken: list[Phrase] = []
    for pattern, read in _PATTERNS:
        for found in pattern.finditer(plain):
            phrase = read(found)
            if phrase and not _otherwise(plain, phrase) and not any(_meet(phrase, one) for one in taken):
                taken.append(phrase)
    return sorted(taken, key=lambda one: one.whole)


def _meet(one: Phrase, other: Phrase) -> bool:
    return one.whole[0] < other.whole[1] and other.whole[0] < one.whole[1]


def _otherwise(text: str, phrase: Phrase) -> bool:
    """Whether the words before it deny it, or say that bare numbers are sizes, ages or years."""
    before = text[: phrase.core[0]]
    if _NOT.search(before):
        return True
    if phrase.means != "range" or phrase.currencies is not None:
        return False
    ends = [end for end in (phrase.low, phrase.high) if end is not None]
    if len(ends) == 2 and (all(map(_is_year, ends)) or ends[1] > WIDEST * ends[0]):
        return True
    if len(ends) == 2 and ends[1] <= LARGEST and ends[1] - ends[0] <= FEW_SIZES and _WORN.search(before):
        return True
    return bool(_SIZE.search(before) or (max(ends) <= GROWN and _YOUNG.search(before)))
