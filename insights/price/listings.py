"""What a listing says, as numbers a price can be learned from; never what it costs.

Amounts of money are taken out of the words (`catalog.text.prices`): listings repeat their price there.
Vectors are not read: the model's own hold the price that it was shown, and frozen ones of photos and
sentences add 0.003 to R2 on Flipkart at seven times the time.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import sparse

from catalog.product import ProductInput
from catalog.text.clean import product_text, words
from catalog.text.prices import strip_prices

__all__ = ["Listing", "ListingFeatures", "Terms", "listings_of"]

CHARACTERS = 8000
LEVELS = 3
WEIGHTS = {"words": 1.0, "said": 0.7, "filed": 0.5}
"""How much each block counts beside the words: chosen once on Flipkart's folds of two other seeds."""


@dataclass(frozen=True)
class Listing:
    """The terms of one listing.

    Attributes:
        words: single words and pairs of neighbours.
        said: brand, names of attributes, and attributes with their values.
        filed: levels of the category, the broadest first.
    """

    words: tuple[str, ...]
    said: tuple[str, ...]
    filed: tuple[str, ...]

    @classmethod
    def of(cls, item: ProductInput, category: str) -> "Listing":
        found = words(product_text(item, CHARACTERS))
        pairs = [f"{one} {other}" for one, other in pairwise(found)]
        said = [f"brand {plain(item.brand)}"] if item.brand else []
        for name, value in item.attributes.items():
            said += [plain(name), plain(f"{name}: {value}")]
        nodes = [node for node in category.split(" > ") if node][:LEVELS]
        filed = [" > ".join(nodes[: depth + 1]) for depth in range(len(nodes))]
        return cls((*found, *pairs), tuple(filter(None, said)), tuple(filed))


def plain(text: str) -> str:
    """A name or value as it is compared, without amounts of money."""
    return re.sub(r"\W+", " ", strip_prices(text[:200]).lower()).strip()


def listings_of(products: pd.DataFrame) -> list[Listing]:
    """Listings of cleaned products: title, description, brand, attributes, category."""
    rows = products[["title", "description", "brand", "attributes", "category"]].to_dict("records")
    return [
        Listing.of(
            ProductInput(
                title=row["title"],
                description=row["description"],
                brand=row["brand"],
                attributes=json.loads(row["attributes"]) if row["attributes"] else {},
            ),
            row["category"],
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Terms:
    """Terms that two training listings or more have, and how rare each is.

    Attributes:
        places: term to its column.
        rarity: (columns,) logarithm of listings over listings that have it, plus 1.
    """

    places: Mapping[str, int]
    rarity: np.ndarray

    @classmethod
    def fit(cls, rows: Sequence[Sequence[str]]) -> "Terms":
        counts = Counter(term for row in rows for term in set(row))
        kept = sorted(term for term, count in counts.items() if count > 1)
        held = np.array([counts[term] for term in kept], float)
        rarity = np.log((1 + len(rows)) / (1 + held)) + 1
        return cls({term: place for place, term in enumerate(kept)}, rarity)

    def encode(self, rows: Sequence[Sequence[str]]) -> sparse.csr_matrix:
        """(n, columns) tf-idf of unit length, counts damped by the logarithm; a row of unknown terms is 0."""
        starts, places, values = [0], [], []
        for row in rows:
            counts = Counter(place for term in row if (place := self.places.get(term)) is not None)
            own = np.fromiter(counts, np.int64, len(counts))
            heights = (1 + np.log(np.fromiter(counts.values(), float, len(counts)))) * self.rarity[own]
            places.append(own)
            values.append(heights / max(float(np.linalg.norm(heights)), 1e-12))
            starts.append(starts[-1] + len(own))
        columns = np.concatenate([np.empty(0, np.int64), *places])
        shape = (len(rows), len(self.places))
        found = sparse.csr_matrix((np.concatenate([np.empty(0), *values]), columns, starts), shape=shape)
        found.sort_indices()
        return found


@dataclass(frozen=True)
class ListingFeatures:
    """What turns listings into rows; fitted on training listings alone.

    Attributes:
        terms: block to its terms.
    """

    terms: Mapping[str, Terms]

    @classmethod
    def fit(cls, listings: Sequence[Listing]) -> "ListingFeatures":
        return cls({name: Terms.fit([getattr(one, name) for one in listings]) for name in WEIGHTS})

    def encode(self, listings: Sequence[Listing]) -> dict[str, sparse.csr_matrix]:
        """Block to (n, columns)."""
        return {
            name: terms.encode([getattr(one, name) for one in listings]) * WEIGHTS[name]
            for name, terms in self.terms.items()
        }
