"""The frozen split: each product is assigned once, with all its near-duplicates, and never moves."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from catalog.near_duplicates import near_duplicate_pairs
from shelfspace.files import read_table, write_table
from shelfspace.hashing import content_hash
from shelfspace.settings import Settings

__all__ = ["assign_splits", "keep_splits"]

SIDES = ("test", "validation", "train")
"""In the order that decides a tie: a product that could stand on two sides is kept out of training."""


def assign_splits(
    products: pd.DataFrame,
    photo_digests: Mapping[str, str],
    settings: Settings,
    previous: pd.DataFrame | None = None,
    label_level: int = 1,
) -> pd.DataFrame:
    """Train, validation or test for every product.

    Products share a group when they share a variant group, a text template, a photo (equal digests),
    or, with `preprocessing.group_by_brand`, a brand. A group's side follows from the hash of its
    smallest id and the seed; where a class would have no training product, one of its groups goes to
    training. A product that has a side keeps it, also while it is out of the catalogue. A new product
    joins the side that most of its group is on.

    A new product may link groups that stand on different sides. They stay where they are, since
    moving one would let a holdout product into training; their parts are then groups of their own,
    named "<group> (<side>)".

    Args:
        products: clean products.
        photo_digests: media key to digest of the pixels or the file.
        previous: what an earlier call gave.
        label_level: category nodes that make a class; 0 for none.

    Returns:
        columns product_id, group (its smallest product id), split; sorted by product_id. Products of
        `previous` that are gone are kept at their side.
    """
    ids = products["product_id"].tolist()
    groups = _groups(products, photo_digests, settings.preprocessing.group_by_brand)
    kept = {} if previous is None else dict(zip(previous["product_id"], previous["split"], strict=True))
    members: dict[str, list[str]] = {}
    for product, group in zip(ids, groups, strict=True):
        members.setdefault(group, []).append(product)
    sides = {group: _side_of(group, found, kept, settings) for group, found in members.items()}
    settled = {group for group, found in members.items() if any(product in kept for product in found)}
    if label_level:
        labels = [" > ".join(cell.split(" > ")[:label_level]) for cell in products["category"]]
        _teach_every_class(sides, settled, groups, labels, settings.seed)
    table = pd.DataFrame(
        {
            "product_id": ids,
            "group": groups,
            "split": [kept.get(product, sides[group]) for product, group in zip(ids, groups, strict=True)],
        },
        dtype=object,
    )
    if previous is not None:
        gone = previous[~previous["product_id"].isin(table["product_id"])]
        table = pd.concat([table, gone[table.columns]], ignore_index=True) if len(gone) else table
    spread = table.groupby("group")["split"].transform("nunique") > 1
    table["group"] = table["group"].mask(spread, table["group"] + " (" + table["split"] + ")")
    return table.sort_values("product_id", kind="stable").reset_index(drop=True)


def keep_splits(
    frozen: Path,
    products: pd.DataFrame,
    photo_digests: Mapping[str, str],
    settings: Settings,
    label_level: int,
) -> tuple[pd.DataFrame, int]:
    """`assign_splits` after what a file remembers, which then remembers the new products too.

    Returns:
        the table, and how many of the products kept the side that they had.
    """
    previous = read_table(frozen) if frozen.exists() else None
    table = assign_splits(products, photo_digests, settings, previous, label_level)
    write_table(frozen, table)
    kept = 0 if previous is None else int(products["product_id"].isin(previous["product_id"]).sum())
    return table, kept


def side(group: str, settings: Settings) -> str:
    """The side of a group: a uniform draw from the hash of its name and the seed."""
    draw = int(content_hash(str(settings.seed), group)[:12], 16) / 16**12
    if draw < settings.preprocessing.test_share:
        return "test"
    if draw < settings.preprocessing.test_share + settings.preprocessing.validation_share:
        return "validation"
    return "train"


def _side_of(group: str, members: Sequence[str], kept: Mapping[str, str], settings: Settings) -> str:
    """Where most of the members stand that have a side; a draw when none has."""
    counts = Counter(kept[product] for product in members if product in kept)
    if not counts:
        return side(group, settings)
    return max(SIDES, key=lambda name: (counts[name], -SIDES.index(name)))


def _teach_every_class(
    sides: dict[str, str], settled: set[str], groups: Sequence[str], labels: Sequence[str], seed: int
) -> None:
    """Move one group of a class without training products to training, if one of them is new."""
    of_label: dict[str, set[str]] = {}
    for group, label in zip(groups, labels, strict=True):
        if label:
            of_label.setdefault(label, set()).add(group)
    for _, found in sorted(of_label.items()):
        free = found - settled
        if free and not any(sides[group] == "train" for group in found):
            sides[min(free, key=lambda group: content_hash(str(seed), "train", group))] = "train"


def _groups(products: pd.DataFrame, photo_digests: Mapping[str, str], by_brand: bool) -> list[str]:
    """The group of each product, as the smallest id in it (union-find)."""
    ids = products["product_id"].tolist()
    parent = list(range(len(ids)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    def join(a: int, b: int) -> None:
        low, high = sorted((root(a), root(b)))
        parent[high] = low

    first: dict[tuple[str, str], int] = {}
    for position, link in _links(products, photo_digests, by_brand):
        join(first.setdefault(link, position), position)
    # In the order of ids, so that rows in another order give the same groups.
    order = sorted(range(len(ids)), key=ids.__getitem__)
    texts = [f"{a} {b}" for a, b in zip(products["title"], products["description"], strict=True)]
    for a, b in near_duplicate_pairs([texts[i] for i in order]):
        join(order[a], order[b])
    smallest: dict[int, str] = {}
    for i in order:
        smallest.setdefault(root(i), ids[i])
    return [smallest[root(i)] for i in range(len(ids))]


def _links(
    products: pd.DataFrame, photo_digests: Mapping[str, str], by_brand: bool
) -> Iterator[tuple[int, tuple[str, str]]]:
    """(position, (kind, value)): positions with an equal kind and value belong together."""
    columns = (products[name].tolist() for name in ("group_id", "brand", "photos"))
    for position, (variant, brand, photos) in enumerate(zip(*columns, strict=True)):
        if variant:
            yield position, ("variant", variant)
        if by_brand and brand:
            yield position, ("brand", " ".join(brand.casefold().split()))
        for key in photos:
            if key in photo_digests:
                yield position, ("photo", photo_digests[key])
