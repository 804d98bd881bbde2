"""Amounts of money as shoppers type them: a pattern, and what its matches say.

The pattern is for text whose full-width marks are made plain by `halved`, one character for one: places in
it are places in what was typed.
"""

import re

from catalog.cells import SIGNS

__all__ = ["AMOUNT", "Amount", "halved", "money", "value_of"]

_NAMES = {
    "EUR": "euros?|eur|欧元|欧",
    "USD": "us dollars?|usd|us[$]|美元|美金|美刀",
    "GBP": "pounds?(?: sterling)?|gbp|quid|英镑",
    "INR": "rupees?|inr|卢比",
    "CNY": "yuan|renminbi|rmb|cny|元?人民币",
    "JPY": "yen|jpy|日元|日圆",
    "HKD": "hkd|hk[$]|港币|港元",
    "TWD": "twd|nt[$]|新?台币",
    "AUD": "aud|a[$]",
    "CAD": "cad|c[$]",
    "CHF": "chf|(?:swiss )?francs?",
}
"""Code to how it is named, in lower case."""
_SHARED = {
    "dollars?|bucks?|[$]": "$",
    "rs|/-": "rs",
    "块钱?|元|塊錢?|圓": "元",
    "€": "€",
    "£": "£",
    "¥": "¥",
    "₹": "₹",
}
"""Names that several currencies share (or signs), to the sign that the catalogue's own reading knows."""
_MEANT = [
    *((re.compile(names), frozenset({code})) for code, names in _NAMES.items()),
    *((re.compile(names), frozenset(SIGNS[sign])) for names, sign in _SHARED.items()),
]

_SIGN = r"(?:us|hk|nt|a|c)?[$]|[€£¥₹]"
_CODES = "rs|inr|usd|eur|gbp|cny|rmb|jpy|hkd|twd|aud|cad|chf"
_BEFORE = rf"(?:{_SIGN}|(?<![a-z])(?:{_CODES})(?![a-z])\.?)"
_ENGLISH = "|".join(part for names in _NAMES.values() for part in names.split("|") if part[0] < "{")
_CHINESE = "|".join(part for names in _NAMES.values() for part in names.split("|") if part[0] > "{")
_YUAN = "块钱?|塊錢?|圓|元(?![素件气宝旦宵音组老首帅])"
_AFTER = rf"(?:{_SIGN}|(?:{_ENGLISH}|dollars?|bucks?|rs)(?![a-z\d])\.?|/-|{_CHINESE}|{_YUAN})"
_NUMBER = r"\d{1,3}(?:[ '’]\d{3})+(?=,\d\d(?!\d)|\s?[€£₹]|\s?eur)(?:,\d\d)?|\d+(?:[.,]\d+)*"
_ONES = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
}  # fmt: skip
_TENS = {
    "ten": 10, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
    "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_SAID = (
    rf"(?<![a-z])(?:(?:an?|{'|'.join(_ONES)}) (?:hundred|thousand)|"
    rf"(?:{'|'.join(_TENS)})(?:[ -](?:{'|'.join(_ONES)}))?)(?![a-z])"
)
"""An English number in words, from ten on."""
_SCALE = r"\s?(?:k|thousand|lakhs?|lacs?|crores?|million)(?![a-z])|\s?[百千万萬]"

AMOUNT = (
    rf"(?:(?P<before@>{_BEFORE})\s?|(?<![a-z\d.,]))"
    rf"(?:(?P<number@>{_NUMBER})(?P<scale@>{_SCALE})?|(?P<han@>[一二两三四五六七八九十百千万零]+)|"
    rf"(?P<said@>{_SAID}))"
    rf"(?:\s?(?P<after@>{_AFTER}))?"
)
"""One amount, for IGNORECASE; `@` stands for its number within a larger pattern."""

_SCALES = {
    "k": 1e3, "thousand": 1e3, "lakh": 1e5, "lac": 1e5, "crore": 1e7, "million": 1e6,
    "百": 1e2, "千": 1e3, "万": 1e4, "萬": 1e4,
}  # fmt: skip
_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_HALVED = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {ord("￥"): ord("¥"), 0x3000: ord(" ")}


class Amount:
    """One amount of a match.

    Args:
        found: of a pattern that holds AMOUNT.
        number: which of its amounts.

    Attributes:
        value: None where it reads as no number.
        currencies: codes that it may be meant in; None where it says none.
    """

    def __init__(self, found: re.Match[str], number: int) -> None:
        names = ("before", "number", "scale", "han", "said", "after")
        part = {name: found[f"{name}{number}"] for name in names}
        scale = _SCALES.get((part["scale"] or "").strip().lower().removesuffix("s"), 1.0)
        read = (
            value_of(part["number"])
            if part["number"]
            else chinese_value(part["han"])
            if part["han"]
            else english_value(part["said"])
        )
        self.value = None if read is None else read * scale
        said = part["before"] or part["after"]
        self.currencies = currencies_of(said) if said else None


def halved(text: str) -> str:
    """The text with full-width digits, signs and spaces made plain, each in its place."""
    return text if text.isascii() else text.translate(_HALVED)


def currencies_of(name: str) -> frozenset[str]:
    """Codes of the currencies that a sign, word or code of the pattern stands for."""
    name = name.rstrip(".").lower()
    return next(codes for names, codes in _MEANT if names.fullmatch(name))


def value_of(text: str) -> float | None:
    """A number as it is typed; None where it reads as none.

    A price has no three decimals: of one kind of mark, three digits behind the last are thousands ("1.299",
    "1,29,999"), else decimals ("12,5"); of both kinds the last mark is the decimal one ("1.299,50").
    """
    digits = re.sub("[ '’]", "", text)
    *groups, rest = re.split("[.,]", digits)
    marks = re.findall("[.,]", digits)
    if any(len(group) not in (2, 3) for group in groups[1:]):
        return None
    if not marks or (len(rest) == 3 and len(set(marks)) == 1):
        return float("".join([*groups, rest]))
    if len(rest) > 2 or marks[-1] in marks[:-1]:
        return None
    return float(f"{''.join(groups)}.{rest}")


def english_value(text: str) -> float:
    """A number in words, as the pattern finds them: forty-five, a hundred."""
    first, _, rest = text.lower().replace("-", " ").partition(" ")
    many = {"hundred": 100, "thousand": 1000}.get(rest)
    return float(_ONES.get(first, 1) * many if many else _TENS[first] + _ONES.get(rest, 0))


def chinese_value(text: str) -> float | None:
    """A Chinese numeral below a hundred million; None where it is none, such as 十十."""
    whole, _, rest = text.partition("万")
    if "万" in rest:
        return None
    high, low = (below_ten_thousand(part) if part else 0 for part in (whole, rest))
    if high is None or low is None or (not whole and "万" in text):
        return None
    return float(high * 10_000 + low if "万" in text else high) or None


def below_ten_thousand(text: str) -> int | None:
    """A Chinese numeral without 万; None where it is none."""
    total, last, digit = 0, 10_000, -1
    for mark in text:
        if mark in _DIGITS:
            if digit > 0:
                return None
            digit = _DIGITS[mark]
            continue
        unit = _UNITS[mark]
        if unit >= last or digit == 0 or (digit < 0 and total):
            return None
        total, last, digit = total + max(digit, 1) * unit, unit, -1
    return total + max(digit, 0)


def money(value: float, currency: str) -> str:
    """An amount as people write it: 1,299.50 EUR."""
    number = f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
    return f"{number} {currency}".strip()
