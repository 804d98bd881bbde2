"""Refiners: what is learned, what a new product gets, and what is kept."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_matrix

from catalog.copurchases import Baskets, copurchases, split_by_time
from models.graph.picture import graph_picture
from models.graph.refiner import REFINER, Refiner, blocks_of, make_refiner, normalised, refine
from models.graph.training import UNREFINED, recall_at, train_refiner
from releases import Release, write_release
from retrieval.vectors import build_index, search_rows
from shelfspace.errors import InputError, SettingsError
from shelfspace.settings import ReleaseSettings
from tests.models.graph.cliques import CLIQUE, DIM, IDS, SMALL, N, pair_baskets, settings, unit


@pytest.mark.parametrize("encoder", sorted(REFINER))
class TestContract:
    """What every refiner promises."""

    def test_unit_vectors_in_any_number(self, encoder: str, vectors: np.ndarray, weights: csr_matrix) -> None:
        refiner = make_refiner(DIM, settings(encoder), 0)
        whole = refine(refiner, vectors, weights)
        assert whole.shape == vectors.shape
        assert whole.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(whole, axis=1), 1, atol=1e-5)
        for rows in ([7], [50, 3]):
            part = refine(refiner, vectors, weights, np.array(rows))
            np.testing.assert_allclose(part, whole[rows], atol=1e-6)

    def test_a_product_nobody_bought_goes_by_its_own_vector(self, encoder: str, vectors: np.ndarray) -> None:
        refiner = make_refiner(DIM, settings(encoder), 0)
        alone = refine(refiner, vectors, csr_matrix((N, N), dtype=np.float32))
        assert np.isfinite(alone).all()
        single = refine(refiner, vectors[4:5], csr_matrix((1, 1), dtype=np.float32))
        np.testing.assert_allclose(single, alone[4:5], atol=1e-6)

    def test_a_new_product_needs_no_training(
        self, encoder: str, vectors: np.ndarray, weights: csr_matrix
    ) -> None:
        refiner = make_refiner(DIM, settings(encoder), 0)
        before = refine(refiner, vectors, weights)
        new = unit(np.random.default_rng(9).normal(size=(1, DIM)))
        wider = csr_matrix((weights.data, weights.indices, [*weights.indptr, weights.nnz]), (N + 1, N + 1))
        after = refine(refiner, np.concatenate([vectors, new]), wider)
        np.testing.assert_allclose(after[:N], before, atol=1e-6)
        assert np.linalg.norm(after[N]) == pytest.approx(1, abs=1e-5)

    def test_gradients_reach_all_that_is_trained(
        self, encoder: str, vectors: np.ndarray, weights: csr_matrix
    ) -> None:
        refiner = make_refiner(DIM, settings(encoder), 0)
        source, blocks = blocks_of(normalised(weights), np.arange(10), refiner.reach)
        refined = refiner(torch.from_numpy(vectors[source]), blocks)
        trained = dict(refiner.named_parameters())
        assert bool(trained) == (encoder == "graphsage")
        if trained:
            (refined @ torch.from_numpy(vectors[:10]).T).square().sum().backward()
            assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in trained.values())

    def test_wrong_shapes_are_refused(self, encoder: str, vectors: np.ndarray, weights: csr_matrix) -> None:
        refiner = make_refiner(DIM, settings(encoder), 0)
        with pytest.raises(InputError, match="vectors"):
            refine(refiner, vectors[:, :5], weights)
        with pytest.raises(InputError, match="weights"):
            refine(refiner, vectors[:9], weights)


def test_none_changes_nothing(vectors: np.ndarray, weights: csr_matrix) -> None:
    np.testing.assert_array_equal(refine(Refiner(DIM, SMALL), vectors, weights), vectors)


def test_lightgcn_is_propagation(vectors: np.ndarray, weights: csr_matrix) -> None:
    step = normalised(weights)
    wanted = vectors + step @ vectors + step @ (step @ vectors)
    found = refine(make_refiner(DIM, settings("lightgcn", layers=2), 0), vectors, weights)
    np.testing.assert_allclose(found, unit(wanted), atol=1e-5)


def test_an_unknown_refiner_is_named() -> None:
    with pytest.raises(SettingsError, match=r"graph\.encoder.*graphsage, lightgcn, none"):
        make_refiner(DIM, settings("gat"), 0)


@pytest.mark.parametrize("encoder", ["graphsage", "lightgcn"])
def test_without_the_extra_the_remedy_is_named(encoder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch_geometric", None)
    monkeypatch.setitem(sys.modules, "torch_geometric.nn", None)
    with pytest.raises(SettingsError, match=r"pip install 'shelfspace\[graph\]'"):
        make_refiner(DIM, settings(encoder), 0)
    make_refiner(DIM, settings("none"), 0)


def test_training_learns_what_is_bought_together(vectors: np.ndarray, baskets: Baskets) -> None:
    seen: list[dict] = []
    chosen = settings("graphsage", epochs=25, patience=25, batch_size=16, anchor_weight=0.1, isolation=0.1)
    chosen = chosen.model_copy(update={"holdout_share": 0.2})
    trained = train_refiner(vectors, baskets, chosen, 0, search_rows, seen.append)
    assert seen == trained.history
    assert seen[0]["epoch"] == 0
    assert all(np.isfinite(entry["loss"]) for entry in seen[1:])
    # Of 59 others, 5 are of the clique: 20 drawn at random hold a third of them.
    before, after = trained.figures["unrefined"], trained.figures["refined"]
    assert before["products"] == after["products"]
    assert after["all"] > before["all"] + 0.2
    assert trained.compared is not None
    assert trained.compared.learned_wins
    assert trained.compared.rows == 40, "half of the latest fifth of 400 baskets"
    assert graph_picture(trained, "graphsage").startswith(b"\x89PNG")


def test_what_finds_no_more_is_not_used(baskets: Baskets) -> None:
    """Where vectors know who is bought with whom, as categories often do, there is nothing to win."""
    cliques = np.repeat(np.eye(DIM, dtype=np.float32)[: N // CLIQUE], CLIQUE, axis=0)
    known = unit(cliques + 0.01 * np.random.default_rng(2).normal(size=(N, DIM)))
    compared = train_refiner(known, baskets, settings("lightgcn"), 0, search_rows).compared
    assert compared is not None
    assert compared.rivals == {UNREFINED: 1.0}
    assert compared.winner == UNREFINED


def test_equal_seeds_give_equal_weights(vectors: np.ndarray, baskets: Baskets) -> None:
    chosen = settings("graphsage", epochs=2)
    first, again, other = (train_refiner(vectors, baskets, chosen, s, search_rows).refiner for s in (3, 3, 4))
    for name, weight in first.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name])
    assert not torch.equal(first.change.weight, other.change.weight)


def test_held_back_baskets_teach_nothing(vectors: np.ndarray, baskets: Baskets) -> None:
    chosen = settings("graphsage", epochs=1)
    # The epoch is chosen by them, so that only one is compared: the losses must agree to the bit.
    later = np.arange(len(baskets)) >= len(split_by_time(baskets, chosen.holdout_share)[0])
    shuffled = baskets.product.copy()
    moved = later[baskets.basket]
    shuffled[moved] = (shuffled[moved] + 7) % N
    other = Baskets(baskets.basket, shuffled, baskets.times, N)
    first, second = (train_refiner(vectors, b, chosen, 0, search_rows) for b in (baskets, other))
    assert first.history[1]["loss"] == second.history[1]["loss"]
    assert first.figures != second.figures


def test_staying_near_is_a_matter_of_its_weight(vectors: np.ndarray, baskets: Baskets) -> None:
    graph = copurchases(baskets, SMALL).weights
    cosines = []
    for weight in (0.0, 20.0):
        chosen = settings("graphsage", anchor_weight=weight, patience=99)
        refined = refine(train_refiner(vectors, baskets, chosen, 0, search_rows).refiner, vectors, graph)
        cosines.append(float((refined * vectors).sum(axis=1).mean()))
    assert cosines[1] > cosines[0]


def test_too_few_purchases_are_refused_by_what_needs_them(vectors: np.ndarray) -> None:
    lonely = pair_baskets([0], [1], [2], n=N)
    with pytest.raises(InputError, match="bought together"):
        train_refiner(vectors, lonely, settings("graphsage"), 0, search_rows)
    trained = train_refiner(vectors, lonely, settings("lightgcn"), 0, search_rows)
    assert trained.figures["refined"]["all"] is None
    assert trained.compared is None
    assert graph_picture(trained, "lightgcn").startswith(b"\x89PNG")


def test_new_products_are_judged_apart(vectors: np.ndarray, baskets: Baskets) -> None:
    bought = np.ones(N, dtype=bool)
    bought[:CLIQUE] = False
    found = recall_at(vectors, baskets, SMALL, search_rows, bought)
    assert found["products"] == {"all": N, "bought_before": N - CLIQUE, "never_bought": CLIQUE}
    mean = (found["bought_before"] * (N - CLIQUE) + found["never_bought"] * CLIQUE) / N
    assert found["all"] == pytest.approx(mean)


def test_a_release_holds_them_beside_the_vectors(vectors: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "encoder").mkdir()
    (tmp_path / "encoder" / "encoder.json").write_text("{}")
    given = {
        "product_ids": IDS,
        "embeddings": vectors,
        "index": build_index(vectors, ReleaseSettings()),
        "products": pd.DataFrame({"product_id": IDS}),
        "metrics": {},
        "provenance": {},
    }
    plain = write_release(tmp_path / "releases", tmp_path / "encoder", **given)
    assert plain.graph_embeddings is None
    assert plain.graph_index is None
    refined = unit(vectors[::-1] + 0.1)
    graph = {"graph_embeddings": refined, "graph_index": build_index(refined, ReleaseSettings())}
    made = write_release(tmp_path / "releases", tmp_path / "encoder", **given, **graph)
    assert made.id != plain.id
    again = Release.load(made.folder)
    np.testing.assert_array_equal(again.graph_embeddings, refined)
    np.testing.assert_array_equal(again.embeddings, vectors)
    assert again.graph_index is not None
    assert again.graph_index.search(refined[3:4], 1)[1].tolist() == [[3]]
    with pytest.raises(InputError, match="graph_index"):
        write_release(tmp_path / "releases", tmp_path / "encoder", **given, graph_embeddings=refined)
