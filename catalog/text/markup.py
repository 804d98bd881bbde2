"""Text as people read it: without HTML, entities read, whatever number of times they were escaped.

What only looks like markup stays: "<3", "a < b & c", "x<y and z>w", "pen&notebook". A tag is one that HTML
knows, one of another vocabulary by its colon or dash, a comment or a declaration; an entity ends in ";".
"""

import html
import re
import unicodedata
from html.entities import html5

from catalog.text.letters import HEAP

__all__ = ["shown_lines", "shown_text", "unmarked"]

TIMES = 5
"""How often a text may have been escaped."""
_WORDS = (
    r"abbr|acronym|address|applet|area|article|aside|audio|base|basefont|bdi|bdo|big|blink|blockquote|"
    r"body|br|button|canvas|caption|center|cite|code|col|colgroup|data|datalist|dd|del|details|dfn|dialog|"
    r"dir|div|dl|dt|em|embed|fieldset|figcaption|figure|font|footer|form|frame|frameset|h[1-6]|head|"
    r"header|hgroup|hr|html|iframe|img|input|ins|kbd|label|legend|li|link|main|map|mark|marquee|menu|meta|"
    r"meter|nav|nobr|noframes|noscript|object|ol|optgroup|option|output|param|picture|pre|progress|rp|rt|"
    r"ruby|samp|script|section|select|small|source|span|strike|strong|style|sub|summary|sup|svg|table|"
    r"tbody|td|template|textarea|tfoot|th|thead|time|title|tr|track|tt|ul|var|video|wbr"
)
_LETTERS = "[abipqsu]"
_ATTRIBUTES = r"(?:\s[^<>]*)?"
# A letter, a space and words without "=" are no tag: "a <b and c> d".
_BARE = r"(?:\s*|\s[^<>=]*=[^<>]*)"
_TAG_TEXT = (
    rf"<(?:/(?:{_WORDS}|{_LETTERS})\s*|(?:{_WORDS}){_ATTRIBUTES}/?|(?:{_LETTERS}){_BARE}/?"
    rf"|/?[a-z][a-z0-9]*[:-][a-z0-9:-]*{_ATTRIBUTES}/?|[!?][^<>]*)>"
)
_TAG = re.compile(_TAG_TEXT, re.IGNORECASE)
_NO_TAG = re.compile(rf"<(?!(?<=<){_TAG_TEXT[1:]})", re.IGNORECASE)
# A block's tag ends a word: <td>a</td><td>b</td> must not become "ab".
_BLOCK = re.compile(r"(?i)</?(?:br|p|div|li|ul|ol|h[1-6]|hr|tr|td|th|table|dt|dd|dl|section|article)\b")
_ALSO_WORDS = {"cent", "copy", "divide", "micro", "para", "pound", "sect", "times", "COPY"}
_OPEN = "|".join(
    name for name in html5 if ";" not in name and (len(name) > 3 or name in ("amp", "lt", "gt"))
    and name not in _ALSO_WORDS
)  # fmt: skip
"""Entities that HTML reads without their ";" (an export may cut it off), but for those that are words."""
_ENTITY = re.compile(
    r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});" rf"|&(?:{_OPEN})(?![a-zA-Z0-9=;])"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")
_SPACE = re.compile(r"\s+")


def unmarked(raw: str) -> str:
    """A text without tags, contents of script and style elements, entities, and marks heaped on letters."""
    text = raw
    for _ in range(TIMES):
        before = text
        if "&" in text:
            text = _ENTITY.sub(_read, text)
        if "<" in text and _TAG.search(text):
            text = _without_tags(text)
        if text == before:
            break
    return text if text.isascii() else HEAP.sub("", text)


def shown_text(raw: str) -> str:
    """A title, a name, a value as it is shown: no HTML, no control characters, single spaces, NFC."""
    text = unmarked(raw)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return _SPACE.sub(" ", _CONTROL.sub(" ", text)).strip()


def shown_lines(raw: str) -> str:
    """A longer text as it is shown: as `shown_text`, its lines kept."""
    return "\n".join(filter(None, map(shown_text, unmarked(raw).splitlines())))


def _read(entity: re.Match[str]) -> str:
    text = entity.group()
    read = html.unescape(text if text.endswith(";") else f"{text};")
    return " " if read == "\ufffd" else read


def _without_tags(text: str) -> str:
    import nh3

    # All entities have been read: what is left is text, which the parser must not read as others.
    kept = _NO_TAG.sub("&lt;", text.replace("&", "&amp;"))
    marked = _BLOCK.sub(r" \g<0>", kept)
    return html.unescape(nh3.clean(marked, tags=set(), clean_content_tags={"script", "style"}))
