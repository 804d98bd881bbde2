"""The level of a mixed query's scores where its parts do not weigh the same.

The fusion learns from mixed queries whose parts weigh the same; that says how high scores are. Other
weights ask for another order and say nothing of how good the answer is: multiplied evidence alone would
score everything that has the words higher the more they weigh.
"""

import numpy as np

__all__ = ["levelled"]


def levelled(logit: np.ndarray, plain: np.ndarray) -> np.ndarray:
    """Logits in the order that the weights ask for, at the level of equal weights.

    The best and the mean of the query's candidates become those of `plain`: how sure a query is of an
    answer does not hang on what its parts weigh. The map is linear and rising, so the order stays, ties
    included.

    Args:
        logit: (m,) of the candidates, by the weights asked for.
        plain: (m,) of the same candidates at equal weights.
    """
    if len(logit) == 0:
        return logit
    height, wanted = float(logit.max() - logit.mean()), float(plain.max() - plain.mean())
    stretch = wanted / height if height > 1e-9 else 0.0
    return np.asarray((logit - logit.mean()) * stretch + plain.mean())
