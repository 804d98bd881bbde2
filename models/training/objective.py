"""The common objective: what one batch is worth, part by part."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.network import ProductNetwork
from models.training.hierarchy import PathHeads
from models.training.loader import Batch
from models.training.losses import (
    alignment_loss,
    hide_modalities,
    label_loss,
    prefix,
    price_loss,
    supervised_contrastive_loss,
)
from shelfspace.settings import Training

__all__ = ["ALIGNED", "Objective", "Step", "Weighted"]

# Price says little about which product it is, so its vector is not aligned with the others.
ALIGNED = ("text", "image", "audio")

Weighted = dict[str, tuple[float, Tensor]]
"""Name of a part of the objective to its weight and its unweighted value."""


@dataclass(frozen=True)
class Step:
    """One batch of B products through the network.

    Attributes:
        present: (B, M) bool, what the products have.
        shown: (B, M) bool, what of it the fused vector saw.
        labels: (B,) int64, -1 unknown.
        price: (B,) standardised log price, NaN unknown.
        rows: (B,) int64 row numbers in the table.
        vectors: (B, M, carried) of the encoders, zero where absent.
        fused: (B, dim) of unit length.
        singles: (B, M, dim) of each modality alone, zero where absent.
        temperature: of the contrastive losses.
    """

    present: Tensor
    shown: Tensor
    labels: Tensor
    price: Tensor
    rows: Tensor
    vectors: Tensor
    fused: Tensor
    singles: Tensor
    temperature: Tensor


class Objective(nn.Module):
    """Categories, agreement between modalities, prices, and what the settings add.

    Args:
        network: what is trained; not registered as a part of the objective.
        training: the weights.
        label_weights: (classes,) weights of the cross-entropy.
        label_names: for the levels of the category path.
    """

    label_weights: Tensor

    def __init__(
        self, network: ProductNetwork, training: Training, label_weights: Tensor, label_names: Sequence[str]
    ) -> None:
        super().__init__()
        self._network = (network,)
        self.training_settings = training
        self.register_buffer("label_weights", label_weights, persistent=False)
        self.log_temperature = nn.Parameter(torch.tensor(math.log(0.1)))
        self.path = PathHeads(network.dim, label_names) if training.hierarchy_weight else None
        self.sizes = [size for size in training.nested_dims if size < network.dim]
        self.aligned = [m for m, name in enumerate(network.modalities) if name in ALIGNED]
        self.tabular = network.modalities.index("tabular") if "tabular" in network.modalities else None

    def step(self, batch: Batch, hide: float) -> Step:
        """Run the network on a batch, each present modality hidden from the fused vector by a chance."""
        (network,) = self._network
        values, present, labels, price, rows = batch
        vectors = network.encode(values, present)
        shown = hide_modalities(present, hide) if hide else present
        fused = network.fuse(vectors, shown)
        singles = network.singles(vectors, present)
        temperature = self.log_temperature.clamp(math.log(0.02), math.log(1.0)).exp()
        return Step(present, shown, labels, price, rows, vectors, fused, singles, temperature)

    def forward(self, step: Step) -> tuple[Weighted, Tensor]:
        """The parts that have a target in this batch, and the fused vectors' category scores."""
        (network,) = self._network
        settings = self.training_settings
        logits = network.logits(step.fused)
        row, column = step.present.nonzero(as_tuple=True)
        alone = step.singles[row, column]
        views = torch.cat([step.singles[:, self.aligned], step.fused[:, None]], dim=1)
        viewed = torch.cat([step.present[:, self.aligned], torch.ones_like(step.present[:, :1])], dim=1)
        parts: dict[str, tuple[float, Tensor | None]] = {
            "label": (settings.label_weight, self._label(logits, step.labels)),
            "alignment": (
                settings.alignment_weight,
                alignment_loss(views, viewed, step.temperature) if self.aligned else None,
            ),
            "unimodal": (
                settings.unimodal_label_weight,
                self._label(network.logits(alone), step.labels[row]),
            ),
        }
        if settings.price_weight:
            parts["price"] = (settings.price_weight, self._price(step, row, column))
        if self.path is not None:
            found = self.path.loss(step.fused * network.scale, step.labels, settings.label_smoothing)
            parts["hierarchy"] = (settings.hierarchy_weight, found)
        if settings.contrastive_weight:
            kinds = step.labels[:, None].expand_as(viewed)[viewed]
            parts["contrastive"] = (
                settings.contrastive_weight,
                supervised_contrastive_loss(views[viewed], kinds),
            )
        if self.sizes:
            parts["nested_label"] = (settings.label_weight, self._nested_label(step))
            parts["nested_alignment"] = (
                settings.alignment_weight,
                self._nested_alignment(views, viewed, step.temperature),
            )
        return {name: (weight, part) for name, (weight, part) in parts.items() if part is not None}, logits

    def _label(self, logits: Tensor, labels: Tensor) -> Tensor | None:
        return label_loss(logits, labels, self.label_weights, self.training_settings.label_smoothing)

    def _price(self, step: Step, row: Tensor, column: Tensor) -> Tensor | None:
        """From vectors that did not see the price, which would only copy it."""
        (network,) = self._network
        if self.tabular is None:
            blind = torch.ones_like(step.present[:, 0])
            other = torch.ones_like(column, dtype=torch.bool)
        else:
            blind, other = ~step.shown[:, self.tabular], column != self.tabular
        seen = torch.cat([step.fused[blind], step.singles[row[other], column[other]]])
        return price_loss(network.log_price(seen), torch.cat([step.price[blind], step.price[row[other]]]))

    def _nested_label(self, step: Step) -> Tensor | None:
        """Mean over the prefixes (Kusupati 2022, arXiv 2205.13147, eq. 1, without relative weights)."""
        (network,) = self._network
        found = [self._label(network.logits(prefix(step.fused, size)), step.labels) for size in self.sizes]
        return mean_of(found)

    def _nested_alignment(self, views: Tensor, viewed: Tensor, temperature: Tensor) -> Tensor | None:
        if not self.aligned:
            return None
        return mean_of([alignment_loss(prefix(views, size), viewed, temperature) for size in self.sizes])


def mean_of(parts: Sequence[Tensor | None]) -> Tensor | None:
    """Mean of the parts there are."""
    found = [part for part in parts if part is not None]
    return torch.stack(found).mean() if found else None
