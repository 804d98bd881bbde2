"""The benchmark of the look at new data: what it lays over a delivery, and its rows."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.loop.look import Deliveries, measure, rotated, rows_of, shuffled, swapped
from benchmarks.loop.look_shop import LookShop
from tests.releases.test_look import LABELS
from tests.releases.test_look import shop as evidence


@pytest.fixture(scope="module")
def shop() -> LookShop:
    made = evidence(1000, 0)
    labels = made.table["label"].to_numpy().copy()
    labels[900:] = "Toys"
    made = type(made)(made.table.assign(label=labels), made.photo, made.text, made.labels)
    rows = np.arange(1000)
    return LookShop("drawn, 1,000 products", made, made, rows[:200], rows[:500], rows[500:900], rows[900:])


def test_poison_is_laid_over_the_chosen_rows_alone(shop: LookShop) -> None:
    fresh, rows, rng = shop.products.take(shop.fresh[:50]), np.arange(20), np.random.default_rng(0)
    for how in (shuffled, rotated, swapped):
        made = how(fresh, rows, rng)
        same = (made.table == fresh.table).all(axis=1).to_numpy() & (made.photo == fresh.photo).all(axis=1)
        assert same[20:].all()
        assert not same[:20].all()
    assert sorted(shuffled(fresh, rows, rng).table["label"]) == sorted(fresh.table["label"])
    assert not (rotated(fresh, rows, rng).table["label"][:20] == fresh.table["label"][:20]).any()


def test_what_is_sound_is_what_shops_do(shop: LookShop) -> None:
    deliveries = Deliveries(shop, 0)
    fresh, _, there = deliveries.new_category(50)
    assert (fresh.table["label"] == "Toys").sum() == 5
    assert "Toys" in there
    assert deliveries.likest in LABELS
    renamed, _, left = deliveries.renamed(50)
    gone = set(LABELS) - left
    assert len(gone) == 1
    assert f"{gone.pop()}, as it is called now" in set(renamed.table["label"])


def test_rows_count_what_is_held(shop: LookShop) -> None:
    table = measure(shop, 0, trials=1)
    sound, labels, photos = rows_of(table, 1.0)
    assert (sound.least, sound.trials) == (True, int((table["what"] == "sound").sum()))
    held = set(table["kind"][(table["what"] == "sound") & table["held"]])
    assert held <= {"a new kind under the likest name, 10%"}, "this champion is sure of what it never learned"
    found = pd.DataFrame(labels.parts)
    whole = found[found["poisoned"] == "100%"].filter(like="held of")
    assert whole.shape == (4, 3)
    assert (whole == 1).all(axis=None)
    assert labels.value > 0.9
    assert photos.trials == int(((table["what"] == "photos") & (table["poisoned"] >= 10)).sum())
