"""Every registered encoder keeps the same promises; a new entry is tested by being registered."""

from itertools import product

import numpy as np
import pytest
import torch

from catalog.errors import SettingsError
from catalog.settings import Training
from models.encoders import ENCODERS, IMAGE, build_encoder
from models.encoders.bag import document_frequencies, inverse_frequencies, pair_buckets
from models.encoders.image import augment
from models.encoders.photo_counts import COUNTS, photo_counts
from models.network import describe_features
from tests.models.examples import FEATURIZER, example_name, needs_frozen
from tests.models.learning import features_table

ALL = [(modality, name) for modality, registry in ENCODERS.items() for name in registry]
CASES = [
    (m, n, f)
    for (m, n), f in product(ALL, (False, True))
    if not (m == "tabular" and f) and (f or not needs_frozen(m, n))
]
WORDS = [n for n in ENCODERS["text"] if not needs_frozen("text", n)]
WIDTH = 32


def build(modality: str, name: str, frozen: bool, rows: int = 8):
    features, _, _ = features_table(rows, (modality,), missing=0.0, frozen=frozen)
    spec = describe_features(features, 60, 3)["modalities"][modality]
    torch.manual_seed(0)
    encoder = build_encoder(modality, example_name(modality, name), spec, WIDTH, 0.2)
    encoder.begin(Training(), FEATURIZER)
    arrays = features.modalities[modality].values
    encoder.prepare(arrays)
    return encoder, {k: torch.from_numpy(v) for k, v in arrays.items()}


def test_the_contract_names_are_registered():
    assert {"lstm", "transformer", "tfidf", "word2vec", "glove", "minilm"} <= set(ENCODERS["text"])
    assert "cnn" in set(ENCODERS["image"])
    assert {"mfcc", "logmel_cnn"} <= set(ENCODERS["audio"])
    assert "price" in set(ENCODERS["tabular"])


def test_an_unknown_encoder_names_the_choices():
    with pytest.raises(SettingsError, match="use one of cnn"):
        IMAGE["resnet"]


