"""What a model costs where it serves: the bytes of its folder, and the time it takes to read a product."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from catalog.product import ProductInput
from releases.gate.floors import Finding
from shelfspace.settings import Gate

__all__ = ["Cost", "affordable", "costs", "megabytes"]

ROUNDS = 3
FELT = 5.0
"""Milliseconds a product below which nobody feels a difference."""


@dataclass(frozen=True)
class Cost:
    """Megabytes of a model's folder, and milliseconds a product from raw parts to its vector on the CPU."""

    megabytes: float
    milliseconds: float


def costs(models: Sequence[Path], items: Sequence[ProductInput]) -> list[Cost | None]:
    """Measure models in turns, so that what else the machine does falls on all of them.

    Args:
        models: ProductEncoder folders.
        items: products that each can read; the best of some rounds counts for each.

    Returns:
        a cost a model; None each where there is no product.
    """
    if not items:
        return [None for _ in models]
    from models.inference.product_encoder import ProductEncoder

    encoders = [ProductEncoder.load(folder) for folder in models]
    best = [[float("inf")] * len(items) for _ in models]
    for encoder in encoders:
        encoder.embed(items[:1])  # the first call loads what the others find loaded
    for _ in range(ROUNDS):
        for i, item in enumerate(items):
            for times, encoder in zip(best, encoders, strict=True):
                started = time.perf_counter()
                encoder.embed([item])
                times[i] = min(times[i], time.perf_counter() - started)
    return [
        Cost(megabytes(folder), 1000 * sum(times) / len(items))
        for folder, times in zip(models, best, strict=True)
    ]


def megabytes(model: Path) -> float:
    """Of a model's folder."""
    return sum(f.stat().st_size for f in model.rglob("*") if f.is_file()) / 1e6


def affordable(challenger: Cost, champion: Cost, settings: Gate) -> Iterator[Finding]:
    """Whether the challenger is not much larger and not much slower."""
    larger, slower = settings.times_larger, settings.times_slower
    yield Finding(
        challenger.megabytes <= larger * champion.megabytes,
        f"size: {challenger.megabytes:.1f} MB beside the champion's {champion.megabytes:.1f} MB "
        f"(up to {larger:g} times as large passes: gate.times_larger)",
    )
    yield Finding(
        challenger.milliseconds <= max(slower * champion.milliseconds, champion.milliseconds + FELT),
        f"time to read a product: {challenger.milliseconds:.1f} ms beside the champion's "
        f"{champion.milliseconds:.1f} ms (up to {slower:g} times as long passes: gate.times_slower)",
    )
