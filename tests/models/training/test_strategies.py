"""Strategies and completions in training: what they learn, what they keep, what they refuse."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from models.completion import COMPLETION
from models.fusion import FUSION
from models.inference.product_encoder import ProductEncoder
from models.training.strategies import STRATEGY
from shelfspace.errors import InputError, SettingsError
from tests.models.learning import features_table, quick_settings, splits_of
from tests.models.training.test_train import LIGHT, ROWS, run

GAN = {"strategy": "adversarial"}
LESSON = {"epochs": 12, "patience": 12, "transfer_share": 0.33, "layer_decay": 0.7}


def settings(model=None, **training):
    return quick_settings(model=model or {}, training={"epochs": 8, "patience": 8, **training})


def accuracy(encoder, table, only=None):
    features, labels, _ = table
    present = features.present() if only is None else features.only(only).present()
    rows = np.flatnonzero((splits_of(ROWS) == "test") & present.any(axis=1))
    guessed = encoder.classify_features(features.take(rows), only).argmax(axis=1)
    return (guessed == labels[rows]).mean()


def test_the_contract_names_are_registered():
    assert set(STRATEGY) == {"joint", "transfer", "adversarial"}


@pytest.mark.parametrize("completion", list(COMPLETION))
def test_every_completion_learns_and_completes_the_same_after_loading(tmp_path, completion):
    strategy = GAN if completion == "adversarial" else {}
    table = features_table(ROWS, LIGHT)
    chosen = settings({"completion": completion, "fusion": "weighted"}, **strategy)
    report = run(tmp_path, chosen, table, settle=False)
    encoder = ProductEncoder.load(tmp_path / "model")
    assert accuracy(encoder, table) >= 0.75
    assert report.history["train_loss"].iloc[-1] < report.history["train_loss"].iloc[0]
    names = set(load_file(tmp_path / "model" / "weights.safetensors"))
    assert not [name for name in names if "discriminator" in name or "strategy" in name]
    # Rows that lack something: alone and together, once and again.
    features = table[0].take(np.flatnonzero(~table[0].present().all(axis=1)))
    together = encoder.embed_features(features)
    assert np.array_equal(together, encoder.embed_features(features))
    assert np.abs(together - encoder.embed_features(features, batch_size=1)).max() < 1e-5


def test_fitted_completions_hold_training_vectors(tmp_path):
    run(tmp_path, settings({"completion": "nearest"}), settle=False)
    encoder = ProductEncoder.load(tmp_path / "model")
    features, _, _ = features_table(ROWS, LIGHT)
    train = np.flatnonzero(splits_of(ROWS) == "train")
    completion = encoder.network.completion
    assert np.array_equal(completion.banked[: len(train)].numpy(), features.present()[train])
    # Of the weights that were kept, not of those of the epoch before.
    from models.network import batch_values

    values, present = batch_values(features, encoder.modalities, train, encoder.device)
    vectors = encoder.network.encode(values, present)
    assert np.allclose(vectors.detach().numpy(), completion.bank[: len(train)].numpy(), atol=1e-5)


def test_the_generator_comes_nearer_to_hidden_vectors(tmp_path):
    report = run(tmp_path, settings({"completion": "adversarial"}, epochs=12, patience=12, **GAN))
    history = report.history
    assert history["train_reconstruction"].iloc[-1] < 0.7 * history["train_reconstruction"].iloc[0]
    assert {"train_discriminator", "train_deception"} <= set(history)
    assert "validation_reconstruction" not in history


@pytest.mark.parametrize("frozen", [True, False])
def test_a_teacher_teaches_first_and_then_steps_back(tmp_path, frozen):
    table = features_table(ROWS, LIGHT, frozen=frozen)
    report = run(tmp_path, settings(strategy="transfer", **LESSON), table)
    history = report.history
    assert report.teacher == "text.sentence" if frozen else report.teacher in LIGHT
    taught = history["train_distillation"].notna()
    assert taught.tolist() == [True] * 4 + [False] * 8
    assert history["train_distillation"][3] < history["train_distillation"][0]
    assert history["train_label"].notna().tolist() == (~taught).tolist()
    assert report.best_epoch >= 4, "an epoch that only listened is never kept"
    assert accuracy(ProductEncoder.load(tmp_path / "model"), table) >= 0.75
    alone = sorted(p.name for p in (tmp_path / "scratch").glob("run-*/alone-*"))
    assert alone == ([] if frozen else ["alone-audio", "alone-text"])
    assert not list((tmp_path / "scratch").rglob("*.ckpt"))


def test_a_named_teacher_is_the_one(tmp_path):
    report = run(tmp_path, settings(strategy="transfer", teacher="audio"))
    assert report.teacher == "audio"
    assert [p.name for p in (tmp_path / "scratch").glob("run-*/alone-*")] == ["alone-audio"]


def test_a_modality_that_few_products_have_does_not_teach_all(tmp_path):
    """The sound tells the class without fail, but nearly no validation row has one."""
    table = features_table(ROWS, LIGHT)
    sound = table[0].modalities["audio"]
    sound.values["mfcc"][:] = 3 * np.eye(3, 24, dtype=np.float32)[table[1]]
    sound.present[:] = splits_of(ROWS) == "train"
    sound.present[[7, 17]] = True
    table[0].modalities["text"].present[:] = True
    report = run(tmp_path, settings(strategy="transfer"), table)
    assert report.teacher == "text"


@pytest.mark.parametrize(
    ("model", "training", "field"),
    [
        ({"completion": "adversarial"}, {}, "model.completion"),
        ({"completion": "adversarial"}, {"strategy": "transfer"}, "model.completion"),
        ({}, GAN, "model.completion"),
        ({}, {"strategy": "transfer", "teacher": "tabular"}, "training.teacher"),
        ({}, {"strategy": "transfer", "teacher": "image"}, "training.teacher"),
        ({}, {"strategy": "alone"}, "training.strategy"),
        ({"completion": "zero"}, {}, "model.completion"),
        ({}, {"nested_dims": [8, 400]}, "training.nested_dims"),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path, model, training, field):
    with pytest.raises(SettingsError) as refusal:
        run(tmp_path, settings(model, **training))
    assert refusal.value.field == field


def test_nested_vectors_are_prefixes_that_still_tell_categories_apart(tmp_path):
    table = features_table(ROWS, LIGHT)
    report = run(
        tmp_path, settings(nested_dims=[8, 16, 24], hierarchy_weight=0.2, contrastive_weight=0.2), table
    )
    assert {"train_nested_label", "train_nested_alignment", "train_contrastive", "train_hierarchy"} <= set(
        report.history
    )
    encoder = ProductEncoder.load(tmp_path / "model")
    assert encoder.nested_dims == (8, 16)
    features, labels, _ = table
    whole, short = encoder.embed_features(features), encoder.embed_features(features, dim=8)
    assert short.shape == (ROWS, 8)
    assert np.allclose(np.linalg.norm(short, axis=1), 1, atol=1e-5)
    expected = whole[:, :8] / np.linalg.norm(whole[:, :8], axis=1, keepdims=True)
    assert np.allclose(short, expected, atol=1e-6)
    assert np.array_equal(encoder.embed_features(features, dim=24), whole)
    alike = short @ short.T
    np.fill_diagonal(alike, -1)
    assert (labels[alike.argmax(axis=1)] == labels).mean() > 0.8
    with pytest.raises(InputError, match="use one of 8, 16, 24"):
        encoder.embed_features(features, dim=12)


@pytest.mark.parametrize("average", ["ema", "swa"])
def test_averaged_weights_are_judged_and_kept(tmp_path, average):
    table = features_table(ROWS, LIGHT)
    run(tmp_path / "a", settings(average=average), table)
    run(tmp_path / "b", settings(), table)
    encoder = ProductEncoder.load(tmp_path / "a" / "model")
    assert accuracy(encoder, table) >= 0.75
    assert encoder.fingerprint != ProductEncoder.load(tmp_path / "b" / "model").fingerprint


@pytest.mark.parametrize("fusion", list(FUSION))
def test_weights_are_reported_where_there_are_any(tmp_path, fusion):
    table = features_table(ROWS, LIGHT)
    run(tmp_path, settings({"fusion": fusion}, epochs=2), table)
    encoder = ProductEncoder.load(tmp_path / "model")
    weights = encoder.modality_weights(table[0])
    if fusion != "weighted":
        assert weights is None
        return
    assert weights.shape == (ROWS, 3)
    assert np.allclose(weights.sum(axis=1), 1, atol=1e-5)
    assert (weights[~table[0].present()] == 0).all()
    rows = np.flatnonzero(table[0].modalities["audio"].present)
    assert np.allclose(encoder.modality_weights(table[0].take(rows), only=["audio"])[:, 1], 1)
