"""What comes to /search is featurised as a query, what comes to /embed and /classify as a product."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from bentos.serving.jobs import feature_tables, featurize
from catalog.product import ProductInput
from models.features.table import FeatureTable, ModalityFeatures
from retrieval.query import SearchQuery


class Encoder:
    """Says which items it was told are queries, in the place of their features."""

    modalities = ("text",)

    def featurize(self, items: Sequence[ProductInput], **more: Any) -> FeatureTable:
        asked = np.broadcast_to(np.asarray(more["queries"]), len(items))[:, None].astype(np.float32)
        text = ModalityFeatures({"asked": asked}, np.ones(len(items), dtype=bool))
        return FeatureTable(tuple(map(str, range(len(items)))), {"text": text})


LOADED: Any = SimpleNamespace(encoder=Encoder(), media=None)


def call(count: int, asks: bool) -> Any:
    queries = (SearchQuery(text="red lamp"),) if asks else ()
    return SimpleNamespace(items=[ProductInput(title="red lamp")] * count, queries=queries)


def told(table: Any) -> list[float]:
    return table.modalities["text"].values["asked"][:, 0].tolist()


def test_each_job_of_a_batch_is_read_as_what_it_is() -> None:
    jobs: list[Any] = [
        SimpleNamespace(features=None, call=call(*one)) for one in ((1, True), (2, False), (2, True))
    ]
    assert [told(table) for table in feature_tables(LOADED, jobs, [None] * 3)] == [
        [1.0],
        [0.0, 0.0],
        [1.0, 1.0],
    ]


def test_a_call_whose_media_are_decoded_apart_is_read_so_too() -> None:
    assert told(featurize(LOADED, call(2, True))) == [1.0, 1.0]
    assert told(featurize(LOADED, call(1, False))) == [0.0]
