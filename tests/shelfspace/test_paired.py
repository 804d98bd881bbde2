"""The paired comparison of something learned with its simple rivals."""

import numpy as np
import orjson
import pytest
from scipy import stats

from shelfspace.errors import InputError
from shelfspace.paired import compare, interval


def test_interval_is_students() -> None:
    differences = np.random.default_rng(0).normal(0.1, 1.0, 37)
    expected = stats.ttest_1samp(differences, 0.0).confidence_interval(0.95)
    assert interval(differences) == pytest.approx((expected.low, expected.high))


def test_learned_wins_only_by_more_than_chance() -> None:
    chance = np.random.default_rng(1)
    rival = chance.uniform(size=200)
    better = rival + chance.normal(0.05, 0.1, 200)
    hardly = rival + chance.normal(0.001, 0.1, 200)
    assert compare(better, {"simple": rival}).winner == "learned"
    tied = compare(hardly, {"simple": rival})
    assert tied.winner == "simple"
    assert tied.interval[0] <= 0


def test_few_rows_never_let_the_learned_win() -> None:
    rival = np.zeros(20)
    assert compare(rival + 1, {"simple": rival}, least_rows=30).winner == "simple"
    assert compare(rival + 1, {"simple": rival}, least_rows=20).winner == "learned"


def test_strongest_rival_is_the_one_compared_with() -> None:
    rows = np.linspace(0, 1, 100)
    found = compare(rows + 0.1, {"weak": rows - 0.5, "strong": rows + 0.2})
    assert (found.winner, found.rival) == ("strong", "strong")
    assert found.by == pytest.approx(-0.1)
    equal = compare(rows, {"first": rows, "second": rows})
    assert equal.winner == "first"


def test_pairs_decide_where_rows_differ_more_than_systems() -> None:
    rows = np.random.default_rng(2).uniform(0, 1, 60)
    assert compare(rows + 0.01, {"simple": rows}).winner == "learned"


def test_description_is_json_able_and_says_who_won() -> None:
    found = compare(np.ones(1), {"simple": np.zeros(1)})
    assert found.describe()["interval"] == [None, None]
    assert found.describe()["winner"] == "simple"
    assert "simple is used" in found.sentence()
    several = compare(np.arange(3.0), {"simple": np.zeros(3)}).describe()
    assert orjson.loads(orjson.dumps(several)) == several


@pytest.mark.parametrize(
    ("learned", "rivals"),
    [(np.ones(3), {}), (np.ones(3), {"learned": np.ones(3)}), (np.ones(0), {"simple": np.ones(0)}),
     (np.ones(3), {"simple": np.ones(4)})],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused(learned: np.ndarray, rivals: dict[str, np.ndarray]) -> None:
    with pytest.raises(InputError):
        compare(learned, rivals)


def test_weights_count_rows_and_equal_ones_change_nothing() -> None:
    chance = np.random.default_rng(0)
    learned, rival = chance.random(60) + 0.2, chance.random(60)
    plain = compare(learned, {"rule": rival})
    same = compare(learned, {"rule": rival}, weights=np.full(60, 3.0))
    assert same.by == pytest.approx(plain.by)
    assert same.interval == pytest.approx(plain.interval)
    heavy = np.where(learned > rival, 0.01, 1.0)
    assert compare(learned, {"rule": rival}, weights=heavy).by < 0 < plain.by
    # A few heavy rows say as little as a few rows do.
    few = np.r_[np.ones(4), np.full(56, 1e-9)]
    low, high = compare(learned, {"rule": rival}, weights=few).interval
    assert high - low > 2 * (plain.interval[1] - plain.interval[0])
