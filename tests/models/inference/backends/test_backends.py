"""Every way runs every encoder, fusion and completion as eager float32 does, or says that it cannot."""

from functools import partial

import numpy as np
import pytest
import torch

from models.completion import COMPLETION
from models.encoders import ENCODERS
from models.features.table import ModalityFeatures
from models.fusion import FUSION
from models.inference.backends.backends import EAGER, QUICK, WAYS, Call
from models.inference.backends.parts import HEAD, Part, cut, network_parts, part_arrays
from models.network import ProductNetwork, describe_features
from tests.models.examples import FEATURIZER, example_name, needs_frozen
from tests.models.learning import MODALITIES, features_table, quick_settings

ROWS = 9
# Operators that ONNX has not, shapes that its exporter holds for constants, numpy that no recording sees.
CANNOT = {
    ("onnx", "text", "tfidf"), ("onnx", "text", "transformer"), ("onnx", "image", "cnn"),
    ("onnx", "image", "fisher"), ("traced", "image", "fisher"),
    ("onnx", "image", "efficientnet_lite0_finetuned"), ("traced", "image", "efficientnet_lite0_finetuned"),
}  # fmt: skip
ROUGH = {"fisher", "efficientnet_lite0_finetuned"}
"""Of many steps in a row, each of which bfloat16 rounds."""
CASES = [
    (modality, name, photos)
    for modality, registry in ENCODERS.items()
    for name in registry
    for photos in ((1, 3) if modality == "image" else (1,))
]
HEADS = [(fusion, "token") for fusion in FUSION] + [("concat", completion) for completion in COMPLETION]


def build(modalities=MODALITIES, frozen: bool = False, photos: int = 1, **model: str):
    features, _, _ = features_table(ROWS, modalities, missing=0.0, frozen=frozen, photos=photos)
    settings = quick_settings(model={"modalities": list(modalities), **model})
    torch.manual_seed(0)
    network = ProductNetwork(settings.model, describe_features(features, 60, 3))
    network.begin(settings.training, FEATURIZER)
    network.prepare(features, np.arange(ROWS))
    for parameter in network.parameters():
        if parameter.ndim > 1 and not parameter.any():
            torch.nn.init.normal_(parameter)  # what starts at zero would agree whatever it is fed
    return network.eval(), features


def agrees(call: Call, part: Part, inputs_of, tolerance: float) -> None:
    """On other rows, lengths and numbers of rows than it was made ready with."""
    eager = WAYS[EAGER](part, [], 1)
    for rows in (slice(3, 4), slice(3, 9), slice(0, 9), slice(0, 1)):
        inputs = inputs_of(rows)
        for found, base in zip(call(inputs), eager(inputs), strict=True):
            assert found.dtype == np.float32
            assert found.shape == base.shape
            assert np.abs(found - base).max() <= tolerance * max(1.0, float(np.abs(base).max()))


@pytest.mark.parametrize(("modality", "name", "photos"), CASES)
def test_encoders(modality: str, name: str, photos: int) -> None:
    frozen = needs_frozen(modality, name) or name in {"lstm", "mfcc", "cnn"}
    network, features = build((modality,), frozen, photos, **{modality: example_name(modality, name)})
    own = features.modalities[modality]
    part = network_parts(network, features.modalities)[modality]
    for way, prepare in QUICK.items():
        if (way, modality, name) in CANNOT:
            with pytest.raises(Exception, match=r"."):
                agrees(prepare(part, part_arrays(own, slice(0, 3)), 1), part, partial(part_arrays, own), 1e-5)
            continue
        call = prepare(part, part_arrays(own, slice(0, 3)), 1)
        tolerance = 1e-5 if way != "bfloat16" else 1.0 if name in ROUGH else 0.1
        agrees(call, part, partial(part_arrays, own), tolerance)


@pytest.mark.parametrize(("fusion", "completion"), HEADS)
def test_heads(fusion: str, completion: str) -> None:
    network, _ = build(fusion=fusion, completion=completion)
    part = network_parts(network, {})[HEAD]
    random = np.random.default_rng(0)
    vectors = random.normal(size=(ROWS, len(MODALITIES), 32)).astype(np.float32)
    present = random.random((ROWS, len(MODALITIES))) < 0.5
    present[:, 0] |= ~present.any(axis=1)
    for way, prepare in QUICK.items():
        call = prepare(part, [vectors[:3], present[:3]], 1)
        agrees(call, part, lambda rows: [vectors[rows], present[rows]], 0.1 if way == "bfloat16" else 1e-5)


def test_texts_of_any_length_pass_a_graph_that_was_made_of_short_ones() -> None:
    network, features = build(("text",), text="lstm")
    own = features.modalities["text"]
    short = {name: array.copy() for name, array in own.values.items()}
    short["tokens"][:, 2:] = 0
    part = network_parts(network, features.modalities)["text"]
    for way, prepare in QUICK.items():
        call = prepare(part, part_arrays(ModalityFeatures(short, own.present), slice(0, 3)), 1)
        agrees(call, part, partial(part_arrays, own), 0.1 if way == "bfloat16" else 1e-5)


def test_only_padding_is_cut_and_two_columns_are_left() -> None:
    ids = np.array([[7, 0, 0, 0], [3, 0, 5, 0]], dtype=np.int32)
    assert cut(ids).tolist() == [[7, 0, 0], [3, 0, 5]]
    assert cut(ids[:1]).tolist() == [[7, 0]]
    assert cut(np.zeros((2, 4), dtype=np.int32)).shape == (2, 2)


def test_the_lstm_stays_in_float32_and_the_network_as_it_was() -> None:
    network, features = build(("text",), text="lstm")
    own = features.modalities["text"]
    before = {name: value.clone() for name, value in network.state_dict().items()}
    part = network_parts(network, features.modalities)["text"]
    QUICK["bfloat16"](part, part_arrays(own, slice(0, 3)), 1)(part_arrays(own, slice(0, 2)))
    after = network.state_dict()
    assert all(
        after[name].dtype == value.dtype and torch.equal(after[name], value) for name, value in before.items()
    )
