"""What frozen encoders know stays in the product vector: angles, presence, and nothing made up."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.evaluation.known_item import Asked, asked_of, known_item, own_places
from models.features.table import FeatureTable, ModalityFeatures
from models.fusion.kept import Kept
from models.inference.product_encoder import ProductEncoder
from models.training.train import train
from tests.models.learning import features_table, quick_settings, splits_of

ROWS = 120


def cosines(rows: np.ndarray) -> np.ndarray:
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit @ unit.T


def trained(
    tmp_path: Path, modalities: tuple[str, ...], **sections: dict
) -> tuple[ProductEncoder, FeatureTable]:
    """Trained without labels and without prices."""
    table, _, _ = features_table(ROWS, modalities, missing=0.2, frozen=True)
    train(
        table, np.full(ROWS, -1), [], np.full(ROWS, np.nan), splits_of(ROWS), quick_settings(**sections),
        featurizer_dir=None, out=tmp_path / "model", scratch=tmp_path / "scratch", progress=False,
    )  # fmt: skip
    return ProductEncoder.load(tmp_path / "model"), table


def test_with_nothing_to_learn_the_product_vector_has_the_frozen_encoders_angles(tmp_path):
    encoder, table = trained(tmp_path, ("text",), model={"text": "minilm"})
    text = table.modalities["text"]
    there = np.flatnonzero(text.present)
    vectors = encoder.embed_features(table.take(there))
    # dim (24) is above the frozen length (16): no direction is lost.
    assert np.allclose(cosines(vectors), cosines(text.values["sentence"][there]), atol=1e-5)
    assert encoder.classify_features(table.take(there)).shape == (len(there), 0)


def test_without_labels_two_modalities_agree_by_training_and_keep_what_they_know(tmp_path):
    encoder, table = trained(
        tmp_path, ("text", "image"), model={"text": "minilm", "image": "timm:any", "kept": 0.6}
    )
    assert 0 < float(encoder.network.kept.share) < 1
    both = np.flatnonzero(table.present().all(axis=1))
    seen = table.take(both)
    text, image = (encoder.embed_features(seen, [name]) for name in ("text", "image"))
    own = (text * image).sum(axis=1).mean()
    assert own > (text @ image.T).mean() + 0.1, "a product's photo is nearer to its own text than to others'"
    frozen = cosines(seen.modalities["text"].values["sentence"])
    apart = np.triu_indices(len(both), 1)
    assert np.corrcoef(cosines(text)[apart], frozen[apart])[0, 1] > 0.6


def test_a_modality_without_a_frozen_vector_is_what_was_learned(tmp_path):
    encoder, table = trained(tmp_path, ("text", "tabular"), model={"text": "minilm"})
    kept = encoder.network.kept
    learned = torch.nn.functional.normalize(torch.randn(2, 24), dim=1)
    nothing = torch.zeros(2, 2, 24)
    present = torch.tensor([[False, True], [False, True]])
    assert torch.equal(kept.joined(learned, nothing, present), learned)
    priced = np.flatnonzero(~table.modalities["text"].present)
    assert np.isfinite(encoder.embed_features(table.take(priced))).all()


def test_the_second_modality_is_turned_to_the_first_and_keeps_its_own_angles():
    random = np.random.default_rng(0)
    text = random.normal(size=(200, 12)).astype(np.float32)
    mixed = text @ np.linalg.qr(random.normal(size=(12, 12)))[0] + random.normal(size=(200, 12)) * 0.1
    image = mixed - mixed[:150].mean(axis=0)
    arrays = {"text": {"sentence": text}, "image": {"frozen": image.astype(np.float32)}}
    kept = Kept({"text": {"sentence": [12]}, "image": {"frozen": [12]}}, 16, 0.5)
    learnt = {name: {key: array[:150] for key, array in part.items()} for name, part in arrays.items()}
    kept.prepare(learnt, dict.fromkeys(arrays, np.ones(150, dtype=bool)))
    one, other = (
        kept(name, {key: torch.from_numpy(array) for key, array in part.items()}).numpy()
        for name, part in arrays.items()
    )
    assert np.allclose(cosines(other), cosines(image), atol=1e-4)
    found = (one[150:] @ other[150:].T).argmax(axis=1)
    assert (found == np.arange(50)).mean() > 0.95, "rows it was not fitted on"


def test_of_several_photos_the_mean_is_kept_and_padding_is_never_read():
    kept = Kept({"image": {"frozen": [3, 8]}}, 8, 0.5)
    kept.map_image.copy_(torch.eye(8))
    photos = torch.randn(2, 3, 8)
    counts = torch.tensor([1, 2])
    said = kept("image", {"frozen": photos, "photos": counts})
    photos[0, 1:], photos[1, 2:] = float("nan"), 1e9
    assert torch.equal(kept("image", {"frozen": photos, "photos": counts}), said)
    assert torch.allclose(said[1], torch.nn.functional.normalize(photos[1, :2].mean(0), dim=0), atol=1e-6)


def test_an_encoder_saved_before_vectors_were_kept_is_read_as_it_was(tmp_path):
    encoder, _ = trained(tmp_path, ("text", "image"), model={"text": "minilm", "kept": 0.0})
    assert encoder.network.kept is None
    assert "kept" not in encoder.spec
    assert not [name for name in encoder.network.state_dict() if name.startswith("kept")]


def test_without_frozen_vectors_texts_alone_teach_by_contrast(tmp_path):
    encoder, table = trained(tmp_path, ("text",), model={"text": "tfidf", "kept": 0.0})
    there = np.flatnonzero(table.modalities["text"].present)
    vectors = encoder.embed_features(table.take(there))
    assert np.linalg.matrix_rank(vectors, tol=1e-3) > 3


class Titled:
    """An encoder whose text vectors are given."""

    def embed_features(self, features: FeatureTable, only: list[str]) -> np.ndarray:
        return features.modalities["text"].values["own"]


@pytest.mark.parametrize(("noise", "winner"), [(0.0, "frozen"), (2.0, "frozen"), (-1.0, "learned")])
def test_listings_found_by_their_titles_beside_the_frozen_encoder(noise, winner):
    random = np.random.default_rng(1)
    bodies = random.normal(size=(80, 8)).astype(np.float32)
    bodies /= np.linalg.norm(bodies, axis=1, keepdims=True)
    off = random.normal(size=bodies.shape).astype(np.float32)

    def side(own: np.ndarray, frozen: np.ndarray) -> FeatureTable:
        part = ModalityFeatures({"own": own, "sentence": frozen}, np.ones(80, dtype=bool))
        return FeatureTable(tuple(map(str, range(80))), {"text": part})

    # A negative noise: the frozen one is the noisy one.
    asked = Asked(
        np.arange(80), side(bodies + max(noise, 0) * off, bodies + max(-noise, 0) * off), side(bodies, bodies)
    )
    found = known_item(own_places(Titled(), asked), asked)
    assert found["compared"]["winner"] == winner
    assert found["queries"] == 80
    assert found["chance_at_10"] == 0.125
    if noise == 0.0:
        assert found["mrr"] == found["frozen"]["mrr"] == 1.0


def test_a_listing_without_more_than_a_title_is_not_asked_for():
    class NoText:
        modalities = ("image",)

    assert asked_of(NoText(), []) == "the model reads no text"
