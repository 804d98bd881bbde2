"""The product encoder's folder: the same numbers after loading, refusals that say why, light to load."""

import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch

from models.features.table import FeatureTable, ModalityFeatures
from models.inference.product_encoder import ProductEncoder
from models.network import ProductNetwork, describe_features
from shelfspace.errors import ArtifactError, InputError, SettingsError
from tests.models.learning import CLASSES, MODALITIES, absurd, features_table, quick_settings

PROJECT = Path(__file__).resolve().parents[3]
SUBSETS = [s for size in range(1, 5) for s in combinations(MODALITIES, size)]


@pytest.fixture(scope="module")
def table() -> FeatureTable:
    return features_table(40)[0]


@pytest.fixture(scope="module")
def encoder(table: FeatureTable) -> ProductEncoder:
    settings = quick_settings()
    spec = describe_features(table, 60, 3)
    torch.manual_seed(0)
    network = ProductNetwork(settings.model, spec)
    network.prepare(table, np.arange(40))
    return ProductEncoder(settings.model, spec, network, CLASSES, temperature=1.7, log_price=(2.0, 0.5))


def test_loaded_numbers_are_the_saved_ones(encoder, table, tmp_path):
    encoder.save(tmp_path / "model")
    loaded = ProductEncoder.load(tmp_path / "model")
    assert loaded.labels == list(CLASSES)
    assert loaded.modalities == list(MODALITIES)
    assert loaded.dim == 24
    assert loaded.fingerprint == encoder.fingerprint
    before, after = encoder.encode_features(table), loaded.encode_features(table)
    assert np.array_equal(before.vectors, after.vectors)
    assert np.array_equal(before.probabilities, after.probabilities)
    assert np.array_equal(before.prices, after.prices)
    assert not [p for p in (tmp_path / "model").rglob("*") if p.suffix in {".pt", ".pkl", ".ckpt", ".bin"}]


def test_the_fingerprint_is_of_the_content(encoder, tmp_path):
    encoder.save(tmp_path / "one")
    first = encoder.fingerprint
    encoder.save(tmp_path / "two")
    assert encoder.fingerprint == first
    assert (tmp_path / "one" / "encoder.json").read_bytes() == (
        tmp_path / "two" / "encoder.json"
    ).read_bytes()
    featurizer = tmp_path / "featurizer"
    featurizer.mkdir()
    (featurizer / "featurizer.json").write_text("{}")
    with_featurizer = ProductEncoder(
        encoder.model, encoder.spec, encoder.network, CLASSES, temperature=1.7, log_price=(2.0, 0.5),
        featurizer_dir=featurizer,
    )  # fmt: skip
    with_featurizer.save(tmp_path / "three")
    assert with_featurizer.fingerprint != first
    assert (tmp_path / "three" / "featurizer" / "featurizer.json").is_file()
    bias = encoder.network.category.bias
    with torch.no_grad():
        bias += 1
        encoder.save(tmp_path / "four")
        bias -= 1
    assert encoder.fingerprint not in {first, with_featurizer.fingerprint}


@pytest.mark.parametrize("damage", ["weights", "manifest", "missing", "format"])
def test_a_damaged_folder_is_refused(encoder, tmp_path, damage):
    folder = tmp_path / "model"
    encoder.save(folder)
    if damage == "weights":
        data = bytearray((folder / "weights.safetensors").read_bytes())
        data[-1] ^= 1
        (folder / "weights.safetensors").write_bytes(data)
    elif damage == "manifest":
        text = (folder / "encoder.json").read_text()
        (folder / "encoder.json").write_text(text.replace("1.7", "1.8"))
    elif damage == "missing":
        (folder / "weights.safetensors").unlink()
    else:
        text = (folder / "encoder.json").read_text()
        (folder / "encoder.json").write_text(text.replace('"format": 1', '"format": 99'))
    with pytest.raises(ArtifactError, match=str(folder)):
        ProductEncoder.load(folder)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match=r"nothing/encoder\.json is missing"):
        ProductEncoder.load(tmp_path / "nothing")


@pytest.mark.parametrize("subset", SUBSETS, ids="+".join)
def test_a_batch_of_one_equals_its_row_in_a_big_batch(encoder, table, subset):
    rows = np.flatnonzero(np.any([table.modalities[m].present for m in subset], axis=0))
    seen = table.take(rows)
    together = encoder.encode_features(seen, only=subset)
    assert np.allclose(np.linalg.norm(together.vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(together.probabilities.sum(axis=1), 1, atol=1e-5)
    alone = encoder.encode_features(seen, only=subset, batch_size=1)
    assert np.abs(alone.vectors - together.vectors).max() < 1e-5
    assert np.abs(alone.probabilities - together.probabilities).max() < 1e-5


@pytest.mark.parametrize("modality", MODALITIES)
def test_a_query_of_one_modality_lands_where_the_gallery_put_it(encoder, table, modality):
    """`only` over a full product equals a product that has nothing else: query and gallery agree."""
    rows = np.flatnonzero(table.modalities[modality].present)
    through_only = encoder.embed_features(table.take(rows), only=[modality])
    part = table.modalities[modality].take(rows)
    bare = FeatureTable(tuple(table.product_ids[i] for i in rows), {modality: part})
    assert np.abs(encoder.embed_features(bare) - through_only).max() < 1e-6


def test_garbage_where_absent_changes_nothing(encoder, table):
    dirty = {}
    for name, part in table.modalities.items():
        values = {k: v.copy() for k, v in part.values.items()}
        for array in values.values():
            array[~part.present] = absurd(array.dtype)
        dirty[name] = ModalityFeatures(values, part.present)
    poisoned = FeatureTable(table.product_ids, dirty)
    assert np.array_equal(encoder.embed_features(poisoned), encoder.embed_features(table))


def test_a_row_without_anything_is_named(encoder, table):
    rows = np.flatnonzero(~table.modalities["audio"].present)
    with pytest.raises(InputError) as refusal:
        encoder.embed_features(table, only=["audio"])
    assert table.product_ids[rows[0]] in str(refusal.value)
    assert "audio" in str(refusal.value)
    with pytest.raises(InputError, match="this encoder reads"):
        encoder.embed_features(table, only=["smell"])


def test_no_rows_give_no_vectors(encoder, table):
    nothing = encoder.encode_features(table.take([]))
    assert nothing.vectors.shape == (0, 24)
    assert nothing.probabilities.shape == (0, 3)
    assert nothing.prices.shape == (0,)


def test_without_a_featurizer_raw_products_are_refused(encoder):
    with pytest.raises(ArtifactError, match="without a featurizer"):
        encoder.featurizer  # noqa: B018 - the property itself refuses


def test_devices_are_refused_by_name(encoder, tmp_path):
    encoder.save(tmp_path / "model")
    assert ProductEncoder.load(tmp_path / "model", device="auto").device.type in {"cpu", "cuda"}
    with pytest.raises(SettingsError, match="use auto, cpu or cuda"):
        ProductEncoder.load(tmp_path / "model", device="abacus")


def test_loading_needs_no_training_library(encoder, tmp_path):
    encoder.save(tmp_path / "model")
    code = (
        "import sys; from pathlib import Path; from models.inference.product_encoder import ProductEncoder;"
        "ProductEncoder.load(Path(sys.argv[1]));"
        "heavy = {'pytorch_lightning', 'lightning', 'transformers', 'sklearn', 'matplotlib', 'dagster'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "model")],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
