"""What a trained encoder keeps of what it learned beside its vector: only what beats the simple thing.

Judged on validation rows, whose labels taught no weight. A completion that makes vectors up gives way to the
mean, and a temperature to none, unless it is better by more than chance (`shelfspace.paired`).
"""

from typing import Any

import numpy as np

from models.evaluation.completed import MEAN, completion_compared, makes_vectors_up, mean_completion
from models.features.table import FeatureTable
from models.inference.product_encoder import ProductEncoder
from models.training.calibration import choose_temperature
from shelfspace.paired import LEARNED

__all__ = ["settle_completion", "settle_temperature"]


def settle_completion(
    encoder: ProductEncoder,
    features: FeatureTable,
    labels: np.ndarray,
    learnt: np.ndarray,
    checked: np.ndarray,
) -> dict[str, Any]:
    """Put the mean in the place of a completion that does not beat it.

    Args:
        labels: (n,) int64, -1 where unknown.
        learnt, checked: training and validation rows.

    Returns:
        `asked` and `used`, settings of `model.completion`, and `compared`, None where no row could be; empty
        where nothing is made up.
    """
    if not makes_vectors_up(encoder.network):
        return {}
    asked, found = encoder.model.completion, completion_compared(encoder, features, labels, learnt, checked)
    compared = None if isinstance(found, str) else found
    if compared is None or compared["winner"] != LEARNED:
        encoder.network.completion = mean_completion(encoder, features, learnt)
        encoder.model = encoder.model.model_copy(update={"completion": MEAN})
    return {"asked": asked, "used": encoder.model.completion, "compared": compared}


def settle_temperature(
    encoder: ProductEncoder, features: FeatureTable, labels: np.ndarray
) -> dict[str, Any] | None:
    """Calibrate an encoder, whose temperature is 1, on validation rows; returns the comparison.

    Args:
        labels: (n,) int64, -1 where unknown.
    """
    # Log-probabilities at temperature 1: they differ from the logits by a constant a row.
    logits = np.log(np.maximum(encoder.encode_features(features).probabilities, 1e-30))
    encoder.temperature, compared = choose_temperature(logits, labels)
    return compared
