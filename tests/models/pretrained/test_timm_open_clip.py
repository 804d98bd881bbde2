"""timm and open_clip: what is ours is tested with a stand-in library; with the real one where it imports."""

import io
import json
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks.encoders.compare import photo_files
from models.pretrained.photo_recipe import PhotoRecipe
from models.pretrained.text_and_image import load_frozen_image, load_frozen_text
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

    def encode_text(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.linear(tokens.float())


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


def test_open_clips_words_are_read_by_its_tokenizer_with_their_prompts(monkeypatch) -> None:
    def tokenizer(texts: list[str]) -> torch.Tensor:
        return torch.tensor([[len(text), text.count("red"), text.count(":")] for text in texts])

    def create_model(kind: str, **options: object) -> Flat:
        torch.manual_seed(0)
        return Flat()

    asked = types.SimpleNamespace(create_model=create_model, get_tokenizer=lambda kind: tokenizer)
    monkeypatch.setitem(sys.modules, "open_clip", asked)
    reader = load_frozen_text("open_clip:words/tag", "cpu", "find: ")
    texts = ["red lamp", "towel"]
    for given, found in (
        (texts, reader.encode(texts)),
        ([f"find: {t}" for t in texts], reader.encode(texts, True)),
    ):
        said = reader.model.encode_text(tokenizer(given)).numpy()
        assert np.allclose(found, said / np.linalg.norm(said, axis=1, keepdims=True), atol=1e-6)
    assert reader.fingerprint != load_frozen_text("open_clip:words/tag").fingerprint
    with pytest.raises(SettingsError, match=r"features\.text_dim.*leave it null"):
        load_frozen_text("open_clip:words/tag", "cpu", None, None, 4)
    with pytest.raises(SettingsError, match="name the weights too"):
        load_frozen_text("open_clip:words")


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


@pytest.mark.parametrize(
    ("size", "box"), [((39, 32), (4, 0, 36, 32)), ((37, 32), (2, 0, 34, 32)), ((32, 35), (0, 2, 32, 34))]
)
def test_the_middle_is_rounded_to_even_as_torchvision_does_it(
    size: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    drawn = Image.open(io.BytesIO(photo(3))).convert("RGB").resize(size)
    made = PhotoRecipe(32, 32, 32, 3, 1.0, (0.0,) * 3, (1.0,) * 3).prepare(drawn)
    assert (made == np.asarray(drawn.crop(box), dtype=np.float32).transpose(2, 0, 1)).all()


def spread(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Weights that tell inputs apart."""
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.normal_(std=0.3)
    return {key: value.contiguous() for key, value in model.state_dict().items()}


def agree(mine: np.ndarray, own: torch.Tensor) -> None:
    unit = torch.nn.functional.normalize(own, dim=1).numpy()
    assert (mine * unit).sum(axis=1).min() > 0.9999
    assert (unit @ unit.T).min() < 0.9


def opened(prepare: Any) -> torch.Tensor:
    return torch.stack([prepare(Image.open(io.BytesIO(data)).convert("RGB")) for data in photo_files()])


def test_a_real_timm_folder_gives_timms_own_vectors(tmp_path: Path) -> None:
    timm = real("timm")
    from safetensors.torch import save_file

    model = timm.create_model("test_vit", pretrained=False)
    save_file(spread(model), str(tmp_path / "model.safetensors"))
    described = {
        "input_size": [3, 160, 160],
        "classifier": "head",
        "crop_pct": 0.95,
        "interpolation": "bicubic",
    }
    config = {"architecture": "test_vit", "num_classes": 1000, "pretrained_cfg": described}
    (tmp_path / "config.json").write_text(json.dumps(config))
    encoder = load_frozen_image(f"timm:local-dir:{tmp_path}")
    own = timm.create_model(f"local-dir:{tmp_path}", pretrained=True, num_classes=0).eval()
    prepare = timm.data.create_transform(**timm.data.resolve_model_data_config(own), is_training=False)
    with torch.inference_mode():
        agree(encoder.encode([encoder.recipe.open(d, Media()) for d in photo_files()]), own(opened(prepare)))


@pytest.mark.parametrize("resize", ["shortest", "squash"])
def test_a_real_open_clip_folder_gives_its_own_vectors(tmp_path: Path, resize: str) -> None:
    library = real("open_clip")
    from safetensors.torch import save_file

    sizes = {"layers": 2, "width": 64}
    described = {
        "model_cfg": {
            "embed_dim": 12, "vision_cfg": {**sizes, "image_size": 32, "patch_size": 16},
            "text_cfg": {**sizes, "context_length": 24, "vocab_size": 49408, "heads": 2},
        },
        "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic",
                           "resize_mode": resize},
    }  # fmt: skip
    (tmp_path / "open_clip_config.json").write_text(json.dumps(described))
    place = f"local-dir:{tmp_path}"
    made = library.create_model(place, load_weights=False)
    save_file(spread(made), str(tmp_path / "open_clip_model.safetensors"))
    own, _, prepare = library.create_model_and_transforms(place)
    texts = ["Red cotton towel", "lamp", "blue lamp " * 20]
    eye, reader = load_frozen_image(f"open_clip:{place}"), load_frozen_text(f"open_clip:{place}")
    with torch.inference_mode():
        photos = own.eval().encode_image(opened(prepare))
        agree(eye.encode([eye.recipe.open(d, Media()) for d in photo_files()]), photos)
        agree(reader.encode(texts), own.encode_text(library.get_tokenizer(place)(texts)))
