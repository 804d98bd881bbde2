"""Training strategies by registry name; importing this package registers all of them."""

# The registry first: a strategy's module may take it from this package.
from models.training.strategies.registry import STRATEGY, Lessons, Strategy

# isort: split
from models.training.strategies import adversarial, joint, transfer

__all__ = ["STRATEGY", "Lessons", "Strategy", "adversarial", "joint", "transfer"]
