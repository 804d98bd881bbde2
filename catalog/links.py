"""What links products: those that are linked may know one another's answer, so they share a side.

A link that joins too many tells products no more apart than a stop word does: a photo that most have, a
text that all carry, titles that differ in a number alone. It is no link then, and it is reported.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from catalog.near_duplicates import shingles, similar_pairs

__all__ = ["KINDS", "DroppedLink", "Links", "link_products", "too_many"]

KINDS = {
    "brand": "the same brand",
    "variant": "the same group_id",
    "words": "the same words",
    "photo": "the same photo",
    "template": "one template of texts",
    "number": "texts that differ in a number alone",
}
"""Kinds of link in words, the surest first. Brands link where the settings ask for it."""

SHARE = 0.1
"""Share of the catalogue that a link may join."""
OF_CLASS = 0.8
"""Share of a class that a link may join: beyond it hardly any of the class is left to judge by."""
ALWAYS = 8
"""Products that a link may always join, and a quarter of a smaller catalogue."""
VARIANTS = 0.5
"""Share of the catalogue from which one group_id is no product with variants but a column filled alike."""
ROUNDS = 3
"""How often texts are compared again without what most of a group have in common."""


@dataclass(frozen=True)
class DroppedLink:
    """A link that joined too many: its kind, what it was, and how many products have it."""

    kind: str
    what: str
    products: int

    @property
    def sentence(self) -> str:
        """What is said of it."""
        name = {"boilerplate": "words that most of these products carry"}.get(self.kind) or KINDS[self.kind]
        return f"{self.products:,} products share {name} ({self.what}): no link between products"


@dataclass
class Links:
    """Groups of products, and how they came about.

    Attributes:
        groups: the smallest product id of each product's group, in the order of the products.
        kinds: group to the kinds of link in it, with how many each joined.
        dropped: what joined too many.
    """

    groups: list[str]
    kinds: dict[str, Counter[str]] = field(default_factory=dict)
    dropped: list[DroppedLink] = field(default_factory=list)

    @property
    def largest(self) -> tuple[int, str]:
        """Products of the largest group, and what links them, in words."""
        if not self.groups:
            return 0, ""
        group, size = Counter(self.groups).most_common(1)[0]
        return size, self.linked_by(group)

    def linked_by(self, group: str) -> str:
        """What links the products of a group, in words."""
        return ", ".join(KINDS[kind] for kind, _ in self.kinds.get(group, Counter()).most_common())


def too_many(members: Sequence[int], products: int, labels: Sequence[str], sizes: Mapping[str, int]) -> bool:
    """Whether a link joins too many of the catalogue, or nearly all of a class.

    Args:
        members: positions of the products it joins.
        products: of the catalogue.
        labels: class of each product; "" for none.
        sizes: class to its products.
    """
    if len(members) <= max(2, min(ALWAYS, products // 4)):
        return False
    if len(members) > SHARE * products:
        return True
    found = Counter(labels[i] for i in members if labels[i])
    return any(count > max(ALWAYS, OF_CLASS * sizes[label]) for label, count in found.items())


class Joined:
    """Union-find over positions; a join that would make too large a group is not made.

    Attributes:
        kinds: root to the kinds of the links in its group.
    """

    def __init__(self, count: int, largest: float) -> None:
        self.largest = largest
        self._parent, self._size = list(range(count)), [1] * count
        self.kinds: dict[int, Counter[str]] = defaultdict(Counter)

    def root(self, i: int) -> int:
        """The smallest position of a group."""
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def join(self, a: int, b: int, kind: str, bounded: bool = True) -> None:
        """Make one group of two."""
        low, high = sorted((self.root(a), self.root(b)))
        if low == high or (bounded and self._size[low] + self._size[high] > self.largest):
            return
        self._parent[high] = low
        self._size[low] += self._size[high]
        self.kinds[low][kind] += 1
        self.kinds[low] += self.kinds.pop(high, Counter())

    def all(self, members: Sequence[int], kind: str, bounded: bool = True) -> None:
        """Join all members."""
        for other in members[1:]:
            self.join(members[0], other, kind, bounded)


def link_products(
    products: pd.DataFrame,
    photo_digests: Mapping[str, str],
    labels: Sequence[str],
    *,
    by_brand: bool = False,
    without: Iterable[str] = (),
) -> Links:
    """Group products by what they share.

    A group made of sound links can still be a chain; it grows no larger than what one link may join.
    What the shop says itself is taken at its word: brands where asked for, and a group_id that at
    most half of the catalogue has.

    Args:
        products: clean products.
        photo_digests: media key to digest of the pixels or the file.
        labels: class of each product, "" for none.
        by_brand: products of one brand are linked.
        without: kinds that link nothing.
    """
    # In the order of ids, so that rows in another order give the same groups.
    ids = products["product_id"].tolist()
    order = sorted(range(len(ids)), key=ids.__getitem__)
    table = products.iloc[order]
    classes, left_out = [labels[i] for i in order], frozenset(without)
    sizes = Counter(classes)
    joined = Joined(len(ids), max(SHARE * len(ids), 2, min(ALWAYS, len(ids) // 4)))
    dropped: list[DroppedLink] = []
    for kind, found in shared(table, photo_digests, by_brand).items():
        sure = kind in ("brand", "variant")
        for what, members in found.values():
            if len(members) < 2 or kind in left_out:
                continue
            if kind == "variant":
                much = len(members) > max(VARIANTS * len(ids), 2)
            else:
                much = not sure and too_many(members, len(ids), classes, sizes)
            if much:
                dropped.append(DroppedLink(kind, what, len(members)))
            else:
                joined.all(members, kind, bounded=not sure)
    texts = list(zip(table["title"], table["description"], strict=True))
    alike, no_links = alike_texts(texts, classes, sizes)
    dropped += [link for link in no_links if link.kind not in left_out]
    for kind, a, b in alike:
        if kind not in left_out:
            joined.join(a, b, kind)
    roots = [joined.root(i) for i in range(len(ids))]
    groups = [""] * len(ids)
    for i, position in enumerate(order):
        groups[position] = ids[order[roots[i]]]
    kinds = {ids[order[root]]: joined.kinds[root] for root in roots if joined.kinds[root]}
    return Links(groups, kinds, sorted(dropped, key=lambda link: (-link.products, link.kind, link.what)))


def shared(
    table: pd.DataFrame, photo_digests: Mapping[str, str], by_brand: bool
) -> dict[str, dict[Hashable, tuple[str, list[int]]]]:
    """Kind to shared value to (what it is called, positions that have it)."""
    found: dict[str, dict[Hashable, tuple[str, list[int]]]] = {
        kind: {} for kind in ("brand", "variant", "words", "photo")
    }

    def note(kind: str, value: Hashable, what: str, position: int) -> None:
        members = found[kind].setdefault(value, (what, []))[1]
        if not members or members[-1] != position:
            members.append(position)

    columns = (table[name].tolist() for name in ("group_id", "brand", "title", "description", "photos"))
    for position, (variant, brand, title, text, photos) in enumerate(zip(*columns, strict=True)):
        if variant:
            note("variant", variant, str(variant), position)
        if by_brand and brand:
            note("brand", " ".join(brand.casefold().split()), brand, position)
        words = f"{title} {text}".casefold().split()
        if words:
            note("words", " ".join(words), shortened(f"{title} {text}"), position)
        for key in photos:
            if key in photo_digests:
                note("photo", photo_digests[key], key, position)
    return found


def alike_texts(
    texts: Sequence[tuple[str, str]], labels: Sequence[str], sizes: Mapping[str, int]
) -> tuple[list[tuple[str, int, int]], list[DroppedLink]]:
    """Pairs of near-duplicate texts with the kind of their link, and what joined too many.

    A group that is too large is compared again without the runs of words that most of it have, as
    stop words are left out: what remains is the title, or what sets a description apart.
    """
    whole = [shingles(f"{title} {text}") for title, text in texts]
    # Where a description is left out, runs across its border with the title would tell titles apart.
    apart = [shingles(title) | shingles(text) for title, text in texts]
    pairs, dropped = [], []
    waiting = [(0, list(range(len(texts))), frozenset[int]())]
    while waiting:
        turn, members, common = waiting.pop()
        compared = [apart[i] - common if turn else whole[i] for i in members]
        groups, together = Joined(len(members), len(members)), defaultdict(list)
        found = list(similar_pairs(compared))
        for a, b in found:
            groups.join(a, b, "")
        for i in range(len(members)):
            together[groups.root(i)].append(members[i])
        large = {root: m for root, m in together.items() if too_many(m, len(texts), labels, sizes)}
        for a, b in found:
            if groups.root(a) not in large:
                i, j = members[a], members[b]
                pairs.append(("number" if whole[i] == whole[j] else "template", i, j))
        for _, group in sorted(large.items()):
            counted = Counter(run for i in group for run in apart[i])
            most = frozenset(run for run, count in counted.items() if count > len(group) / 2)
            shown = shortened(" ".join(texts[group[0]]))
            alike = len({whole[i] for i in group}) == 1
            if turn < ROUNDS and not alike and not most <= common:
                if not turn:
                    dropped.append(DroppedLink("boilerplate", f"for example: {shown}", len(group)))
                waiting.append((turn + 1, group, common | most))
            else:
                dropped.append(DroppedLink("number" if alike else "template", shown, len(group)))
    return pairs, dropped


def shortened(text: str, width: int = 60) -> str:
    """A text on one line, cut to a width."""
    said = " ".join(text.split())
    return said if len(said) <= width else said[: width - 3] + "..."
