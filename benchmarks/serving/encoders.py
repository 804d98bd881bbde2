"""What the choice among the encoder's backends (`models.inference.backends`) finds, on the shop's release."""

from collections.abc import Iterator
from typing import Any

import torch

from benchmarks.serving.shop import LEARNT, Shop, photo_of, title_of
from catalog.product import ProductInput
from models.inference.backends import choose
from models.inference.product_encoder import ProductEncoder

__all__ = ["compare_encoders"]

TITLES, PHOTOS = 48, 16
SECONDS = 300.0
"""Enough for every way, which the service's own bound need not be."""


def compare_encoders(shop: Shop) -> Iterator[dict[str, Any]]:
    """One row a part and way, and one for a whole text; processor microseconds: the machine may be shared."""
    threads = shop.settings.service.threads
    torch.set_num_threads(threads)
    encoder = ProductEncoder.load(shop.release.model_folder)
    items = [ProductInput(title=title_of(7919 * n % 20_000)) for n in range(TITLES)]
    items += [ProductInput(photos=(photo_of(LEARNT + n),)) for n in range(PHOTOS)]
    items += [ProductInput(title=title_of(n), price=5.0 + n) for n in range(PHOTOS)]
    choice = choose(encoder, encoder.featurize(items), seconds=SECONDS, threads=threads)
    for trial in choice.trials:
        yield {**trial.describe(), "chosen": choice.ways[trial.part] == trial.way}
    if choice.text_microseconds is not None and choice.agreement is not None:
        eager, chosen = choice.text_microseconds
        yield {
            "part": "one text, whole", "way": "as chosen", "chosen": True, "reason": choice.problem,
            "microseconds": {"1": round(chosen, 1)}, "eager_microseconds": {"1": round(eager, 1)},
            "times_eager": round(eager / chosen, 2), **choice.agreement.describe(),
        }  # fmt: skip
