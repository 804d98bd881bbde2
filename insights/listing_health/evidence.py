"""What there is to go by of each product: words, photo, sound, given category and price."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xxhash
from scipy import sparse

from insights.listing_health.left_out import View
from models.expert.inputs import MEDIA, DenseInput, TextInput
from models.features.table import FeatureTable

__all__ = ["FEWEST", "OF_A_CATEGORY", "Evidence", "evidence_of", "facts_view"]

FEWEST = 40
"""Products that must have what is compared; of fewer nobody can tell what is usual."""
OF_A_CATEGORY = 5
"""Products that a category must have to be judged."""
CELLS = 20_000_000
"""Products times categories at most, so that memory has a bound: beyond it the rarer are not judged."""
SHARED = 5
"""Products from which on one photo or sound is a placeholder, and says nothing of any of them."""


@dataclass(frozen=True)
class Evidence:
    """Of n products.

    Attributes:
        products: the cleaned table, row by row.
        views: by `text`, `image`, `audio`, as far as the catalogue has them.
        labels: (n,) int64 given category cut to the level that is learned; -1 without one, or of one that is
            not judged.
        names: of the labels, those of at least OF_A_CATEGORY products.
        log_price: (n,) natural logarithm less the median of its currency; NaN without a price above zero, or
            in a currency of fewer than FEWEST products.
    """

    products: pd.DataFrame
    views: dict[str, View]
    labels: np.ndarray
    names: Sequence[str]
    log_price: np.ndarray

    def __len__(self) -> int:
        return len(self.products)

    @property
    def one_hot(self) -> np.ndarray:
        """(n, classes) float64, zero without a label."""
        table = np.zeros((len(self), len(self.names)))
        known = np.flatnonzero(self.labels >= 0)
        table[known, self.labels[known]] = 1
        return table


def evidence_of(
    products: pd.DataFrame, features: FeatureTable, labels: np.ndarray, names: Sequence[str]
) -> Evidence:
    """What frozen encoders and the table say of products; nothing of it is learned from labels.

    Args:
        labels: (n,) index into names, -1 where unknown.
    """
    views = {}
    parts = features.modalities
    text = TextInput.of({name: part for name, part in parts.items() if name == "text"})
    if text is not None and parts["text"].present.any():
        text.fit(features, np.arange(len(features)), len(names))
        text.sentence = 1.0
        rows = text.rows(features)
        # The sentence vector stands last and is full: as terms it would cost a hundred times as much.
        terms = rows.shape[1] - text.widths.get("sentence", 0)
        beside = rows[:, terms:].toarray() if terms < rows.shape[1] else None
        views["text"] = View(rows[:, :terms], parts["text"].present, beside)
    for modality, arrays in MEDIA.items():
        part = parts.get(modality)
        name = next((name for name in arrays if part is not None and name in part.values), None)
        if part is None or name is None or not part.present.any():
            continue
        read = DenseInput(modality, name)
        read.fit(part, np.flatnonzero(part.present))
        present = part.present & ~_placeholders(read.raw(part))
        views[modality] = View(read.rows(part) * present[:, None], present)
    kept, called = _common(labels, names)
    return Evidence(products, views, kept, called, _log_prices(products))


def _common(labels: np.ndarray, names: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Labels and names of the categories that are judged, the others as -1."""
    counts = np.bincount(labels[labels >= 0], minlength=len(names))
    most = max(CELLS // max(len(labels), 1), 2)
    kept = np.sort(np.argsort(-counts, kind="stable")[:most])
    kept = kept[counts[kept] >= OF_A_CATEGORY]
    number = np.full(len(names) + 1, -1)
    number[kept] = np.arange(len(kept))
    return number[labels], [names[one] for one in kept]


def _placeholders(raw: np.ndarray) -> np.ndarray:
    """(n,) bool: the vectors that more than SHARED products share."""
    same = pd.Series([xxhash.xxh3_64_intdigest(np.ascontiguousarray(row).tobytes()) for row in raw])
    return np.asarray(same.groupby(same).transform("size") > SHARED)


def _log_prices(products: pd.DataFrame) -> np.ndarray:
    price = products["price"].to_numpy(dtype=np.float64)
    logs = pd.Series(np.log(np.where(price > 0, price, np.nan)))
    by_currency = logs.groupby(products["currency"].fillna("").to_numpy())
    enough = by_currency.transform("count") >= FEWEST
    return np.asarray((logs - by_currency.transform("median")).where(enough), dtype=np.float64)


def facts_view(evidence: Evidence) -> View:
    """Given category and brand as terms, for what depends on both."""
    columns = []
    for values in (evidence.labels.astype(str), evidence.products["brand"].fillna("").str.lower()):
        codes, found = pd.factorize(pd.Series(values).where(~pd.Series(values).isin(["-1", ""])))
        there = np.flatnonzero(codes >= 0)
        shape = (len(evidence), max(len(found), 1))
        columns.append(sparse.csr_matrix((np.ones(len(there)), (there, codes[there])), shape=shape))
    return View(sparse.hstack(columns).tocsr(), np.ones(len(evidence), dtype=bool))
