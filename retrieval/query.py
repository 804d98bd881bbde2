"""What one query asks for, once it is checked: its parts, what each weighs, and how the answer is cut."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from catalog.product import ProductInput
from retrieval.filters.columns import Filters
from retrieval.filters.rules import Rules
from retrieval.filters.sorting import Sort
from retrieval.lexical.tokens import Also, QueryTerms

__all__ = ["NO_FILTERS", "EncodedQuery", "Encoder", "SearchOptions", "SearchQuery", "mixture", "narrowed"]

NO_FILTERS = Filters()


@dataclass(frozen=True)
class SearchOptions:
    """How every query of a request is answered.

    Attributes:
        size: hits a page.
        page: from 1.
        filters: NO_FILTERS where every product may be found.
        collapse: whether variants of one product are one hit.
    """

    size: int = 10
    page: int = 1
    sort: Sort = "relevance"
    filters: Filters = NO_FILTERS
    facets: bool = False
    collapse: bool = False


@dataclass(frozen=True)
class SearchQuery:
    """One query.

    Attributes:
        text: its words; "" where it has none or they weigh nothing.
        whole: all its parts as one item, for the request log; None for browsing: there is no query, or no
            word of it is to be looked for.
        parts: what the encoder reads, each as one item, with what it weighs.
        product: a product of the catalogue that is part of it, "" without.
        product_weight: what that weighs.
        words_weight: of a mixed query (words and a photo, sound or product), what the words weigh, 1 being
            as much as the mean of the parts; None where nothing is mixed.
        beside: what it holds but words, photo, sound or product: of several, what weighs most; of equals, the
            product before a photo before a sound; "" of words alone.
        literal: nothing in the words is understood, corrected or expanded.
        ignore: what is not understood, each as an earlier answer's `understood` has its text.
        filters: what its words ask for beside what they look for; the shopper's own filters are not here.
        cheap: whether only the lowest third by price is wanted of what is found.
        also: what is looked for beside a word; see `QueryTerms`.
        said: what was made of the words that were typed, as an answer's `understood` has it.
    """

    text: str = ""
    whole: ProductInput | None = None
    parts: tuple[tuple[ProductInput, float], ...] = ()
    product: str = ""
    product_weight: float = 0.0
    words_weight: float | None = None
    beside: str = ""
    literal: bool = False
    ignore: tuple[str, ...] = ()
    filters: Filters = NO_FILTERS
    cheap: bool = False
    said: tuple[Mapping[str, Any], ...] = ()
    also: Also = ()


def mixture(
    text: str, parts: Sequence[tuple[ProductInput, float]], product: float | None
) -> tuple[float | None, str]:
    """What the words of a query weigh among its parts, and what else it holds; see `SearchQuery`.

    Parts that the encoder reads together weigh the same, so the words among them weigh 1.

    Args:
        product: what a product of the catalogue weighs; None without one.
    """
    beside = {"product": product or 0.0}
    beside["photo"] = max((weight for item, weight in parts if item.photos), default=0.0)
    beside["sound"] = max((weight for item, weight in parts if item.sounds), default=0.0)
    heaviest = max(beside, key=lambda name: beside[name]) if any(beside.values()) else ""
    if not text or not heaviest:
        return None, heaviest
    weights = [weight for _, weight in parts] + ([] if product is None else [product])
    own = next(weight for item, weight in parts if item.title)
    return own / (sum(weights) / len(weights)), heaviest


def narrowed(options: SearchOptions, asked: Filters) -> SearchOptions:
    """The options with what a query's words ask for; the same where they ask for nothing."""
    if asked is NO_FILTERS:
        return options
    more = {name: value for name, value in vars(asked).items() if value != getattr(NO_FILTERS, name)}
    if asked.without:
        more["without"] = (*options.filters.without, *asked.without)
    return replace(options, filters=replace(options.filters, **more)) if more else options


@dataclass(frozen=True, eq=False)
class EncodedQuery:
    """A query on its way through a batch.

    Attributes:
        rules: that its answer obeys.
        vector: (d,) float32 of unit length, of all that it holds.
        probabilities: (k,) its class probabilities; empty where the encoder has no classes.
        terms: of its words.
        own: name to (d,) float32 of unit length, what each of its modalities is compared by beside `vector`.
    """

    query: SearchQuery
    options: SearchOptions
    rules: Rules
    vector: np.ndarray
    probabilities: np.ndarray
    terms: QueryTerms
    own: Mapping[str, np.ndarray] = field(default_factory=dict)


class Encoded(Protocol):
    """What an encoder says of n items."""

    @property
    def vectors(self) -> np.ndarray:
        """(n, dim) float32 of unit length."""

    @property
    def probabilities(self) -> np.ndarray:
        """(n, classes) float32; each row sums to 1."""


class Encoder(Protocol):
    """What is asked of the encoder that made the vectors which are searched, as `models.inference` has it."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    @property
    def modalities(self) -> Sequence[str]:
        """Names of what it reads."""

    @property
    def labels(self) -> Sequence[str]:
        """Names of the classes; none where it has no classes."""

    def featurize(self, items: Sequence[ProductInput], *, queries: bool = False) -> Any:
        """What `encode_features` reads of n items, products or what a shopper asks for."""

    def encode_features(self, features: Any) -> Encoded:
        """Vectors and class probabilities of n items."""

    def own_evidence(self, features: Any, vectors: np.ndarray) -> list[dict[str, np.ndarray]]:
        """Of n items, given their (n, dim) vectors, what each is compared by: `EncodedQuery.own`."""

    def classify_vectors(self, vectors: np.ndarray) -> np.ndarray:
        """(n, classes) float32 probabilities of (n, dim) vectors that it made before."""
