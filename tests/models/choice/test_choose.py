"""`auto`: the simplest encoder, unless another is right more often by more than chance."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from models.choice import Choice, Chosen, auto_modalities, choose_encoders
from models.choice import choose as module
from models.choice.candidates import Candidate, candidates, installed, larger_than
from models.features.catalogue import Catalogue
from shelfspace.errors import ArtifactError
from shelfspace.hashing import content_hash
from shelfspace.settings import load_settings

ROWS = 240
BOTH = {"minilm": "1", "efficientnet_lite0": "1"}


class Photos(dict[str, bytes]):
    def read(self, key: str) -> bytes:
        return self[key]

    def digest(self, key: str) -> str:
        return content_hash(self[key])


def photo(red: bool, seed: int) -> bytes:
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 60, (40, 40, 3), dtype=np.uint8)
    pixels[8:32, 8:32, 0 if red else 2] += 150
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def catalogue(tmp_path: Path, rows: int = ROWS, **model: Any) -> tuple[Catalogue, np.ndarray]:
    """Labels that the words tell, and the photos' colour."""
    labels = np.arange(rows) % 2
    media = Photos({f"{i}.png": photo(bool(labels[i]), i) for i in range(rows)})
    products = pd.DataFrame(
        {"product_id": [f"p{i}" for i in range(rows)], "photos": [[f"{i}.png"] for i in range(rows)]}
    )
    texts = [f"{'lamp' if label else 'clock'} number{i % 7}" for i, label in enumerate(labels)]
    cleaned = pd.DataFrame({"product_id": products["product_id"], "text": texts})
    chosen = {"text": "auto", "image": "auto", "modalities": ["text", "image"], **model}
    settings = load_settings(None, {"model": chosen, "preprocessing": {"image_size": 32}})
    return Catalogue(products, cleaned, media, tmp_path, settings), labels  # type: ignore[arg-type]


def chosen_of(given: Catalogue, labels: np.ndarray) -> dict[str, Chosen]:
    groups = np.array([f"g{i}" for i in range(len(labels))])
    made = choose_encoders(given, labels, groups, np.ones(len(labels), dtype=bool))
    return dict(made.by_modality)


def judged_as(monkeypatch: pytest.MonkeyPatch, shares: dict[str, float]) -> None:
    """Candidates are right on these shares of the rows."""

    def right(
        modality: str, candidate: Candidate, catalogue: Catalogue, labels: np.ndarray, groups: Any
    ) -> Any:
        return (np.arange(len(labels)) < shares[candidate.name] * len(labels)).astype(float)

    monkeypatch.setattr(module, "_right", right)
    monkeypatch.setattr(module, "_weights", lambda candidate, settings: f"hash of {candidate.frozen}")
    monkeypatch.setattr("models.choice.candidates.installed", lambda: BOTH)


def test_what_is_right_more_often_replaces_the_simpler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged_as(
        monkeypatch,
        {"tfidf": 0.8, "tfidf + minilm": 0.9, "histograms": 0.61, "efficientnet_lite0": 0.6},
    )
    found = chosen_of(*catalogue(tmp_path))
    assert (found["text"].encoder, found["text"].beside) == ("tfidf", "minilm")
    assert found["text"].weights == "hash of minilm"
    assert "0.900 of 240 training rows right, tfidf 0.800" in found["text"].why
    assert found["text"].figures["right"] == {"tfidf": 0.8, "tfidf + minilm": 0.9}
    assert found["image"].encoder == "efficientnet_lite0", "a tie stays with what needs no training"
    assert "stays" in found["image"].why
    assert found["image"].weights == "hash of efficientnet_lite0"


def test_a_shop_whose_photos_are_told_by_statistics_gets_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares = {"tfidf": 0.8, "tfidf + minilm": 0.81, "histograms": 0.9, "efficientnet_lite0": 0.6}
    judged_as(monkeypatch, shares)
    found = chosen_of(*catalogue(tmp_path))
    assert {name: one.name for name, one in found.items()} == {"text": "tfidf", "image": "histograms"}
    assert found["image"].weights == ""


def test_few_labels_are_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged_as(monkeypatch, {})  # any comparison would fail
    found = chosen_of(*catalogue(tmp_path, rows=99))
    assert found["text"].name == "tfidf + minilm"
    assert found["image"].name == "efficientnet_lite0"
    assert "under 100" in found["image"].why
    given, labels = catalogue(tmp_path)
    assert chosen_of(given, np.full_like(labels, -1))["image"].name == "efficientnet_lite0"


