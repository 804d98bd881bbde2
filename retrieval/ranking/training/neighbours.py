"""What tells the neighbours of a product: its vector alone, or the vectors by its modalities beside it.

The encoder learned the product vectors; a held-out product unlike what it learned from may lie among
strangers there. What the encoders of its modalities knew before is compared as well, where held-out products
find more of their own category so.
"""

import numpy as np

from retrieval.ranking.candidates import Candidates
from retrieval.ranking.metrics import ndcg
from retrieval.ranking.neighbours import CONSIDERED, PRODUCT, like_one
from retrieval.ranking.rules import default_rule, rule_scores
from retrieval.ranking.training.likeness import Gallery
from shelfspace.paired import Comparison, compare

__all__ = ["neighbours_compared"]

MOST = 300
"""Products that ask."""


def neighbours_compared(gallery: Gallery, rows: np.ndarray) -> Comparison | None:
    """nDCG@10 of products of the same category, all levels of it: by the rule `beside`, and by the rule that
    stands on ties; None where no product that asks has another of its category.

    Args:
        rows: products of the gallery that the encoder did not learn from; the first `MOST` in an order of
            chance ask for the others.
    """
    paths = np.asarray(gallery.paths, dtype=object)
    rules = PRODUCT, default_rule("product")
    scores: dict[str, list[float]] = {rule: [] for rule in rules}
    asking = [row for row in rows.tolist() if paths[row] and np.count_nonzero(paths == paths[row]) > 1]
    for row in np.random.default_rng(0).permutation(np.array(asking, np.int64))[:MOST].tolist():
        grades = (paths == paths[row]).astype(np.int8)
        grades[row] = 0
        found = nearest(gallery, row)
        for rule in rules:
            order = np.lexsort((found.rows, -np.round(rule_scores(rule, found), 9)))
            scores[rule].append(ndcg(grades[found.rows[order]], grades))
    if not asking:
        return None
    return compare(np.array(scores[PRODUCT]), {rules[1]: np.array(scores[rules[1]])})


def nearest(gallery: Gallery, row: int) -> Candidates:
    """The candidates of one product, itself left out."""
    cosine = np.asarray(gallery.vectors @ gallery.vectors[row], np.float32)
    cosine[row] = -np.inf
    best = np.argsort(-cosine, kind="stable")[: min(CONSIDERED, len(cosine) - 1)]
    return like_one(row, best, cosine[best], gallery.own)
