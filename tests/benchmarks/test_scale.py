"""The chain over a catalogue of text alone: its generator, and that other modalities cost it nothing."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.scale.__main__ import measured, tables
from benchmarks.scale.catalogue import write_catalogue
from catalog.snapshot.media_store import MediaStore
from models.encoders import ENCODERS
from models.features.catalogue import Catalogue, modality_features
from models.features.featurizer import Featurizer
from models.inputs.arrays import ARRAYS
from shelfspace.settings import load_settings

TEXT_ONLY = {"model": {"modalities": ["text"], "text": "tfidf"}, "training": {"epochs": 1}}
READ = {f"{name}.npy" for name in ("words", "grams", "keys")}
"""What the configured encoder reads, and the linear expert beside it."""
OTHERS = {f"{name}.npy" for arrays in ARRAYS.values() for name in arrays} - READ


def other_arrays(folder: Path) -> list[str]:
    """Files of arrays that a text encoder does not read; feature stores number theirs."""
    return [path.name for path in folder.rglob("*.npy") if path.name.rpartition("-")[2] in OTHERS]


def test_listings_are_the_same_for_a_seed_and_follow_a_power_law(tmp_path: Path) -> None:
    first, again = (write_catalogue(tmp_path / name, 400) for name in ("a", "b"))
    assert first.read_bytes() == again.read_bytes()
    products = pd.read_csv(first)
    assert products["product_id"].is_unique
    assert products["title"].notna().all()
    counts = products["description"].str.split().explode().value_counts().to_numpy()
    assert counts[0] > 20 * counts[200]
    assert counts[-1] == 1


def test_features_of_modalities_that_are_not_configured_hold_no_array(tmp_path: Path) -> None:
    settings = load_settings(overrides=TEXT_ONLY)
    table = pd.read_csv(write_catalogue(tmp_path / "shop", 60))
    products = table.assign(attributes="", language="en", photos=[[]] * 60, sounds=[[]] * 60)
    media = MediaStore.open(tmp_path / "snapshot")
    catalogue = Catalogue.read(products, media, tmp_path / "state", settings)
    featurizer = Featurizer.fit(list(catalogue.texts["text"]), products["price"].to_numpy(), settings)
    for modality in ENCODERS:
        features, _ = modality_features(modality, catalogue, featurizer)
        features.save(tmp_path / "features" / modality)
        assert len(features) == 60
        assert (modality == "text") == bool(features.values)
    assert other_arrays(tmp_path) == []
    assert {path.name for path in (tmp_path / "features").rglob("*.npy")} == {*READ, "present.npy"}
    assert np.load(tmp_path / "features" / "text" / "words.npy").any()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_run_of_the_whole_chain_is_told_step_by_step(tmp_path: Path) -> None:
    figures = measured(tmp_path / "scale", 500, epochs=4)
    assert {"texts", "challenger", "search_fusion", "bento"} <= {step["step"] for step in figures["steps"]}
    assert figures["peak_bytes"] == max(step["peak_bytes"] for step in figures["steps"]) > 1e8
    assert figures["disk_bytes"]["releases"] > 0
    assert "| challenger" in tables(figures)
    assert other_arrays(tmp_path) == []
