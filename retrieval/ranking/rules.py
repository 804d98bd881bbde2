"""Simple orders of candidates, which need no judgements: what anything learned has to beat.

    words     BM25 alone
    vectors   the cosine of the product vectors alone
    own       the mean cosine by what the query's modalities had before training
    akin      the nearest few by own, which may be the thing itself; then by own and the chance of one class
    beside    the mean of the product vectors' cosine and of that by what query and product both have
    ranks     reciprocal ranks of words, own and product vectors, k = 60 (Cormack, Clarke & Büttcher 2009)
    sum       closeness of meaning and BM25 over that of the best candidate, added up
    kin       what has every word first; then by the sum and the chance of one class

On judged product search with a frozen sentence encoder: words 0.744 nDCG@10, its vectors 0.791, reciprocal
ranks 0.799, the sum 0.817.
"""

from collections.abc import Callable

import numpy as np

from retrieval.ranking.candidates import MIXED, WORDLESS, Candidates, places

__all__ = ["RULES", "default_rule", "nearness", "rivals_of", "rule_scores"]

RANK_CONSTANT = 60
WORDS_SHARE = 0.3
"""What the best BM25 adds to a closeness of up to 1: 0.1 to 0.5 measure alike on judged search."""
KIND_SHARE = 0.5
"""What a shared class adds to a cosine of up to 1."""
ITSELF = 5
"""Places that the nearest keep: a photo taken again finds its product there. To the same category, photos of
Flipkart reach nDCG@10 0.754 so, 0.713 by own vectors alone, and 0.768 where three keep theirs."""
EVERY_WORD = 2.0
"""What having every word adds: about what the best that lacks one can have. Names of Flipkart's categories
reach nDCG@10 0.860 so, and 0.634 without; titles 0.899 both ways."""
TEXTS = frozenset({"text", "title"})


def words(c: Candidates) -> np.ndarray:
    return c.lexical.astype(np.float64)


def vectors(c: Candidates) -> np.ndarray:
    return c.cosine.astype(np.float64)


def own(c: Candidates) -> np.ndarray:
    tables = [
        np.where(table == 0, -1.0, table)  # what lacks the modality is like nothing
        for name, table in c.own.items()
        if c.words_weight is None or name not in TEXTS
    ]
    return np.asarray(np.mean(tables, axis=0, dtype=np.float64)) if tables else vectors(c)


def beside(c: Candidates) -> np.ndarray:
    if not c.own:
        return vectors(c)
    tables = np.stack([*c.own.values()])
    shared = np.maximum(np.count_nonzero(tables, axis=0), 1)
    return np.asarray((c.cosine + tables.sum(axis=0) / shared) / 2, np.float64)


def akin(c: Candidates) -> np.ndarray:
    found = own(c)
    if len(found) <= ITSELF:
        return found
    first = np.lexsort((c.rows, -found))[:ITSELF]
    least = float(found[first].min())
    if least <= 0:
        return found
    scores = least * (found + KIND_SHARE * c.agreement) / (1 + KIND_SHARE)
    scores[first] = found[first]
    return np.asarray(scores, np.float64)


def ranks(c: Candidates) -> np.ndarray:
    weight = 1.0 if c.words_weight is None else c.words_weight
    lexical = np.where(c.lexical > 0, weight / (RANK_CONSTANT + 1 + places(c.lexical, c.rows)), 0.0)
    total = lexical + 1 / (RANK_CONSTANT + 1 + places(own(c), c.rows))
    if c.own:
        total += 1 / (RANK_CONSTANT + 1 + places(c.cosine, c.rows))
    return np.asarray(total)


def added(c: Candidates) -> np.ndarray:
    if c.words and c.words_weight is not None:
        # What has the word, among what is of the kind of the photo, sound or product.
        return np.asarray(own(c) + c.agreement + c.words_weight * c.covered, np.float64)
    top = float(c.lexical.max(initial=0.0))
    return np.asarray(c.closeness + WORDS_SHARE * c.lexical / max(top, 1e-12), np.float64)


def kin(c: Candidates) -> np.ndarray:
    return np.asarray(added(c) + c.kinship + EVERY_WORD * c.complete, np.float64)


RULES: dict[str, Callable[[Candidates], np.ndarray]] = {
    "words": words, "vectors": vectors, "own": own, "beside": beside, "akin": akin, "ranks": ranks,
    "sum": added, "kin": kin,
}  # fmt: skip


def nearness(c: Candidates) -> np.ndarray:
    """(m,) float64: how near each candidate is to a query by what needs no training."""
    return own(c) if c.kind in WORDLESS or c.kind in MIXED else added(c)


def rule_scores(rule: str, candidates: Candidates) -> np.ndarray:
    """(m,) float64, higher is better."""
    return RULES[rule](candidates)


def default_rule(kind: str) -> str:
    """The rule for a kind of query where nobody judged."""
    return {"photo": "akin", "sound": "own", "product": "vectors"}.get(kind, "sum")


def rivals_of(kind: str) -> tuple[str, ...]:
    """Rules that anything learned of a kind of query is compared with, the one that stands on ties first."""
    first = default_rule(kind)
    unfit = {"words", "sum", "kin"} if kind in WORDLESS else {"akin", "kin"} if kind in MIXED else {"akin"}
    others = [name for name in RULES if name not in {first, "beside", *unfit}]
    return (first, *others)
