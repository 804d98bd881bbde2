"""Which products are variants of one: by the shop's `group_id`, or titles alike but for colour and size.

A key that joins too many joins nothing: a title that all have, a photo that stands for a missing one.
"""

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence

import numpy as np

from catalog.text.colours import colour_words

__all__ = ["ALONE", "Keys", "grouped", "regrouped", "rows_by_key", "variant_keys"]

ALONE = -1
"""Group of a product without variants."""
MOST = 24
"""Products that one title or photo joins at most."""
SHARE = 0.5
"""Share of the products from which one group_id is a column filled alike."""
WORDS = 3
"""Words that are left of a title at least: fewer make no template. Chinese counts by characters."""
WORD = re.compile(r"[^\W_\u4e00-\u9fff]+|[\u4e00-\u9fff]+")
DIGIT = re.compile(r"\d")
UNITS = (
    "mm cm m km ml cl l g kg mg oz lb lbs in inch inches ft gb tb mb w v mah pc pcs pack packs piece pieces "
    "year years month months yard yards 克 千克 公斤 斤 厘米 毫米 毫升 升 寸 码 号 件 个 包 支 片 只"
)
UNIT = "|".join(sorted(UNITS.split(), key=len, reverse=True))
MEASURE = re.compile(
    rf"(?<![a-z0-9])\d+(?:[.,x×*/-]\d+)*[\s-]*(?:{UNIT})(?![a-z0-9])|(?<![a-z0-9])sizes?\s+\d+(?:[./]\d+)?(?![a-z0-9])"
)
"""A number with its unit, or a size. One alone, or with other letters, names another thing or model."""
SIZED = """
xxs xs s m l xl xxl xxxl small medium large extra size sizes colour color
single double queen king twin pack of set
"""
SIZES = frozenset(SIZED.split())
HAN_COLOUR = re.compile(
    "|".join(sorted(filter(lambda w: not w.isascii(), colour_words()), key=len, reverse=True))
)

Keys = tuple[Hashable, ...]


def variant_keys(title: str, brand: str = "", category: str = "", group: str = "", photo: str = "") -> Keys:
    """What a product shares with its variants.

    Args:
        group: the shop's own name for the product that this is a variant of.
        photo: key of its first.
    """
    if group:
        return (("group", group),)
    kind = (brand.casefold(), category)
    found: list[Hashable] = [("photo", photo, *kind)] if photo else []
    # Nothing but a title says too little: listings of many sellers are called alike.
    left = template(title) if any(kind) else ""
    if left:
        found.append(("title", left, *kind))
    return tuple(found)


def template(title: str) -> str:
    """A title without sizes, colours and numbers; "" where too little is left."""
    left: list[str] = []
    said = title.casefold()
    for word in WORD.findall(MEASURE.sub(" ", said) if DIGIT.search(said) else said):
        if not word.isascii():
            left += HAN_COLOUR.sub("", word)
        elif word not in SIZES and word not in colour_words():
            left.append(word)
    return " ".join(left) if len(left) >= WORDS else ""


def rows_by_key(keys: Iterable[Keys]) -> dict[Hashable, list[int]]:
    """Key to the rows that have it, ascending."""
    found: dict[Hashable, list[int]] = defaultdict(list)
    for row, own in enumerate(keys):
        for key in own:
            found[key].append(row)
    return dict(found)


def joins(key: Hashable, count: int, products: int) -> bool:
    """Whether a key that so many products have makes variants of them."""
    shop_s = isinstance(key, tuple) and key[0] == "group"
    return 1 < count <= (max(SHARE * products, 2) if shop_s else MOST)


def grouped(rows_of: Mapping[Hashable, Sequence[int]], products: int) -> np.ndarray:
    """(products,) int64 smallest row among each one's variants, itself included; ALONE without any.

    Args:
        rows_of: as `rows_by_key`.
    """
    group = np.arange(products)
    for key, rows in rows_of.items():
        if joins(key, len(rows), products):
            roots = {root_of(group, row) for row in rows}
            group[list(roots)] = min(roots)
    for row in np.flatnonzero(group != np.arange(products)).tolist():
        group[row] = root_of(group, row)
    alone = np.bincount(group, minlength=products)[group] == 1
    group[alone] = ALONE
    return group


def root_of(group: np.ndarray, row: int) -> int:
    """The smallest row that a row was joined with."""
    while group[row] != row:
        row = int(group[row])
    return row


def regrouped(
    base: np.ndarray | None,
    rows_of: Mapping[Hashable, Sequence[int]],
    put: Mapping[int, Keys],
    hidden: np.ndarray,
    products: int,
) -> np.ndarray | None:
    """The groups once products were put and deleted: what was put joins those that it shares a key with.

    Args:
        base, rows_of: of the products before, whose rows come first.
        put: position to its keys.
        hidden: ascending rows that are no more.

    Returns:
        (products,) as `grouped`; None where nothing has variants.
    """
    found = np.full(products, ALONE)
    if base is not None:
        found[: len(base)] = base
    found[hidden] = ALONE
    gone = frozenset(hidden.tolist())
    before: dict[Hashable, int] = {}
    for place, keys in put.items():
        for key in keys:
            others = [row for row in rows_of.get(key, ()) if row not in gone]
            if key in before:
                others.append(before[key])
            if joins(key, len(others) + 1, products):
                known = [found[other] for other in others if found[other] != ALONE]
                found[[*others, place]] = known[0] if known else others[0]
            before[key] = place
    return found if np.any(found != ALONE) else None
