"""Jobs in one batch answer as they do alone, whatever else is in the batch."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bentos.api.limits import Limits
from bentos.api.parsing import read_call
from bentos.endpoints import ENDPOINTS
from bentos.errors import RequestError
from bentos.serving.jobs import run_jobs
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.outcome import Job, Outcome
from models.inference.product_encoder import ProductEncoder
from retrieval.catalogue.keeper import CatalogueKeeper
from retrieval.changes.records import Record
from retrieval.changes.segment import DeltaLimits
from retrieval.changes.view import LayeredView
from retrieval.ranking.blending import unit_length
from retrieval.ranking.neighbours import CONSIDERED
from retrieval.vectors import build_index
from shelfspace.settings import ReleaseSettings
from tests.bentos.shop import Shop


@pytest.fixture(scope="module")
def loaded(shop: Shop) -> LoadedRelease:
    return LoadedRelease.load(shop.first, shop.settings.media)


def job(shop: Shop, loaded: LoadedRelease, endpoint: str, body: dict) -> Job:
    call = read_call(ENDPOINTS[endpoint], body, Limits.of(shop.settings))
    return Job(call, loaded)


def test_a_mixed_batch_equals_its_jobs_alone(shop: Shop, loaded: LoadedRelease) -> None:
    second = LoadedRelease.load(shop.second, shop.settings.media)
    jobs = [
        job(shop, loaded, "search", {"queries": [{"text": "blue shoe"}, {"text": "lamp"}], "k": 3}),
        job(shop, loaded, "embed", {"item": {"title": "leather bag", "price": 3}}),
        job(shop, loaded, "similar", {"product_ids": ["P001", "P002"], "k": 5}),
        job(shop, second, "search", {"query": {"text": "blue shoe"}, "k": 7}),
        job(shop, loaded, "classify", {"item": {"price": 9.5}}),
        job(shop, loaded, "embed", {"item": {"title": "<br>"}}),
    ]
    together = run_jobs(jobs)
    for one, result in zip(jobs, together, strict=True):
        alone = run_jobs([one])[0]
        if isinstance(result, RequestError):
            assert isinstance(alone, RequestError)
            assert alone.body() == result.body()
            continue
        assert isinstance(result, Outcome)
        assert isinstance(alone, Outcome)
        np.testing.assert_allclose(result.vectors, alone.vectors, atol=1e-5)
        assert result.vectors.shape == (len(one.call), shop.encoder.dim)
        if one.call.queries:
            assert result.results == alone.results
        elif one.call.k:
            assert result.rows is not None
            assert alone.rows is not None
            np.testing.assert_array_equal(result.rows[:, : one.call.k], alone.rows[:, : one.call.k])
        if result.probabilities is not None:
            assert alone.probabilities is not None
            np.testing.assert_allclose(result.probabilities, alone.probabilities, atol=1e-5)
    assert isinstance(together[5], RequestError)
    known = set(shop.second.product_ids)
    assert {hit["product_id"] for hit in together[3].results[0]["hits"]} <= known


def test_similar_searches_refined_vectors_where_there_are_any(shop: Shop, loaded: LoadedRelease) -> None:
    refined = np.ascontiguousarray(loaded.vectors[::-1])
    with_graph = replace(
        loaded, similar_vectors=refined, similar_index=build_index(refined, ReleaseSettings())
    )
    jobs = [
        job(shop, with_graph, "similar", {"product_ids": ["P001", "P002"], "k": 5}),
        job(shop, with_graph, "search", {"query": {"text": "blue shoe"}, "k": 5}),
    ]
    similar, search = run_jobs(jobs)
    assert isinstance(similar, Outcome)
    assert isinstance(search, Outcome)
    rows = with_graph.similar_index.search(refined[[1, 2]], 6)[1]
    np.testing.assert_array_equal(similar.rows, rows)
    assert similar.rows[:, 0].tolist() == [1, 2]
    np.testing.assert_array_equal(similar.vectors, loaded.vectors[[1, 2]])
    plain = run_jobs([job(shop, loaded, "search", {"query": {"text": "blue shoe"}, "k": 5})])[0]
    assert search.results == plain.results


def test_neighbours_go_by_modalities_too_where_that_was_measured_to_be_better(
    shop: Shop, loaded: LoadedRelease
) -> None:
    random, parts = np.random.default_rng(0), loaded.catalogues.parts
    own = unit_length(random.normal(size=(len(loaded.vectors), 8)).astype(np.float32))
    own[::5] = 0  # what lacks the modality
    parts = replace(parts, own={"text": own})
    by_rule = replace(parts, fusion=replace(parts.fusion, rules={"product": "beside"}))
    beside = replace(loaded, catalogues=CatalogueKeeper(by_rule, loaded.vectors, loaded.encoder))
    found = {}
    for k in (3, 9, 100):
        outcome = run_jobs([job(shop, beside, "similar", {"product_ids": ["P003", "P001"], "k": k})])[0]
        assert isinstance(outcome, Outcome)
        assert np.all(outcome.scores[:, 1:] <= outcome.scores[:, :-1])
        found[k] = beside.hits(outcome.scores[0], outcome.rows[0], k, {3})
    assert found[3] == found[9][:3] == found[100][:3], "more neighbours begin with the same ones"
    wanted = (loaded.vectors @ loaded.vectors[3] + own @ own[3]) / 2
    near = np.argsort(-(loaded.vectors @ loaded.vectors[3]), kind="stable")[:CONSIDERED]
    order = sorted(set(near.tolist()) - {3}, key=lambda row: -wanted[row])
    scores = [hit["score"] for hit in found[9]]
    np.testing.assert_allclose(scores, wanted[order[:9]], atol=1e-4)
    plain = run_jobs([job(shop, loaded, "similar", {"product_id": "P003", "k": 9})])[0]
    np.testing.assert_array_equal(plain.rows, loaded.index.search(loaded.vectors[3:4], 10)[1])


def test_hits_leave_out_padding_and_missing_prices(shop: Shop, loaded: LoadedRelease) -> None:
    outcome = run_jobs([job(shop, loaded, "similar", {"product_id": "P000", "k": 100})])[0]
    hits = loaded.hits(outcome.scores[0], outcome.rows[0], 100)
    assert len(hits) == len(shop.first.product_ids)
    by_id = {hit["product_id"]: hit for hit in hits}
    assert by_id["P001"]["price"] is None
    assert by_id["P002"] == {
        **by_id["P002"],
        "price": 12.0,
        "currency": "EUR",
        "photo": "photos/2.jpg",
        "category": "Shoes",
    }


def test_changes_lie_over_refined_vectors_too(shop: Shop, loaded: LoadedRelease, tmp_path: Path) -> None:
    refined = np.roll(np.asarray(loaded.vectors), 1, axis=0)
    live, _ = loaded.with_changes(tmp_path, DeltaLimits())
    live = replace(live, similar_vectors=refined, similar_index=build_index(refined, ReleaseSettings()))
    assert live.live is not None
    live.live.segment.write([
        Record("put", "new", vector=refined[3]),
        Record("delete", "P004"),
    ])  # fmt: skip
    outcome = run_jobs([job(shop, live, "similar", {"product_id": "P003", "k": 3})])[0]
    names = [outcome.view.id_of(int(row)) for row in outcome.rows[0]]
    assert names[:2] == ["P003", "new"]
    assert "P004" not in names
    np.testing.assert_array_equal(outcome.vectors[0], loaded.vectors[3])


def test_a_batch_asks_encoder_and_index_once(
    shop: Shop, loaded: LoadedRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def counted(kind: type, name: str) -> None:
        real = getattr(kind, name)
        monkeypatch.setattr(kind, name, lambda *a, **k: (calls.append(name), real(*a, **k))[1])

    counted(ProductEncoder, "encode_features")
    counted(LayeredView, "search")
    jobs = [job(shop, loaded, "search", {"query": {"text": f"shoe {n}"}, "facets": True}) for n in range(5)]
    jobs.append(job(shop, loaded, "embed", {"item": {"title": "bag"}}))
    jobs.append(
        job(shop, loaded, "search", {"queries": [{"text": "red", "product_id": "P001"}, {"text": "a b"}]})
    )
    assert all(isinstance(outcome, Outcome) for outcome in run_jobs(jobs))
    assert calls == ["encode_features", "search"]
    # What a filter leaves differs from query to query: those ask the index alone.
    narrow = {"query": {"text": "shoe"}, "filters": {"category": ["Bags"]}}
    run_jobs([*jobs, job(shop, loaded, "search", narrow)])
    assert calls[2:] == ["encode_features", "search", "search"]
