"""Training strategies by registry name; importing this package registers all of them."""

from models.training.strategies import adversarial, joint, transfer
from models.training.strategies.registry import STRATEGY, Lessons, Strategy

__all__ = ["STRATEGY", "Lessons", "Strategy", "adversarial", "joint", "transfer"]
