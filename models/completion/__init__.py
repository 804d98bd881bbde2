"""Completions of missing modalities by registry name; importing this package registers all of them."""

# The registry first: a completion's module may take it from this package.
from models.completion.registry import COMPLETION, Completion

# isort: split
from models.completion import adversarial, mean, nearest, token

__all__ = ["COMPLETION", "Completion", "adversarial", "mean", "nearest", "token"]
