"""The look at new data: what is poisoned is held and named, what a shop does every day is not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from releases.look import changed_rows, look
from releases.look.evidence import Evidence
from releases.look.photos import fits

LABELS = ("Books", "Clocks", "Kettles", "Shirts")
NOTHING = pd.DataFrame(columns=["label", "text_hash", "image_hash"])


def shop(n: int, seed: int, wrong: float = 0.02, sure: float = 0.95) -> Evidence:
    """Products of four categories that a champion knows but for a few; each photo is like its own text."""
    rng = np.random.default_rng(seed)
    named = rng.choice(LABELS, n).astype(object)
    given = np.where(rng.random(n) < wrong, np.roll(named, 1), named)
    text = rng.normal(size=(n, 24)).astype(np.float32)
    photo = text + rng.normal(size=text.shape).astype(np.float32)
    ids = [f"{seed}-{i}" for i in range(n)]
    hashes = {"text_hash": [f"t{i}" for i in ids], "image_hash": [f"i{i}" for i in ids]}
    table = pd.DataFrame({"product_id": ids, "label": given, "named": named, "sure": sure, **hashes})
    return Evidence(table, photo, text, LABELS)


HOLDOUT = shop(200, 0)


def relabelled(fresh: Evidence, labels: np.ndarray) -> Evidence:
    return replace(fresh, table=fresh.table.assign(label=labels))


def there_before(fresh: Evidence) -> pd.DataFrame:
    return fresh.table.set_index("product_id")[list(NOTHING.columns)]


def rotated(fresh: Evidence) -> Evidence:
    following = dict(zip(LABELS, (*LABELS[1:], LABELS[0]), strict=True))
    return relabelled(fresh, fresh.table["label"].map(following).to_numpy())


@pytest.mark.parametrize("rows", [20, 50, 200])
def test_what_is_as_good_as_the_holdout_passes(rows: int) -> None:
    found = look("new.csv", shop(rows, 1), HOLDOUT, NOTHING, LABELS)
    assert (found.held, found.notes, found.examples) == ("", [], [])
    assert found.figures["labels"]["sure"] == found.figures["photos"]["rows"] == rows


@pytest.mark.parametrize("rows", [20, 50, 200])
def test_new_products_with_rotated_or_shuffled_labels_are_held(rows: int) -> None:
    fresh = shop(rows, 1)
    shuffled = np.random.default_rng(2).permutation(fresh.table["label"].to_numpy())
    for poisoned in (rotated(fresh), relabelled(fresh, shuffled)):
        found = look("new.csv", poisoned, HOLDOUT, NOTHING, LABELS)
        against = found.figures["labels"]["contradicted"]
        assert f"contradicts the category of {against} of {rows} products" in found.held
        assert found.sentence.count("is given as") == 3, "a person sees some of them"
    found = look("new.csv", rotated(fresh), HOLDOUT, NOTHING, LABELS)
    pairs = {(pair["champion"], pair["given"]) for pair in found.figures["confusions"][:4]}
    assert pairs == set(zip(LABELS, (*LABELS[1:], LABELS[0]), strict=True)), "a person sees how they turn"


def test_products_that_change_their_category_are_compared_with_themselves() -> None:
    fresh = shop(20, 1, wrong=0)
    before = there_before(fresh)
    found = look("again.csv", rotated(fresh), HOLDOUT, before, LABELS)
    assert found.figures["moved"] == {"sure": 20, "keeps_the_old": 20, "follows_the_new": 0}
    assert "it keeps to the old one of 20 and follows the new one of 0" in found.held
    mended = look(
        "again.csv", fresh, HOLDOUT, before.assign(label=rotated(fresh).table["label"].array), LABELS
    )
    assert (mended.held, mended.figures["moved"]["follows_the_new"]) == ("", 20)


def test_another_name_and_a_category_that_is_new_are_no_poison() -> None:
    fresh = shop(100, 1)
    before = there_before(fresh)
    is_one = fresh.table["label"].eq("Kettles").to_numpy()
    for name, there in (
        ("Water boilers", (*LABELS, "Water boilers")),
        ("Shirts", LABELS),
    ):
        labels = np.where(is_one, name, fresh.table["label"])
        left = set(there) - {"Kettles"}
        found = look("renamed.csv", relabelled(fresh, labels), HOLDOUT, before, left)
        assert found.held == "", name
        assert any("none is left in Kettles" in note for note in found.notes)
    new = np.where(np.arange(100) < 10, "Toys", fresh.table["label"])
    found = look("new.csv", relabelled(fresh, new), HOLDOUT, NOTHING, (*LABELS, "Toys"))
    assert (found.held, found.figures["labels"]["sure"]) == ("", 90)
    assert found.notes == [
        "10 products are of categories that the champion never learned: Toys",
        "photos of 10 products of categories new to it are not judged",
    ]


@pytest.mark.parametrize("rows", [20, 50, 200])
def test_swapped_photos_are_held_and_better_ones_are_not(rows: int) -> None:
    fresh = shop(rows, 1)
    swapped = replace(fresh, photo=np.roll(fresh.photo, 1, axis=0))
    for before in (NOTHING, there_before(fresh).assign(image_hash="another")):
        found = look("photos.csv", swapped, HOLDOUT, before, LABELS)
        assert f"of {rows} new photos do not fit their texts" in found.held
        assert "is less like its own text than" in found.sentence
        better = replace(fresh, photo=fresh.photo + fresh.text)
        assert look("photos.csv", better, HOLDOUT, before, LABELS).held == ""
    same = look("prices.csv", swapped, HOLDOUT, there_before(fresh), LABELS)
    assert (same.held, "photos" in same.figures) == ("", False), (
        "photos that were there are nobody's delivery"
    )


def test_what_cannot_be_judged_passes_and_says_why() -> None:
    fresh = rotated(shop(50, 1))
    few = look("", fresh.take(np.arange(5)), HOLDOUT, NOTHING, LABELS)
    assert few.notes == [
        "labels of new products are not judged: the champion is sure of 5, 8 are needed",
        "5 new photos: 8 are needed to judge them",
    ]
    weak = look("", fresh, shop(200, 0, sure=0.5), NOTHING, LABELS)
    assert weak.notes[0].startswith(
        "labels are not judged: of its holdout the champion is sure of 0 products"
    )
    bad = look("", fresh, shop(200, 0, wrong=0.9), NOTHING, LABELS)
    assert "no good witness, it contradicts 1" in bad.notes[0]
    small = look("", fresh, HOLDOUT.take(np.arange(20)), NOTHING, LABELS)
    assert "photos are not judged: 20 products" in small.notes[1]
    nameless = look("", replace(fresh, labels=()), replace(HOLDOUT, labels=()), NOTHING, ())
    assert nameless.notes == ["labels are not judged: the champion knows no categories"]
    blind = replace(HOLDOUT, photo=np.roll(HOLDOUT.photo, 1, axis=0))
    assert "photos are not judged: to the champion" in look("", shop(50, 1), blind, NOTHING, LABELS).notes[0]
    assert [found.held for found in (few, weak, bad, small, nameless)] == [""] * 5


def test_a_row_counts_as_changed_by_what_it_looks_like() -> None:
    fresh = shop(4, 1).table
    before = there_before(shop(4, 1))
    before.loc["1-1", "label"], before.loc["1-2", "image_hash"] = "Toys", "another"
    assert changed_rows(fresh, before.drop("1-3")).tolist() == [False, True, True, True]


def test_a_photo_stands_where_its_own_text_does() -> None:
    texts = np.eye(3, dtype=np.float32)
    photo = np.array([[0.2, 0.9, 0.5]], np.float32)
    assert fits(photo, texts[:1], texts, itself=True).tolist() == [0.0]
    assert fits(photo, texts[1:2], texts, itself=True).tolist() == [1.0]
    assert fits(photo, texts[2:], texts, itself=True).tolist() == [0.5]


def test_evidence_is_kept_and_damage_is_seen(tmp_path: Path) -> None:
    HOLDOUT.save(tmp_path / "kept")
    kept = Evidence.load(tmp_path / "kept")
    pd.testing.assert_frame_equal(kept.table, HOLDOUT.table)
    assert kept.labels == LABELS
    np.testing.assert_allclose(kept.photo, HOLDOUT.photo, atol=0.01)


def test_labels_of_texts_in_a_language_that_the_holdout_lacks_have_to_be_mostly_contradicted() -> None:
    def in_chinese(shown: Evidence) -> Evidence:
        return replace(shown, table=shown.table.assign(language="zh"))

    english = replace(HOLDOUT, table=HOLDOUT.table.assign(language="en"))
    erring = shop(60, 1, wrong=0.3)
    assert look("new.csv", erring, HOLDOUT, NOTHING, LABELS).held, "in a language that it knows"
    found = look("new.csv", in_chinese(erring), english, NOTHING, LABELS)
    assert found.held == ""
    assert found.figures["unread"]["contradicted"] > 8
    poisoned = look("new.csv", in_chinese(rotated(shop(60, 1))), english, NOTHING, LABELS)
    assert "contradicts the category of" in poisoned.held


def test_photos_of_a_category_that_the_champion_never_learned_are_no_evidence() -> None:
    fresh = shop(60, 1)
    swapped = replace(fresh, photo=np.roll(fresh.photo, 1, axis=0))
    assert "of 60 new photos" in look("photos.csv", swapped, HOLDOUT, NOTHING, LABELS).held
    strange = relabelled(swapped, np.full(60, "Violins", object))
    found = look("photos.csv", strange, HOLDOUT, NOTHING, LABELS)
    assert found.held == ""
    assert "photos of 60 products of categories new to it are not judged" in found.notes


def test_photos_beside_texts_in_a_language_that_the_holdout_lacks_are_no_evidence() -> None:
    def spoken(shown: Evidence, *languages: str) -> Evidence:
        row = [languages[i % len(languages)] for i in range(len(shown.table))]
        return replace(shown, table=shown.table.assign(language=row))

    swapped = replace(shop(60, 1), photo=np.roll(shop(60, 1).photo, 1, axis=0))
    english = spoken(HOLDOUT, "en")
    found = look("photos.csv", spoken(swapped, "zh"), english, NOTHING, LABELS)
    assert (found.held, "photos" in found.figures) == ("", False)
    assert "photos of 60 products are not judged: texts in zh are new to it" in found.notes
    mixed = look("photos.csv", spoken(swapped, "zh", "en"), english, NOTHING, LABELS)
    assert "of 30 new photos do not fit their texts" in mixed.held
    both = spoken(HOLDOUT, "en", "zh")
    assert "of 60 new photos" in look("photos.csv", spoken(swapped, "zh"), both, NOTHING, LABELS).held
