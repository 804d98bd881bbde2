"""Frozen encoders of sounds, and of texts beside photos: vectors as their own recipes say."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.inputs.sounds import sound_wave
from models.pretrained.audio import FrozenAudio
from models.pretrained.clip_text import FrozenClipText
from models.pretrained.text_and_image import load_frozen_image, load_frozen_text
from shelfspace.errors import SettingsError
from shelfspace.settings import Media
from tests.models.features.test_featurizer import photo, sound
from tests.models.media_folders import AUDIO_FOLDERS, clip_with_words, siglip_with_words, wav2vec2_folder
from tests.models.pretrained.sentence_folders import bert_folder
from tests.models.pretrained.test_text_and_image import offline, vit_folder

__all__ = ["offline"]


@pytest.mark.parametrize("kind", sorted(AUDIO_FOLDERS))
def test_audio_encoders_give_unit_vectors_that_depend_on_the_sound(tmp_path: Path, kind: str) -> None:
    name = AUDIO_FOLDERS[kind](tmp_path / "a")
    encoder = FrozenAudio(name)
    assert encoder.rate == (48_000 if kind == "clap" else 16_000)
    opened = [encoder.open(sound(i), 2.0, Media()) for i in (0, 1, 4)]
    vectors = encoder.encode(opened)
    assert vectors.shape == (3, encoder.dim) == (3, 12 if kind == "clap" else 16)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-5
    assert all((encoder.encode([one])[0] == row).all() for one, row in zip(opened, vectors, strict=True))
    assert (encoder.encode([encoder.open(sound(4), 2.0, Media())])[0] == vectors[2]).all()
    assert FrozenAudio(name).fingerprint == encoder.fingerprint
    assert FrozenAudio(AUDIO_FOLDERS[kind](tmp_path / "b", seed=3)).fingerprint != encoder.fingerprint


def test_a_sound_vector_is_what_the_model_says_of_its_own_recipe(tmp_path: Path) -> None:
    from transformers import Wav2Vec2FeatureExtractor

    encoder = FrozenAudio(wav2vec2_folder(tmp_path))
    wave = sound_wave(sound(2), 16_000, 2.0, Media())
    batch = Wav2Vec2FeatureExtractor.from_pretrained(tmp_path)(
        wave, sampling_rate=16_000, return_tensors="pt"
    )
    with torch.inference_mode():
        mean = encoder.model(batch["input_values"]).last_hidden_state.mean(dim=1)
    expected = torch.nn.functional.normalize(mean, dim=1)[0].numpy()
    assert np.allclose(encoder.encode([encoder.open(sound(2), 2.0, Media())])[0], expected, atol=1e-6)


def test_what_is_no_audio_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="go online once"):
        FrozenAudio("transformers:/no/such/folder")
    with pytest.raises(SettingsError, match="or null"):
        FrozenAudio("clap")
    name = wav2vec2_folder(tmp_path)
    (tmp_path / "preprocessor_config.json").unlink()
    with pytest.raises(SettingsError, match=r"preprocessor_config\.json"):
        FrozenAudio(name)


def test_one_clip_folder_encodes_texts_and_photos_alike(tmp_path: Path) -> None:
    name = clip_with_words(tmp_path)
    text, image = load_frozen_text(name), load_frozen_image(name)
    assert text.dim == image.dim == 12
    texts = ["red cotton towel", "lamp", "blue " * 40]
    vectors = text.encode(texts)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    with torch.inference_mode():
        batch = text.tokenizer("red cotton towel", return_tensors="pt")
        found = text.model.get_text_features(batch["input_ids"], batch["attention_mask"])
    expected = torch.nn.functional.normalize(getattr(found, "pooler_output", found), dim=1)[0].numpy()
    assert np.allclose(vectors[0], expected, atol=1e-6)
    assert all((text.encode([t])[0] == row).all() for t, row in zip(texts, vectors, strict=True))


def test_siglip_sees_photos_and_reads_texts_padded_to_its_length(tmp_path: Path) -> None:
    name = siglip_with_words(tmp_path)
    text, image = load_frozen_text(name), load_frozen_image(name)
    assert text.dim == image.dim == 16
    vectors = text.encode(["red cotton towel", "lamp"])
    ids = text.tokenizer("lamp", return_tensors="pt", padding="max_length", max_length=16)
    assert ids["input_ids"].shape == (1, 16)
    with torch.inference_mode():
        found = text.model.get_text_features(ids["input_ids"], ids["attention_mask"])
    expected = torch.nn.functional.normalize(getattr(found, "pooler_output", found), dim=1)[0].numpy()
    assert np.allclose(vectors[1], expected, atol=1e-6)
    photos = image.encode([image.recipe.open(photo(seed), Media()) for seed in (1, 2)])
    assert np.allclose(np.linalg.norm(photos, axis=1), 1, atol=1e-5)
    assert np.abs(photos[0] - photos[1]).max() > 1e-5


def test_a_folder_without_a_text_half_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="CLIP-like"):
        FrozenClipText(vit_folder(tmp_path))


def test_a_text_encoder_still_reads_sentences(tmp_path: Path) -> None:
    assert load_frozen_text(bert_folder(tmp_path)).dim == 16
