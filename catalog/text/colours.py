"""Colour words of English and Chinese (colours.yaml): which colours a text names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

__all__ = ["Colour", "colour_words", "colours_in", "known_colours"]

FILE = Path(__file__).with_name("colours.yaml")


@dataclass(frozen=True)
class Colour:
    """One colour: a typical sRGB value of 0..255, and its words by language."""

    rgb: tuple[int, int, int]
    words: Mapping[str, tuple[str, ...]]


@cache
def known_colours() -> dict[str, Colour]:
    """Name to colour, in the order of the file."""
    return {
        name: Colour(tuple(said["rgb"]), {"en": tuple(said["en"]), "zh": tuple(said["zh"])})
        for name, said in _file()["colours"].items()
    }


def colours_in(text: str) -> list[str]:
    """Names of the colours that a text names, each once, in its order; of overlapping words the longest."""
    found: dict[str, None] = {}
    for match in _words().finditer(text.lower()):
        name = _names().get(match.group())
        if name is not None:
            found[name] = None
    return list(found)


@cache
def colour_words() -> frozenset[str]:
    """Every word of a colour, in lower case."""
    return frozenset(_names())


@cache
def _file() -> dict[str, dict]:
    return dict(yaml.safe_load(FILE.read_text(encoding="utf-8")))


@cache
def _names() -> dict[str, str]:
    """Every word to the name of its colour."""
    return {
        form: name
        for name, colour in known_colours().items()
        for language, words in colour.words.items()
        for word in words
        for form in ((word,) if language == "en" else (word, f"{word}色"))
    }


@cache
def _words() -> re.Pattern[str]:
    """All words, the longest first; a word that only looks like a colour takes its place and says nothing."""
    by_length = sorted([*_names(), *_file()["not"]], key=len, reverse=True)
    return re.compile("|".join(rf"(?<![a-z]){w}(?![a-z])" if w.isascii() else w for w in by_length))
