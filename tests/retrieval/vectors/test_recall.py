"""Recall@10 of the approximate backends, on real titles and on clusters, also after changes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from retrieval.vectors import build_index, load_index, measure_recall
from shelfspace.settings import ReleaseSettings
from tests.retrieval.vectors.backends import Opener, Oracle, clustered, recall


@pytest.fixture(scope="module")
def titles(public_data: Path) -> np.ndarray:
    """(n, 64) unit vectors of real product titles: TF-IDF of character n-grams, then SVD."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    retail = pd.read_parquet(public_data / "retail" / "online_retail.parquet", columns=["Description"])
    flipkart = pd.read_csv(public_data / "flipkart1050" / "products.csv", usecols=["product_name"])
    texts = sorted({*retail["Description"].dropna(), *flipkart["product_name"].dropna()})
    counts = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), min_df=3).fit_transform(texts)
    values = TruncatedSVD(64, random_state=0).fit_transform(counts)
    length = np.linalg.norm(values, axis=1)
    return (values[length > 0.05] / length[length > 0.05, None]).astype(np.float32)


@pytest.mark.parametrize("kind", ["calibrated", "pg-graph"])
@pytest.mark.parametrize("data", ["clusters", "titles"])
def test_recall_is_at_least_099_before_and_after_changes(
    kind: str, data: str, shelf_of: Opener, request: pytest.FixtureRequest
) -> None:
    every = clustered(3000, 64) if data == "clusters" else request.getfixturevalue("titles")
    every = every[np.random.default_rng(3).permutation(len(every))]
    vectors, later, queries = every[:-800], every[-800:-500], every[-500:]
    queries = queries if kind == "calibrated" else queries[:200]
    ids = [f"p{n}" for n in range(len(vectors))]
    index, oracle = shelf_of(kind).fill(ids, vectors), Oracle(ids, vectors)
    assert index.base is not None
    assert index.base.describe().get("effort"), "the backend scans: nothing approximate was tried"
    assert recall(index, oracle, queries) >= 0.99
    for store in (index, oracle):
        store.upsert([*ids[:150], *(f"new{n}" for n in range(150))], later)
        store.delete(ids[200:400])
    assert recall(index, oracle, queries) >= 0.99
    allowed = set(ids[::2])
    assert recall(index, oracle, queries[:100], allowed) >= 0.99
    index.close()


def test_calibration_takes_the_least_work_and_records_it(titles: np.ndarray, tmp_path: Path) -> None:
    index = build_index(titles, ReleaseSettings(exact_up_to=1000, min_recall=0.99))
    facts = index.describe()
    assert facts["recall_at_10"] >= 0.99
    assert measure_recall(index, titles) >= 0.99
    reached = [t for t in facts["tried"] if t["recall_at_10"] - 2 * t["error"] >= 0.99]
    assert facts["comparisons"] == min(t["comparisons"] for t in reached) < len(titles)
    assert {t["factory"][:3] for t in facts["tried"]} == {"IVF", "HNS"}
    assert set(facts["timing"]) == {"microseconds", "exact_microseconds"}
    assert min(facts["timing"].values()) > 0
    index.save(tmp_path)
    assert load_index(tmp_path, titles).describe() == facts
    (tmp_path / "timing.json").unlink()  # as in a release of before it was measured
    old = load_index(tmp_path, titles)
    assert old.describe() == {k: v for k, v in facts.items() if k != "timing"}
    assert (old.search(titles[:20], 10)[1] == index.search(titles[:20], 10)[1]).all()


def test_a_lower_recall_may_cost_less(titles: np.ndarray) -> None:
    settings = [ReleaseSettings(exact_up_to=1000, min_recall=least) for least in (0.7, 0.95)]
    low, high = (build_index(titles, chosen).describe()["comparisons"] for chosen in settings)
    assert low < high
