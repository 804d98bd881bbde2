"""The linear expert: exact leave-one-out, equal after saving, blind to what is absent; who names a class."""

from pathlib import Path

import numpy as np
import pytest

from models.expert.expert import LinearExpert
from models.expert.pool import named, pooled
from models.expert.ridge import counted, fit_ridge
from models.features.table import FeatureTable
from models.inference.product_encoder import ProductEncoder
from models.training.labelling import choose_labelling
from models.training.train import train
from shelfspace.errors import ArtifactError
from shelfspace.files import read_json, write_json
from tests.models.learning import CLASSES, MODALITIES, features_table, quick_settings, splits_of

ROWS = 160


def fitted(missing: float = 0.3, frozen: bool = True) -> tuple[LinearExpert, FeatureTable, np.ndarray]:
    table, labels, _ = features_table(ROWS, MODALITIES, missing=missing, frozen=frozen)
    expert = LinearExpert.fit(table, labels, np.arange(100), len(CLASSES), seed=0)
    assert expert is not None
    return expert, table, labels


def test_left_out_scores_are_those_of_a_fit_without_the_row():
    random = np.random.default_rng(0)
    rows = random.normal(size=(30, 5))
    targets = np.eye(3)[np.arange(30) % 3]
    whole = fit_ridge(rows @ rows.T, targets)
    for out in (0, 7, 29):
        rest = np.delete(np.arange(30), out)
        kernel = rows[rest] @ rows[rest].T
        dual = np.linalg.solve(kernel + whole.penalty * np.eye(29), targets[rest])
        assert np.allclose(rows[out] @ rows[rest].T @ dual, whole.left_out[out], atol=1e-8)


def test_a_score_that_says_nothing_counts_little():
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 400)
    good = np.eye(3)[labels] + random.normal(size=(400, 3)) * 0.4
    weights = counted([good, random.normal(size=(400, 3)) * 0.4], labels)
    assert weights[0] > 10 * weights[1]


def test_it_names_classes_of_rows_it_has_not_seen_and_reads_back_equal(tmp_path):
    expert, table, labels = fitted()
    rows = np.arange(100, ROWS)
    right = expert.logits(table.take(rows)).argmax(axis=1) == labels[rows]
    assert right.mean() > 0.9
    described = expert.save(tmp_path / "expert.safetensors")
    write_json(tmp_path / "described.json", described)  # as a model's folder keeps it: keys in order
    again = LinearExpert.load(tmp_path / "expert.safetensors", read_json(tmp_path / "described.json"))
    assert np.array_equal(again.logits(table), expert.logits(table))
    assert expert.weights.shape == (3,), "text and table, photo, sound"


def test_a_batch_of_one_is_its_row_and_what_is_absent_is_never_read():
    expert, table, _ = fitted()
    whole = expert.logits(table)
    for row in (3, 120):
        assert np.allclose(expert.logits(table.take([row])), whole[[row]], atol=1e-5)
    for part in table.modalities.values():
        for array in part.values.values():
            array[~part.present] = 9 if array.dtype.kind in "iu" else 6e4
    assert np.allclose(expert.logits(table), whole, atol=1e-5)
    without = {name: part for name, part in table.modalities.items() if name == "image"}
    photos = np.flatnonzero(without["image"].present)
    alone = FeatureTable(table.product_ids, without).take(photos)
    assert np.allclose(expert.logits(alone), expert.logits(table.take(photos), ["image"]), atol=1e-5)


def test_more_rows_than_are_chosen_on_teach_the_text(monkeypatch):
    import models.expert.expert as module

    whole, table, _ = fitted(frozen=False)
    monkeypatch.setattr(module, "MOST", 60)
    few, _, _ = fitted(frozen=False)
    rows = np.arange(100, ROWS)
    text = np.flatnonzero(table.modalities["text"].present)
    rows = np.intersect1d(rows, text)
    seen = table.take(rows)
    agree = few.logits(seen, ["text"]).argmax(1) == whole.logits(seen, ["text"]).argmax(1)
    assert agree.mean() > 0.9


@pytest.mark.parametrize("classes", [0, 1])
def test_without_two_classes_there_is_no_expert(classes):
    table, _, _ = features_table(40, ("text",), frozen=True)
    labels = np.full(40, classes - 1)
    assert LinearExpert.fit(table, labels, np.arange(40), classes, 0) is None


