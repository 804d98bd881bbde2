"""What a word is in any script: the one definition that texts, queries, marks and suggestions go by.

Letters and digits with the combining marks on them are a word, so that a vowel sign of Hindi or Thai does
not end one. Words are compared without what writers leave out or write in several ways: the points of
Arabic and Hebrew, Arabic's stretching and its forms of alef, marks that no letter takes in. Scripts without
spaces, and Korean, whose words run together, are cut into runs of two or three characters (as Lucene's CJK
analyser does); Chinese is cut into words elsewhere.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

__all__ = [
    "CLUSTER", "CUT", "HEAP", "LATIN_WORD", "MARKS", "find_words", "fold", "folded_parts", "is_mark",
    "ordered", "rejoined", "split_words",
]  # fmt: skip


def is_mark(character: str) -> bool:
    """Whether a character stands on the one before it."""
    return unicodedata.category(character) in ("Mn", "Mc")


def ranges(codes: Sequence[int]) -> str:
    """Ascending codes as the inside of a character class."""
    found: list[list[int]] = []
    for code in codes:
        if found and code == found[-1][1] + 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return "".join(f"\\u{first:04x}-\\u{last:04x}" for first, last in found)


_BLOCKS = (range(0x300, 0x3100), range(0xA660, 0xAC00), range(0xFB1E, 0xFB1F), range(0xFE20, 0xFE30))
"""Where marks stand, of scripts in the basic plane; variation selectors are none."""
MARKS = ranges(
    [code for block in _BLOCKS for code in block if is_mark(chr(code)) and not 0x180B <= code <= 0x180F]
)
HEAP = re.compile(f"[{MARKS}]{{5,}}")
"""More combining marks on one letter than any script needs: drawn, not written."""
LATIN_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
"""A word of a text in ASCII; an apostrophe between letters belongs to it."""
_PART = rf"[^\W_]+(?:[{MARKS}]+[^\W_]*)*"
_WORD = re.compile(rf"{_PART}(?:['’]{_PART})?")

_POINTS = (
    *(range(0x300, 0x370), range(0x483, 0x488), range(0x1AB0, 0x1B00), range(0x1DC0, 0x1E00)),
    *(range(0x20D0, 0x2100), range(0xFE20, 0xFE30)),  # of no script: accents, and what is heaped on letters
    *(range(0x591, 0x5C8), range(0x610, 0x61B), range(0x64B, 0x660), range(0x6D6, 0x6EE)),
    *(range(0x640, 0x641), range(0x670, 0x671), range(0x8D3, 0x900)),  # of Hebrew and Arabic
)
_FORMS = {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ё": "е", "ß": "ss"}
"""Ways to write a letter, to one of them (Arabic as Lucene's ArabicNormalizer has them)."""
_FOLDED = {
    **{code: None for block in _POINTS for code in block if is_mark(chr(code)) or code == 0x640},
    **{ord(form): letter for form, letter in _FORMS.items()},
}

_HIRAGANA = "\u3041-\u3096\u309d-\u309f"
_SCRIPTS = (
    _HIRAGANA,
    "\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff",  # katakana
    "\u1100-\u11ff\u3131-\u318e\uac00-\ud7af",  # Korean
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff",  # Thai, Lao, Burmese, Khmer
)
CUT = re.compile(f"[{''.join(_SCRIPTS)}]")
"""Characters of scripts that are cut into runs."""
_RUN = re.compile("|".join(f"[{own}]+" for own in _SCRIPTS) + f"|[^{CUT.pattern[1:-1]}]+")
_KOREAN, _KANA = re.compile(f"[{_SCRIPTS[2]}]"), re.compile(f"[{_HIRAGANA}]")
_MARKED = re.compile(f"[{MARKS}]{{2,}}")
CLUSTER = re.compile(rf"[^{MARKS}][{MARKS}]*|[{MARKS}]+")
_PARTICLE = re.compile(
    "(?<=[\uac00-\ud7af]{2})(?:으로|에서|에게|까지|부터|을|를|은|는|이|가|의|에|도|와|과|로|만)$"
)


def find_words(text: str) -> Iterator[re.Match[str]]:
    """The words of a text, each where it stands."""
    return (LATIN_WORD if text.isascii() else _WORD).finditer(text)


def split_words(text: str) -> list[str]:
    """The words of a text."""
    return (LATIN_WORD if text.isascii() else _WORD).findall(text)


def folded_parts(word: str, parts: bool = False) -> list[str]:
    """A word in lower case as it is compared, in the runs that it is cut into; see `grams`."""
    folded = fold(word)
    return grams(folded, parts) if CUT.search(folded) else [folded]


def fold(word: str) -> str:
    """A word in lower case as it is compared."""
    return word if word.isascii() else word.translate(_FOLDED)


def ordered(text: str) -> str:
    """A text whose marks stand in one order on each letter, as Thai's do not when they are typed."""
    return _MARKED.sub(lambda marks: "".join(sorted(marks.group())), text)


def grams(word: str, parts: bool = False) -> list[str]:
    """A word of scripts that are cut: its runs of characters, and what stands between as it is.

    Runs are of two characters in Korean, where most words have two syllables, of three elsewhere; what is
    shorter is one. Of the syllables that Japanese sets between other words none alone counts.

    Args:
        parts: also the pairs in runs of three, so that shorter words are found in what they are part of.
    """
    found: list[str] = []
    for run in _RUN.findall(word):
        if not CUT.match(run):
            found.append(run)
            continue
        clusters = CLUSTER.findall(ordered(_PARTICLE.sub("", run)))
        size = 2 if _KOREAN.match(run) else 3
        if len(clusters) == 1 and len(run) < len(word) and _KANA.match(run):
            continue
        sizes = [n for n in (2, size) if n <= len(clusters)] if parts else [min(size, len(clusters))]
        for n in sorted(set(sizes)) or [1]:
            found += ["".join(clusters[place : place + n]) for place in range(len(clusters) - n + 1)]
    return found


def rejoined(words: Sequence[str]) -> tuple[str, ...]:
    """Words as they are shown: runs that follow one another as what they were cut from."""
    found: list[str] = []
    last: list[str] = []
    for word in words:
        clusters = CLUSTER.findall(word) if CUT.match(word) else []
        if len(clusters) > 1 and clusters[:-1] == last[1 - len(clusters) :]:
            found[-1] += clusters[-1]
        else:
            found.append(word)
        last = clusters
    return tuple(found)
