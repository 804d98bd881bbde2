"""A small shop whose products are bought in cliques of six, of which their vectors know nothing."""

import numpy as np

from catalog.copurchases import Baskets
from shelfspace.settings import Graph

SMALL = Graph(shrinkage=1, neighbours=5, epochs=6, batch_size=64, width=16, learning_rate=0.01)
N, DIM, CLIQUE = 60, 12, 6


def settings(encoder: str, **changes: object) -> Graph:
    return SMALL.model_copy(update={"encoder": encoder, **changes})


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


IDS = [f"p{n}" for n in range(N)]


def pair_baskets(*products: list[int], n: int = 8) -> Baskets:
    basket = np.concatenate([np.full(len(p), b) for b, p in enumerate(products)])
    times = np.datetime64("2026-01-01", "ns") + np.arange(len(products)) * np.timedelta64(1, "D")
    return Baskets(basket, np.concatenate(products).astype(np.int64), times, n)
