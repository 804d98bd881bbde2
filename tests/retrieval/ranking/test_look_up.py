"""The quick look-up of words against the plain way: every score by the library, every word by its list."""

import numpy as np
import pytest

from retrieval.lexical.index import LexicalIndex
from retrieval.lexical.query import LexicalQuery
from retrieval.lexical.score_table import FEW, ScoreTable
from retrieval.ranking.features import features_of
from retrieval.ranking.fit import Judged, fit_fusion
from retrieval.ranking.fusion import FusionModel
from retrieval.ranking.hybrid import HybridSearch
from retrieval.vectors import ExactIndex

ROWS, TERMS, DIM, CLASSES = 4000, 60, 8, 5
QUERIES = ("w0", "w59", "w0 w1 w2", "w3 w58 unknown", "w0 w10 w20 w30 w40 w50", "unknown", "")


def listings(rng: np.random.Generator) -> list[list[str]]:
    """Words of which the first are in most listings and the last in hardly any; many listings are alike."""
    frequent = 1 / np.arange(1, TERMS + 1)
    return [
        [f"w{word}" for word in rng.choice(TERMS, rng.integers(1, 9), p=frequent / frequent.sum())]
        for _ in range(ROWS)
    ]


@pytest.fixture(scope="module")
def words() -> list[list[str]]:
    return listings(np.random.default_rng(1))


@pytest.fixture(scope="module")
def search(words: list[list[str]]) -> HybridSearch:
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(ROWS, DIM)).astype(np.float32)
    vectors[rng.integers(0, ROWS, 500)] = vectors[0]  # ties
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    classes = rng.dirichlet(np.ones(CLASSES), ROWS).astype(np.float32)
    lexical = LexicalIndex.of_terms(words, {})
    whole = HybridSearch(lexical, ExactIndex(vectors), vectors, FusionModel.fallback(), classes)
    judged = []
    for number in range(60):
        query = read(lexical, " ".join(words[number][: 2 + number % 4]))
        said = whole.look_up(query, whole.near(vectors[number]))
        found = whole.candidates(said, vectors[number], classes[number])
        judged.append(Judged(found, np.where(found.rows % 7 == number % 7, 2, 0)))
    return HybridSearch(lexical, ExactIndex(vectors), vectors, fit_fusion(judged), classes)


def read(index: LexicalIndex, text: str) -> LexicalQuery:
    """A query as `of_terms` has the words, unstemmed."""
    terms = tuple(dict.fromkeys(text.split()))
    return index.query_of(terms, terms)


def plain_best(scores: np.ndarray, k: int, may: np.ndarray) -> np.ndarray:
    rows = np.flatnonzero((scores > 0) & may)
    return rows[np.lexsort((rows, -scores[rows]))][:k]


@pytest.mark.parametrize("text", QUERIES)
@pytest.mark.parametrize("k", [1, 10, 100, 5000])
def test_the_best_listings_are_those_of_all_scores(search: HybridSearch, text: str, k: int) -> None:
    index = search.lexical
    assert isinstance(index, LexicalIndex)
    query = read(index, text)
    scores = index.scores(query)
    allowed = np.random.default_rng(3).random(ROWS) < 0.4
    dead = np.flatnonzero(np.random.default_rng(4).random(ROWS) < 0.1)
    alive = np.ones(ROWS, bool)
    alive[dead] = False
    for may, without in ((None, None), (allowed, None), (None, dead), (allowed, dead)):
        counts = (True if may is None else may) & (True if without is None else alive)
        rows, found = index.best(query, k, may, without)
        want = plain_best(scores, k, np.broadcast_to(counts, ROWS))
        np.testing.assert_array_equal(rows, want)
        np.testing.assert_array_equal(found, scores[want])


def test_both_ways_through_the_table_are_taken(search: HybridSearch) -> None:
    index = search.lexical
    assert isinstance(index, LexicalIndex)
    held = [len(rows) for rows, _ in read(index, "w0 w59").postings]
    assert FEW * held[1] < ROWS < FEW * held[0]


@pytest.mark.parametrize("text", QUERIES)
def test_evidence_and_words_are_those_of_the_listings(
    search: HybridSearch, words: list[list[str]], text: str
) -> None:
    index = search.lexical
    assert isinstance(index, LexicalIndex)
    query = read(index, text)
    rows = np.random.default_rng(5).permutation(ROWS)[:300]
    scores, covered, held = index.held(query, rows)
    np.testing.assert_array_equal(scores, index.scores(query)[rows])
    has = np.array([[term in words[row] for row in rows.tolist()] for term in query.terms], bool)
    assert held.shape == (len(query.terms), 300)
    assert held.tolist() == has.tolist()
    rarity = query.rarity
    if len(rarity):
        np.testing.assert_allclose(covered, rarity @ has / rarity.sum(), rtol=1e-6)
    assert index.matched(query, rows[:20]) == [
        tuple(word for word in query.words if word in words[row]) for row in rows[:20].tolist()
    ]


@pytest.mark.parametrize("text", [text for text in QUERIES if text])
def test_the_ranking_is_that_of_its_parts_done_plainly(search: HybridSearch, text: str) -> None:
    index = search.lexical
    assert isinstance(index, LexicalIndex)
    vectors, classes = np.asarray(search.vectors[np.arange(ROWS)]), search.classes
    assert classes is not None
    vector, known = vectors[17], np.asarray(classes[np.array([17])][0])
    query = read(index, text)
    whole = index.scores(query)
    nearest = search.index.search(vector[None], 100)[1][0]
    first = plain_best(whole, 100, np.ones(ROWS, bool))
    rows = np.union1d(first, nearest)
    ranking = search.rank(search.look_up(query, nearest), vector, known)
    assert sorted(ranking.rows.tolist()) == rows.tolist()

    found = search.candidates(search.look_up(query, nearest), vector, known)
    np.testing.assert_allclose(found.cosine, vectors[rows] @ vector, atol=1e-6)
    np.testing.assert_array_equal(found.lexical, whole[rows])
    part = search.fusion.parts["short" if len(query.words) < 4 else "long"]
    features = np.ascontiguousarray(features_of(found))
    scores = 1 / (1 + np.exp(-part.logit(features)))
    order = np.lexsort((rows, -np.round(scores, 9)))
    assert ranking.rows.tolist() == rows[order].tolist()
    np.testing.assert_allclose(ranking.scores, scores[order], rtol=1e-9)

    shown = ranking.rows[:10]
    assert ranking.words.matched(shown) == index.matched(query, shown)
    outside = np.setdiff1d(np.arange(ROWS), rows)[:3]
    assert ranking.words.matched(outside) is None


def test_a_table_is_clean_after_every_question() -> None:
    table = ScoreTable(1000)
    rare = (np.array([3, 9]), np.array([1.0, 2.0], np.float32))
    common = (np.arange(0, 1000, 2), np.ones(500, np.float32))
    for lists in ([rare], [common], [rare, common], [rare]):
        table.best(lists, 5)
        assert not table._scores.any()
    assert table.best([rare, common], 2)[0].tolist() == [9, 0]
    assert table.best([rare], 5)[0].tolist() == [9, 3]
