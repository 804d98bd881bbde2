"""Queries that were asked before: kept by their text, answered alike, forgotten with the release."""

from dataclasses import replace

import numpy as np
import pytest

from bentos.api.limits import Limits
from bentos.api.parsing import read_call
from bentos.endpoints import ENDPOINTS
from bentos.serving.jobs import run_jobs
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.outcome import Job, Outcome
from bentos.serving.query_cache import LONGEST, QueryCache, ReadQuery
from bentos.serving.request_rows import log_rows
from bentos.telemetry.metrics import METRICS
from catalog.product import ProductInput
from retrieval.lexical.tokens import query_terms
from retrieval.query import SearchQuery
from tests.bentos.shop import Shop


@pytest.fixture(scope="module")
def release(shop: Shop) -> LoadedRelease:
    return LoadedRelease.load(shop.first, shop.settings.media)


@pytest.fixture
def loaded(release: LoadedRelease) -> LoadedRelease:
    return replace(release, queries=QueryCache(8))


def words(text: str) -> SearchQuery:
    item = ProductInput(title=text)
    return SearchQuery(text, item, ((item, 1.0),))


def read(text: str) -> ReadQuery:
    return ReadQuery(np.ones(2, np.float32), np.ones(3, np.float32), query_terms(text), {"text_length": 1})


def search(shop: Shop, loaded: LoadedRelease, *texts: str, **more: object) -> Outcome:
    body = {"queries": [{"text": text} for text in texts], "k": 4, **more}
    (found,) = run_jobs([Job(read_call(ENDPOINTS["search"], body, Limits.of(shop.settings)), loaded)])
    assert isinstance(found, Outcome)
    return found


def test_the_query_asked_longest_ago_is_forgotten_first() -> None:
    cache = QueryCache(2)
    for text in ("a", "b"):
        cache.keep([words(text)], [read(text)])
    assert cache.known([words("a")]) is not None
    cache.keep([words("c")], [read("c")])
    assert len(cache) == 2
    assert cache.known([words("b")]) is None
    assert [one.terms for one in cache.known([words("c"), words("a")]) or ()] == [
        query_terms("c"), query_terms("a"),
    ]  # fmt: skip


def test_the_text_is_taken_as_it_was_given_and_long_ones_are_not_kept() -> None:
    cache = QueryCache(9)
    cache.keep([words("Red"), words("x" * (LONGEST + 1))], [read("red"), read("x")])
    assert cache.known([words("Red")])
    assert not cache.known([words("red")])
    assert len(cache) == 1


def test_of_size_0_nothing_is_kept_or_counted() -> None:
    cache, before = QueryCache(0), dict(METRICS.query_cache)
    cache.keep([words("a")], [read("a")])
    assert cache.known([words("a")]) is None
    assert before == METRICS.query_cache


@pytest.mark.parametrize(
    "other",
    [
        SearchQuery("a", ProductInput(title="a"), product="P001"),
        SearchQuery("a", ProductInput(title="a", photos=(b"p",))),
        SearchQuery("", ProductInput(title="a")),
        SearchQuery(),
    ],
)
def test_what_is_more_than_words_is_never_known(other: SearchQuery) -> None:
    cache = QueryCache(9)
    cache.keep([words("a"), other], [read("a"), read("a")])
    assert cache.known([other]) is None
    assert cache.known([words("a"), other]) is None


def test_a_known_query_is_answered_alike_without_the_encoder(
    shop: Shop, loaded: LoadedRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dict(METRICS.query_cache)
    first = search(shop, loaded, "blue shoe", "lamp")
    monkeypatch.setattr(loaded.encoder, "featurize", None)
    monkeypatch.setattr(loaded.encoder, "encode_features", None)
    again = search(shop, loaded, "lamp", "blue shoe")
    assert first.results is not None
    assert again.results == first.results[::-1]
    np.testing.assert_array_equal(again.vectors, first.vectors[::-1])
    risen = {name: METRICS.query_cache[name] - before[name] for name in before}
    assert risen == {"hit": 2, "miss": 2}


def test_a_known_query_is_logged_alike(shop: Shop, loaded: LoadedRelease) -> None:
    call = read_call(ENDPOINTS["search"], {"query": {"text": "a blue shoe"}}, Limits.of(shop.settings))
    rows = []
    for _ in range(2):
        (found,) = run_jobs([Job(call, loaded)])
        assert isinstance(found, Outcome)
        assert found.results is not None
        (row,) = log_rows(call, found, found.results, loaded, 0.5)
        rows.append({name: value for name, value in row.items() if name not in {"time", "vector"}})
    assert rows[0] == rows[1]
    assert rows[0]["text_length"] == len("a blue shoe")
    assert rows[0]["language"] == "en"
    assert rows[0]["top_label"]


def test_another_release_knows_nothing_of_it(shop: Shop, loaded: LoadedRelease) -> None:
    search(shop, loaded, "blue shoe")
    assert len(loaded.queries) == 1
    service = shop.settings.service.model_copy(update={"encoder": "eager", "query_cache": 5})
    other = loaded.with_choice(service, None)
    assert other.queries.size == 5
    assert len(other.queries) == 0
