"""Texts as they are compared while somebody types: without case and accents, one character for one."""

import re
import unicodedata

__all__ = ["marks", "plain", "typed_words"]

_WORD = re.compile(r"[^\W_]+")


class _Plain(dict[int, int]):
    """A character to the one it is compared as; filled as characters occur."""

    def __missing__(self, code: int) -> int:
        mark = chr(code)
        if code < 0x2E80 or 0xFF00 <= code < 0xFFF0:  # a Korean syllable would fall apart
            mark = unicodedata.normalize("NFKD", mark)[0].lower()[0]
        self[code] = ord(mark) if mark.isalnum() else ord(" ")
        return self[code]


_PLAIN = _Plain()


def plain(text: str) -> str:
    """The text in lower case, without accents and marks; each character in its place."""
    return text.translate(_PLAIN)


def typed_words(text: str) -> list[str]:
    """The words of what was typed, as `plain` has them; Chinese without spaces is one."""
    return _WORD.findall(plain(text))


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
