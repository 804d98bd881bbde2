"""Two opinions on a category as one: the weighted mean of their logarithms (Genest & Zidek 1986)."""

from collections.abc import Sequence

import numpy as np
from scipy.special import softmax

from models.expert.expert import LinearExpert
from models.features.table import FeatureTable

__all__ = ["named", "pooled"]


def pooled(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """(n, classes) probabilities of two to one, float32.

    Args:
        share: of the first, in [0, 1].
    """
    logs = (np.log(np.clip(part.astype(np.float64), 1e-9, None)) for part in (one, other))
    first, second = logs
    return np.asarray(softmax(share * first + (1 - share) * second, axis=1), dtype=np.float32)


def named(
    expert: LinearExpert | None,
    share: float,
    features: FeatureTable,
    network: np.ndarray,
    only: Sequence[str] | None = None,
) -> np.ndarray:
    """(n, classes) probabilities of n products by network and expert together.

    Args:
        share: of the network; of a product that the expert can read nothing of it is 1.
        network: (n, classes) probabilities.
        only: modalities to look at.
    """
    if expert is None or share == 1:
        return network
    both = pooled(network, expert.probabilities(features, only), share)
    return np.where(expert.reads(features, only)[:, None], both, network)
