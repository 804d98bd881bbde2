"""A completed modality beside the simplest filling, the mean: what making vectors up is worth."""

from typing import Any

import numpy as np
import torch

from models.completion.mean import MeanCompletion
from models.completion.nearest import BANK
from models.completion.token import TokenCompletion
from models.features.table import FeatureTable
from models.inference.passes import batches
from models.inference.product_encoder import ProductEncoder
from models.network import ProductNetwork
from shelfspace.paired import compare

__all__ = ["MEAN", "completion_compared", "makes_vectors_up", "mean_completion"]

MEAN = "mean"
"""The rival's name, and the setting that asks for it."""


def makes_vectors_up(network: ProductNetwork) -> bool:
    """Whether its completion is more than the mean, or nothing."""
    return not isinstance(network.completion, TokenCompletion | MeanCompletion)


def completion_compared(
    encoder: ProductEncoder,
    features: FeatureTable,
    labels: np.ndarray,
    learnt: np.ndarray,
    judged: np.ndarray,
) -> dict[str, Any] | str:
    """The network's labels of products that lack a modality, completed as it does it and by the mean, paired.

    Args:
        features: all products.
        labels: (n,) int64 index into the encoder's labels, -1 where unknown.
        learnt: training rows, of which the mean is taken over some hundreds.
        judged: rows that taught nothing.

    Returns:
        `shelfspace.paired.Comparison.describe` of the share that is right, or why nothing is compared.
    """
    network = encoder.network
    own = network.completion
    if not makes_vectors_up(network):
        return f"completion: model.completion {encoder.model.completion} makes no vectors up"
    present = _present(network, features)
    rows = judged[(labels[judged] >= 0) & present[judged].any(axis=1) & ~present[judged].all(axis=1)]
    if not len(rows):
        return "completion: every labelled product that is judged has all modalities"
    mean = mean_completion(encoder, features, learnt)
    seen, truth = features.take(rows), labels[rows]
    completed = encoder.encode_features(seen).probabilities.argmax(axis=1) == truth
    network.completion = mean
    try:
        filled = encoder.encode_features(seen).probabilities.argmax(axis=1) == truth
    finally:
        network.completion = own
    return compare(completed.astype(float), {MEAN: filled.astype(float)}).describe()


def mean_completion(encoder: ProductEncoder, features: FeatureTable, learnt: np.ndarray) -> MeanCompletion:
    """The mean filling of an encoder, fitted on some hundreds of the training rows `learnt`."""
    network = encoder.network
    some = learnt[_present(network, features)[learnt].any(axis=1)]
    some = features.take(some[:: 1 + len(some) // BANK])
    with torch.inference_mode():
        known = [
            (network.encode(values, there)[..., : network.width], there)
            for values, there in batches(network, some, None, BANK, encoder.device)
        ]
    vectors, there = zip(*known, strict=True)
    mean = MeanCompletion(len(network.modalities), network.width).to(encoder.device).eval()
    mean.fit(torch.cat(vectors), torch.cat(there))
    return mean


def _present(network: ProductNetwork, features: FeatureTable) -> np.ndarray:
    return np.stack([features.modalities[name].present for name in network.modalities], axis=1)
