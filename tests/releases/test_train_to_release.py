"""The real encoder through the real gate into a real release: trained, judged, released, read back."""

from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pytest

from models.evaluation.card import model_card
from models.evaluation.evaluate import evaluate
from models.evaluation.pictures import pictures
from models.inference.product_encoder import ProductEncoder
from models.training.train import train
from releases import Release, current, promote, write_release
from releases.gate import Judged, decide
from retrieval.vectors import build_index
from shelfspace.settings import Gate
from tests.models.learning import CLASSES, features_table, quick_settings, splits_of


@pytest.mark.parametrize("labelled", [True, False])
def test_from_training_to_a_live_release(tmp_path: Path, labelled: bool) -> None:
    settings = quick_settings(training={"epochs": 2}, evaluation={"bootstrap": 20})
    table, codes, price = features_table(120, ("text", "image", "tabular"))
    labels, names = (codes, CLASSES) if labelled else (np.full(120, -1), ())
    splits = splits_of(120)
    train(
        table,
        labels,
        names,
        price,
        splits,
        settings,
        None,
        tmp_path / "model",
        tmp_path / "s",
        progress=False,
    )
    encoder = ProductEncoder.load(tmp_path / "model")

    holdout = np.flatnonzero(splits == "test")
    found, rows = evaluate(encoder, table, labels, holdout, settings, progress=False)
    assert orjson.loads(orjson.dumps(found)) == found
    assert len(found["by_subset"]) == 7
    assert ("accuracy" in found["overall"]) is labelled
    vectors = encoder.embed_features(table)
    said = np.array([CLASSES[c] if labelled else "" for c in codes], dtype=object)
    assert pictures(found, vectors[holdout], said[holdout])

    lenient = Gate(min_accuracy=0.0, min_macro_f1=0.0, min_recall_at_10=0.0)
    judged = Judged(found, rows.assign(group=rows["product_id"]))
    verdict = decide(judged, None, lenient)
    assert verdict.promote
    # A model is never worse than itself, which so few products cannot show.
    beside = decide(judged, judged, lenient)
    assert (beside.undecided, beside.promote) == (True, False)
    assert decide(judged, judged, lenient.model_copy(update={"undecided": "promote"})).promote

    card = model_card(
        found,
        name="tiny",
        data_version="d1",
        splits=pd.Series(splits).value_counts().to_dict(),
        settings=settings.model_dump(),
        verdict=verdict.to_dict(),
    )
    release = write_release(
        tmp_path / "shop" / "releases",
        tmp_path / "model",
        product_ids=table.product_ids,
        embeddings=vectors,
        index=build_index(vectors, settings.release),
        products=pd.DataFrame({"product_id": table.product_ids}),
        metrics=found,
        provenance={"data_version": "d1", "encoder": encoder.fingerprint},
        model_card=card,
    )
    promote(tmp_path / "shop", release.id)

    live = current(tmp_path / "shop")
    assert isinstance(live, Release)
    served = ProductEncoder.load(live.model_folder)
    assert served.fingerprint == encoder.fingerprint == live.metrics["encoder"]
    np.testing.assert_array_equal(served.embed_features(table), live.embeddings)
    np.testing.assert_allclose(served.embed_features(table.take([5])), live.embeddings[5:6], atol=1e-6)
    assert live.index.search(live.embeddings[5:6], 1)[1][0, 0] == 5
