"""Fusion by attention among the modalities that are present."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.fusion.registry import FUSION, Fusion

__all__ = ["AttentionFusion"]


class _Layer(nn.Module):
    """Pre-norm self-attention under a key mask, then a perceptron (Vaswani 2017)."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.attention_norm = nn.LayerNorm(width)
        self.inward = nn.Linear(width, 3 * width)
        self.outward = nn.Linear(width, width)
        self.net = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(2 * width, width),
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        rows, places, width = x.shape
        parts = self.inward(self.attention_norm(x)).view(rows, places, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None, :])
        seen = functional.dropout(
            self.outward(seen.transpose(1, 2).reshape(x.shape)), self.dropout, self.training
        )
        x = x + seen
        return x + self.net(x)


@FUSION.register("attention")
class AttentionFusion(Fusion):
    """A summary token attends to the present modalities; their mean goes along as a shortcut."""

    def __init__(self, modalities: int, width: int, dim: int, dropout: float) -> None:
        super().__init__(modalities, width, dim, dropout)
        heads = next(h for h in (4, 2, 1) if width % h == 0)
        self.summary = nn.Parameter(torch.zeros(width))
        self.which = nn.Parameter(torch.randn(modalities, width) * 0.02)
        self.layer = _Layer(width, heads, dropout)
        self.norm = nn.LayerNorm(width)
        self.project = nn.Linear(width, dim)
        self.direct = nn.Linear(width, dim)

    def forward(self, vectors: Tensor, present: Tensor) -> Tensor:
        mask = present[..., None]
        clean = torch.where(mask, vectors, 0.0)
        tokens = torch.where(mask, clean + self.which, 0.0)
        summary = self.summary.expand(tokens.shape[0], 1, -1)
        # The summary token is always there, so no row of the mask is empty.
        allowed = functional.pad(present, (1, 0), value=True)
        seen = self.layer(torch.cat([summary, tokens], dim=1), allowed)[:, 0]
        mean = clean.sum(dim=1) / mask.sum(dim=1).clamp_min(1)
        return self.project(self.norm(seen)) + self.direct(mean)
