"""Texts changed while training: words hidden, and rows cut back to their title."""

import numpy as np
import pytest
import torch

from models.encoders import ENCODERS, build_encoder
from models.inference.product_encoder import ProductEncoder
from models.network import describe_features
from models.training.train import train
from shelfspace.errors import SettingsError
from shelfspace.settings import Training
from tests.models.examples import FEATURIZER, example_name, needs_frozen
from tests.models.learning import CLASSES, features_table, quick_settings, splits_of

NAMES = [name for name in ENCODERS["text"] if not needs_frozen("text", name)]


def build(name: str, training: Training, frozen: bool = True):
    features, _, _ = features_table(8, ("text",), missing=0.0, frozen=frozen)
    torch.manual_seed(0)
    spec = describe_features(features, 60, 3)["modalities"]["text"]
    encoder = build_encoder("text", example_name("text", name), spec, 32, 0.0)
    encoder.begin(training, FEATURIZER)
    encoder.prepare(features.modalities["text"].values)
    for parameter in encoder.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter)
    return encoder, {k: torch.from_numpy(v) for k, v in features.modalities["text"].values.items()}


@pytest.mark.parametrize("name", NAMES)
def test_cut_back_always_a_row_is_its_title_alone(name):
    """The same vector as of a row whose text ends with the title and whose sentence says nothing."""
    encoder, values = build(name, Training(name_only=1.0, word_dropout=0.0))
    short = dict(values)
    for column, key in enumerate(("tokens", "words")):
        place = torch.arange(values[key].shape[1])[None]
        short[key] = torch.where(place < values["title"][:, column, None], values[key], 0)
    short["sentence"] = encoder.sentence.standardise.mean.expand_as(values["sentence"])
    encoder.train()
    cut = encoder(values)
    encoder.eval()
    assert torch.allclose(cut, encoder(short), atol=1e-5)
    assert not torch.allclose(cut, encoder(values), atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_words_are_hidden_by_the_share_that_is_set(name):
    for share, changes in ((0.0, False), (0.5, True)):
        encoder, values = build(name, Training(word_dropout=share))
        encoder.train()
        once = encoder(values)
        assert torch.allclose(once, encoder(values), atol=1e-6) is not changes
        encoder.eval()
        assert torch.equal(encoder(values), encoder(values))


@pytest.mark.parametrize("name", ["lstm", "tfidf"])
def test_without_the_length_of_titles_it_says_so(name):
    features, _, _ = features_table(8, ("text",), missing=0.0)
    del features.modalities["text"].values["title"]
    spec = describe_features(features, 60, 3)["modalities"]["text"]
    encoder = build_encoder("text", name, spec, 32, 0.0)
    encoder.begin(Training(), None)
    with pytest.raises(SettingsError, match=r"training\.name_only.*preprocessing again"):
        encoder.begin(Training(name_only=0.2), None)


def test_features_that_lack_the_words_are_refused():
    with pytest.raises(SettingsError, match=r"model\.text.*lack words and grams"):
        build_encoder("text", "tfidf", {"tokens": [12], "vocabulary": [60]}, 32, 0.0)


@pytest.mark.parametrize("name", ENCODERS["text"])
def test_every_text_encoder_trains_saves_and_loads(tmp_path, name):
    """Through the whole training: learnt, saved, loaded, and better than chance on unseen rows."""
    features, labels, log_price = features_table(100, ("text",), frozen=needs_frozen("text", name))
    settings = quick_settings(
        model={"text": example_name("text", name), "modalities": ["text"]},
        training={"epochs": 8, "patience": 8, "name_only": 0.2, "learning_rate": 0.01},
    )
    splits = splits_of(100)
    train(
        features, labels, list(CLASSES), log_price, splits, settings, FEATURIZER,
        tmp_path / "model", tmp_path / "scratch", progress=False,
    )  # fmt: skip
    encoder = ProductEncoder.load(tmp_path / "model")
    rows = np.flatnonzero(features.modalities["text"].present & (splits != "train"))
    guess = encoder.classify_features(features.take(rows)).argmax(axis=1)
    assert (guess == labels[rows]).mean() > 0.6
