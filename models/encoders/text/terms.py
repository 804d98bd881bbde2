"""Terms of the training rows and their TF-IDF weights, exact: no two terms share a weight.

Weights as in Salton & Buckley 1988: (1 + log tf) * idf, idf = log((1 + n) / (1 + df)) + 1.
"""

import numpy as np
import torch
from torch import Tensor

from models.encoders.grown import Grown
from models.inputs.words import UNKNOWN

__all__ = ["Terms", "pair_keys"]

MIN_ROWS = 2
CHUNK = 8192


def pair_keys(ids: Tensor) -> Tensor:
    """Neighbours as one number: (B, L) ids to (B, L - 1) int64; 0 beside padding (0) and unknown (1)."""
    left, right = ids[:, :-1].long(), ids[:, 1:].long()
    return ((left << 32) | right) * ((left > UNKNOWN) & (right > UNKNOWN))


class Terms(Grown):
    """Numbers that stand for terms, and how rare each is in the training rows.

    Args:
        most: terms kept at most, the most frequent.
    """

    keys: Tensor
    idf: Tensor

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.register_buffer("keys", torch.zeros(0, dtype=torch.int64))
        # Place 0 is for what is no term.
        self.register_buffer("idf", torch.zeros(1))

    def __len__(self) -> int:
        return len(self.keys)

    def fit(self, rows: np.ndarray) -> None:
        """Keep the terms of (n, L) training rows that two rows hold at least; 0 is padding."""
        found, counts = _row_counts(rows)
        kept = np.flatnonzero(counts >= MIN_ROWS)
        if len(kept) > self.most:
            kept = np.sort(kept[np.argsort(-counts[kept], kind="stable")[: self.most]])
        idf = np.log((1 + len(rows)) / (1 + counts[kept])) + 1
        self.grow("keys", torch.from_numpy(found[kept]))
        self.grow("idf", torch.from_numpy(np.concatenate([[0.0], idf])))

    def places(self, ids: Tensor) -> Tensor:
        """(B, L) numbers to (B, L) int64 places in 1..len(self); 0 for what is no term."""
        if len(self.keys) == 0:
            return torch.zeros_like(ids, dtype=torch.int64)
        ids = ids.long().contiguous()
        near = torch.searchsorted(self.keys, ids).clamp_max(len(self.keys) - 1)
        return torch.where(self.keys[near] == ids, near + 1, 0)

    def weights(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """(B, L) numbers to places (B, L), sorted, and weights (B, L): each term of a row once, else 0."""
        places = self.places(ids).sort(dim=1).values
        begins = torch.searchsorted(places, places)
        times = torch.searchsorted(places, places, right=True) - begins
        first = begins == torch.arange(places.shape[1], device=places.device)
        return places, torch.where(first, self.idf[places] * (1 + times.float().log()), 0.0)


def _row_counts(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct numbers above 0 in (n, L) rows, sorted, and in how many rows each stands."""
    parts = []
    for start in range(0, len(rows), CHUNK):
        chunk = np.sort(np.asarray(rows[start : start + CHUNK], dtype=np.int64), axis=1)
        first = np.ones(chunk.shape, dtype=bool)
        first[:, 1:] = chunk[:, 1:] != chunk[:, :-1]
        parts.append(np.unique(chunk[first & (chunk > 0)], return_counts=True))
    if not parts:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    keys, counts = (np.concatenate(part) for part in zip(*parts, strict=True))
    found, inverse = np.unique(keys, return_inverse=True)
    return found, np.bincount(inverse, weights=counts, minlength=len(found)).astype(np.int64)
