"""A LightGBM model over the features of candidates, learned from what was bought after earlier moments.

Binary log loss, not lambdarank: both rank alike on Online Retail (docs/insights.md), and the log loss may
learn from a tenth of the candidates that were not bought, weighed ten times, which takes a tenth of the time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from insights.recommendation.candidates import candidates
from insights.recommendation.features import FEATURES, features
from insights.recommendation.history import Purchases
from insights.recommendation.judge import HORIZON, bought_after
from insights.recommendation.knowledge import Knowledge
from shelfspace.errors import ArtifactError, InputError

if TYPE_CHECKING:
    import lightgbm

__all__ = ["Examples", "Ranker", "draw", "examples", "fit", "moments_before"]

STEP = 14.0
"""Days between two moments that are learned from."""
MOMENTS = 6
UNBOUGHT = 0.1
"""Share of the candidates that were not bought which is learned from; all that were bought are."""
PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "num_iterations": 240,
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "deterministic": True,
    "force_col_wise": True,
    "num_threads": 1,
    "verbose": -1,
}


@dataclass(frozen=True)
class Examples:
    """Candidates of an earlier moment.

    Attributes:
        features: (c, f) float32.
        bought: (c,) bool, whether each was bought after it.
        weight: (c,) how much it counts.
    """

    features: np.ndarray
    bought: np.ndarray
    weight: np.ndarray


def moments_before(moment: float, horizon: float = HORIZON, most: int = MOMENTS) -> list[float]:
    """The moments to learn from, the latest first; what they foresee ends before `moment`."""
    return [moment - horizon - STEP * back for back in range(most)]


def examples(
    purchases: Purchases,
    known: Knowledge,
    horizon: float = HORIZON,
    shoppers: int | None = None,
    seed: int = 0,
) -> Examples:
    """What can be learned from one moment.

    Args:
        known: at that moment.
        shoppers: at most so many of those who bought after it, drawn at random; None for all.
    """
    truth = bought_after(purchases, known, horizon).drawn(shoppers, seed)
    of = known.histories.take(truth.shoppers)
    found = candidates(of, known, truth.shoppers)
    bought = truth.holds(found.shopper, found.product)
    kept, weight = draw(bought, np.random.default_rng([seed, int(known.moment)]))
    return Examples(features(found.take(kept), of, known), bought[kept], weight)


def draw(bought: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Places of the candidates that are learned from, ascending, and how much each counts.

    Args:
        bought: (c,) bool.
    """
    kept = np.flatnonzero(bought | (rng.random(len(bought)) < UNBOUGHT))
    return kept, np.where(bought[kept], 1.0, 1 / UNBOUGHT)


class Ranker:
    """A learned order.

    Args:
        booster: a model over named columns.
    """

    def __init__(self, booster: "lightgbm.Booster") -> None:
        self._booster = booster

    @classmethod
    def read(cls, text: str, columns: Sequence[str] = FEATURES) -> "Ranker":
        """The model of its text, over these columns.

        Raises:
            ArtifactError: it is none, or one of other features.
        """
        import lightgbm

        try:
            booster = lightgbm.Booster(model_str=text)
        except lightgbm.basic.LightGBMError as error:
            raise ArtifactError(
                f"the ranker's model cannot be read ({error}); run the insights job"
            ) from error
        if tuple(booster.feature_name()) != tuple(columns):
            raise ArtifactError("the ranker was learned from other features; run the insights job")
        return cls(booster)

    def text(self) -> str:
        """The model as LightGBM's text, without anything executable."""
        return str(self._booster.model_to_string())

    def score(self, of_features: np.ndarray) -> np.ndarray:
        """(c,) log odds that a candidate is bought."""
        if not len(of_features):
            return np.empty(0)
        return np.asarray(self._booster.predict(of_features, raw_score=True, num_threads=1))

    def gains(self) -> dict[str, float]:
        """Feature to its share of what the trees gain, the largest first."""
        gain = self._booster.feature_importance("gain")
        share = gain / max(gain.sum(), 1e-12)
        order = np.argsort(-share, kind="stable")
        names = self._booster.feature_name()
        return {names[place]: round(float(share[place]), 4) for place in order.tolist()}


def fit(
    learned_from: Sequence[Examples],
    seed: int = 0,
    columns: Sequence[str] = FEATURES,
    parameters: Mapping[str, float] = MappingProxyType({}),
) -> Ranker:
    """Learn the order from the examples of several moments.

    Args:
        columns: of the examples' features.
        parameters: LightGBM's, where they differ from PARAMETERS.

    Raises:
        InputError: nothing, or all of them, was bought.
    """
    import lightgbm

    bought = np.concatenate([np.empty(0, bool), *(one.bought for one in learned_from)])
    if not bought.any() or bought.all():
        raise InputError("examples", f"{int(bought.sum())} bought of {len(bought)}", "give more purchases")
    data = lightgbm.Dataset(
        np.concatenate([one.features for one in learned_from]),
        bought.astype(np.float32),
        weight=np.concatenate([one.weight for one in learned_from]),
        feature_name=list(columns),
    )
    asked = {**PARAMETERS, **parameters, "seed": seed}
    return Ranker(lightgbm.train(asked, data, num_boost_round=int(asked.pop("num_iterations"))))