@pytest.mark.parametrize(("modality", "name", "frozen"), CASES)
def test_shape_finite_and_every_parameter_learns(modality, name, frozen):
    encoder, values = build(modality, name, frozen)
    encoder.train()
    vectors = encoder(values)
    assert vectors.shape == (8, WIDTH)
    assert torch.isfinite(vectors).all()
    for parameter in encoder.parameters():
        if parameter.ndim > 1 and not parameter.any():
            torch.nn.init.normal_(parameter)  # one that starts at zero hides the next layer's gradient
    vectors = encoder(values)
    (vectors * torch.randn(8, WIDTH)).sum().backward()
    still = [k for k, p in encoder.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert still == []


@pytest.mark.parametrize(("modality", "name", "frozen"), CASES)
def test_a_row_alone_equals_the_row_in_a_batch(modality, name, frozen):
    encoder, values = build(modality, name, frozen)
    encoder.eval()
    with torch.inference_mode():
        together = encoder(values)
        for row in range(8):
            alone = encoder({k: v[row : row + 1] for k, v in values.items()})
            assert torch.allclose(alone[0], together[row], atol=1e-5)


@pytest.mark.parametrize(("modality", "name"), [(m, n) for m, n in ALL if m != "tabular"])
def test_the_frozen_vector_matters(modality, name):
    encoder, values = build(modality, name, frozen=True)
    encoder.eval()
    key = "sentence" if modality == "text" else "frozen"
    changed = {**values, key: values[key] + torch.randn_like(values[key])}
    with torch.inference_mode():
        assert (encoder(values) - encoder(changed)).abs().max() > 1e-3


@pytest.mark.parametrize("name", WORDS)
def test_padding_length_changes_nothing_and_an_empty_text_is_finite(name):
    encoder, values = build("text", name, frozen=False)
    encoder.eval()
    longer = {key: torch.nn.functional.pad(values[key], (0, 9)) for key in encoder.arrays}
    empty = {key: torch.zeros(2, 12, dtype=torch.int32) for key in encoder.arrays}
    with torch.inference_mode():
        assert torch.allclose(encoder(values), encoder(longer), atol=1e-6)
        assert torch.isfinite(encoder(empty)).all()
    encoder.train()
    assert torch.isfinite(encoder(empty)).all()


@pytest.mark.parametrize(("modality", "name", "frozen"), CASES)
def test_loaded_without_being_fitted_it_gives_the_same_numbers(modality, name, frozen):
    encoder, values = build(modality, name, frozen)
    loaded = build_encoder(
        # What is loaded reads no file, wherever the name points.
        modality, f"{name.partition(':')[0]}:gone" if ":" in name else name, encoder.spec, WIDTH, 0.2
    )  # fmt: skip
    loaded.load_state_dict(encoder.state_dict())
    encoder.eval()
    loaded.eval()
    with torch.inference_mode():
        assert torch.equal(encoder(values), loaded(values))


@pytest.mark.parametrize("name", ["lstm", "transformer"])
def test_tokens_that_training_never_saw_are_one_and_the_same(name):
    encoder, values = build("text", name, frozen=False)
    encoder.eval()
    unseen = (~encoder.bag.known).nonzero().squeeze(1)
    unseen = unseen[unseen > 0][:2]
    one, two = values["tokens"].clone(), values["tokens"].clone()
    one[:, 0], two[:, 0] = unseen[0], unseen[1]
    with torch.inference_mode():
        assert torch.allclose(encoder({"tokens": one}), encoder({"tokens": two}), atol=1e-6)


def test_document_frequencies_count_rows_not_tokens():
    tokens = np.array([[3, 3, 3, 0], [3, 4, 0, 0], [4, 5, 0, 0]])
    counts = document_frequencies(tokens, 6)
    assert counts.tolist() == [0, 0, 0, 2, 2, 1]
    weights = inverse_frequencies(counts, 3)
    assert weights[5] == 0
    assert weights[3] == pytest.approx(np.log(4 / 3) + 1)


def test_pairs_stop_at_the_padding():
    pairs = pair_buckets(torch.tensor([[3, 4, 0, 0], [4, 3, 3, 4]]))
    assert (pairs[0] > 0).tolist() == [True, False, False]
    assert pairs[1, 2] == pairs[0, 0]
    assert pairs[1, 0] != pairs[0, 0]


def test_photo_counts_tell_direction_and_colour_and_are_shares():
    bars = torch.zeros(2, 3, 24, 24)
    bars[0, :, :, ::4] = 1
    bars[1, :, ::4, :] = 1
    red = torch.zeros(1, 3, 24, 24)
    red[:, 0] = 1
    counts = photo_counts(torch.cat([bars, red]))
    assert counts.shape == (3, COUNTS)
    assert (counts[0] - counts[1])[:576].abs().max() > 0.5
    assert torch.allclose(counts[0, 576:704], counts[1, 576:704], atol=1e-6)
    # Hue 0, saturation and value in their highest of four bins; shares of a histogram sum to one.
    assert counts[2, 576 + 15] == 1
    assert torch.allclose(counts[:, 576:704].square().sum(dim=1), torch.ones(3), atol=1e-5)
    assert torch.allclose(counts[:, 704:].square().sum(dim=1), torch.ones(3), atol=1e-5)


def test_augmented_photos_stay_in_range_and_white_outside():
    torch.manual_seed(0)
    white = augment(torch.ones(4, 3, 24, 24), 16)
    assert white.shape == (4, 3, 16, 16)
    assert torch.allclose(white, torch.ones_like(white), atol=1e-5)
    noise = torch.rand(4, 3, 24, 24)
    assert not torch.allclose(augment(noise, 16), augment(noise, 16))
