"""Why a listing is shown, in a sentence that a shop's employee understands: English and Chinese."""

from collections.abc import Sequence

__all__ = [
    "CALLED", "COLUMNS", "HEADS", "KINDS", "MEDIA", "Why", "category_why", "duplicate_why", "media_why",
    "missing_why", "price_text", "price_why", "text_why",
]  # fmt: skip

CALLED = {
    "category": ("Wrong category", "类目不符"),
    "text": ("Words of another product", "文字不符"),
    "photo": ("Photo of another product", "图片不符"),
    "sound": ("Sound of another product", "声音不符"),
    "price": ("Price out of line", "价格异常"),
    "duplicate": ("Listed twice", "重复上架"),
    "attribute": ("Missing attribute", "缺少属性"),
}
"""Kinds of findings, as people call them."""
KINDS = tuple(CALLED)
HEADS = {
    "product_id": ("Product", "商品"),
    "kind": ("What", "问题"),
    "stands": ("What stands there", "现有内容"),
}
"""How the page heads the columns that a review goes by."""
COLUMNS = ("product_id", "kind", "sure", "stands", "fits", "other_id", "why", "why_zh")
"""Of the table of findings."""

Why = tuple[str, str]
"""A sentence in English, and the same in Chinese."""

PARTS = {"text": ("the words", "文字"), "image": ("the photo", "图片"), "audio": ("the sound", "声音")}
MEDIA = {"photo": ("photo", "图片"), "sound": ("sound", "声音")}


def _parts(views: Sequence[str]) -> Why:
    *first, last = (PARTS[name] for name in views)
    english = [one[0] for one in first]
    chinese = [one[1] for one in first]
    return (
        f"{', '.join(english)} and {last[0]}" if english else last[0],
        f"{'、'.join(chinese)}和{last[1]}" if chinese else last[1],
    )


def category_why(stands: str, fits: str, speaking: Sequence[str]) -> Why:
    """A category that does not fit; `speaking` are the views that prefer the other."""
    english, chinese = _parts(speaking) if speaking else ("everything taken together", "综合全部信息")
    verb = "fit" if len(speaking) > 1 or speaking == ["text"] else "fits"
    return (
        f"The category says “{stands}”, but {english} {verb} “{fits}” better.",
        f"类目为“{stands}”，但{chinese}更符合“{fits}”。",
    )


def text_why(stands: str, fits: str, agreeing: Sequence[str]) -> Why:
    """Words of another product: photo or sound agree with the category, the words do not."""
    english, chinese = _parts(agreeing)
    return (
        f"The words read like “{fits}”, while the category “{stands}” and {english} agree with each other.",
        f"文字像“{fits}”，而类目“{stands}”与{chinese}一致。",
    )


def media_why(kind: str, looks: str, says: str) -> Why:
    """A photo or sound of another product; `looks` is "" where it is not that of another category."""
    english, chinese = MEDIA[kind]
    if looks:
        return (
            f"The {english} is like those of “{looks}”; the words and the category say “{says}”.",
            f"{chinese}像“{looks}”的商品，而文字和类目是“{says}”。",
        )
    return (
        f"The {english} is unlike those that go with such words; it may belong to another product.",
        f"{chinese}与这类文字通常的{chinese}不同，可能属于别的商品。",
    )


def price_text(price: float, currency: str) -> str:
    """A price as findings write it."""
    return f"{price:,.2f} {currency or ''}".strip()


def price_why(stands: str, about: str, low: str, high: str, factor: float) -> Why:
    """A price that is not what comparable products cost."""
    times = f"about {factor:,.0f} times" if factor >= 1 else f"about 1/{1 / factor:,.0f} of"
    chinese = f"约为其{factor:,.0f}倍" if factor >= 1 else f"约为其1/{1 / factor:,.0f}"
    return (
        f"The price is {stands}, {times} what comparable products cost ({about}; mostly {low} to {high}). "
        "Has the decimal point slipped?",
        f"价格为{stands}，{chinese}：同类商品约{about}（多在{low}至{high}之间）。小数点是否写错？",
    )


def duplicate_why(other: str, same_photo: bool) -> Why:
    """Two listings of one thing."""
    if same_photo:
        return (
            f"Words and photo are nearly those of {other}; it seems to be listed twice.",
            f"文字和图片与{other}几乎相同，可能重复上架。",
        )
    return (
        f"The words are nearly those of {other}; it may be listed twice.",
        f"文字与{other}几乎相同，可能重复上架。",
    )


def missing_why(name: str, having: int, neighbours: int, value: str) -> Why:
    """An attribute that the nearest products have."""
    english = f"; most say “{value}”" if value else ""
    chinese = f"，多为“{value}”" if value else ""
    return (
        f"“{name}” is missing; {having} of the {neighbours} nearest products have it{english}.",
        f"缺少“{name}”；最相近的{neighbours}件商品中有{having}件填写{chinese}。",
    )
