"""Label names in whatever script, drawn with the fonts that are there.

matplotlib ships fonts without Chinese. Where an installed font has the characters it is used;
where none has, a label is drawn by its number instead of as empty boxes, and the model card,
which is text, carries the names.
"""

from collections.abc import Sequence
from functools import cache

__all__ = ["drawable", "label_font"]

DEFAULT = "DejaVu Sans"
CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "SimHei",
    "Arial Unicode MS",
)
"""Families with Chinese characters, in order of preference."""


def label_font(texts: Sequence[str]) -> list[str]:
    """Font families to draw the texts with: the default, and a Chinese one behind it where needed."""
    needed = set("".join(texts)) - characters(DEFAULT)
    return [DEFAULT, *family_with(frozenset(needed))] if needed else [DEFAULT]


def drawable(texts: Sequence[str], order: Sequence[str]) -> list[str]:
    """The texts as they can be drawn.

    Args:
        texts: labels.
        order: all labels; one that no font can draw becomes `class <its place in here>`, from 1.
    """
    known = characters(DEFAULT)
    shown = []
    for text in texts:
        missing = frozenset(text) - known
        shown.append(text if not missing or family_with(missing) else f"class {list(order).index(text) + 1}")
    return shown


@cache
def family_with(needed: frozenset[str]) -> tuple[str, ...]:
    """The first installed Chinese family that has all characters, or nothing."""
    from matplotlib import font_manager

    installed = {entry.name for entry in font_manager.fontManager.ttflist}
    for family in CHINESE:
        if family in installed and needed <= characters(family):
            return (family,)
    return ()


@cache
def characters(family: str) -> frozenset[str]:
    """Characters a font family has glyphs for."""
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    path = font_manager.findfont(family)
    return frozenset(map(chr, FT2Font(path).get_charmap()))
