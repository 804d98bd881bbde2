"""Candidates, features, the ranker, and who is used."""

import numpy as np
import pytest

from insights.recommendation.candidates import Candidates, batches, candidates
from insights.recommendation.features import FEATURES, features
from insights.recommendation.history import days_of, histories, read_purchases
from insights.recommendation.judge import bought_after, frequency, judge, popularity
from insights.recommendation.knowledge import Past, learn
from insights.recommendation.ranker import Ranker, examples, fit
from insights.recommendation.store import FORM, load, save
from insights.recommendation.verdict import FREQUENCY, POPULARITY, decide
from shelfspace.errors import ArtifactError, InputError
from shelfspace.paired import LEARNED
from shelfspace.settings.insights import Recommendation
from tests.insights.recommendation.shop import PRODUCTS, busy, event, table, vectors

ZERO = float(days_of(table(event("u", "a", 0))["time"])[0])
PRICES = np.full(len(PRODUCTS), 10.0)
SETTINGS = Recommendation(moments=2, judged=1, shoppers=200, least_bought=100)


@pytest.fixture(scope="module")
def purchases():
    return read_purchases(busy(), PRODUCTS)


@pytest.fixture(scope="module")
def known(purchases):
    return learn(purchases, ZERO + 200, vectors(), PRICES)


def test_nothing_later_than_the_moment_is_known(purchases, known) -> None:
    again = learn(purchases.before(ZERO + 200), ZERO + 200, vectors(), PRICES)
    for name in ("interval", "repeat", "buyers", "week", "month", "quarter", "month_before", "age", "lines"):
        assert np.array_equal(getattr(again, name), getattr(known, name)), name
    assert (again.baskets != known.baskets).nnz == 0
    assert again.histories.count.tolist() == known.histories.count.tolist()


def test_the_usual_interval_of_a_staple_is_found(known) -> None:
    assert 24 < np.median(known.interval[:20]) < 56


def test_all_that_was_bought_is_looked_at_and_nobody_is_their_own_neighbour(known) -> None:
    of = known.histories.take(np.arange(30))
    found = candidates(of, known, np.arange(30))
    bought = found.take(np.flatnonzero(found.pair >= 0))
    assert bought.pair.tolist() == list(range(len(of.product)))
    assert bought.product.tolist() == of.product.tolist()
    assert bought.shopper.tolist() == of.owner.tolist()
    stranger = candidates(of, known)
    # Somebody who is taken for a stranger finds their own habits in the shop.
    assert stranger.scores["taste"][found.pair >= 0].sum() > found.scores["taste"][found.pair >= 0].sum()


def test_blocks_of_shoppers_give_what_single_ones_give(known, monkeypatch) -> None:
    of = known.histories.take(np.arange(7))
    whole = candidates(of, known, np.arange(7))
    monkeypatch.setattr("insights.recommendation.candidates.CELLS", 2 * len(PRODUCTS))
    assert len(list(batches(7, len(PRODUCTS)))) == 4
    parts = candidates(of, known, np.arange(7))
    assert parts.product.tolist() == whole.product.tolist()
    assert parts.pair.tolist() == whole.pair.tolist()
    assert np.allclose(features(parts, of, known), features(whole, of, known), equal_nan=True)


def test_features_of_what_was_never_bought_say_nothing_of_the_pair(known) -> None:
    of = known.histories.take(np.arange(5))
    found = candidates(of, known, np.arange(5))
    made = features(found, of, known)
    fresh = found.pair < 0
    column = FEATURES.index
    assert np.isnan(made[fresh][:, [column("last"), column("interval"), column("due")]]).all()
    assert (made[fresh][:, column("count")] == 0).all()
    assert np.isfinite(made[~fresh]).all()


def test_figures_of_a_list_by_hand() -> None:
    rows = [event("u", "p00", 0, "1"), event("u", "p01", 0, "1"), event("v", "p02", 0, "2")]
    later = [
        event("u", "p00", 12, "3"),
        event("u", "p02", 12, "3"),
        event("u", "p39", 12, "3"),
        event("w", "p00", 12),
    ]
    bought = read_purchases(table(*rows, *later), PRODUCTS)
    known = learn(bought, ZERO + 10, vectors(), PRICES)
    truth = bought_after(bought, known)
    # w was not known, p39 was never sold before.
    assert truth.shoppers.tolist() == [0]
    assert truth.product.tolist() == [0, 2]
    of = known.histories.take(truth.shoppers)
    found = Candidates(np.zeros(3, np.int64), np.array([0, 1, 2]), np.array([0, 1, -1]), {})
    told = judge(found, np.array([3.0, 2.0, 1.0]), truth, known, of)
    assert told.recall.tolist() == [1.0]
    assert told.repeat.tolist() == [1.0]
    assert told.explore.tolist() == [1.0]
    assert told.gain[0] == pytest.approx((1 + 0.5) / (1 + 1 / np.log2(3)))
    assert told.coverage == 3 / 40
    assert told.novelty == pytest.approx(1.0)


