"""GloVe (Pennington, Socher & Manning 2014): vectors whose products are logarithms of co-occurrence."""

import numpy as np
import torch
from torch import Tensor

__all__ = ["cooccurrences", "glove_vectors", "train_glove"]

WINDOW = 10
MOST_ROWS, MOST_PAIRS = 50_000, 2_000_000
"""Rows looked at, evenly over the catalogue, and pairs kept, the most frequent."""
WEIGHT_POWER, WEIGHT_FULL = 0.75, 10.0
"""f(x) = min(1, (x / WEIGHT_FULL) ** WEIGHT_POWER): eq. 9, with the x_max of small corpora."""
RATE, STEPS, EPOCHS = 0.05, 24, 25
KNOWN = 2


def cooccurrences(words: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """How often known words stand within WINDOW of one another, each time counted as 1 / distance.

    Args:
        words: (n, W) ids; 0 and 1 are no words but take up their place.

    Returns:
        pairs (p, 2) int64 with the smaller id first, sorted, and counts (p,) float64.
    """
    rows = np.asarray(words)
    if len(rows) > MOST_ROWS:
        rows = rows[np.linspace(0, len(rows) - 1, MOST_ROWS).astype(int)]
    keys: np.ndarray = np.zeros(0, dtype=np.int64)
    counts: np.ndarray = np.zeros(0)
    for distance in range(1, min(WINDOW, rows.shape[1] - 1) + 1):
        left, right = rows[:, :-distance].astype(np.int64), rows[:, distance:].astype(np.int64)
        known = (left >= KNOWN) & (right >= KNOWN)
        low, high = np.minimum(left, right)[known], np.maximum(left, right)[known]
        found, times = np.unique(low * size + high, return_counts=True)
        keys, inverse = np.unique(np.concatenate([keys, found]), return_inverse=True)
        counts = np.bincount(inverse, np.concatenate([counts, times / distance]), minlength=len(keys))
    if len(keys) > MOST_PAIRS:
        kept = np.sort(np.argsort(-counts, kind="stable")[:MOST_PAIRS])
        keys, counts = keys[kept], counts[kept]
    return np.stack([keys // size, keys % size], axis=1), counts


def glove_vectors(words: np.ndarray, size: int, dim: int, seed: int) -> np.ndarray:
    """Vectors learnt from (n, W) ids of the training rows; equal input gives equal vectors on a CPU.

    Rows 0 and 1 (padding and unknown) are 0.

    Returns:
        (size, dim) float32, the sum of a word's two vectors (section 4.2).
    """
    pairs, counts = cooccurrences(words, size)
    first, second, _ = train_glove(pairs, counts, size, dim, seed)
    vectors = (first + second).numpy()
    vectors[:KNOWN] = 0
    return vectors


def train_glove(
    pairs: np.ndarray, counts: np.ndarray, size: int, dim: int, seed: int
) -> tuple[Tensor, Tensor, list[float]]:
    """Weighted least squares (eq. 8) by AdaGrad (Duchi 2011) over large batches.

    Both orders of a pair are learnt, so that a word's two vectors see the same.

    Returns:
        word and context vectors, (size, dim) float32 each, and the mean loss of each epoch.
    """
    random = torch.Generator().manual_seed(seed)
    tables = [(torch.rand(size, dim + 1, generator=random) - 0.5) / dim for _ in range(2)]
    seen = [torch.ones_like(table) for table in tables]
    both = torch.from_numpy(np.concatenate([pairs, pairs[:, ::-1]]))
    times = torch.from_numpy(np.concatenate([counts, counts])).float()
    target, weight = times.log(), (times / WEIGHT_FULL).pow(WEIGHT_POWER).clamp_max(1)
    losses: list[float] = []
    for _ in range(EPOCHS if len(both) else 0):
        total = 0.0
        for batch in torch.randperm(len(both), generator=random).tensor_split(min(STEPS, len(both))):
            places = both[batch].unbind(dim=1)
            left, right = (table[place] for table, place in zip(tables, places, strict=True))
            # The last column is the bias.
            product = (left[:, :-1] * right[:, :-1]).sum(dim=1) + left[:, -1] + right[:, -1]
            error = product - target[batch]
            slope = weight[batch] * error
            total += float((slope * error).sum())
            for side, other in ((0, right), (1, left)):
                step = slope[:, None] * other
                step[:, -1] = slope
                gradient = torch.zeros_like(tables[side]).index_add_(0, places[side], step)
                seen[side] += gradient.square()
                tables[side] -= RATE * gradient / seen[side].sqrt()
        losses.append(total / len(both))
    return tables[0][:, :-1], tables[1][:, :-1], losses
