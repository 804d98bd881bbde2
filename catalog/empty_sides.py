"""Why a side of a split has no products, and what a shop can do about it."""

from collections import Counter, defaultdict
from collections.abc import Iterable

import pandas as pd

from catalog.links import Links

__all__ = ["classes_at", "why_empty"]

REMEDIES = {
    "brand": "set preprocessing.group_by_brand: false under params in catalog.yaml",
    "variant": "give one group_id to variants of one product alone, or leave its column out of catalog.yaml",
    **dict.fromkeys(
        ("words", "photo", "template", "number"), "give these products texts and photos of their own"
    ),
}
"""Kind of link to what can be done where it ties nearly all products together."""


def classes_at(categories: Iterable[str], level: int) -> list[str]:
    """The class of each product: the first `level` nodes of its category, "" for none."""
    return [" > ".join(cell.split(" > ")[:level]) for cell in categories]


def why_empty(products: pd.DataFrame, links: Links, level: int) -> str:
    """One sentence for a shop: what leaves no products for a side, and the remedy.

    Args:
        products: clean products.
        links: their groups.
        level: label_level of the catalogue.
    """
    count, groups = len(products), len(set(links.groups))
    if groups < 4:
        size, linked = links.largest
        tied = f", {size:,} of them linked by {linked}" if linked else ""
        group = Counter(links.groups).most_common(1)[0][0] if links.groups else ""
        kinds = links.kinds.get(group, Counter()).most_common(1)
        remedy = REMEDIES[kinds[0][0]] if kinds else "deliver at least 4 products that are unlike"
        return f"{count:,} products make {groups} groups{tied}, too few for three sides; {remedy}"
    of_class: dict[str, set[str]] = defaultdict(set)
    for label, group in zip(classes_at(products["category"], level), links.groups, strict=True):
        of_class[label].add(group)
    of_class.pop("", None)
    alone = sum(len(found) == 1 for found in of_class.values())
    if alone > len(of_class) / 2:
        coarser = {n: len(set(classes_at(products["category"], n))) for n in range(1, level)}
        fits = [n for n, classes in coarser.items() if classes <= count / 4]
        remedy = f"{fits[-1]} ({coarser[fits[-1]]:,} classes)" if fits else "0 (no classes)"
        return (
            f"label_level: {level} makes {len(of_class):,} classes of {count:,} products, and {alone:,} of "
            f"them have nothing but what has to train; set label_level: {remedy} in catalog.yaml"
        )
    return (
        f"{groups:,} groups of {count:,} products are too few for the shares; deliver more products, or "
        "raise preprocessing.test_share and validation_share under params in catalog.yaml"
    )