def test_the_ranker_sees_what_is_due_and_is_used(purchases) -> None:
    known, ranker, verdict = decide(Past(purchases, vectors(), PRICES), ZERO + 260, SETTINGS)
    assert verdict.winner == LEARNED, verdict.why
    assert verdict.figures[LEARNED]["recall"] > 1.05 * verdict.figures[FREQUENCY]["recall"]
    assert ranker is not None
    assert sum(verdict.gains.values()) == pytest.approx(1, abs=0.01)
    # The file's text is the model.
    of = known.histories.take(np.arange(9))
    made = features(candidates(of, known, np.arange(9)), of, known)
    assert np.allclose(Ranker.read(ranker.text()).score(made), ranker.score(made))
    assert decide(Past(purchases, vectors(), PRICES), ZERO + 260, SETTINGS)[1].text() == ranker.text()


def test_where_nothing_but_counts_matters_own_frequency_stands() -> None:
    rng = np.random.default_rng(3)
    rows = [
        event(f"u{n}", PRODUCTS[(n + int(rng.choice(3, p=[0.6, 0.3, 0.1]))) % 40], day)
        for n in range(60)
        for day in range(0, 260, 13)
    ]
    past = Past(read_purchases(table(*rows), PRODUCTS), vectors(), PRICES)
    _, ranker, verdict = decide(past, ZERO + 260, SETTINGS)
    assert verdict.winner == FREQUENCY
    assert ranker is None
    assert "own frequency is used" in verdict.why


@pytest.mark.parametrize(
    ("rows", "winner", "said"),
    [
        ([event("u", "p00", 3)], POPULARITY, "1 shoppers bought something, 30 are needed"),
        ([event(f"u{n}", "p00", 3) for n in range(31)], FREQUENCY, "0 purchases could be learned from"),
        ([event("u", PRODUCTS[n % 40], n / 50) for n in range(10_000)], POPULARITY, "1 shoppers"),
    ],
    ids=["one event", "one product", "a shopper with 10,000 events"],
)
def test_too_few_events_are_said_and_nothing_is_learned(rows, winner, said) -> None:
    bought = read_purchases(table(*rows), PRODUCTS)
    past = Past(bought, vectors(), PRICES)
    known, ranker, verdict = decide(past, ZERO + 260, SETTINGS)
    assert past.at(ZERO + 260) is known
    assert (verdict.winner, ranker) == (winner, None)
    assert said in verdict.why
    found = candidates(known.histories, known, np.arange(len(known.histories)))
    assert np.isfinite(frequency(found, known.histories, known)).all()
    assert found.product[found.best(popularity(found, known), 1)[0]][0] == 0 or len(rows) == 10_000


def test_prices_of_zero_and_none_are_not_known(purchases) -> None:
    known = learn(purchases, ZERO + 200, vectors(), np.where(np.arange(40) % 2, 0.0, np.nan))
    assert np.isnan(known.log_price).all()
    of = known.histories.take(np.arange(3))
    made = features(candidates(of, known, np.arange(3)), of, known)
    assert np.isnan(made[:, FEATURES.index("price_fit")]).all()


def test_nothing_can_be_learned_of_nothing() -> None:
    with pytest.raises(InputError, match="give more purchases"):
        fit([])


def test_a_stranger_without_neighbours_is_shown_what_is_near_and_popular(known) -> None:
    empty = learn(read_purchases(table(), PRODUCTS), ZERO, vectors(), PRICES)
    of = histories(read_purchases(table(event("x", "p00", 0)), PRODUCTS), ZERO + 1)
    for shop in (empty, known):
        found = candidates(of, shop)
        assert len(found) > 1
        assert all(np.isfinite(score).all() for score in found.scores.values())


def test_what_is_kept_is_read_back(tmp_path, purchases, known) -> None:
    ranker = fit([examples(purchases, learn(purchases, ZERO + 160, vectors(), PRICES))])
    folder = tmp_path / "recommendation"
    folder.mkdir()
    save(folder, PRODUCTS, purchases.shoppers, known, ranker, {"winner": LEARNED})
    shuffled = np.random.default_rng(0).permutation(len(PRODUCTS))
    rows = {PRODUCTS[product]: place for place, product in enumerate(shuffled.tolist())}
    kept = load(folder, vectors()[shuffled], rows)
    assert kept.product_ids.tolist() == PRODUCTS
    assert np.array_equal(kept.known.vectors, vectors())
    of = kept.known.histories.take(np.array([kept.shoppers["u7"]]))
    found = candidates(of, kept.known, np.array([kept.shoppers["u7"]]))
    before = known.histories.take(np.array([kept.shoppers["u7"]]))
    same = candidates(before, known, np.array([kept.shoppers["u7"]]))
    assert found.product.tolist() == same.product.tolist()
    assert np.allclose(
        kept.ranker.score(features(found, of, kept.known)),
        ranker.score(features(same, before, known)),
        atol=1e-4,
    )


def test_another_form_and_another_model_are_refused(tmp_path, purchases, known) -> None:
    save(tmp_path, PRODUCTS, purchases.shoppers, known, None, {"winner": FREQUENCY})
    said = (tmp_path / "verdict.json").read_text()
    (tmp_path / "verdict.json").write_text(said.replace(f'"form": {FORM}', '"form": 9'))
    with pytest.raises(ArtifactError, match="run the insights job"):
        load(tmp_path, vectors(), {})
    (tmp_path / "verdict.json").write_text(said)
    (tmp_path / "ranker.txt").write_text("tree\nnot a model")
    with pytest.raises(ArtifactError, match="cannot be read"):
        load(tmp_path, vectors(), {})
    (tmp_path / "pairs.npz").write_bytes(b"PK not a zip")
    with pytest.raises(ArtifactError, match="damaged"):
        load(tmp_path, vectors(), {})
