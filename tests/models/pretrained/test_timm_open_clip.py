"""timm and open_clip: what is ours is tested with a stand-in library; with the real one where it imports."""

import json
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch

from models.pretrained.text_and_image import load_frozen_image
from models.pretrained.timm_open_clip import open_clip_recipe, timm_recipe
from shelfspace.errors import SettingsError
from shelfspace.settings import Media
from tests.models.features.test_featurizer import photo
from tests.models.pretrained.test_text_and_image import offline

__all__ = ["offline"]


TIMM = {
    "input_size": (3, 32, 32),
    "crop_pct": 0.8,
    "interpolation": "bicubic",
    "mean": (0.5,) * 3,
    "std": (0.25,) * 3,
}
OPEN_CLIP = {
    "size": 32,
    "resize_mode": "shortest",
    "interpolation": "bicubic",
    "mean": (0.5,) * 3,
    "std": (0.25,) * 3,
}


class Flat(torch.nn.Module):
    """The smallest encoder there is."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(3, 7)
        self.visual = types.SimpleNamespace(preprocess_cfg=OPEN_CLIP)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x.mean(dim=(2, 3)))

    encode_image = forward


def test_recipes_of_timm_and_open_clip() -> None:
    made = timm_recipe(TIMM, "timm:x")
    assert (made.shortest, made.height, made.width, made.resample) == (40, 32, 32, 3)
    assert timm_recipe({**TIMM, "crop_pct": 1.0, "crop_mode": "squash"}, "timm:x").shortest == 0
    assert open_clip_recipe(OPEN_CLIP, "open_clip:x/y").shortest == 32
    assert (
        open_clip_recipe({**OPEN_CLIP, "size": (32, 40), "resize_mode": "squash"}, "open_clip:x/y").width
        == 40
    )
    for read, described in (
        (timm_recipe, {**TIMM, "crop_mode": "border"}), (timm_recipe, {**TIMM, "interpolation": "random"}),
        (open_clip_recipe, {**OPEN_CLIP, "resize_mode": "longest"}),
    ):  # fmt: skip
        with pytest.raises(SettingsError, match=r"features\.image_encoder"):
            read(described, "some:name")


@pytest.mark.parametrize(("library", "name"), [("timm", "timm:flat"), ("open_clip", "open_clip:flat/tag")])
def test_an_optional_library_is_asked_for_its_model_and_recipe(monkeypatch, library: str, name: str) -> None:
    asked: list[tuple[str, dict]] = []

    def create_model(kind: str, **options: object) -> Flat:
        asked.append((kind, options))
        torch.manual_seed(0)
        return Flat()

    data = types.SimpleNamespace(resolve_model_data_config=lambda model: TIMM)
    monkeypatch.setitem(sys.modules, library, types.SimpleNamespace(create_model=create_model, data=data))
    encoder = load_frozen_image(name)
    assert asked[0][0] == "flat"
    assert encoder.dim == 7
    vectors = encoder.encode([encoder.recipe.open(photo(i), Media()) for i in range(2)])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-4


@pytest.mark.parametrize(("library", "name"), [("timm", "timm:none"), ("open_clip", "open_clip:none/tag")])
@pytest.mark.parametrize("how", ["absent", "torchvision"])
def test_an_optional_library_that_does_not_import_names_the_remedy(
    monkeypatch, tmp_path: Path, library: str, name: str, how: str
) -> None:
    if how == "absent":
        monkeypatch.setitem(sys.modules, library, None)
    else:
        (tmp_path / f"{library}.py").write_text(
            "raise RuntimeError('operator torchvision::nms does not exist')"
        )
        monkeypatch.delitem(sys.modules, library, raising=False)
        monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SettingsError, match=rf"shelfspace\[{library}\].*torchvision"):
        load_frozen_image(name)


def test_the_weights_of_open_clip_are_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", types.SimpleNamespace())
    with pytest.raises(SettingsError, match="name the weights too"):
        load_frozen_image("open_clip:ViT-B-32")


def real(library: str):
    """The library, or a skip that says why it does not import."""
    try:
        return __import__(library)
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        pytest.skip(f"{library} does not import here: {error}")


def test_a_real_timm_folder(tmp_path: Path) -> None:
    timm = real("timm")
    from safetensors.torch import save_file

    torch.manual_seed(0)
    model = timm.create_model("test_vit", pretrained=False)
    save_file(model.state_dict(), str(tmp_path / "model.safetensors"))
    config = {
        "architecture": "test_vit",
        "num_classes": 1000,
        "pretrained_cfg": {"input_size": [3, 160, 160]},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    encoder = load_frozen_image(f"timm:local-dir:{tmp_path}")
    vectors = encoder.encode([encoder.recipe.open(photo(i), Media()) for i in range(2)])
    assert vectors.shape == (2, model.num_features)


def test_a_real_open_clip_recipe() -> None:
    library = real("open_clip")
    model = library.create_model("RN50", pretrained=None)
    assert open_clip_recipe(model.visual.preprocess_cfg, "open_clip:RN50/x").height == 224
