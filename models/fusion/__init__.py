"""Fusions by registry name; importing this package registers all of them."""

# The registry first: a fusion's module may take it from this package.
from models.fusion.registry import FUSION, Fusion

# isort: split
from models.fusion import attention, concat, hybrid, weighted

__all__ = ["FUSION", "Fusion", "attention", "concat", "hybrid", "weighted"]
