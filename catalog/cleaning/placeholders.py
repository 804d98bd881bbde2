"""Files that stand for no product: one picture, or one sound, that many unlike products have.

A file is known again by how it looks, so that the same `no-image` saved as PNG and as JPEG, in two sizes,
is one. Looks come from the media probe: even small differences of a product show in them.
"""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from catalog.links import ALWAYS, SHARE
from catalog.near_duplicates import shingles
from shelfspace.hashing import content_hash

__all__ = ["Placeholder", "crowded_groups", "find_placeholders", "placeholders_said", "without_placeholders"]

Refused = tuple[str, str, str, str, str]
"""photos or sounds, product id, field, value, reason."""

NEAR = 10
"""Levels of 255 by which no part of two looks may differ. One picture in other sizes and as JPEG of quality
40 to 90 differs by 10 at most; of 1,000 Flipkart photos no two that are not the same are nearer than 12."""
SAMPLE = 500
"""Products among which crowds are looked for; what a tenth of all have, some fifty of these have."""
ONE_CATEGORY = 0.9
"""Share of one category from which a shared picture says what a product is: the picture of that category."""


@dataclass(frozen=True)
class Placeholder:
    """A file that stands for no product: its names, and the products that have it."""

    keys: frozenset[str]
    products: int

    @property
    def name(self) -> str:
        """One of the names."""
        return min(self.keys)


def find_placeholders(
    media: Sequence[Sequence[str]],
    looks: Mapping[str, str],
    texts: Sequence[Hashable],
    categories: Sequence[str],
) -> list[Placeholder]:
    """Files that more than a tenth of the products have, and more than eight, although they are unlike.

    Products are unlike where they differ in `texts` and stand in more than one category. A catalogue of one
    category, or of none, is told apart by texts alone.

    Args:
        media: keys of each product's files.
        looks: key to what its file looks like, hexadecimal, of one length ("" where it is not known).
        texts: of each product, what tells it from others: variants of one product have the same.
        categories: of each product, "" for none.
    """
    pairs = [(i, key) for i, keys in enumerate(media) for key in dict.fromkeys(keys) if looks.get(key)]
    if not pairs:
        return []
    names = [key for _, key in pairs]
    seen = np.array([np.frombuffer(bytes.fromhex(looks[key]), np.uint8) for key in names]).astype(np.int16)
    least, several = max(ALWAYS, SHARE * len(media)), len({c for c in categories if c}) > 1
    found = []
    for rows in crowds(seen, names, least):
        products = sorted({pairs[row][0] for row in rows})
        counted = Counter(categories[i] for i in products if categories[i])
        one = several and bool(counted) and max(counted.values()) >= ONE_CATEGORY * counted.total()
        if len({texts[i] for i in products}) > least and not one:
            found.append(Placeholder(frozenset(names[row] for row in rows), len(products)))
    return found


def crowded_groups(groups: pd.Series, categories: pd.Series) -> dict[str, int]:
    """Group ids that more than a tenth of the products have, and more than eight, of several categories, with
    their products: a column filled alike (0, none), and no product with variants."""
    counted = groups[groups.ne("")].value_counts()
    crowd = counted[counted > max(ALWAYS, SHARE * len(groups))]
    return {
        group: int(products)
        for group, products in zip(map(str, crowd.index), crowd, strict=True)
        if categories[groups.eq(group)].value_counts(normalize=True).iloc[0] < ONE_CATEGORY
    }


def without_placeholders(
    kind: str, files: pd.Series, rows: pd.DataFrame, findings: pd.DataFrame
) -> tuple[pd.Series, list[Refused]]:
    """The files of each product without those that stand for none, and these with the reason.

    Args:
        kind: photos or sounds.
        files: lists of keys.
        rows: raw rows of the same index.
        findings: of the media probe; where it knows no looks, nothing is found.
    """
    if "look" not in findings:
        return files, []
    looks = dict(zip(findings["key"], findings["look"], strict=True))
    ids = rows["product_id"].str.strip().tolist()
    names = zip(rows["group_id"].str.strip(), rows["title"], ids, strict=True)
    texts = [variant or shingles(title) or product for variant, title, product in names]
    crowd = find_placeholders(files.tolist(), looks, texts, rows["category"].str.strip().tolist())
    field = f"{kind.removesuffix('s')}.placeholder"
    why = {
        key: f"{one.products:,} of {len(files):,} products that are unlike have {one.name}, which stands for "
        "none of them; it is left out, so give each a file of its own"
        for one in crowd
        for key in one.keys
    }
    refused = [
        (kind, product, field, key, why[key])
        for product, keys in zip(ids, files, strict=True)
        for key in keys
        if key in why
    ]
    return files.map(lambda keys: [key for key in keys if key not in why]), refused


def placeholders_said(quarantine: pd.DataFrame) -> list[str]:
    """One sentence a placeholder that was left out, of a quarantine."""
    rows = quarantine[quarantine["field"].str.endswith(".placeholder")]
    return sorted(set(rows["reason"]))


def crowds(seen: np.ndarray, names: Sequence[str], least: float) -> Iterator[np.ndarray]:
    """Rows that look alike, more than `least` together, the largest crowd of a sample first.

    Args:
        seen: (n, d) int16 looks.
        names: of the rows; the sample is drawn by their hashes and the row.
    """
    order = sorted(range(len(names)), key=lambda row: content_hash(names[row], str(row)))
    sample = np.array(order[:SAMPLE])
    free = np.ones(len(sample), dtype=bool)
    near = np.array([np.abs(seen[sample] - seen[row]).max(axis=1) <= NEAR for row in sample])
    wanted = max(2.0, least * len(sample) / len(names) / 2)
    while free.any():
        counts = (near & free).sum(axis=1) * free
        centre = int(counts.argmax())
        if counts[centre] < wanted:
            return
        rows = np.flatnonzero(np.abs(seen - seen[sample[centre]]).max(axis=1) <= NEAR)
        free &= ~near[centre]
        if len(rows) > least:
            yield rows
