"""What both searches say of a query's candidates."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

__all__ = ["KINDS", "MIXED", "SHORT", "WORDLESS", "Candidates", "places"]

SHORT = 3
"""Words of a short query at most."""
MIXED = ("photo_words", "sound_words", "product_words")
WORDLESS = ("photo", "sound", "product")
"""Kinds of query without words, by what they hold."""
WHOLE = 1 - 1e-5
"""Above this share of the words, rounding aside, no word is missing."""
KINDS = ("long", "short", *MIXED, *WORDLESS)


@dataclass(frozen=True)
class Candidates:
    """What both searches say of m candidates of one query, in any order.

    Attributes:
        rows: (m,) int64.
        cosine, lexical: (m,) float32; BM25 is 0 where no word matches.
        agreement: (m,) float32 chance that query and product are of one class; 0 where unknown.
        covered: (m,) float32 share of the query's words, weighted by rarity, that the listing has.
        feedback, feedback_agreement: (m,) float32 cosine to the mean vector of the best few of the
            lexical search, and chance of one class with them; 0 where no word matches.
        certainty: probability of the query's most probable class; 0 where unknown.
        words: distinct words of the query, 0 for one without.
        unknown_share: of the words, those that no listing has.
        bound: what no listing's BM25 exceeds.
        words_weight: of a mixed query (words and a photo, sound or product), what the words weigh, 1
            being as much as the mean of its parts; None of any other query.
        beside: what the query holds but words: photo, sound or product; "" of words alone.
        own: name to (m,) float32 cosine by one of the query's modalities alone, 0 where a product lacks it;
            only those that the query has.
        expanded: (m,) float32 mean cosine by its words, to the query moved towards what it finds first; None
            of a query without words, or where nothing but the product vectors is compared.
        kin: (m,) float32 chance of one class where the query's neighbours have a say in it
            (`retrieval.ranking.kinship`); None where classes are unknown.
    """

    rows: np.ndarray
    cosine: np.ndarray
    lexical: np.ndarray
    agreement: np.ndarray
    covered: np.ndarray
    feedback: np.ndarray
    feedback_agreement: np.ndarray
    certainty: float
    words: int
    unknown_share: float
    bound: float
    words_weight: float | None = None
    beside: str = ""
    own: Mapping[str, np.ndarray] = field(default_factory=dict)
    expanded: np.ndarray | None = None
    kin: np.ndarray | None = None

    @classmethod
    def wordless(
        cls, rows: np.ndarray, cosine: np.ndarray, beside: str, own: Mapping[str, np.ndarray]
    ) -> "Candidates":
        """Candidates of which no word and no class says anything; the arguments as the attributes."""
        none = np.zeros(len(rows), np.float32)
        return cls(rows, cosine, none, none, none, none, none, 0.0, 0, 0.0, 0.0, beside=beside, own=own)

    @property
    def closeness(self) -> np.ndarray:
        """(m,) float32: how near the meaning of a product is to that of the words."""
        return self.cosine if self.expanded is None else self.expanded

    @property
    def kinship(self) -> np.ndarray:
        """(m,) float32: chance that query and product are of one class, by all that is known."""
        return self.agreement if self.kin is None else self.kin

    @property
    def complete(self) -> np.ndarray:
        """(m,) bool: the listings that have every word of the query."""
        return np.asarray(self.covered > WHOLE)

    @property
    def kind(self) -> str:
        """The kind of the query, one of KINDS."""
        if self.words == 0:
            return self.beside or "product"
        if self.words_weight is not None:
            return f"{self.beside or 'photo'}_words"
        return "short" if self.words <= SHORT else "long"


def places(scores: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(m,) float64 place of each candidate, the best 0; ties by row."""
    order = np.lexsort((rows, -scores))
    found = np.empty(len(rows), dtype=np.float64)
    found[order] = np.arange(len(rows))
    return found
