"""What training asks for: right categories, agreement between modalities, plausible prices."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["Losses", "alignment_loss", "class_weights", "hide_modalities", "label_loss", "price_loss"]


@dataclass(frozen=True)
class Losses:
    """The parts of the objective, unweighted; a part without any target is None.

    Attributes:
        label: cross-entropy of the fused vector's category.
        alignment: cross-modal contrastive loss.
        unimodal: cross-entropy of each modality's own vector.
        price: Huber loss of the standardised log price, from vectors that did not see the price.
    """

    label: Tensor | None
    alignment: Tensor | None
    unimodal: Tensor | None
    price: Tensor | None

    def parts(self) -> dict[str, Tensor]:
        """The parts there are, by name."""
        found = {name: getattr(self, name) for name in ("label", "alignment", "unimodal", "price")}
        return {name: value for name, value in found.items() if value is not None}


def hide_modalities(present: Tensor, probability: float) -> Tensor:
    """Hide each present modality with a probability, but never all of a row's.

    Args:
        present: (B, M) bool.
        probability: chance of hiding one present modality.

    Returns:
        (B, M) bool, a subset of `present` that is non-empty wherever `present` is.
    """
    luck = torch.rand(present.shape, device=present.device)
    kept = present & (luck >= probability)
    # Where all would go, the luckiest present modality stays.
    best = luck.masked_fill(~present, -1.0).argmax(dim=1)
    saved = functional.one_hot(best, present.shape[1]).bool() & present
    return torch.where(kept.any(dim=1, keepdim=True), kept, saved)


def class_weights(labels: np.ndarray, classes: int) -> Tensor:
    """Weights that soften imbalance: 1 / sqrt(rows), scaled to a mean of 1 over labelled rows.

    Args:
        labels: (n,) int64, -1 where unknown.
    """
    known = labels[labels >= 0]
    counts = np.bincount(known, minlength=classes).astype(np.float64)
    weights = np.where(counts > 0, 1 / np.sqrt(np.maximum(counts, 1)), 0.0)
    total = float((weights * counts).sum())
    return torch.tensor(weights * (len(known) / total) if total else weights, dtype=torch.float32)


def label_loss(logits: Tensor, labels: Tensor, weights: Tensor, smoothing: float) -> Tensor | None:
    """Smoothed, weighted cross-entropy over labelled rows: (B, C), (B,) with -1 unknown. None without any."""
    known = labels >= 0
    if logits.shape[1] < 2 or not bool(known.any()):
        return None
    return functional.cross_entropy(logits[known], labels[known], weights, label_smoothing=smoothing)


def alignment_loss(views: Tensor, present: Tensor, temperature: Tensor) -> Tensor | None:
    """Symmetric InfoNCE between every two views of the same product (Radford 2021, arXiv 2103.00020).

    Args:
        views: (B, V, dim) unit vectors.
        present: (B, V) bool; a pair of views counts on rows that have both, two rows at least.
        temperature: divides the cosine.

    Returns:
        mean over the pairs of views, or None where there is no pair.
    """
    losses = []
    for i in range(views.shape[1]):
        for j in range(i + 1, views.shape[1]):
            both = present[:, i] & present[:, j]
            rows = int(both.sum())
            if rows < 2:
                continue
            scores = views[both, i] @ views[both, j].T / temperature
            target = torch.arange(rows, device=views.device)
            losses.append(
                (functional.cross_entropy(scores, target) + functional.cross_entropy(scores.T, target)) / 2
            )
    return torch.stack(losses).mean() if losses else None


def price_loss(predicted: Tensor, target: Tensor) -> Tensor | None:
    """Huber loss over the rows whose price is known: (B,), (B,) with NaN unknown. None without any."""
    known = torch.isfinite(target)
    if not bool(known.any()):
        return None
    return functional.huber_loss(predicted[known], target[known])
