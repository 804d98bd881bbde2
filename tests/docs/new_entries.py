"""Train, judge and embed a tiny catalogue with what docs/add-an-encoder-or-fusion.md adds; one JSON line."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from catalog.product import ProductInput
from catalog.snapshot.media_store import MediaStore, add_media
from models.evaluation.card import model_card
from models.evaluation.evaluate import evaluate
from models.evaluation.pictures import pictures
from models.features.catalogue import Catalogue, embed_catalogue, features_for, modality_features, targets
from models.features.featurizer import Featurizer
from models.features.table import FeatureTable
from models.inference.product_encoder import ProductEncoder
from models.training.train import train
from shelfspace.settings import load_settings

N, RATE = 48, 8000


def swell(kind: int, seed: int) -> bytes:
    """Noise that grows, dies away or stays as loud, by kind."""
    level = (np.linspace(0.02, 1, RATE), np.linspace(1, 0.02, RATE), np.full(RATE, 0.5))[kind]
    buffer = io.BytesIO()
    wave = 0.3 * level * np.random.default_rng(seed).normal(size=RATE).clip(-3, 3)
    soundfile.write(buffer, wave, RATE, format="FLAC")
    return buffer.getvalue()


def run(folder: Path) -> dict[str, object]:
    """What came of it."""
    sounds = {f"{i}.flac": swell(i % 3, i) for i in range(N)}
    add_media(folder / "snapshot", [(key, data, None) for key, data in sounds.items()], 1_000_000)
    products = pd.DataFrame(
        {
            "product_id": [f"p{i}" for i in range(N)],
            "title": [f"thing number {i}" for i in range(N)],
            "description": "", "brand": "", "attributes": "", "language": "",
            "price": [5.0 + i for i in range(N)],
            "category": [("Rising", "Falling", "Steady")[i % 3] for i in range(N)],
            "photos": [[]] * N,
            "sounds": [[key] for key in sounds],
        }
    )  # fmt: skip
    settings = load_settings(
        overrides={
            "preprocessing": {"sound_seconds": 1.0, "vocabulary": 100},
            "model": {
                "modalities": ["text", "audio", "tabular"], "text": "lstm", "audio": "loudness",
                "fusion": "mean", "width": 32, "dim": 16,
            },
            "training": {"epochs": 25, "batch_size": 16, "device": "cpu", "learning_rate": 0.01},
            "evaluation": {"bootstrap": 20},
        }
    )  # fmt: skip
    catalogue = Catalogue.read(products, MediaStore.open(folder / "snapshot"), folder / "state", settings)
    splits = np.where(np.arange(N) % 4 == 3, "test", np.where(np.arange(N) % 8 == 2, "validation", "train"))
    learnt = splits == "train"
    texts = list(catalogue.texts["text"])
    prices = products["price"].to_numpy()
    known = [text for text, own in zip(texts, learnt, strict=True) if own]
    featurizer = Featurizer.fit(known, prices[learnt], settings)
    featurizer.save(folder / "featurizer")
    made = {name: modality_features(name, catalogue, featurizer)[0] for name in settings.model.modalities}
    features = FeatureTable(tuple(products["product_id"]), made)
    wanted = targets(products, 1)
    train(
        features, wanted.labels, wanted.label_names, wanted.log_price, splits, settings,
        folder / "featurizer", folder / "model", folder / "scratch", progress=False,
    )  # fmt: skip
    encoder = ProductEncoder.load(folder / "model")
    test = np.flatnonzero(splits == "test")
    labels = products["category"].to_numpy(dtype=object)
    judged, _ = evaluate(
        encoder, features_for(encoder, catalogue), labels, test, settings,
        texts=texts, train_rows=np.flatnonzero(learnt), progress=False,
    )  # fmt: skip
    drawn = pictures(judged, encoder.embed_features(features.take(test)), labels[test])
    card = model_card(
        judged, name="new", settings=settings.model_dump(), data_version="d", splits={"test": len(test)}
    )
    embedded = embed_catalogue(encoder, catalogue)
    asked = encoder.embed([ProductInput(title=products["title"][0], price=5.0, sounds=(sounds["0.flac"],))])
    return {
        "arrays": {name: sorted(part.values) for name, part in features.modalities.items()},
        "heard": judged["by_subset"]["audio"]["accuracy"],
        "leans": judged.get("modality_weights"),
        "pictures": sorted(drawn),
        "card": len(card) > 0,
        "computed": [embedded.computed, embed_catalogue(encoder, catalogue).computed],
        "same": float(np.abs(asked[0] - embedded.vectors[0]).max()),
    }


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]))))
