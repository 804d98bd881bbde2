"""Text of a product, in any language: cleaned, priceless, in words."""

import json
import logging
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.product import ProductInput
from catalog.text.letters import folded_parts, split_words
from catalog.text.markup import unmarked
from catalog.text.prices import strip_prices

if TYPE_CHECKING:
    from jieba import Tokenizer

__all__ = [
    "HAN",
    "clean_text",
    "detect_language",
    "product_text",
    "stop_words",
    "strip_prices",
    "words",
]

_SPACE = re.compile(r"\s+")
HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]")

KEPT_SYMBOLS = frozenset("+%$€£¥₹°×±")
HAN_WEIGHT = 3
"""A Han character says about as much as three Latin letters."""


class _Noise(dict):
    """Translation table that is filled as characters are met; code point to replacement or None."""

    def __missing__(self, code: int) -> str | None:
        self[code] = found = _replacement(chr(code))
        return found


def _replacement(character: str) -> str | None:
    if unicodedata.name(character, "").startswith("VARIATION SELECTOR"):
        return None
    kind = unicodedata.category(character)
    if kind == "Cf":  # joiners and soft hyphens stand inside words
        return None
    if character == "\u2044":  # what NFKC puts between the halves of one half
        return "/"
    noise = kind[0] in "CSZ" or kind == "Me"
    return " " if noise and character not in KEPT_SYMBOLS else character


_NOISE = _Noise()
_MARKS = re.compile("[™®©℠]")


def clean_text(raw: str) -> str:
    """Plain text: no HTML, one Unicode form (NFKC), no control or picture characters, single spaces.

    Markup may be escaped, as exported descriptions often are (`catalog.text.markup`). Contents of
    script and style elements are dropped. Currency signs, %, +, ° and × stay; other symbols go.
    """
    text = raw if raw.isascii() and "<" not in raw and "&" not in raw else unmarked(raw)
    # Trade marks go first: NFKC would spell them out ("Nike™" as "NikeTM").
    normal = unicodedata.normalize("NFKC", _MARKS.sub("", text))
    return _SPACE.sub(" ", normal.translate(_NOISE)).strip()


def product_text(item: ProductInput, limit: int = 8000) -> str:
    """Title, brand, attributes and description as one cleaned text of at most `limit` characters.

    Amounts of money are left out (`strip_prices`): listings repeat their price in words, and a
    model that shall learn from text would read it off.
    """
    attributes = ""
    if item.attributes:
        attributes = "; ".join(f"{name}: {value}" for name, value in item.attributes.items())
    given = filter(None, (item.title, item.brand, attributes, item.description))
    # Markup makes a text longer, so more is cleaned than is kept; the rest is never looked at.
    cleaned = [strip_prices(clean_text(part[: 4 * limit])) for part in given]
    return " . ".join(filter(None, cleaned))[:limit]


def detect_language(text: str) -> str:
    """`zh` where Han characters carry the text, `en` where Latin letters do, "" where neither does."""
    han, latin = len(HAN.findall(text)), len(_LATIN.findall(text))
    if han == latin == 0:
        return ""
    return "zh" if HAN_WEIGHT * han >= latin else "en"


def words(text: str, parts: bool = False) -> list[str]:
    """Lower-cased words without English and Chinese stop words, as `catalog.text.letters` compares them.

    Chinese is cut by jieba, other scripts without spaces, and Korean, into runs of characters.

    Args:
        parts: of a long word that is cut also those that it is made of, before it.
    """
    found, stop = [], stop_words()
    for whole in split_words(text.lower()):
        if whole.isascii():  # most are, and a call a word is felt
            if whole not in stop:
                found.append(whole)
            continue
        for word in folded_parts(whole, parts):
            if HAN.search(word):
                cut = _jieba().lcut_for_search if parts else _jieba().lcut
                found += [w for w in cut(word) if w.strip() and w not in stop]
            elif word and word not in stop:
                found.append(word)
    return found


@cache
def stop_words() -> frozenset[str]:
    """Common words of both languages that say nothing of a product."""
    lists = json.loads((Path(__file__).parent / "stop_words.json").read_text())
    return frozenset(word for words_of_one in lists.values() for word in words_of_one)


@cache
def _jieba() -> "Tokenizer":
    """jieba's word cutter, its dictionary read at the first call (about a second).

    Set up by hand: left to itself jieba keeps a marshal file in the machine's shared temporary
    folder and reads back whatever lies there under that name.
    """
    import warnings

    with warnings.catch_warnings():
        # Old imports and escape sequences in jieba's own source.
        warnings.simplefilter("ignore")
        import jieba
    jieba.setLogLevel(logging.WARNING)
    cutter = jieba.Tokenizer()
    cutter.FREQ, cutter.total = cutter.gen_pfdict(cutter.get_dict_file())
    cutter.initialized = True
    return cutter
