"""Frozen encoders from tiny folders with random weights, made on the spot; no network."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.pretrained.sentence import FrozenText
from models.pretrained.text_and_image import FrozenImage
from shelfspace.errors import SettingsError

CLIP_LIKE = {
    "size": {"shortest_edge": 40},
    "crop_size": {"height": 32, "width": 32},
    "resample": 3,
    "image_mean": [0.48, 0.45, 0.40],
    "image_std": [0.26, 0.26, 0.27],
}
VIT_LIKE = {
    "size": {"height": 32, "width": 32},
    "resample": 2,
    "image_mean": [0.5] * 3,
    "image_std": [0.5] * 3,
}


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)


def vit_folder(folder: Path, seed: int = 0) -> str:
    from transformers import ViTConfig, ViTModel

    torch.manual_seed(seed)
    config = ViTConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=32,
        patch_size=16,
    )
    ViTModel(config).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(VIT_LIKE))
    return f"transformers:{folder}"


def clip_folder(folder: Path, seed: int = 0) -> str:
    from transformers import CLIPConfig, CLIPModel

    torch.manual_seed(seed)
    small = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    config = CLIPConfig(
        text_config={**small, "vocab_size": 20}, vision_config={**small, "image_size": 32, "patch_size": 16},
        projection_dim=12,
    )  # fmt: skip
    CLIPModel(config).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(CLIP_LIKE))
    return f"transformers:{folder}"


def dinov2_folder(folder: Path, seed: int = 0) -> str:
    from transformers import Dinov2Config, Dinov2Model

    torch.manual_seed(seed)
    config = Dinov2Config(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=16
    )
    Dinov2Model(config).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({**CLIP_LIKE, "do_center_crop": True}))
    return f"transformers:{folder}"


IMAGE_FOLDERS: dict[str, Callable[..., str]] = {
    "vit": vit_folder,
    "clip": clip_folder,
    "dinov2": dinov2_folder,
}


def photo(height: int, width: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("kind", sorted(IMAGE_FOLDERS))
def test_image_encoders_give_unit_vectors_that_depend_on_the_photo(tmp_path: Path, kind: str) -> None:
    name = IMAGE_FOLDERS[kind](tmp_path)
    encoder = FrozenImage(name)
    inputs = [encoder.recipe.prepare(photo(50 + i, 70, seed=i)) for i in range(3)]
    vectors = encoder.encode(inputs)
    assert vectors.shape == (3, encoder.dim) == (3, 12 if kind == "clip" else 16)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-4
    assert (encoder.encode(inputs[1:2])[0] == vectors[1]).all()
    assert FrozenImage(name).fingerprint == encoder.fingerprint
    assert FrozenImage(IMAGE_FOLDERS[kind](tmp_path / "other", seed=3)).fingerprint != encoder.fingerprint


@pytest.mark.parametrize(
    ("make", "name", "remedy"),
    [
        (FrozenText, "sentence-transformers:nobody/never-was", "go online once"),
        (FrozenText, "sentence-transformers:/no/such/folder", "go online once"),
        (FrozenImage, "transformers:nobody/never-was", "go online once"),
        (FrozenText, "word2vec", "minilm, sentence-transformers:<name or folder>"),
        (FrozenImage, "timm:resnet18", "transformers:<name or folder>"),
        (FrozenImage, "transformers:", "transformers:<name or folder>"),
    ],
)
def test_an_absent_encoder_names_the_remedy(make: Callable[[str], object], name: str, remedy: str) -> None:
    with pytest.raises(SettingsError, match=remedy) as caught:
        make(name)
    assert name in str(caught.value)


def test_a_folder_without_safetensors_or_recipe_is_refused(tmp_path: Path) -> None:
    name = vit_folder(tmp_path)
    (tmp_path / "preprocessor_config.json").unlink()
    with pytest.raises(SettingsError, match=r"preprocessor_config\.json"):
        FrozenImage(name)
    weights = tmp_path / "model.safetensors"
    torch.save({"a": torch.zeros(1)}, tmp_path / "pytorch_model.bin")
    weights.unlink()
    with pytest.raises(SettingsError, match=r"model\.safetensors"):
        FrozenImage(name)
