"""Maps that make light of what differs between two takes of one thing."""

from pathlib import Path

import numpy as np
import pytest

from catalog.product import ProductInput
from models.inference.product_encoder import ProductEncoder
from models.inference.retakes import again
from models.inference.steadying import FEWEST, kept_maps, map_of
from tests.bentos.shop import Shop, build_shop, play_sound


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return build_shop(tmp_path_factory.mktemp("shop"))


def unit(table: np.ndarray) -> np.ndarray:
    return table / np.linalg.norm(table, axis=1, keepdims=True)


def test_what_differs_between_takes_counts_less() -> None:
    chance = np.random.default_rng(0)
    plain = unit(chance.normal(size=(200, 12)))

    def taken() -> np.ndarray:
        noise = np.zeros((200, 12))
        noise[:, :6] = chance.normal(0, 0.6, (200, 6))
        return unit(plain + noise)

    mapped = map_of(plain, [taken(), taken(), taken()])
    later = taken()

    def found(table: np.ndarray, asked: np.ndarray) -> float:
        return float((np.argmax(unit(asked) @ unit(table).T, axis=1) == np.arange(200)).mean())

    assert found(plain @ mapped, later @ mapped) > found(plain, later) + 0.1


def test_a_photo_and_a_sound_are_taken_again_the_same_way_by_the_same_seed(shop: Shop) -> None:
    for modality, data in (("image", shop.photo), ("audio", play_sound(300))):
        takes = again(modality, data, 3)
        assert takes == again(modality, data, 3)
        assert takes != again(modality, data, 4)
        assert len(set(takes)) == len(takes) > 4


def test_maps_are_fitted_once_and_own_vectors_go_through_them(shop: Shop, tmp_path: Path) -> None:
    encoder = ProductEncoder.load(shop.first.model_folder)
    sounds = [play_sound(200 + 20 * n) for n in range(FEWEST)]
    asked: list[str] = []

    def files(modality: str) -> list[bytes]:
        asked.append(modality)
        return sounds if modality == "audio" else [b"no photo"] * 3

    maps = kept_maps(encoder, tmp_path, files)
    assert set(maps) == {"audio"}  # of too few photos that can be read, nothing is learned
    again_read = kept_maps(encoder, tmp_path, files)
    np.testing.assert_array_equal(again_read["audio"], maps["audio"])
    assert asked == ["image", "audio"]
    features = encoder.featurize([ProductInput(sounds=(sounds[0],)), ProductInput(title="bag")])
    plain = encoder.own_vectors(features)["audio"]
    encoder.own_maps = maps
    steady = encoder.own_vectors(features)["audio"]
    np.testing.assert_allclose(np.linalg.norm(steady, axis=1), [1, 0], atol=1e-5)
    np.testing.assert_allclose(steady[0], unit(plain[:1] @ maps["audio"])[0], atol=1e-5)
