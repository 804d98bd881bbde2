"""Retrieval figures against brute force written another way."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from models.evaluation import retrieval
from models.evaluation.retrieval import across, within


def unit(values: np.ndarray) -> np.ndarray:
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def points() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    labels = np.array(["a", "b", "c"], dtype=object)[generator.integers(0, 3, 60)]
    vectors = unit(generator.normal(size=(60, 5)) + 0.7 * np.eye(5)[[ord(x) - 97 for x in labels]])
    return vectors, labels


def test_within_by_brute_force(points: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, labels = points
    monkeypatch.setattr(retrieval, "SCORES", 60 * 7)  # several blocks, the last one short
    found = within(vectors, labels, (1, 5))
    hits, precisions, averages = [], [], []
    for i in range(60):
        others = [j for j in range(60) if j != i]
        ranked = sorted(others, key=lambda j: (-float(vectors[i] @ vectors[j]), j))
        hits.append(any(labels[j] == labels[i] for j in ranked[:5]))
        precisions.append(np.mean([labels[j] == labels[i] for j in ranked[:5]]))
        relevant = [labels[j] == labels[i] for j in others]
        averages.append(average_precision_score(relevant, [float(vectors[i] @ vectors[j]) for j in others]))
    assert found["recall_at_5"] == pytest.approx(np.mean(hits))
    assert found["precision_at_5"] == pytest.approx(np.mean(precisions))
    assert found["map"] == pytest.approx(np.mean(averages), abs=1e-6)
    assert found["queries"] == 60


def test_a_lone_label_asks_nothing_and_cannot_lower_the_figures() -> None:
    vectors = unit(np.array([[1, 0], [1, 0.1], [0, 1.0]]))
    found = within(vectors, np.array(["a", "a", "b"], dtype=object), (1,))
    assert (found["queries"], found["lone"], found["recall_at_1"]) == (2, 1, 1.0)
    alone = within(vectors, np.array(["a", "b", "c"], dtype=object), (1,))
    assert alone == {"queries": 0, "gallery": 3, "lone": 3}


def test_a_product_never_finds_itself() -> None:
    vectors = unit(np.array([[1, 0], [1, 0], [-1, 0.0], [-1, 0]]))
    found = within(vectors, np.array(["a", "b", "a", "b"], dtype=object), (1,))
    assert found["recall_at_1"] == 0.0


def test_across_ranks_the_own_product() -> None:
    generator = np.random.default_rng(1)
    gallery = unit(generator.normal(size=(200, 16)))
    same = across(gallery, gallery, None, (1,))
    assert same["recall_at_1"] == 1.0
    assert same["median_rank"] == 1
    noise = across(unit(generator.normal(size=(200, 16))), gallery, None, (1, 10))
    assert noise["recall_at_10"] == pytest.approx(noise["chance_at_10"], abs=0.06)
    assert "same_label_map" not in noise


def test_across_does_not_flatter_a_collapsed_model() -> None:
    flat = np.ones((50, 4), dtype=np.float32) / 2
    found = across(flat, flat, None, (1, 10))
    # All scores are equal: ranks follow the rows, so one product alone is first.
    assert found["recall_at_1"] == pytest.approx(1 / 50)
    assert found["recall_at_10"] == pytest.approx(10 / 50)


def test_across_by_label_counts_the_product_itself() -> None:
    vectors = unit(np.array([[1, 0], [0, 1], [1, 0.1], [0.1, 1]]))
    found = across(vectors, vectors, np.array(["a", "b", "a", ""], dtype=object), (1,))
    assert found["same_label_map"] == 1.0
    assert across(vectors[:0], vectors[:0], None, (1,)) == {"queries": 0}
