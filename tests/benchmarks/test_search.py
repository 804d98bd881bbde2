"""The search benchmark: grades follow the category paths, nothing held out leaks, the arithmetic is right."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.quality.datasets import Data
from benchmarks.search.judged_release import crossed
from benchmarks.search.listings import Listings, name_of, terms
from benchmarks.search.report import confidence, interval, rows_of, tables
from benchmarks.search.runner import FoldResult, Query, measure, merged, rankings
from benchmarks.search.vectors import FOLDS, backwards, fold_rows, fragments
from catalog.product import ProductInput
from retrieval.ranking.fusion import FusionModel
from tests.retrieval.shop import hybrid, vectors

PATHS = (
    ["Home", "Home > Lamps", "Home > Lamps > Desk Lights"],
    ["Home", "Home > Lamps", "Home > Lamps > Desk Lights"],
    ["Home", "Home > Lamps", "Home > Lamps > Desk Lights"],
    ["Home", "Home > Curtains", ""],
    ["Shoes", "Shoes > Boots", "Shoes > Boots > Rain Boots"],
    ["Shoes", "Shoes > Boots", "Shoes > Boots > Rain Boots"],
    ["Shoes", "Shoes > Boots", "Shoes > Boots > Rain Boots"],
    ["Shoes", "", ""],
)


@pytest.fixture
def listings() -> Listings:
    rows = 10 * len(PATHS)
    items = [ProductInput(title=f"thing number {i}") for i in range(rows)]
    paths = np.array([PATHS[i % len(PATHS)] for i in range(rows)], dtype=object)
    labels = np.array([["Home", "Shoes"].index(p) for p in paths[:, 0]])
    data = Data(
        "x", items, {}, {"l1": labels}, {"l1": ["Home", "Shoes"]}, np.zeros(rows), {}, np.array([]), Path()
    )
    return Listings(data, paths, pd.DataFrame({"title": [item.title for item in items]}))


def test_grades_follow_the_paths(listings: Listings) -> None:
    gallery = np.arange(8)
    assert listings.grades(0, gallery).tolist() == [2, 2, 2, 1, 0, 0, 0, 0]
    assert listings.grades(4, gallery).tolist() == [0, 0, 0, 0, 2, 2, 2, 1]
    # Two listings that both end at the first level are not of one second level.
    assert listings.grades(7, np.array([7, 15, 4])).tolist() == [1, 1, 1]
    assert listings.members("Home > Lamps", gallery).tolist() == [2, 2, 2, 0, 0, 0, 0, 0]


def test_no_taught_name_is_a_second_level_name_or_holds_one(listings: Listings) -> None:
    taught = listings.taught_names(np.arange(len(PATHS)))
    # "Rain Boots" holds "Boots", a name that is asked in the test.
    assert taught == {"Desk Lights": "Home > Lamps"}
    second = [terms(name_of(path)) for path in listings.categories(1)]
    assert not any(terms(name) <= other or terms(name) >= other for name in taught for other in second)
    assert listings.taught_names(np.array([0, 1])) == {}


def test_folds_share_no_row_and_hold_every_listing_out_once(listings: Listings) -> None:
    out = []
    for fold in range(FOLDS):
        learnt, inner, held = fold_rows(listings.data, fold)
        together = np.concatenate([learnt, inner, held])
        assert sorted(together.tolist()) == list(range(len(listings.data)))
        out += held.tolist()
    assert sorted(out) == list(range(len(listings.data)))


def test_short_and_strange_queries_come_from_the_title_alone() -> None:
    titles = ["Red Running Shoe for Men", "Lamp", ""]
    cut = fragments(titles)
    assert cut == fragments(titles)
    assert all(part in title for part, title in zip(cut, titles, strict=True))
    assert 1 <= len(cut[0].split()) <= 3
    assert backwards(titles) == ["der gninnur eohs rof nem", "pmal", ""]


def test_figures_of_a_ranking_by_hand() -> None:
    grades = np.array([2, 0, 1, 2])
    found = measure(np.array([1, 2, 0]), grades)
    assert found["mrr"] == pytest.approx(1 / 3)
    assert found["recall_at_100"] == 0.5
    log = np.log2
    assert found["ndcg_at_10"] == pytest.approx((1 / log(3) + 3 / 2) / (3 + 3 / log(3) + 1 / 2))


def test_the_systems_are_what_their_names_say() -> None:
    search = hybrid()
    answers = rankings(search, Query("rubber boots", vectors()[6], np.zeros(3), np.zeros(9)))
    assert answers["lexical"].tolist()[0] == 4
    assert set(answers["lexical"].tolist()) == {3, 4, 5}
    assert answers["dense"].tolist() == np.argsort(-(vectors() @ vectors()[6]), kind="stable").tolist()
    assert set(answers["fused"].tolist()) == set(range(9))
    assert "lexical" not in rankings(search, Query("", vectors()[6], np.zeros(3), np.zeros(9)))


def result(lexical: float, dense: float, fused: float) -> FoldResult:
    values = {"lexical": lexical, "dense": dense, "fused": fused}
    figures = {
        system: {m: [v - 0.1, v + 0.1] for m in ("ndcg_at_10", "mrr", "recall_at_100")}
        for system, v in values.items()
    }
    return FoldResult({"title": figures}, [0.9, 0.8], [0.1, 0.85], FusionModel.fallback())


def test_rows_hold_means_and_paired_intervals() -> None:
    folds = [result(0.5, 0.6, 0.9), result(0.6, 0.6, 0.8)]
    rows = rows_of({"without": folds})
    first = rows[0]
    assert first["lexical"] == {"mean": 0.55, "spread": 0.05, "per_fold": [0.5, 0.6]}
    assert first["queries"] == 4
    gap = first["fused_less_lexical"]
    assert gap["difference"] == pytest.approx(0.3)
    assert gap["low"] < 0.3 < gap["high"]
    assert first["reached"] is True
    assert "aim" not in rows[1]
    assert "| title (4) | nDCG@10 | 0.550 | 0.600 | **0.850** | +0.300" in tables(rows)


def test_the_interval_is_that_of_the_corrected_test() -> None:
    mean, low, high = interval(np.array([0.1, 0.2, 0.3, 0.2, 0.2]))
    error = np.sqrt((1 / 5 + 1 / 4) * 0.005)
    assert mean == pytest.approx(0.2)
    assert high - mean == pytest.approx(2.7764 * error, rel=1e-3)
    assert mean - low == pytest.approx(high - mean)


def test_confidence_counts_pairs() -> None:
    found = confidence([result(0.5, 0.6, 0.9)])
    # Of the pairs (0.9, 0.1), (0.9, 0.85), (0.8, 0.1), (0.8, 0.85) three are in order.
    assert found["separation"] == 0.75
    assert found["lost_highest"] == 0.85


def test_a_release_is_judged_by_a_fusion_that_did_not_see_the_query() -> None:
    words = ["red shoe", "blue shoes", "trail runner", "leather boot", "rubber boots", "desk lamp"]
    kinds = [0, 0, 0, 1, 1, 2]
    queries = []
    for text, kind in zip(words, kinds, strict=True):
        grades = np.zeros(9, dtype=np.int8)
        grades[3 * kind : 3 * kind + 3] = 1
        queries.append(Query(text, np.eye(4, dtype=np.float32)[kind], np.eye(3)[kind], grades))
    folds = crossed(hybrid(), queries)
    whole = merged(fold.figures["judged"] for fold in folds)
    assert len(whole["fused"]["mrr"]) == len(queries)
    assert min(whole["fused"]["ndcg_at_10"]) == 1.0
