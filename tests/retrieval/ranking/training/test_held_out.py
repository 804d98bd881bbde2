"""What the fusion learns from where nobody has judged."""

from pathlib import Path

import numpy as np
import orjson
import pytest

from retrieval.lexical.index import LexicalIndex
from retrieval.ranking.fit import fit_fusion
from retrieval.ranking.fusion import FusionModel
from retrieval.ranking.hybrid import HybridSearch
from retrieval.ranking.training.catalogue import Embedded, lessons_of_listings, opening
from retrieval.ranking.training.held_out import (
    Lesson,
    Listings,
    drawn,
    held_out,
    judged_by_people,
    known_items,
    left_out,
)
from retrieval.ranking.training.judgements import Judgements
from retrieval.ranking.training.mixed import Beside, mixed
from retrieval.ranking.training.picture import fusion_picture
from retrieval.ranking.training.rivals import crossed
from retrieval.vectors import ExactIndex
from tests.bentos.market import HELD, market_products
from tests.bentos.shop import Shop, build_shop, play_sound


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return build_shop(tmp_path_factory.mktemp("shop"))


def over(shop: Shop, rows: np.ndarray) -> HybridSearch:
    own = np.ascontiguousarray(shop.first.embeddings[rows])
    lexical = LexicalIndex.build(market_products(shop).iloc[rows])
    classes = shop.encoder.classify_vectors(own)
    return HybridSearch(lexical, ExactIndex(own), own, FusionModel.fallback(), classes)


@pytest.fixture(scope="module")
def lessons(shop: Shop) -> list[Lesson]:
    products = market_products(shop)
    gallery, asking = np.flatnonzero(~HELD), np.flatnonzero(HELD)
    listings = Listings(products["title"].tolist(), products["category"].tolist(), shop.first.embeddings)
    found = held_out(over(shop, gallery), listings.take(gallery), listings.take(asking), shop.encoder)
    both = np.concatenate([gallery, asking])
    there = np.arange(len(gallery), len(both))
    return found + known_items(over(shop, both), listings.take(both), there, shop.encoder)


def test_every_kind_is_asked_and_graded_by_the_category_tree(lessons: list[Lesson]) -> None:
    by_kind = {kind: [one for one in lessons if one.kind == kind] for kind in {one.kind for one in lessons}}
    assert set(by_kind) == {"title", "words", "photo", "backwards", "name", "item"}
    assert all(not one.grades.any() for one in by_kind["backwards"])
    for kind in ("title", "words", "photo"):
        assert {len(one.grades) for one in by_kind[kind]} == {(~HELD).sum()}
        assert all(one.grades.max() == 2 for one in by_kind[kind])
    assert {len(one.grades) for one in by_kind["item"]} == {60}
    assert all((one.grades == 2).sum() == 1 for one in by_kind["item"])
    for one in lessons:
        np.testing.assert_array_equal(one.judged.grades, one.grades[one.judged.candidates.rows])


def test_the_same_listings_give_the_same_weights(lessons: list[Lesson], tmp_path: Path) -> None:
    judged = [one.judged for one in lessons]
    for name in ("a", "b"):
        fit_fusion(judged).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_is_made_of_one_listing_is_judged_by_the_others(
    lessons: list[Lesson], monkeypatch: pytest.MonkeyPatch
) -> None:
    taught: list[list[int]] = []
    fit = fit_fusion
    monkeypatch.setattr(
        "retrieval.ranking.training.held_out.fit_fusion",
        lambda judged: (taught.append([id(one) for one in judged]), fit(judged))[1],
    )
    figures = crossed(left_out(lessons))
    assert len(taught) == 5
    for part, known in enumerate(taught):
        held = {id(one.judged) for one in lessons if one.group % 5 == part}
        assert not held & set(known)
    assert set(figures) == {"title", "words", "photo", "name", "item"}
    assert "words" not in figures["photo"]
    assert all(0 <= row["fused"] <= 1 for row in figures.values())


