"""Which photos and sounds a shop has nothing like: learned from its own, taken again, and from noise."""

import io
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from catalog.product import ProductInput
from retrieval.catalogue.parts import SearchParts
from retrieval.ranking.answers import floors_said
from retrieval.ranking.fit import FEWEST
from retrieval.ranking.training.answering import learn_answers
from retrieval.ranking.training.held_out import Lesson
from retrieval.ranking.training.likeness import Gallery, likenesses
from retrieval.ranking.training.meaningless import meaningless

SIZE = 60
KEYS = ["image", "colour"]
TABLE = np.eye(SIZE + 1, dtype=np.float32)[:SIZE]
"""Each product is like itself alone; the last direction is of what is not there."""


class Reading:
    """An encoder that reads the number that a file says; of any other file it makes what is like nothing."""

    dim, modalities, labels = SIZE + 1, ("image",), ()

    def featurize(self, items: Sequence[ProductInput], *, queries: bool = False) -> np.ndarray:
        rows = [int(i.photos[0]) if i.photos[0].isdigit() else SIZE for i in items]
        return np.eye(SIZE + 1, dtype=np.float32)[rows]

    def encode_features(self, features: np.ndarray) -> Any:
        return SimpleNamespace(vectors=features, probabilities=np.zeros((len(features), 0)))

    def own_evidence(self, features: np.ndarray, vectors: np.ndarray) -> list[dict[str, np.ndarray]]:
        return [dict.fromkeys(KEYS, one) for one in vectors]

    def classify_vectors(self, vectors: np.ndarray) -> np.ndarray:
        return np.zeros((len(vectors), 0))


def again(modality: str, data: bytes, seed: int) -> list[bytes]:
    """The same file; that of the first product cannot be opened."""
    if data == b"0":
        raise OSError("damaged")
    return [data, data]


def lessons(asking: int) -> list[Lesson]:
    paths = ["Shoes > Boots"] * (SIZE // 2) + ["Lamps > Desk"] * (SIZE // 2)
    gallery = Gallery(TABLE, dict.fromkeys(KEYS, TABLE), paths, [[str(i)] for i in range(SIZE)])
    lost = {"5": None}
    read = lambda key: lost.get(key, key.encode())  # noqa: E731
    return likenesses("image", gallery, np.arange(asking), read, again, Reading())


def parts(floors: Any) -> SearchParts:
    none: Any = None
    return SearchParts(none, none, none, none, None, {}, answers=floors)


def test_a_floor_divides_what_the_shop_has_from_what_it_has_not() -> None:
    made = lessons(SIZE)
    groups = {one.group for one in made if one.judged.useful}
    assert groups == set(range(SIZE)) - {0, 5}, "a damaged and a lost file ask nothing"
    floors = learn_answers(made)
    assert set(floors) == {"photo", "photo_words"}
    assert floors["photo"].figures["nothing_when_nothing"] == 1.0
    assert floors["photo"].figures["wrongly_empty"] == 0.0
    shop = parts(floors)
    for one in made:
        assert shop.has_alike(one.judged.candidates) == one.judged.useful
        assert shop.relevance(one.judged.candidates) is None, "scores stay those of the order"
        assert shop.has_alike(replace(one.judged.candidates, own={})), "a release from before there were any"
        assert shop.has_alike(replace(one.judged.candidates, beside="product"))


def test_what_is_not_sold_is_asked_of_the_other_departments() -> None:
    strange = len(meaningless("image"))
    lamps = [one for one in lessons(SIZE) if one.kind == "unlike" and one.group >= max(strange, SIZE // 2)]
    assert len(lamps) == 2 * (SIZE - strange)
    assert all(one.judged.candidates.rows.max() < SIZE // 2 for one in lamps)


def test_few_listings_set_no_floor_and_that_is_said() -> None:
    floors = learn_answers(lessons(FEWEST))
    assert floors == {}
    assert all(parts(floors).has_alike(one.judged.candidates) for one in lessons(FEWEST))
    said = floors_said(floors, ["image"])
    assert list(said) == ["photo", "photo_words"]
    assert "every candidate is a hit" in said["photo"]["no_floor"]
    assert lessons(0) == []


@pytest.mark.parametrize("modality", ["image", "audio"])
def test_what_shows_nothing_can_be_opened_and_is_the_same_every_time(modality: str) -> None:
    made = meaningless(modality)
    assert made == meaningless(modality)
    assert len(made) == len(set(made)) > FEWEST
    for data in made:
        if modality == "image":
            assert Image.open(io.BytesIO(data)).size == (192, 192)
        else:
            assert np.abs(soundfile.read(io.BytesIO(data))[0]).max() > 0
