"""Ways to run a release's encoder beside eager float32: time a call, and how far the answers lie apart.

A way is worth code in the service where it is a tenth quicker on one text, the usual query, with cosine
0.999 and the same first label throughout.
"""

import copy
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from benchmarks.serving.shop import LEARNT, Shop, photo_of, title_of
from models.features import FeatureTable
from models.inputs.item import ProductInput
from models.product_encoder import Encoded, ProductEncoder

__all__ = ["compare_encoders"]

COSINE = 0.999
GAIN = 1.1
QUERIES = 64
ROUNDS = 7
Encode = Callable[[FeatureTable], Encoded]


def compare_encoders(shop: Shop) -> Iterator[dict[str, Any]]:
    """One row a way and kind of call; processor microseconds, since the machine may be shared."""
    torch.set_num_threads(1)
    encoder = ProductEncoder.load(shop.release.model_folder)
    calls = {"text x1": texts(encoder, 1), "text x16": texts(encoder, 16), "photo x1": photos(encoder)}
    base = {name: [encoder.encode_features(t) for t in tables] for name, tables in calls.items()}
    for way, encode, seconds in ways(encoder):
        for name, tables in calls.items():
            try:
                found = [encode(table) for table in tables]
            except RuntimeError as error:  # the way cannot run this network: that is its result
                yield {"way": way, "call": name, "fails": str(error).split(". ")[0]}
                continue
            spent = {"eager": clock(encoder.encode_features, tables), way: clock(encode, tables)}
            yield {
                "way": way,
                "call": name,
                "preparing_seconds": round(seconds, 1),
                "microseconds": round(spent[way], 1),
                "times_eager": round(spent["eager"] / spent[way], 2),
                **agreement(found, base[name]),
            }


def texts(encoder: ProductEncoder, batch: int) -> list[FeatureTable]:
    """Features of titles, so many a call."""
    items = [ProductInput(title=title_of(7919 * n % 20_000)) for n in range(max(QUERIES, 4 * batch))]
    return [encoder.featurize(items[at : at + batch]) for at in range(0, len(items), batch)]


def photos(encoder: ProductEncoder) -> list[FeatureTable]:
    """Features of single photos."""
    return [encoder.featurize([ProductInput(photos=(photo_of(LEARNT + n),))]) for n in range(QUERIES // 2)]


def ways(encoder: ProductEncoder) -> Iterator[tuple[str, Encode, float]]:
    """Name, call and seconds of preparation of each way to encode."""

    def bfloat16(table: FeatureTable) -> Encoded:
        with torch.autocast("cpu", torch.bfloat16):
            return encoder.encode_features(table)

    yield "eager float32", encoder.encode_features, 0.0
    yield "autocast bfloat16", bfloat16, 0.0
    begin = time.perf_counter()
    compiled = copy.deepcopy(encoder)
    # What a text passes; lengths differ, so shapes are left open.
    compiled.network.encoders["text"].compile(dynamic=True)
    compiled.network.fusion.compile(dynamic=True)
    for batch in (1, 16, 1):
        compiled.encode_features(texts(encoder, batch)[0])
    yield "torch.compile float32", compiled.encode_features, time.perf_counter() - begin


def clock(encode: Encode, tables: list[FeatureTable]) -> float:
    """Median processor microseconds a call."""
    spent = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        for table in tables:
            encode(table)
        spent.append((time.process_time() - begin) / len(tables) * 1e6)
    return float(np.median(spent))


def agreement(found: list[Encoded], base: list[Encoded]) -> dict[str, Any]:
    """Least cosine to eager float32 and the share of equal first labels."""
    ours = np.concatenate([e.vectors.astype(np.float32) for e in found])
    theirs = np.concatenate([e.vectors for e in base])
    first = [np.concatenate([e.probabilities.argmax(1) for e in part]) for part in (found, base)]
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    return {
        "least_cosine": round(float(((ours * theirs).sum(1) / lengths).min()), 6),
        "same_label": round(float((first[0] == first[1]).mean()), 4),
    }
