"""The registry of training strategies and what a strategy may do.

Every strategy runs in the one loop of `models.training.lightning_module`: it adds to the objective, says
from which epoch on an epoch may be kept, and may prepare something first. What it learns beside
the network is in its own parameters, which stand in the checkpoint and not in the encoder.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import nn

from models.features.table import FeatureTable
from models.network import ProductNetwork
from models.registry import Registry
from models.training.objective import Step, Weighted
from shelfspace.settings import Settings

__all__ = ["STRATEGY", "Alone", "Lessons", "Strategy"]


@dataclass(frozen=True)
class Alone:
    """A network of one modality, trained alone.

    Attributes:
        score: what its best epoch was judged by, with a guess for validation rows that lack the
            modality; less is better.
        network: of that epoch, in evaluation mode.
        vectors: (n, dim) float32 product vectors, zero where absent.
    """

    score: float
    network: ProductNetwork
    vectors: np.ndarray


@dataclass(frozen=True)
class Lessons:
    """What a strategy may prepare with.

    Attributes:
        table: all products, in the row numbers that `Step.rows` has.
        train_alone: trains a network of one modality; a killed one is taken up again.
    """

    table: FeatureTable
    train_alone: Callable[[str], Alone]


class Strategy(nn.Module):
    """Base of the strategies; as it stands it adds nothing.

    Args:
        network: what is trained; not registered as a part of the strategy.
        settings: all settings.

    Attributes:
        warm_epochs: first epochs in which only the strategy's own losses count and none is kept.
        taught_by: what taught the others, for the report; "" where nothing did.
    """

    def __init__(self, network: ProductNetwork, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        # In a tuple, so that the network's weights stand in the checkpoint once.
        self._network = (network,)
        self.warm_epochs = 0
        self.taught_by = ""

    @property
    def network(self) -> ProductNetwork:
        """What is trained."""
        return self._network[0]

    @classmethod
    def check(cls, settings: Settings) -> None:
        """Raise SettingsError where the settings do not suit the strategy."""

    def prepare(self, lessons: Lessons) -> None:
        """Called once before the first step, also when a killed run is taken up."""

    def losses(self, step: Step, epoch: int) -> Weighted:
        """More parts of the objective: name to weight and value."""
        return {}


STRATEGY: Registry[type[Strategy]] = Registry("training.strategy")
