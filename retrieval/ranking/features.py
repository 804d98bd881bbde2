"""What both searches say of a query's candidates, as features for the fusion."""

import numpy as np

from retrieval.ranking.candidates import Candidates, places
from retrieval.ranking.rules import rule_scores

__all__ = ["FEATURES", "FREE", "LEXICAL", "NEAREST", "OWN", "features_of"]

OWN = ("text", "title", "image", "audio", "colour")
"""Names of what a query's modalities are compared by beside its vector (`EncodedQuery.own`)."""

FEATURES = (
    "cosine",
    "cosine_from_best",
    "dense_rank",
    "class_agreement",
    "class_agreement_by_certainty",
    "class_certainty",
    "lexical_to_best",
    "lexical_share",
    "lexical_rank",
    "covered",
    "complete",
    "feedback",
    "feedback_agreement",
    "lexical_to_best_by_margin",
    "lexical_to_best_by_known",
    "cosine_from_best_by_unknown",
    "feedback_by_share",
    "feedback_agreement_by_share",
    "lexical_margin",
    "unknown_share",
    "query_words",
    "closeness",
    "closeness_from_best",
    "sum",
    *(f"own_{name}{what}" for name in OWN for what in ("", "_from_best", "_rank")),
)
"""Names of the columns of `features_of`.

cosine, cosine_from_best     cosine, and the same less the best candidate's (0 or less)
dense_rank, lexical_rank     1 / (10 + place) among the candidates; lexical 0 where no word matches
class_agreement              chance that query and product are of one class: the product of their
                             class probabilities, summed
class_certainty              probability of the query's most probable class
lexical_to_best              BM25 over that of the best candidate
lexical_share                BM25 over what no product's exceeds (`LexicalIndex.bound`)
covered                      share of the query's words that the listing has, rare words counting more
complete                     1 where it has every one, else 0
feedback, feedback_agreement cosine, and chance of one class, to the best few of the lexical search
lexical_margin               how far the best BM25 lies above the tenth, as a share of the best
unknown_share, query_words   share of words that no listing has; logarithm of 1 + the number of words
closeness, closeness_...     `Candidates.closeness`, and the same less the best candidate's
sum                          the strongest simple order (`retrieval.ranking.rules`)
own_..., _from_best, _rank   cosine by one of the query's modalities alone, the same less the best
                             candidate's, and 1 / (10 + place); 0 where query or product lacks it
..._by_...                   the product of two: of certainty, margin, known (1 - unknown_share), unknown,
                             or share (the best candidate's lexical_share)
"""

FREE = frozenset({"class_certainty", "lexical_margin", "unknown_share", "query_words"})
"""Equal for all candidates of a query: they move the level of its scores, not their order."""

LEXICAL = frozenset(
    {
        "lexical_to_best",
        "lexical_share",
        "lexical_rank",
        "covered",
        "complete",
        "feedback",
        "feedback_agreement",
        "lexical_to_best_by_margin",
        "lexical_to_best_by_known",
        "feedback_by_share",
        "feedback_agreement_by_share",
    }
)
"""What the lexical search says of a candidate; in a mixed query it counts as much as the words do."""
_LEXICAL = np.array([name in LEXICAL for name in FEATURES])
NEAREST: dict[str, tuple[str, ...]] = {
    "photo_words": ("product_words", "sound_words"),
    "sound_words": ("photo_words", "product_words"),
    "product_words": ("photo_words", "sound_words"),
}
"""Whose weights a mixed query goes by where its own kind has none, in this order: a photo and a sound are one
side of a product each."""


def features_of(candidates: Candidates) -> np.ndarray:
    """(m, features) float64 in the order of FEATURES."""
    c = candidates
    cosine = c.cosine.astype(np.float64)
    from_best = cosine - cosine.max(initial=-1.0)
    rank = 1 / (10 + places(cosine, c.rows))
    lexical = c.lexical.astype(np.float64)
    top = float(lexical.max(initial=0.0))
    relative = lexical / top if top > 0 else np.zeros_like(lexical)
    share = lexical / c.bound if c.bound > 0 else np.zeros_like(lexical)
    nearest = float(share.max(initial=0.0))
    tenth = float(np.sort(relative)[-10]) if len(relative) >= 10 else 0.0
    margin = 1.0 - tenth if top > 0 else 0.0
    lines: list[np.ndarray | float] = [
        cosine,
        from_best,
        rank,
        c.agreement,
        c.agreement * c.certainty,
        c.certainty,
        relative,
        share,
        np.where(lexical > 0, 1 / (10 + places(lexical, c.rows)), 0.0),
        c.covered,
        c.complete,
        c.feedback,
        c.feedback_agreement,
        relative * margin,
        relative * (1 - c.unknown_share),
        from_best * c.unknown_share,
        c.feedback * nearest,
        c.feedback_agreement * nearest,
        margin,
        c.unknown_share,
        np.log1p(c.words),
        c.closeness,
        c.closeness - c.closeness.max(initial=-1.0),
        rule_scores("sum", c),
    ]
    for name in OWN:
        lines += own_lines(c, name)
    # One feature after the other in memory: each is written, and weighed, in one go.
    table = np.empty((len(lines), len(c.rows)))
    for place, line in enumerate(lines):
        table[place] = line
    if c.words_weight is not None:
        table[_LEXICAL] *= c.words_weight
    return table.T


def own_lines(candidates: Candidates, name: str) -> list[np.ndarray | float]:
    """The three columns of one of the query's modalities."""
    if name not in candidates.own:
        return [0.0, 0.0, 0.0]
    cosine = candidates.own[name].astype(np.float64)
    there = cosine != 0
    from_best = np.where(there, cosine - cosine.max(initial=-1.0), -1.0)
    return [cosine, from_best, np.where(there, 1 / (10 + places(cosine, candidates.rows)), 0.0)]
