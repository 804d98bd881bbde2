"""The frozen split: each product is assigned once, with all its near-duplicates, and never moves."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import pandas as pd

from catalog.empty_sides import classes_at, why_empty
from catalog.links import DroppedLink, Links, link_products
from shelfspace.hashing import content_hash
from shelfspace.settings import Settings

__all__ = ["SIDES", "Split", "assign_splits", "divide"]

SIDES = ("test", "validation", "train")
"""In the order that decides a tie: a product that could stand on two sides is kept out of training."""

LEAST = {"train": 2, "validation": 1, "test": 1}
"""Products that a side needs: from one alone nothing is learned."""

LESS_SURE = ((), ("number",), ("number", "template"), ("number", "template", "photo"))
"""Kinds of link that a first split goes without, one more at a time, where a side would stay empty."""


@dataclass(frozen=True)
class Split:
    """A split, and how it came about.

    Attributes:
        table: columns product_id, group (its smallest product id), split; sorted by product_id.
        dropped: links that joined too many and link nothing.
        largest: products of the largest group, and what links it, in words.
        leaks: where linked products stand on two sides because the shop's own split says so.
        empty: why a side has no products, and what to do; "" where every side has some.
    """

    table: pd.DataFrame
    dropped: list[DroppedLink] = field(default_factory=list)
    largest: tuple[int, str] = (0, "")
    leaks: list[str] = field(default_factory=list)
    empty: str = ""


def assign_splits(
    products: pd.DataFrame,
    photo_digests: Mapping[str, str],
    settings: Settings,
    previous: pd.DataFrame | None = None,
    label_level: int = 1,
) -> pd.DataFrame:
    """The table of `divide`."""
    return divide(products, photo_digests, settings, previous, label_level).table


def divide(
    products: pd.DataFrame,
    photo_digests: Mapping[str, str],
    settings: Settings,
    previous: pd.DataFrame | None = None,
    label_level: int = 1,
    given: Mapping[str, str] | None = None,
) -> Split:
    """Train, validation or test for every product.

    Products share a group when they are linked (`catalog.links`). A group's side follows from the hash
    of its smallest id and the seed; where a class would have no training product, one of its groups goes
    to training, and where a side would have less than half of its share, groups go there. A product
    that has a side keeps it, also while it is out of the catalogue. A new product joins the side that
    most of its group is on.

    A new product may link groups that stand on different sides. They stay where they are, since
    moving one would let a holdout product into training; their parts are then groups of their own,
    named "<group> (<side>)".

    Args:
        products: clean products.
        photo_digests: media key to digest of the pixels or the file.
        previous: the table an earlier call gave; products that are gone are kept at their side.
        label_level: category nodes that make a class; 0 for none.
        given: product to side by the shop's own split, for products without a side so far. One without
            validation rows gives up a part of its training rows to them. Linked products may then stand
            on two sides: that is said, and nothing is moved.
    """
    ids, labels = products["product_id"].tolist(), classes_at(products["category"], label_level)
    for without in LESS_SURE:
        links = link_products(
            products,
            photo_digests,
            labels,
            by_brand=settings.preprocessing.group_by_brand,
            without=without,
        )
        own = _with_validation(given or {}, dict(zip(ids, links.groups, strict=True)), settings)
        table = _table(products, links, labels, settings, previous, own)
        empty = _empty(table, products)
        if not empty or previous is not None:
            break
    needless = () if empty else without
    dropped = links.dropped + [
        DroppedLink(kind, "a side would have no products otherwise", len(products)) for kind in needless
    ]
    why = why_empty(products, links, label_level) if empty else ""
    if empty and 2 * sum(one in own for one in ids) > len(ids):
        why = f"the shop's own split names none for {' and '.join(empty)}; name some there"
    return Split(table, dropped, links.largest, _leaks(ids, links, own), why)


def draw(name: str, settings: Settings) -> float:
    """A uniform draw from 0 to 1 by the hash of a name and the seed."""
    return int(content_hash(str(settings.seed), name)[:12], 16) / 16**12


def side(group: str, settings: Settings) -> str:
    """The side of a group by its draw."""
    drawn = draw(group, settings)
    if drawn < settings.preprocessing.test_share:
        return "test"
    if drawn < settings.preprocessing.test_share + settings.preprocessing.validation_share:
        return "validation"
    return "train"


def _table(
    products: pd.DataFrame,
    links: Links,
    labels: Sequence[str],
    settings: Settings,
    previous: pd.DataFrame | None,
    given: Mapping[str, str],
) -> pd.DataFrame:
    """Every group on a side, what stood on one before where it stood."""
    ids, groups = products["product_id"].tolist(), links.groups
    kept = dict(given)
    if previous is not None:
        kept |= dict(zip(previous["product_id"], previous["split"], strict=True))
    members: dict[str, list[str]] = defaultdict(list)
    of_label: dict[str, set[str]] = defaultdict(set)
    for one, group, label in zip(ids, groups, labels, strict=True):
        members[group].append(one)
        if label:
            of_label[label].add(group)
    sides = {group: _side_of(group, found, kept, settings) for group, found in members.items()}
    new = {group for group, found in members.items() if not any(one in kept for one in found)}
    _teach_every_class(sides, new, of_label, settings.seed)
    _fill_every_side(sides, new, of_label, {group: len(m) for group, m in members.items()}, settings)
    table = pd.DataFrame(
        {
            "product_id": ids,
            "group": groups,
            "split": [kept.get(one, sides[group]) for one, group in zip(ids, groups, strict=True)],
        },
        dtype=object,
    )
    if previous is not None:
        gone = previous[~previous["product_id"].isin(table["product_id"])]
        table = pd.concat([table, gone[table.columns]], ignore_index=True) if len(gone) else table
    spread = table.groupby("group")["split"].transform("nunique") > 1
    table["group"] = table["group"].mask(spread, table["group"] + " (" + table["split"] + ")")
    return table.sort_values("product_id", kind="stable").reset_index(drop=True)


def _with_validation(
    given: Mapping[str, str], group: Mapping[str, str], settings: Settings
) -> dict[str, str]:
    """The shop's own split with validation rows, groups drawn among its training rows where it has none."""
    if "validation" in given.values():
        return dict(given)
    share = settings.preprocessing.validation_share
    drawn = {
        one
        for one, name in given.items()
        if name == "train" and draw(f"validation {group.get(one, one)}", settings) < share
    }
    return {one: "validation" if one in drawn else name for one, name in given.items()}


