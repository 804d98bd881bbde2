"""Segments of a catalogue by vector: the same from the same products, and steady from week to week.

Cut once by k-means, begun from Ward's tree of a sample; k is the finest whose silhouette is within a share
of the best one's. Later weeks begin at last week's segments: a product stays where it was unless another
segment is clearly nearer, and products that no segment holds make a new one where they are many enough.
Only when much of the catalogue has changed since is it cut anew, and matched to last week's by the products
in common (Hungarian method).

Rows are taken by product id, vectors in float64 after rounding, in one thread: neither the order of rows
nor the number of threads changes a segment.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.optimize import linear_sum_assignment
from threadpoolctl import threadpool_limits

from insights.market.folder import Said
from shelfspace.changed import changed_since
from shelfspace.hashing import content_hash
from shelfspace.settings.insights import Market

__all__ = ["Segments", "cut_segments"]

SAMPLE = 2_000
"""Products that k and the first centres are taken from."""
DIGITS = 4
"""Of vectors: what differs beyond is the arithmetic of a machine."""
ALIKE = Said("one segment: the products' vectors are all alike", "一个细分市场：商品向量都相同")
TOO_FEW = Said("one segment: too few products for more", "一个细分市场：商品太少")
ROUNDS = 30
KEPT_OVERLAP = 0.3
"""Share of the products in either of two segments that must be in both for one to follow the other."""


@dataclass(frozen=True)
class Segments:
    """Products by segment.

    Attributes:
        table: product_id, segment (from 1 on, kept from week to week), cosine (to the segment's centre) and
            hash (of the vector when the catalogue was cut; "" of those that came later), by product_id.
        new: segments that last week had none of.
        said: how they came about, in a sentence.
    """

    table: pd.DataFrame
    new: tuple[int, ...]
    said: Said


def cut_segments(
    product_ids: Sequence[str], vectors: np.ndarray, settings: Market, last: pd.DataFrame | None = None
) -> Segments:
    """Segment n products.

    Args:
        vectors: (n, d), L2-normalised.
        last: the table of the segments before.
    """
    order = np.argsort(np.array(product_ids, dtype=object))
    ids = [product_ids[place] for place in order]
    rounded = np.round(np.asarray(vectors, dtype=np.float64)[order], DIGITS)
    hashes = pd.DataFrame({"product_id": ids, "hash": [content_hash(row.tobytes()) for row in rounded]})
    with threadpool_limits(1):
        if last is None or len(last) == 0 or not ids:
            return _first(hashes, rounded, settings)
        changed = changed_since(last[["product_id", "hash"]], hashes)
        if not changed.within(settings.recut_share):
            return _anew(hashes, rounded, settings, last)
        return _onward(hashes, rounded, settings, last)


def _first(hashes: pd.DataFrame, vectors: np.ndarray, settings: Market) -> Segments:
    label, said = _cut(vectors, hashes["hash"].nunique(), settings)
    table = _table(hashes, label + 1, vectors)
    return Segments(table, tuple(sorted(set(table["segment"]))), said)


def _anew(hashes: pd.DataFrame, vectors: np.ndarray, settings: Market, last: pd.DataFrame) -> Segments:
    """Cut anew; a segment that holds mostly what one of before held goes by its number."""
    label, said = _cut(vectors, hashes["hash"].nunique(), settings)
    before = hashes["product_id"].map(last.set_index("product_id")["segment"])
    old = np.array(sorted(set(last["segment"])))
    now = np.array(sorted(set(label.tolist())))
    both = np.array([[np.sum((label == one) & (before == other)) for other in old] for one in now])
    either = np.array([[np.sum((label == one) | (before == other)) for other in old] for one in now])
    number = dict(zip(now.tolist(), range(int(old.max()) + 1, int(old.max()) + 1 + len(now)), strict=True))
    for row, column in zip(*linear_sum_assignment(-both), strict=True):
        if both[row, column] >= KEPT_OVERLAP * either[row, column]:
            number[int(now[row])] = int(old[column])
    # Numbers that nobody had close up behind those that last week had.
    fresh = sorted(name for name in number.values() if name > old.max())
    close = {name: int(old.max()) + 1 + place for place, name in enumerate(fresh)}
    named = np.array([close.get(number[one], number[one]) for one in label.tolist()])
    why = Said("; cut anew, since many products have changed", "；许多商品已变化，因此重新划分")
    return Segments(
        _table(hashes, named, vectors), tuple(close.values()), Said(said.en + why.en, said.zh + why.zh)
    )


def _onward(hashes: pd.DataFrame, vectors: np.ndarray, settings: Market, last: pd.DataFrame) -> Segments:
    """From last week's segments on: products stay unless another segment is clearly nearer."""
    before = last.set_index("product_id")
    own = hashes["product_id"].map(before["segment"]).fillna(0).to_numpy(np.int64)
    names = np.array(sorted(set(own[own > 0].tolist())))
    column = np.searchsorted(names, own)
    known = own > 0
    label = np.where(known, column, -1)
    for _ in range(ROUNDS):
        cosine = vectors @ _centres(vectors, label, len(names)).T
        stays = np.full(len(vectors), -np.inf)
        stays[known] = cosine[known, column[known]]
        best = cosine.argmax(axis=1)
        moved = np.where(cosine.max(axis=1) > stays + settings.stay, best, np.where(known, column, best))
        if np.array_equal(moved, label):
            break
        label = moved
    # What stands further from its centre than nearly all that were there before belongs to none.
    held = cosine[np.arange(len(label)), label]
    usual = np.array([np.quantile(held[known & (label == one)], 0.02, method="lower")
                      if np.any(known & (label == one)) else -1.0 for one in range(len(names))])  # fmt: skip
    apart = np.flatnonzero(~known & (held < usual[label]))
    segment = names[label]
    new: list[int] = []
    if len(apart) >= settings.smallest:
        group = fcluster(linkage(vectors[apart], "average"), np.sqrt(2 * (1 - np.median(held))), "distance")
        numbers, sizes = np.unique(group, return_counts=True)
        for one in numbers[sizes >= settings.smallest]:
            new.append(int(before["segment"].max()) + 1 + len(new))
            segment[apart[group == one]] = new[-1]
    table = _table(hashes, segment, vectors)
    table["hash"] = table["product_id"].map(before["hash"]).fillna("")
    moves = int(np.sum(known & (segment != own)))
    said = Said(
        f"the segments of the report before; {moves} products changed theirs",
        f"沿用上一份报告的细分市场，{moves} 件商品换了位置",
    )
    return Segments(table, tuple(new), said)


def _cut(vectors: np.ndarray, distinct: int, settings: Market) -> tuple[np.ndarray, Said]:
    """(n,) labels from 0 on, by size, and how many and why."""
    most = min(settings.segments, len(vectors) // 10, distinct)
    if most < 2:
        return np.zeros(len(vectors), np.int64), ALIKE if distinct < 2 else TOO_FEW
    sample = vectors
    if len(vectors) > SAMPLE:
        sample = vectors[np.random.default_rng(0).permutation(len(vectors))[:SAMPLE]]
    tree = linkage(sample, "ward")
    far = np.maximum(1 - sample @ sample.T, 0)
    cuts = {k: fcluster(tree, k, "maxclust") for k in range(2, most + 1)}
    scores = {k: _silhouette(far, cut) for k, cut in cuts.items()}
    best = max(scores.values())
    k = max(k for k, score in scores.items() if score >= best - settings.silhouette_within * abs(best))
    label = cuts[k] - 1
    centres = _centres(sample, label, label.max() + 1)
    for _ in range(ROUNDS):
        found = (vectors @ centres.T).argmax(axis=1)
        if len(found) == len(label) and np.array_equal(found, label):
            break
        label, centres = found, _centres(vectors, found, len(centres))
    _, label, sizes = np.unique(label, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    share, figures = f"{settings.silhouette_within:.0%}", f"{scores[k]:.2f} / {best:.2f}"
    said = Said(
        f"{len(sizes)} segments, the finest cut within {share} of the best silhouette ({figures})",
        f"{len(sizes)} 个细分市场：轮廓系数与最佳值相差 {share} 以内的最细划分（{figures}）",
    )
    return rank[label], said


def _silhouette(far: np.ndarray, cut: np.ndarray) -> float:
    """Mean silhouette of a cut by a matrix of distances (scikit-learn's asks seconds to be imported)."""
    names, label, sizes = np.unique(cut, return_inverse=True, return_counts=True)
    if len(names) < 2:
        return -1.0
    member = np.eye(len(names))[label]
    total = far @ member
    rows = np.arange(len(label))
    own = total[rows, label] / np.maximum(sizes[label] - 1, 1)
    mean = total / sizes
    mean[rows, label] = np.inf
    other = mean.min(axis=1)
    score = (other - own) / np.maximum(np.maximum(other, own), 1e-12)
    return float(np.where(sizes[label] > 1, score, 0).mean())


def _centres(vectors: np.ndarray, label: np.ndarray, k: int) -> np.ndarray:
    """(k, d) normalised means of the rows of each label; zero where a label has none."""
    held = label >= 0
    sums = np.eye(k)[label[held]].T @ vectors[held]
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)


def _table(hashes: pd.DataFrame, segment: np.ndarray, vectors: np.ndarray) -> pd.DataFrame:
    names, label = np.unique(segment, return_inverse=True)
    centres = _centres(vectors, label, len(names))
    cosine = np.einsum("ij,ij->i", vectors, centres[label]) if len(label) else np.empty(0)
    return pd.DataFrame(
        {
            "product_id": hashes["product_id"],
            "segment": segment.astype(np.int64),
            "cosine": cosine.round(4),
            "hash": hashes["hash"],
        }
    )
