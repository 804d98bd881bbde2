"""Words that mean the same in a shop: a file that people review, and what it makes of a query.

    synonyms:
      - [sofa, couch, settee]                    # each finds the listings of the others
      - {words: [laptop], also: [notebook computer, 笔记本电脑]}   # not the other way round

A word that no listing has is replaced by what listings have; beside one that listings have, the others are
looked for too. Both are said.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field, StringConstraints

from catalog.text.colours import known_colours
from catalog.text.letters import find_words, rejoined
from retrieval.lexical.corrections import Words
from retrieval.lexical.tokens import Also, search_terms
from shelfspace.errors import InputError
from shelfspace.reviewed_list import read_entries
from shelfspace.settings.section import Section

__all__ = ["NO_SYNONYMS", "Expanded", "Synonyms", "expand", "meaning_same", "read_synonyms"]

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Terms = tuple[str, ...]


class Group(Section):
    """One entry of the file: each of `words` finds the others, and what stands in `also`."""

    words: list[Text] = Field(min_length=1)
    also: list[Text] = Field(default_factory=list)


@dataclass(frozen=True)
class Synonyms:
    """What means the same.

    Attributes:
        others: terms of a word, or of words that stand together, to texts that mean the same.
    """

    others: Mapping[Terms, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def longest(self) -> int:
        """Words that stand together in an entry, at most."""
        return max(map(len, self.others), default=0)

    @cached_property
    def with_colours(self) -> "Synonyms":
        """These, and of each colour its name in both languages."""
        others = {key: list(texts) for key, texts in self.others.items()}
        for colour in known_colours().values():
            english, chinese = colour.words["en"][0], colour.words["zh"]
            names = english, f"{chinese[0]}色"
            for word in (english, chinese[0], *(f"{one}色" for one in chinese)):
                own = others.setdefault(terms_of(word), [])
                own += [name for name in names if name not in (word, *own)]
        return Synonyms({key: tuple(own) for key, own in others.items()})


NO_SYNONYMS = Synonyms()


class Expanded(NamedTuple):
    """A query's text as it is searched, with what else is looked for.

    Attributes:
        also: see `retrieval.lexical.tokens.QueryTerms`.
        said: of each word with synonyms: kind, text (as typed), meaning (a sentence), filters (None).
    """

    text: str
    also: Also = ()
    said: tuple[dict[str, Any], ...] = ()


def read_synonyms(path: Path) -> Synonyms:
    """Read and check a file of synonyms; an absent file has none.

    Raises:
        InputError: no YAML, or an entry that cannot be meant; the message names its place.
    """
    others: dict[Terms, list[str]] = {}
    for place, group in read_entries(path, "synonyms", "groups of words", read_group):
        if len(group.words) + len(group.also) < 2:
            raise InputError(place, group.words, "give at least two words that mean the same")
        for word in group.words:
            key = terms_of(word)
            if not key:
                raise InputError(
                    place, word, "give a word that shoppers search by; this holds stop words alone"
                )
            own = others.setdefault(key, [])
            own += [
                other for other in [*group.words, *group.also] if terms_of(other) != key and other not in own
            ]
    return Synonyms({key: tuple(own) for key, own in others.items()})


def read_group(entry: Any) -> Group:
    """A list of words is a group of them."""
    return Group.model_validate({"words": entry} if isinstance(entry, list) else entry)


def terms_of(text: str) -> Terms:
    """Terms of a text, in its order."""
    return tuple(term for _, term in search_terms(text))


def expand(words: Words, synonyms: Synonyms, text: str, ignore: Collection[str] = ()) -> Expanded:
    """What a query's words stand for beside themselves.

    Args:
        words: the index; it says which words there are.
        text: as typed.
        ignore: what stays as it is, as typed.
    """
    if not synonyms.others:
        return Expanded(text)
    read = search_terms(text)
    also, said, at = [], [], 0
    while at < len(read):
        size = next((n for n in range(synonyms.longest, 0, -1) if key_at(read, at, n) in synonyms.others), 0)
        key = key_at(read, at, size)
        at += max(size, 1)
        if not size:
            continue
        typed = place_of([word for word, _ in read[at - size : at]], text)
        there = [other for other in synonyms.others[key] if found(words, terms_of(other))]
        if typed is None or typed.group() in ignore or not there:
            continue
        if not found(words, key):
            text = text[: typed.start()] + there[0] + text[typed.end() :]
            said.append(meant(typed.group(), f"showing {there[0]} for {typed.group()}"))
            key, there = terms_of(there[0]), there[1:]
        elif size == 1:
            said.append(meant(typed.group(), f"looking for {', '.join(there)} too"))
        if len(key) == 1 and there:
            also.append((key[0], tuple((other, terms_of(other)) for other in there)))
    return Expanded(text, tuple(also), tuple(said))


def meaning_same(words: Words, synonyms: Synonyms, text: str) -> tuple[str, ...]:
    """A text and what means the same, as far as listings have them."""
    same = (text, *synonyms.others.get(terms_of(text), ()))
    return tuple(one for one in same if found(words, terms_of(one)))


def place_of(words: Sequence[str], text: str) -> re.Match[str] | None:
    """Where a text has words that were read of it; one may be written there as it is not compared."""
    pattern = r"[\W_]*".join(map(re.escape, rejoined(words)))
    written = (
        match for match in find_words(text) if [word for word, _ in search_terms(match.group())] == words
    )
    return re.search(pattern, text, re.IGNORECASE) or next(written, None)


def key_at(read: list[tuple[str, str]], at: int, size: int) -> Terms:
    """Terms of some words of a query; () where there are not so many."""
    return tuple(term for _, term in read[at : at + size]) if at + size <= len(read) else ()


def found(words: Words, terms: Terms) -> bool:
    """Whether listings have all of some terms."""
    return bool(terms) and all(len(words.listed(term)) for term in terms)


def meant(typed: str, meaning: str) -> dict[str, Any]:
    """What an answer says of it."""
    return {"kind": "synonym", "text": typed, "meaning": meaning, "filters": None}
