"""What a query denies: "clock not red", "lamp without cable", "clock -red", 不要红色的闹钟.

Parts of patterns, which `retrieval.understanding.grammar` puts together. Only forms that seldom mean anything
else are here: 无线 is a word, and "no" before a noun often begins the name of a thing ("no drill blinds").
"""

import re

from catalog.text.colours import colour_words

__all__ = ["DENIAL", "DENYING", "FORMS", "denied_words", "is_colour"]

_COLOURS = sorted(colour_words(), key=len, reverse=True)
_LATIN = "|".join(re.escape(word) for word in _COLOURS if word.isascii())
_HAN = "|".join(f"{word}色?" for word in _COLOURS if not word.isascii())
_COLOUR = rf"(?:{_LATIN})(?![\w-])"
_NEVER = (
    r"(?!(?:only|just|yet|too|very|so|that|sure|necessarily|over|under|above|below|more|less|in stock|stock|"
    r"available|expensive|pricey|cheap\w*|sold|for|to|be|one|any|all)\b)"
)
"""Nothing that a listing could be left out for."""
_WORD = rf"{_NEVER}[^\W\d_][\w'’-]*"
_AND = r"\s*(?:,|/|\s(?:and|or|nor)(?:\s+not)?\s)\s*"
_SMALL = r"(?:(?:in|of|from|any|an?|the|some)\s+)*"
_BEFORE = (
    r"(?:(?:,\s*)?(?<![\w-])(?:but|and|just|(?:that|which)(?:\s+(?:is|are))?|is|are|(?:that|it)['’]s)\s+)?"
)
_DENIED = rf"{_SMALL}(?P<x>{_COLOUR}(?:{_AND}{_COLOUR})*|{_WORD})"
_END = r"(?=\s*(?:$|[,.;!?]))"
_FEW = rf"(?P<x>{_COLOUR}(?:{_AND}{_COLOUR})*|{_WORD}(?:\s+{_WORD}){{0,2}}?{_END}|{_WORD})"
_OUT = r"(?:without|except(?:\s+for)?|excluding|other\s+than)"
_VERB = r"(?<!do )(?<!does )(?<!did )(?<!will )(?<!can )(?<!me )(?<!or )(?<!why )(?<!if )(?<!am )"
_HAN_NOT = r"(?:(?<!要)不要|不想要|别要|除了|不含|不带)(?:带|有|是|任何)?"
_HAN_END = r"(?=的|以外|之外|$|[\s,，。、!！])"

FORMS = (
    rf"{_BEFORE}(?<![\w-]){_VERB}(?P<core>(?:not|(?:isn|aren)['’]?t)\s+{_DENIED})(?!\w)(?:\s+ones?(?!\w))?",
    rf"{_BEFORE}(?<![\w-])(?P<core>{_OUT}\s+{_SMALL}{_FEW})(?!\w)",
    rf"{_BEFORE}(?<![\w-])(?P<core>no\s+(?P<x>{_COLOUR}(?:{_AND}{_COLOUR})*))(?!\w)",
    rf"(?<=\w)[\s,]+(?P<core>no\s+(?P<x>{_WORD})){_END}",
    rf"(?:^|(?<=[\w)][\w)])\s+)(?P<core>-(?P<x>{_WORD}))(?!\S)",
    rf"(?:我|但|可)?(?P<core>(?:{_HAN_NOT}|不是|(?<![\u4e00-\u9fff])非)(?P<x>(?:{_HAN})(?:[和或、及](?:{_HAN}))*))(?:以外|之外)?的?",
    rf"(?:我|但|可)?(?P<core>{_HAN_NOT}(?P<x>(?![太那很])(?:[\u4e00-\u9fff]{{1,4}}?{_HAN_END}|[a-z]+)))(?:以外|之外)?的?",
)
"""Patterns with `core`, the words that deny, and `x`, what they deny; for IGNORECASE."""
DENYING = r"\bnot?\b|(?:isn|aren)['’]?t\b|without|except|exclud|other\s+than|(?:^|\s)-[^\W\d_]|"
DENYING += "不[要想是含带]|别要|除了|非"
"""What each of them has, in lower case."""
DENIAL = re.compile(DENYING)
_SPLIT = re.compile(rf"{_AND}|[和或、及]", re.IGNORECASE)


def denied_words(text: str) -> tuple[str, ...]:
    """What is denied, each on its own: of "red or blue" either, of "leather strap" both words together."""
    return tuple(_SPLIT.split(text))


def is_colour(text: str) -> bool:
    """Whether a text is the name of a colour."""
    return text.lower() in colour_words() or text.removesuffix("色") in colour_words()