def test_an_encoder_without_labels_and_listings_without_photos(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    products = market_products(shop)
    gallery, asking = np.flatnonzero(~HELD), np.flatnonzero(HELD)
    own = np.ascontiguousarray(shop.first.embeddings[gallery])
    lexical = LexicalIndex.build(products.iloc[gallery])
    search = HybridSearch(lexical, ExactIndex(own), own, FusionModel.fallback())
    monkeypatch.setattr(shop.encoder, "labels", [])
    for photos, kinds in ((shop.first.embeddings, 1), (np.zeros_like(shop.first.embeddings), 0), (None, 0)):
        listings = Listings(products["title"].tolist(), products["category"].tolist(), photos)
        found = held_out(search, listings.take(gallery), listings.take(asking), shop.encoder)
        assert len({one.kind for one in found} & {"photo"}) == kinds
        assert fit_fusion([one.judged for one in found]).parts
    bare = Listings([""] * 60, [""] * 60)
    assert held_out(search, bare.take(gallery), bare.take(asking), shop.encoder) == []


def test_judgements_of_people_become_lessons(shop: Shop) -> None:
    rows = np.arange(60)
    judgements = {"red bag": {"P001": 2, "P004": 1, "gone": 2}, "qwzx": {}}
    said = Judgements(judgements, {"red bag": 2.5})
    found = judged_by_people(over(shop, rows), said, shop.first.rows, shop.encoder)
    assert sorted(one.judged.weight for one in found) == [1.0, 2.5]
    assert [one.kind for one in found] == ["judgement", "judgement"]
    nothing, asked = sorted(found, key=lambda one: int(one.grades.sum()))
    assert not nothing.grades.any()
    assert {row: int(asked.grades[row]) for row in np.flatnonzero(asked.grades)} == {1: 2, 4: 1}


def test_a_large_catalogue_is_drawn_from() -> None:
    assert drawn(5).tolist() == [0, 1, 2, 3, 4]
    many = drawn(10_000)
    assert len(many) == len(set(many.tolist())) == 300
    assert (np.diff(many) > 0).all()


def test_the_picture_says_which_rule_it_is(lessons: list[Lesson]) -> None:
    learned = fusion_picture(fit_fusion([one.judged for one in lessons]))
    rule = fusion_picture(FusionModel.fallback())
    assert learned[:8] == rule[:8] == b"\x89PNG\r\n\x1a\n"
    assert learned != rule


def test_a_word_and_something_else_ask_for_the_category_and_the_word(shop: Shop) -> None:
    products = market_products(shop)
    gallery, asking = np.flatnonzero(~HELD), np.flatnonzero(HELD)
    search = over(shop, gallery)
    tops = [path.split(" > ")[0] for path in products["category"]]
    listings = Listings(products["title"].tolist(), tops)
    attributes = [orjson.loads(cell) for cell in products["attributes"].iloc[gallery]]

    def made() -> list[Lesson]:
        photos = [shop.photos[row] for row in asking[1:]]
        known, new = listings.take(gallery), listings.take(asking)
        sound = play_sound(300)
        beside = Beside(
            photo=lambda r: photos[r - 1] if r else None,
            sound=lambda r: None if r % 2 else sound,
            vectors=shop.first.embeddings[asking],
            classes=shop.encoder.classify_vectors(shop.first.embeddings[asking]),
        )
        return mixed(search, known, attributes, new, beside, shop.encoder)

    lessons = made()
    groups = {
        kind: {one.group for one in lessons if one.kind == kind} for kind in {one.kind for one in lessons}
    }
    assert set(groups) == {"photo_words", "sound_words", "product_words"}
    assert groups["photo_words"] == groups["product_words"] - {0}
    assert groups["sound_words"] == {g for g in groups["product_words"] if g % 2 == 0}
    for one in lessons:
        found, top = one.judged.candidates, tops[asking[one.group]]
        assert found.words_weight is not None
        assert found.kind == one.kind
        inside = np.array([tops[row] == top for row in gallery])
        having = np.zeros(len(gallery), bool)
        having[found.rows] = found.covered > 0
        assert 3 <= (having & inside).sum() <= inside.sum() / 2
        assert (having & ~inside).any()
        np.testing.assert_array_equal(one.grades, np.where(inside, 1 + having, 0))
    for one, again in zip(lessons, made(), strict=True):
        np.testing.assert_array_equal(one.grades, again.grades)
        np.testing.assert_array_equal(one.judged.candidates.cosine, again.judged.candidates.cosine)


def test_listings_without_titles_are_asked_by_how_their_descriptions_begin(shop: Shop) -> None:
    products = market_products(shop)
    said = [f"{title}. Sold since {n}." for n, title in enumerate(products["title"])]
    untitled = products.assign(title="", description=said)
    classes = shop.encoder.classify_vectors(np.asarray(shop.first.embeddings))
    catalogue = Embedded(untitled, np.asarray(shop.first.embeddings), classes, None)
    sides = np.where(HELD, "validation", "train")
    found = lessons_of_listings(catalogue, list(sides), lambda _: None, shop.encoder)
    kinds = [one.kind for one in found]
    assert {"title", "words", "item", "typed"} <= set(kinds)
    bare = Embedded(untitled.assign(description=""), np.asarray(shop.first.embeddings), classes, None)
    names = {one.kind for one in lessons_of_listings(bare, list(sides), lambda _: None, shop.encoder)}
    assert not names & {"title", "item"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("A red clock. It rings.", "A red clock"),
        ("红色的钟。很响。", "红色的钟"),
        ("2.5 litres of paint", "2.5 litres of paint"),
        ("word " * 40, ("word " * 16).strip()),
        ("", ""),
    ],
)
def test_an_opening_is_the_first_sentence_and_no_longer_than_a_title(text: str, wanted: str) -> None:
    assert opening(text).strip() == wanted
