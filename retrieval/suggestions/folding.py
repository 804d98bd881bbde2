"""Texts as they are compared while somebody types: without case and accents, one character for one."""

import re
import unicodedata

from catalog.text.letters import find_words, fold, is_mark

__all__ = ["marks", "plain", "typed_words"]


class _Plain(dict[int, int]):
    """A character to the one it is compared as; filled as characters occur."""

    def __missing__(self, code: int) -> int:
        mark = chr(code)
        alphabet = code < 0x0900 or 0x1E00 <= code < 0x2E80  # a Korean or Thai syllable would fall apart
        if alphabet or 0xFF00 <= code < 0xFFF0:
            mark = fold(unicodedata.normalize("NFKD", mark)[0].lower())[:1] or mark
        self[code] = ord(mark) if mark.isalnum() or is_mark(mark) else ord(" ")
        return self[code]


_PLAIN = _Plain()


def plain(text: str) -> str:
    """The text in lower case, without accents and marks; each character in its place."""
    return text.translate(_PLAIN)


def typed_words(text: str) -> list[str]:
    """The words of what was typed, as `plain` has them; what is written without spaces is one."""
    return [match.group() for match in find_words(plain(unicodedata.normalize("NFC", text)))]


def marks(text: str, words: list[str]) -> list[tuple[int, int]]:
    """Where a text has the words, each from the first character to before another, at the beginnings of its
    own words (anywhere in Chinese), the first place of each; ascending, none within another."""
    shown = plain(text)
    found: list[tuple[int, int]] = []
    for word in sorted(words, key=len, reverse=True):
        for match in re.finditer(re.escape(word), shown):
            start, end = match.span()
            begins = start == 0 or not shown[start - 1].isalnum() or not shown[start].isascii()
            if begins and not any(start < b and a < end for a, b in found):
                found.append((start, end))
                break
    return sorted(found)
