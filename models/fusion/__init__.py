"""Fusions by registry name; importing this package registers all of them."""

from models.fusion import attention, concat, hybrid, weighted
from models.fusion.registry import FUSION, Fusion

__all__ = ["FUSION", "Fusion", "attention", "concat", "hybrid", "weighted"]
