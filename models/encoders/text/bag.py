"""A bag of weighted subwords and hashed pairs of neighbours: the wide half of the text encoders.

A linear model on TF-IDF of 1- and 2-grams is hard to beat on some hundreds of products; this is
its differentiable form (fastText: Joulin 2017, arXiv 1607.01759) with weights by inverse document
frequency (Sparck Jones 1972) fitted on the training rows.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["BagOfTokens", "document_frequencies", "pair_buckets"]

BUCKETS = 1 << 14
_LEFT, _RIGHT = 1_000_003, 8_191


def pair_buckets(tokens: Tensor) -> Tensor:
    """Hash each pair of neighbouring tokens: (B, L) ids to (B, L - 1) in 1..BUCKETS-1, 0 beside padding."""
    left, right = tokens[:, :-1].long(), tokens[:, 1:].long()
    mixed = (left * _LEFT + right * _RIGHT) % (BUCKETS - 1) + 1
    return mixed * ((left > 0) & (right > 0))


def document_frequencies(ids: np.ndarray, size: int) -> np.ndarray:
    """In how many of the n rows each id occurs: (n, L) ids to (size,) counts; id 0 is padding."""
    counts = np.zeros(size, dtype=np.int64)
    for row in ids:
        counts[np.unique(row)] += 1
    counts[0] = 0
    return counts


def inverse_frequencies(counts: np.ndarray, rows: int) -> np.ndarray:
    """log((1 + n) / (1 + df)) + 1, and 0 for an id in fewer than two rows: it says nothing of others."""
    return np.where(counts >= 2, np.log((1 + rows) / (1 + counts)) + 1, 0.0)


class BagOfTokens(nn.Module):
    """Weighted mean of embeddings of tokens and of token pairs.

    Args:
        vocabulary: number of token ids, 0 being padding.
        width: length of the vector that comes out.
        hide: share of tokens hidden while training, so that no single word carries a class.
    """

    token_weight: Tensor
    pair_weight: Tensor

    def __init__(self, vocabulary: int, width: int, hide: float = 0.2) -> None:
        super().__init__()
        self.hide = hide
        inner = max(width // 2, 1)
        self.tokens = nn.Embedding(vocabulary, inner, padding_idx=0)
        self.pairs = nn.Embedding(BUCKETS, inner, padding_idx=0)
        # From zero, as a linear model: a word that never mattered stays silent.
        nn.init.zeros_(self.tokens.weight)
        nn.init.zeros_(self.pairs.weight)
        self.out = nn.Linear(inner, width, bias=False)
        self.register_buffer("token_weight", torch.ones(vocabulary))
        self.register_buffer("pair_weight", torch.ones(BUCKETS))

    def prepare(self, tokens: np.ndarray) -> None:
        """Fit the inverse document frequencies on (n, L) training tokens."""
        rows = np.asarray(tokens)
        if len(rows) == 0:
            return
        counts = document_frequencies(rows, len(self.token_weight))
        self.token_weight.copy_(torch.from_numpy(inverse_frequencies(counts, len(rows))))
        pairs = pair_buckets(torch.from_numpy(rows)).numpy()
        counts = document_frequencies(pairs, BUCKETS)
        self.pair_weight.copy_(torch.from_numpy(inverse_frequencies(counts, len(rows))))

    @property
    def known(self) -> Tensor:
        """(vocabulary,) bool: token ids that the training rows taught."""
        return self.token_weight > 0

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, L) token ids to (B, width); a row without a known token gives zeros."""
        total: Tensor | None = None
        parts = (
            (tokens, self.tokens, self.token_weight),
            (pair_buckets(tokens), self.pairs, self.pair_weight),
        )
        for ids, table, weight in parts:
            if ids.shape[1] == 0:  # a text of one token has no pair
                continue
            shares = weight[ids] * (ids > 0)
            if self.training:
                shares = shares * (torch.rand(shares.shape, device=shares.device) >= self.hide)
            # Unit length of the weights, as TF-IDF rows have: long texts do not shout.
            shares = shares / shares.square().sum(dim=1, keepdim=True).clamp_min(1e-6).sqrt()
            summed = functional.embedding_bag(ids, table.weight, per_sample_weights=shares, mode="sum")
            total = summed if total is None else total + summed
        assert total is not None  # noqa: S101 - two parts, always
        return self.out(total)
