"""What training asks for: right categories, agreement between modalities, plausible prices."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

__all__ = [
    "alignment_loss",
    "class_weights",
    "distillation_loss",
    "hide_modalities",
    "label_loss",
    "prefix",
    "price_loss",
    "supervised_contrastive_loss",
]

# Cui 2019 (arXiv 1901.05555): beyond some 1 / (1 - BETA) rows a class gains little by more.
BETA = 0.99

# Khosla 2020 (arXiv 2004.11362, section 4): of the temperatures tried, the best.
CONTRASTIVE_TEMPERATURE = 0.1


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


def class_weights(labels: np.ndarray, classes: int, balance: str = "sqrt") -> Tensor:
    """Weights that soften imbalance, scaled to a mean of 1 over labelled rows.

    Args:
        labels: (n,) int64, -1 where unknown.
        balance: none; sqrt, 1 / sqrt(rows); effective, 1 / effective number of rows (Cui 2019, eq. 4).
    """
    known = labels[labels >= 0]
    counts = np.bincount(known, minlength=classes).astype(np.float64)
    there = np.maximum(counts, 1)
    raw = {"none": np.ones(classes), "sqrt": 1 / np.sqrt(there), "effective": (1 - BETA) / (1 - BETA**there)}
    weights = np.where(counts > 0, raw[balance], 0.0)
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


def supervised_contrastive_loss(vectors: Tensor, labels: Tensor) -> Tensor | None:
    """Vectors of one category close, others apart (Khosla 2020, arXiv 2004.11362, eq. 2).

    Args:
        vectors: (N, dim) of unit length, any number of them for one product.
        labels: (N,) int64, -1 where unknown; such rows are left out.

    Returns:
        mean over the vectors that have another of their category; None without any.
    """
    known = labels >= 0
    vectors, labels = vectors[known], labels[known]
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    same = (labels[:, None] == labels[None, :]) & ~itself
    asking = same.any(dim=1)
    if not bool(asking.any()):
        return None
    scores = (vectors @ vectors.T / CONTRASTIVE_TEMPERATURE).masked_fill(itself, -1e4)
    shares = torch.log_softmax(scores, dim=1)
    mean = torch.where(same, shares, 0.0).sum(dim=1) / same.sum(dim=1).clamp_min(1)
    return -mean[asking].mean()


def distillation_loss(students: Tensor, teacher: Tensor, temperature: Tensor) -> Tensor | None:
    """Cosine distance to the teacher's vector, and telling it from the other rows' (InfoNCE).

    Args:
        students, teacher: (N, d) of unit length, row by row of one product; two rows at least.
        temperature: divides the cosine of the contrastive part.
    """
    if len(students) < 2:
        return None
    scores = students @ teacher.T / temperature
    target = torch.arange(len(students), device=students.device)
    cosine = 1 - (students * teacher).sum(dim=1).mean()
    return cosine + functional.cross_entropy(scores, target)


def prefix(vectors: Tensor, size: int) -> Tensor:
    """The first `size` numbers, of unit length again: (..., dim) to (..., size)."""
    return functional.normalize(vectors[..., :size], dim=-1)


def price_loss(predicted: Tensor, target: Tensor) -> Tensor | None:
    """Huber loss over the rows whose price is known: (B,), (B,) with NaN unknown. None without any."""
    known = torch.isfinite(target)
    if not bool(known.any()):
        return None
    return functional.huber_loss(predicted[known], target[known])
