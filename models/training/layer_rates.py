"""Learning rates by layer: what lies near the input changes less (Howard & Ruder 2018, arXiv 1801.06146)."""

from collections.abc import Iterable, Iterator
from typing import Any

from torch import nn

from models.network import ProductNetwork

__all__ = ["parameter_groups"]


def parameter_groups(
    network: ProductNetwork, others: Iterable[nn.Parameter], layer_decay: float, weight_decay: float
) -> list[dict[str, Any]]:
    """Groups for an optimiser, each with `scale`, its share of the learning rate.

    Of an encoder's `rated_layers` the last one gets `layer_decay`, the one before `layer_decay` squared, and
    so on. Fusion, heads and `others` (what training adds) get the full rate. Vectors and biases do not decay.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for scale, parameter in _scaled(network, others, layer_decay):
        groups.setdefault((scale, weight_decay if parameter.ndim >= 2 else 0.0), []).append(parameter)
    # Decayed weights first, as a run with one rate has always had them.
    ordered = sorted(groups, key=lambda key: (-key[0], -key[1]))
    return [{"params": groups[key], "weight_decay": key[1], "scale": key[0]} for key in ordered]


def _scaled(
    network: ProductNetwork, others: Iterable[nn.Parameter], layer_decay: float
) -> Iterator[tuple[float, nn.Parameter]]:
    scales: dict[int, float] = {}
    for encoder in map(network.encoder, network.modalities):
        layers = encoder.rated_layers()
        for depth, layer in enumerate(reversed(layers), start=1):
            scales |= {id(p): layer_decay**depth for p in layer.parameters()}
        # A parameter of the encoder's own stands with its first layer.
        scales = {id(p): layer_decay ** len(layers) for p in encoder.parameters(recurse=False)} | scales
    for parameter in [*network.parameters(), *others]:
        yield scales.get(id(parameter), 1.0), parameter
