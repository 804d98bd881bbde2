"""Words of queries and listings for lexical search: stemmed by their script, Chinese cut by jieba.

Query and listing go through the same steps, so that what is equal to a reader is equal here:
markup and amounts of money go, stop words go, and endings go (Snowball's stemmers, PyStemmer): those of
English from Latin letters, of other scripts those of the language most written in it. A listing has the
parts of its long Chinese words, too: who looks for an instrument finds a stringed one. A number with decimals
is one word, whichever mark it has.
"""

import re
import threading
import unicodedata
from importlib.metadata import version
from typing import NamedTuple

import Stemmer

from catalog.text.clean import clean_text, strip_prices, words

__all__ = [
    "DECIMAL", "Also", "QueryTerms", "decimal_term", "query_terms", "search_terms", "stems", "tokens_code",
]  # fmt: skip

_own = threading.local()


def tokens_code() -> str:
    """Changes when the same text gives other terms; an index of other terms is refused."""
    return f"5 jieba {version('jieba')} PyStemmer {version('PyStemmer')}"


def search_terms(text: str, parts: bool = False) -> list[tuple[str, str]]:
    """(word as written in lower case, its term) of each word that is no stop word, in order.

    Args:
        parts: of a long Chinese word also those that it is made of: what a listing is found by.
    """
    plain = strip_prices(clean_text(text))
    if not DECIMAL.search(plain):
        found = words(plain, parts)
        return list(zip(found, stems(found), strict=True))
    pairs, last = [], 0
    for number in DECIMAL.finditer(plain):
        pairs += search_terms(plain[last : number.start()], parts)
        pairs.append((number.group(), decimal_term(number.group())))
        last = number.end()
    return pairs + search_terms(plain[last:], parts)


DECIMAL = re.compile(r"(?<![a-zA-Z\d.,])\d+(?:\.\d+|,\d{1,2})(?![.,]?\d)")
"""1.5, 0,75, and the number of 1.5l; no date or version. Before three digits a comma sets off thousands."""


def decimal_term(number: str) -> str:
    """The term of a number with decimals: 0,50 is 0.5."""
    return number.replace(",", ".").rstrip("0").rstrip(".")


Also = tuple[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], ...]
"""Term of a word to the texts that may stand for it, each with its terms."""


class QueryTerms(NamedTuple):
    """What is looked up of a query: its distinct words, and the term of each.

    Attributes:
        words: as written, in lower case, without stop words.
        terms: of each word.
        also: term of a word to what is looked for beside it: a text and its terms each.
    """

    words: tuple[str, ...]
    terms: tuple[str, ...]
    also: Also = ()


def query_terms(text: str, also: Also = ()) -> QueryTerms:
    """The distinct words of a query; of words that share a term, the first.

    Args:
        also: see `QueryTerms`.
    """
    terms: dict[str, str] = {}
    for word, term in search_terms(text):
        terms.setdefault(term, word)
    return QueryTerms(tuple(terms.values()), tuple(terms), also)


STEMMED = {
    "greek": ("\u0370", "\u03ff"),
    "russian": ("\u0400", "\u04ff"),
    "armenian": ("\u0531", "\u0588"),
    "arabic": ("\u0620", "\u06ff"),
    "hindi": ("\u0900", "\u097f"),
    "tamil": ("\u0b80", "\u0bff"),
}
"""Of scripts other than Latin: Snowball's stemmer, and the letters whose words it is given."""


def stems(found: list[str]) -> list[str]:
    """Terms of words: the stem by the script of the first letter, the word itself where there is none."""
    english = getattr(_own, "english", None) or stemmer("english")
    terms: list[str] = english.stemWords(found)
    for place, word in enumerate(found):
        if not word.isascii():
            if max(word) < LATIN_ENDS or ACCENTED.search(word):
                # People leave accents out: a cafe is a café.
                terms[place] = english.stemWord(unaccented(word))
            for language, (first, last) in STEMMED.items():
                if first <= word[0] <= last:
                    terms[place] = stemmer(language).stemWord(word)
    return terms


LATIN_ENDS, ACCENTED = "\u0250", re.compile("[\u1e00-\u1eff]")


def unaccented(word: str) -> str:
    """A word without the accents of its Latin letters."""
    parts = unicodedata.normalize("NFD", word)
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


def stemmer(language: str) -> Stemmer.Stemmer:
    """This thread's stemmer: it keeps state, so no two threads may share one. Its cache costs more than
    stemming again."""
    if not hasattr(_own, language):
        setattr(_own, language, Stemmer.Stemmer(language, 0))
    return getattr(_own, language)