def test_of_a_row_it_cannot_read_the_network_names_the_class():
    table, labels, _ = features_table(ROWS, ("text", "tabular"), missing=0.4, frozen=True)
    expert = LinearExpert.fit(table, labels, np.arange(100), len(CLASSES), seed=0)
    network = np.full((ROWS, 3), 1 / 3, dtype=np.float32)
    said = named(expert, 0.0, table, network)
    read = expert.reads(table)
    assert np.array_equal(read, table.modalities["text"].present)
    assert np.array_equal(said[~read], network[~read])
    assert not np.allclose(said[read], network[read])
    assert np.array_equal(named(expert, 1.0, table, network), network)


def test_a_pool_of_two_lies_between_them():
    one, other = np.array([[0.9, 0.1]]), np.array([[0.3, 0.7]])
    assert 0.3 < pooled(one, other, 0.5)[0, 0] < 0.9
    assert np.allclose(pooled(one, other, 1.0), one)
    assert np.allclose(pooled(one, other, 0.0), other)


def probabilities(right: np.ndarray) -> np.ndarray:
    return np.where(right[:, None], [[0.8, 0.2]], [[0.2, 0.8]])


@pytest.mark.parametrize(
    ("rows", "network", "expert", "share"),
    [
        (200, 1.0, 0.6, 1.0),
        (200, 0.8, 0.8, 0.0),  # a tie: the simple one stays
        (200, 0.5, 0.9, 0.0),
        (20, 1.0, 0.2, 0.0),  # too few rows for anything learned
    ],
)
def test_the_network_names_the_class_only_where_it_is_better_by_more_than_chance(
    rows, network, expert, share
):
    labels = np.zeros(rows, dtype=np.int64)
    order = np.random.default_rng(0).permutation(rows)
    first, second = (probabilities(np.isin(order, np.arange(round(s * rows)))) for s in (network, expert))
    found = choose_labelling(first, second, labels)
    assert found["network"] == share
    assert found["compared"]["rows"] == rows
    assert found["tried"]["0"] == expert


def test_of_equal_accuracy_the_pool_that_finds_true_labels_likelier_names_the_class():
    labels = np.zeros(120, dtype=np.int64)
    right = np.arange(120) % 20 > 0
    expert, network = np.where(right[:, None], [[0.55, 0.45]], [[0.45, 0.55]]), probabilities(right)
    found = choose_labelling(network, expert, labels)
    assert found["network"] > 0
    assert found["compared"]["measure"] == "log_likelihood"
    # Likelier, yet wrong more often by the mean: the simple one stays.
    often = np.tile([0.51, 0.49], (120, 1))
    overruled = choose_labelling(probabilities(np.arange(120) % 4 > 0), often, labels)
    assert overruled["network"] == 0.0
    assert overruled["compared"]["measure"] == "accuracy"


def test_without_validation_rows_the_linear_model_names_the_class():
    none = np.zeros((0, 2))
    assert choose_labelling(none, none, np.zeros(0, dtype=np.int64)) == {
        "network": 0.0,
        "compared": None,
        "tried": {},
    }


def test_it_is_part_of_the_encoder_its_folder_and_its_fingerprint(tmp_path: Path):
    table, labels, log_price = features_table(ROWS, MODALITIES, frozen=True)
    report = train(
        table, labels, list(CLASSES), log_price, splits_of(ROWS), quick_settings(),
        featurizer_dir=None, out=tmp_path / "model", scratch=tmp_path / "scratch", progress=False,
    )  # fmt: skip
    encoder = ProductEncoder.load(tmp_path / "model")
    assert encoder.labelled_by == report.labelled_by
    assert encoder.labelled_by["compared"]["rows"] < 30
    assert encoder.labelled_by["network"] == 0.0
    seen = table.take(np.flatnonzero(encoder.expert.reads(table)))
    assert np.allclose(encoder.classify_features(seen), encoder.expert.probabilities(seen), atol=1e-5)
    network = encoder.encode_features(seen)
    assert np.allclose(encoder.classify_vectors(network.vectors), network.probabilities, atol=1e-5)
    (tmp_path / "model" / "expert.safetensors").write_bytes(b"other")
    with pytest.raises(ArtifactError, match="not what was saved"):
        ProductEncoder.load(tmp_path / "model")