def test_what_is_not_installed_is_no_candidate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged_as(monkeypatch, {})
    monkeypatch.setattr("models.choice.candidates.installed", dict)
    found = chosen_of(*catalogue(tmp_path))
    assert {name: one.name for name, one in found.items()} == {"text": "tfidf", "image": "histograms"}
    assert all("nothing else is installed" in one.why for one in found.values())


def test_size_decides_what_is_trained_from_nothing() -> None:
    assert candidates("text", 100)[0].name == "tfidf"
    assert candidates("text", 10**6)[0].name == "lstm"
    assert candidates("image", 100)[-1].name == "histograms"
    assert candidates("image", 10**6)[-1].name == "cnn"


def test_holdout_rows_are_never_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[str]] = []

    def right(modality: str, candidate: Candidate, given: Catalogue, labels: np.ndarray, groups: Any) -> Any:
        seen.append(set(given.products["product_id"]))
        return np.ones(len(labels))

    judged_as(monkeypatch, {})
    monkeypatch.setattr(module, "_right", right)
    given, labels = catalogue(tmp_path)
    train = np.arange(ROWS) >= 100
    choose_encoders(given, labels, np.arange(ROWS).astype(str), train)
    assert seen
    assert all(ids <= {f"p{i}" for i in range(100, ROWS)} for ids in seen)


@pytest.mark.parametrize(("modality", "candidate"), [("text", "tfidf"), ("image", "histograms")])
def test_the_judge_reads_words_and_photos(tmp_path: Path, modality: str, candidate: str) -> None:
    given, labels = catalogue(tmp_path, rows=60)
    groups = np.arange(60).astype(str)
    right = module._right(modality, Candidate(candidate), given, labels, groups)
    assert right.mean() > 0.95
    shuffled = np.random.default_rng(0).permutation(labels)
    assert module._right(modality, Candidate(candidate), given, shuffled, groups).mean() < 0.75


def test_a_choice_is_kept_and_laid_over_the_settings(tmp_path: Path) -> None:
    made = Choice({"text": Chosen("tfidf", "minilm", "abc", "because"), "image": Chosen("histograms")})
    made.save(tmp_path)
    assert Choice.load(tmp_path) == made
    auto = load_settings(None, {"model": {"text": "auto", "image": "auto"}})
    laid = made.settings(auto)
    assert (laid.model.text, laid.model.image, laid.features.text_encoder) == (
        "tfidf",
        "histograms",
        "minilm",
    )
    named = load_settings(None, {"model": {"text": "lstm", "image": "cnn"}})
    assert auto_modalities(named) == []
    assert made.settings(named) == named
    own = load_settings(
        None, {"model": {"text": "auto"}, "features": {"text_encoder": "transformers:some/clip"}}
    )
    assert made.settings(own).features.text_encoder == "transformers:some/clip"


def test_without_a_choice_auto_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="run the chain from preprocessing"):
        Choice().settings(load_settings(None, {"model": {"text": "auto"}}))
    with pytest.raises(ArtifactError, match="is missing"):
        Choice.load(tmp_path)


def test_what_the_gate_would_refuse_for_its_size_is_not_tried_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged_as(
        monkeypatch, {"tfidf": 0.8, "tfidf + minilm": 0.9, "histograms": 0.6, "efficientnet_lite0": 0.7}
    )
    given, labels = catalogue(tmp_path)
    groups, train = np.arange(ROWS).astype(str), np.ones(ROWS, dtype=bool)
    free = choose_encoders(given, labels, groups, train)
    assert free.by_modality["text"].beside == "minilm"
    assert free.uses(["minilm"])
    bound = choose_encoders(given, labels, groups, train, ["minilm"])
    assert bound.by_modality["text"].name == "tfidf"
    assert (
        "tfidf + minilm is too large beside the champion (gate.times_larger)" in bound.by_modality["text"].why
    )
    assert not bound.uses(["minilm"])
    assert free.named() == {}, "the same data give the same choice"
    bound.save(tmp_path)
    assert Choice.load(tmp_path).named() == {"model.text": "tfidf"}, (
        "beside no champion minilm would be chosen"
    )
    assert bound.by_modality["image"] == free.by_modality["image"]


def test_packages_are_as_large_as_their_files() -> None:
    here = installed()
    assert larger_than(0.0) == list(here)
    assert larger_than(1e6) == []
    if "efficientnet_lite0" in here:
        assert "efficientnet_lite0" in larger_than(10.0)  # 13.1 MB of weights
