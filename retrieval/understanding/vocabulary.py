"""What a catalogue says of words that could be prices: its currency, its brands, titles that hold them."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from catalog.text.clean import HAN, words
from retrieval.understanding.denials import DENIAL
from retrieval.understanding.grammar import Phrase, phrases

__all__ = ["Vocabulary", "folded"]


def folded(text: str) -> str:
    """A text without its case and with single spaces: what makes two equal."""
    return " ".join(text.casefold().split())


@dataclass(frozen=True)
class Vocabulary:
    """Read once from a release's products.

    Attributes:
        currency: of most products; "" where none says.
        brands: folded names.
        titles: folded words that the grammar would understand, to the words of each title that has them.
        priced, unpriced: whether any product has a price, and whether any has none.
        stocked: whether the stock of any product is known.
        denying: folded titles that deny something, a line each.
    """

    currency: str = ""
    brands: frozenset[str] = frozenset()
    titles: dict[str, list[frozenset[str]]] = field(default_factory=dict)
    priced: bool = True
    unpriced: bool = False
    stocked: bool = True
    denying: str = ""

    @classmethod
    def of(
        cls,
        titles: Iterable[str],
        brands: Iterable[str],
        currencies: Sequence[str],
        prices: Sequence[float | None],
        on_hand: Sequence[float | None],
    ) -> "Vocabulary":
        """What n products say."""
        titles = list(titles)
        said = Counter(code for code in currencies if code)
        return cls(
            currency=max(sorted(said), key=lambda code: said[code], default=""),
            brands=frozenset(folded(brand) for brand in set(brands)) - {""},
            titles=titles_by_phrase(titles),
            priced=any(price is not None for price in prices),
            unpriced=any(price is None for price in prices),
            stocked=any(units is not None for units in on_hand),
            denying=denying(titles),
        )

    def with_listings(self, titles: Iterable[str], brands: Iterable[str]) -> "Vocabulary":
        """The same with products that came since; whether they have prices and stock is left as it is."""
        titles = list(titles)
        found = titles_by_phrase(titles)
        merged = {**self.titles, **{name: self.titles.get(name, []) + rows for name, rows in found.items()}}
        known = self.brands | {folded(brand) for brand in brands if brand}
        lines = f"{self.denying}\n{denying(titles)}"
        return replace(self, brands=known, titles=merged, denying=lines)

    def is_name(self, text: str, phrase: Phrase) -> bool:
        """Whether the words of a phrase are part of a name here: of a brand in the query, or of a title that
        has all else that is asked for."""
        core = text[slice(*phrase.core)]
        if phrase.means == "without":
            return self._denied_by_name(text, core)
        titles = self.titles.get(folded(core), ())
        if titles:
            asked = frozenset(words(text))
            # "In stock" alone asks for no title that happens to hold it.
            if asked - frozenset(words(core)) and any(asked <= title for title in titles):
                return True
        return self._in_brand(text, phrase)

    def _denied_by_name(self, text: str, core: str) -> bool:
        """Whether a title denies it in the same words, or has all that is asked for and denies something."""
        bound = "" if HAN.search(core) else r"(?![^\W_])"
        typed = rf"(?<![^\W_]){re.escape(folded(core))}{bound}"
        if not core.startswith("-") and re.search(typed, self.denying):
            return True
        asked, last = set(_WORD.findall(folded(text))), folded(core)[-3:]
        return any(asked <= set(_WORD.findall(line)) for line in self.denying.splitlines() if last in line)

    def _in_brand(self, text: str, phrase: Phrase) -> bool:
        """Whether a brand's whole name stands in the text where the phrase stands."""
        start, end = phrase.core
        before = [part.start() for part in re.finditer(r"\S+", text) if part.start() <= start][-MOST_WORDS:]
        after = [part.end() for part in re.finditer(r"\S+", text) if part.end() >= end][:MOST_WORDS]
        return any(folded(text[first:last]) in self.brands for first in before for last in after)


_WORD = re.compile(r"\w+")
_TWO = re.compile(r"\d[\d.,]*\s?-\s?\d+")
"""Two numbers, which the grammar takes for prices at the end of a text alone."""
MOST_WORDS = 5
"""Words of a brand's name on either side of a phrase that are looked at."""


def denying(titles: Iterable[str]) -> str:
    """The folded titles that deny something, a line each."""
    return "\n".join(name for name in map(folded, titles) if DENIAL.search(name))


def titles_by_phrase(titles: Iterable[str]) -> dict[str, list[frozenset[str]]]:
    """Folded words that the grammar would understand, to the words of the titles that have them."""
    found: dict[str, list[frozenset[str]]] = {}
    for title in titles:
        spans = [phrase.core for phrase in phrases(title) if phrase.means != "without"]
        if "-" in title:
            spans += [two.span() for two in _TWO.finditer(title)]
        for span in spans:
            found.setdefault(folded(title[slice(*span)]), []).append(frozenset(words(title)))
    return found