def _leaks(ids: Sequence[str], links: Links, given: Mapping[str, str]) -> list[str]:
    """A sentence for each pair of sides of the shop's own split that linked products stand on."""
    of_group: dict[str, dict[str, str]] = defaultdict(dict)
    for one, group in zip(ids, links.groups, strict=True):
        if one in given:
            of_group[group].setdefault(given[one], one)
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for group, sides in sorted(of_group.items()):
        if len(sides) > 1:
            found[tuple(sorted(sides))].append(f"{' and '.join(sides.values())}, by {links.linked_by(group)}")
    return [
        f"{len(groups):,} groups of linked products stand on {' and '.join(sides)} in the shop's own split "
        f"({groups[0]}): a model may know their answers, so figures flatter it"
        for sides, groups in found.items()
    ]


def _side_of(group: str, members: Sequence[str], kept: Mapping[str, str], settings: Settings) -> str:
    """Where most of the members stand that have a side; a draw when none has."""
    counts = Counter(kept[one] for one in members if one in kept)
    if not counts:
        return side(group, settings)
    return max(SIDES, key=lambda name: (counts[name], -SIDES.index(name)))


def _teach_every_class(
    sides: dict[str, str], new: set[str], of_label: Mapping[str, set[str]], seed: int
) -> None:
    """Move one group of a class without training products to training, if one of them is new."""
    for _, found in sorted(of_label.items()):
        free = found & new
        if free and not any(sides[group] == "train" for group in found):
            sides[min(free, key=lambda group: content_hash(str(seed), "train", group))] = "train"


def _fill_every_side(
    sides: dict[str, str],
    new: set[str],
    of_label: Mapping[str, set[str]],
    sizes: Mapping[str, int],
    settings: Settings,
) -> None:
    """Give a side that drew less than half of its share new groups of the others; a class keeps one to
    learn from."""
    shares = {
        "test": settings.preprocessing.test_share,
        "validation": settings.preprocessing.validation_share,
    }
    shares["train"] = 1 - sum(shares.values())
    least = {
        name: max(LEAST[name], int(share * sum(sizes.values()) / 2))
        for name, share in shares.items()
        if share > 0
    }
    count = Counter({name: sum(sizes[g] for g in sides if sides[g] == name) for name in SIDES})
    taught = {label: sum(sides[g] == "train" for g in found) for label, found in of_label.items()}
    classes: dict[str, list[str]] = defaultdict(list)
    for label, found in of_label.items():
        for group in found:
            classes[group].append(label)
    for name, large in product(reversed(SIDES), (False, True)):
        drawn = sorted(new, key=lambda group: content_hash(str(settings.seed), name, group))
        for group in sorted(drawn, key=lambda group: sizes[group]) if large else drawn:
            missing, other = least.get(name, 0) - count[name], sides[group]
            if missing <= 0 or (large and count[name]):
                break
            # A group much larger than what is missing goes there only where the side would have nothing.
            if other == name or (not large and sizes[group] > 2 * missing):
                continue
            if count[other] - sizes[group] < (LEAST[other] if large else least.get(other, 0)):
                continue
            if other == "train" and any(taught[label] < 2 for label in classes[group]):
                continue
            sides[group] = name
            count[other] -= sizes[group]
            count[name] += sizes[group]
            for label in classes[group]:
                taught[label] += (name == "train") - (other == "train")


def _empty(table: pd.DataFrame, products: pd.DataFrame) -> list[str]:
    """Sides on which too few products of the catalogue stand."""
    there = table.loc[table["product_id"].isin(products["product_id"]), "split"].value_counts()
    return [name for name in SIDES if there.get(name, 0) < LEAST[name]]
