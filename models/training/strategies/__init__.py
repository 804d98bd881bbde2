"""Training strategies by registry name; importing this package registers all of them."""

from models.strategies import adversarial, joint, transfer
from models.strategies.registry import STRATEGY, Lessons, Strategy

__all__ = ["STRATEGY", "Lessons", "Strategy", "adversarial", "joint", "transfer"]
