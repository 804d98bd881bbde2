"""Co-purchases refine vectors: what is counted, what is learned, and what a new product gets."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_matrix

from catalog.errors import ArtifactError, InputError, SettingsError
from catalog.settings import Graph, ReleaseSettings
from models.graph.artefact import load_refiner, save_refiner
from models.graph.copurchase import Baskets, copurchases, read_baskets, split_by_time
from models.graph.judge import cold_recall, nearest, recall, strongest
from models.graph.picture import graph_picture
from models.graph.refiner import REFINER, Refiner, blocks_of, make_refiner, normalised, refine
from models.graph.training import recall_at, train_refiner
from models.index import build_index
from models.release import Release, write_release

SMALL = Graph(shrinkage=1, neighbours=5, epochs=6, batch_size=64, width=16, learning_rate=0.01)
N, DIM, CLIQUE = 60, 12, 6


def settings(encoder: str, **changes: object) -> Graph:
    return SMALL.model_copy(update={"encoder": encoder, **changes})


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    return unit(np.random.default_rng(0).normal(size=(N, DIM)))


@pytest.fixture(scope="module")
def events() -> pd.DataFrame:
    """Orders of two to four products of one clique of six; vectors know nothing of the cliques."""
    rng = np.random.default_rng(1)
    rows = []
    for order in range(400):
        clique = int(rng.integers(N // CLIQUE))
        for product in rng.choice(CLIQUE, int(rng.integers(2, 5)), replace=False):
            rows.append((f"u{order % 90}", f"p{clique * CLIQUE + product}", order))
    table = pd.DataFrame(rows, columns=["user_id", "product_id", "order"])
    table["time"] = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(table["order"] * 3, unit="h")
    return table.assign(event="purchase", order_id="o" + table.pop("order").astype(str))


IDS = [f"p{n}" for n in range(N)]


@pytest.fixture(scope="module")
def baskets(events: pd.DataFrame) -> Baskets:
    return read_baskets(events, IDS, SMALL)


def table_of(*rows: tuple[str, str, str, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["user_id", "product_id", "event", "time", "order_id"])
    return table.assign(time=pd.to_datetime(table["time"], utc=True))


LINES = table_of(
    ("u1", "p0", "purchase", "2026-01-01T10:00", ""),
    ("u1", "p1", "purchase", "2026-01-01T18:00", ""),
    ("u1", "p1", "purchase", "2026-01-01T19:00", ""),
    ("u1", "p2", "purchase", "2026-01-02T10:00", ""),
    ("u1", "p3", "view", "2026-01-01T10:00", ""),
    ("u2", "p0", "purchase", "2026-01-03T10:00", "o7"),
    ("u2", "p2", "purchase", "2026-01-05T10:00", "o7"),
    ("u2", "gone", "purchase", "2026-01-05T10:00", "o7"),
)


def contents(found: Baskets) -> list[list[int]]:
    return [sorted(found.product[found.basket == b]) for b in range(len(found))]


def test_a_basket_is_an_order_or_a_shoppers_day() -> None:
    found = read_baskets(LINES, IDS, SMALL)
    assert contents(found) == [[0, 1], [2], [0, 2]]
    assert list(found.times) == sorted(found.times)


def test_or_all_that_a_shopper_bought() -> None:
    assert contents(read_baskets(LINES, IDS, settings("none", together="shopper"))) == [[0, 1, 2], [0, 2]]


def test_events_from_the_cut_on_are_never_used(events: pd.DataFrame, vectors: np.ndarray) -> None:
    cut = pd.Timestamp("2026-02-01", tz="UTC")
    after = events["time"] >= cut
    assert after.any()
    changed = events.assign(product_id=np.where(after, "p0", events["product_id"]))
    before, again = (read_baskets(table, IDS, SMALL, before=cut) for table in (events, changed))
    np.testing.assert_array_equal(before.product, again.product)
    assert len(before) < len(read_baskets(events, IDS, SMALL))
    assert before.times.max() < cut.tz_localize(None).to_datetime64()
    weights = [copurchases(b, SMALL).weights for b in (before, again)]
    assert (weights[0] != weights[1]).nnz == 0


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InputError, match="order_id"):
        read_baskets(LINES.drop(columns="order_id"), IDS, SMALL)


def pair_baskets(*products: list[int], n: int = 8) -> Baskets:
    basket = np.concatenate([np.full(len(p), b) for b, p in enumerate(products)])
    times = np.datetime64("2026-01-01", "ns") + np.arange(len(products)) * np.timedelta64(1, "D")
    return Baskets(basket, np.concatenate(products).astype(np.int64), times, n)


def test_weights_are_shrunk_cosines() -> None:
    found = copurchases(pair_baskets([0, 1], [0, 1], [0, 2], [3]), SMALL)
    dense = found.weights.toarray()
    assert dense[0, 1] == pytest.approx(2 / (np.sqrt(3 * 2) + 1))
    assert dense[0, 2] == pytest.approx(1 / (np.sqrt(3 * 1) + 1))
    np.testing.assert_array_equal(dense, dense.T)
    assert not dense.diagonal().any()
    assert (found.edges, found.baskets, found.oversized) == (2, 3, 0)
    assert found.connected.tolist() == [True, True, True] + [False] * 5


def test_a_large_basket_counts_less_and_a_wholesalers_not_at_all() -> None:
    large = copurchases(pair_baskets([0, 1], [2, 3, 4, 5]), SMALL).weights.toarray()
    assert 0 < large[2, 3] < large[0, 1]
    capped = copurchases(pair_baskets([0, 1], [2, 3, 4, 5]), settings("none", max_basket=3))
    assert (capped.edges, capped.oversized) == (1, 1)


def test_each_product_names_its_strongest_neighbours() -> None:
    many = pair_baskets(*[[0, other] for other in range(1, 8)], *[[0, 7]] * 3)
    weights = copurchases(many, settings("none", neighbours=2)).weights
    # 0 names 7 and the first of the rest; each other names 0, so all pairs stay.
    assert weights.nnz == 14
    assert strongest(weights, np.array([0]), 2).tolist() == [[7, 1]]
    assert strongest(weights, np.array([3]), 3).tolist() == [[0, -1, -1]]


def test_blocks_of_rows_give_the_same_graph(baskets: Baskets, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = copurchases(baskets, SMALL).weights
    monkeypatch.setattr("models.graph.copurchase.BLOCK_CELLS", 7 * N)
    assert (copurchases(baskets, SMALL).weights != whole).nnz == 0


def test_split_by_time_keeps_the_latest(baskets: Baskets) -> None:
    earlier, later = split_by_time(baskets, 0.1)
    assert len(earlier) + len(later) == len(baskets)
    assert earlier.times.max() < later.times.min()
    assert len(later) == pytest.approx(0.1 * len(baskets), abs=1)


def test_recall_is_the_share_of_the_baskets_other_products() -> None:
    later = pair_baskets([0, 1, 2], [0, 3], [4])
    found = np.array([[1, 5], [0, 2], [6, -1]])
    values = recall(found, np.array([0, 1, 4]), later, 100)
    assert values[:2].tolist() == [pytest.approx((0.5 + 0) / 2), pytest.approx(1.0)]
    assert np.isnan(values[2]), "a basket of one asks nothing"
    cold = np.zeros(8, dtype=bool)
    cold[[1, 3]] = True
    turned = cold_recall(found, np.array([0, 1, 4]), later, 100, cold)
    assert turned[0] == pytest.approx((1 + 0) / 2)
    assert np.isnan(turned[1]), "the only cold product of its basket is itself"


def test_nearest_leaves_the_product_out_even_among_equals() -> None:
    same = unit(np.ones((5, 3)))
    found = nearest(same, np.arange(5), 2)
    assert found.shape == (5, 2)
    assert all(row not in line for row, line in enumerate(found.tolist()))


@pytest.fixture(scope="module")
def weights(baskets: Baskets) -> csr_matrix:
    return copurchases(baskets, SMALL).weights


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

    def test_saved_and_loaded_gives_the_same_numbers(
        self, encoder: str, vectors: np.ndarray, weights: csr_matrix, tmp_path: Path
    ) -> None:
        chosen = settings(encoder)
        refiner = make_refiner(DIM, chosen, 5)
        save_refiner(refiner, chosen, tmp_path / "refiner")
        assert {p.name for p in (tmp_path / "refiner").iterdir()} == {"refiner.json", "weights.safetensors"}
        again = load_refiner(tmp_path / "refiner")
        np.testing.assert_array_equal(refine(again, vectors, weights), refine(refiner, vectors, weights))

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


def test_damaged_and_foreign_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="missing or damaged"):
        load_refiner(tmp_path)
    chosen = settings("graphsage")
    save_refiner(make_refiner(DIM, chosen, 0), chosen, tmp_path / "one")
    save_refiner(make_refiner(DIM, chosen, 1), chosen, tmp_path / "two")
    weights = (tmp_path / "two" / "weights.safetensors").read_bytes()
    (tmp_path / "one" / "weights.safetensors").write_bytes(weights)
    with pytest.raises(ArtifactError, match="not what was saved"):
        load_refiner(tmp_path / "one")


def test_training_learns_what_is_bought_together(vectors: np.ndarray, baskets: Baskets) -> None:
    seen: list[dict] = []
    chosen = settings("graphsage", epochs=25, patience=25, batch_size=16, anchor_weight=0.1, isolation=0.1)
    trained = train_refiner(vectors, baskets, chosen, 0, seen.append)
    assert seen == trained.history
    assert seen[0]["epoch"] == 0
    assert all(np.isfinite(entry["loss"]) for entry in seen[1:])
    # Of 59 others, 5 are of the clique: 20 drawn at random hold a third of them.
    before, after = trained.figures["unrefined"], trained.figures["refined"]
    assert before["products"] == after["products"]
    assert after["all"] > before["all"] + 0.2
    assert graph_picture(trained, "graphsage").startswith(b"\x89PNG")


def test_equal_seeds_give_equal_weights(vectors: np.ndarray, baskets: Baskets) -> None:
    chosen = settings("graphsage", epochs=2)
    first, again, other = (train_refiner(vectors, baskets, chosen, s).refiner for s in (3, 3, 4))
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
    first, second = (train_refiner(vectors, b, chosen, 0) for b in (baskets, other))
    assert first.history[1]["loss"] == second.history[1]["loss"]
    assert first.figures != second.figures


def test_staying_near_is_a_matter_of_its_weight(vectors: np.ndarray, baskets: Baskets) -> None:
    graph = copurchases(baskets, SMALL).weights
    cosines = []
    for weight in (0.0, 20.0):
        chosen = settings("graphsage", anchor_weight=weight, patience=99)
        refined = refine(train_refiner(vectors, baskets, chosen, 0).refiner, vectors, graph)
        cosines.append(float((refined * vectors).sum(axis=1).mean()))
    assert cosines[1] > cosines[0]


def test_too_few_purchases_are_refused_by_what_needs_them(vectors: np.ndarray) -> None:
    lonely = pair_baskets([0], [1], [2], n=N)
    with pytest.raises(InputError, match="bought together"):
        train_refiner(vectors, lonely, settings("graphsage"), 0)
    trained = train_refiner(vectors, lonely, settings("lightgcn"), 0)
    assert trained.figures["refined"]["all"] is None
    assert graph_picture(trained, "lightgcn").startswith(b"\x89PNG")


def test_new_products_are_judged_apart(vectors: np.ndarray, baskets: Baskets) -> None:
    bought = np.ones(N, dtype=bool)
    bought[:CLIQUE] = False
    found = recall_at(vectors, baskets, SMALL, bought)
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
