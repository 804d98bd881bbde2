"""Completions of missing modalities by registry name; importing this package registers all of them."""

from models.completion import adversarial, mean, nearest, token
from models.completion.registry import COMPLETION, Completion

__all__ = ["COMPLETION", "Completion", "adversarial", "mean", "nearest", "token"]
