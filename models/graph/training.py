"""Training of a refiner: pairs bought together, told from pairs that are not.

Each epoch takes a share of the pairs out of the graph and learns to find them again from what is
left; a share of the products is refined as if nobody had bought them. Negatives are the other pairs
of a step; that these are popular products is put right by the correction of Yi et al. (RecSys 2019).
The latest baskets of the events are kept back: one half of them chooses the epoch, the other half
gives the figures, and says by a paired comparison whether refining beats the vectors as they were.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from catalog.copurchases import Baskets, CoPurchases, copurchases, split_by_time
from models.graph.judge import Search, basket_recall, nearest, recall
from models.graph.refiner import Refiner, blocks_of, make_refiner, normalised, refine
from shelfspace.errors import InputError
from shelfspace.paired import Comparison, compare
from shelfspace.settings import Graph

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["UNREFINED", "Trained", "recall_at", "train_refiner"]

AT = 20
"""Results looked at."""
JUDGED = 2000
"""Products asked at most when vectors are judged."""
UNREFINED = "unrefined"
"""The rival's name: the vectors as they were."""


@dataclass(frozen=True)
class Trained:
    """A refiner and how it was found.

    Attributes:
        refiner: of the best epoch, in evaluation mode.
        history: per epoch `epoch`, `loss`, `recall` (on the half that chooses); epoch 0 is untrained.
        figures: recall@20 on the other half, `unrefined` and `refined`, each over `all` products
            asked, those `bought_before` and those `never_bought` (None where there are none), with
            their numbers under `products`.
        compared: recall@20 of the baskets of that half, refined beside unrefined; None where none asks.
    """

    refiner: Refiner
    history: list[dict[str, Any]] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    compared: Comparison | None = None


def train_refiner(
    vectors: np.ndarray,
    baskets: Baskets,
    settings: Graph,
    seed: int,
    search: Search,
    progress: Callable[[dict[str, Any]], None] = lambda _: None,
) -> Trained:
    """Train the refiner that `graph.encoder` names; equal input and seed give equal weights on a CPU.

    Args:
        vectors: (n, dim) float32 unit vectors; frozen.
        baskets: all that may be learned from, over the same n products.
        search: exact search, for judging.
        progress: called with each entry of the history.

    Raises:
        InputError: vectors and baskets over different products, or too few pairs to learn from.
        SettingsError: an unknown encoder, or the extra is not installed.
    """
    if len(vectors) != baskets.products:
        raise InputError("vectors", vectors.shape, f"give one row for each of {baskets.products} products")
    refiner = make_refiner(vectors.shape[1], settings, seed)
    earlier, later = split_by_time(baskets, settings.holdout_share)
    halves = np.arange(len(later)) % 2 == 0
    choosing, judging = later.take(halves), later.take(~halves)
    graph = copurchases(earlier, settings)
    history: list[dict[str, Any]] = []
    if any(p.requires_grad for p in refiner.parameters()):
        if graph.edges < 2:
            remedy = "graph.encoder needs products bought together to learn from; use none or lightgcn"
            raise InputError("events", f"{graph.edges} pairs of {len(earlier)} baskets", remedy)
        history = _fit(refiner, vectors, graph, choosing, settings, seed, search, progress)
    refined = refine(refiner, vectors, graph.weights)
    bought = np.zeros(baskets.products, dtype=bool)
    bought[earlier.product] = True
    ways = {UNREFINED: np.ascontiguousarray(vectors, dtype=np.float32), "refined": refined}
    figures = {name: recall_at(way, judging, settings, search, bought) for name, way in ways.items()}
    return Trained(refiner.eval(), history, figures, _compared(ways, judging, settings, search))


def _fit(
    refiner: Refiner,
    vectors: np.ndarray,
    graph: CoPurchases,
    choosing: Baskets,
    settings: Graph,
    seed: int,
    search: Search,
    progress: Callable[[dict[str, Any]], None],
) -> list[dict[str, Any]]:
    """Train in place and leave the best epoch's weights; returns the history."""
    rng = np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(
        refiner.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    history: list[dict[str, Any]] = []
    best, kept = -1.0, {}
    for epoch in range(settings.epochs + 1):
        loss = _epoch(refiner, optimiser, vectors, graph.weights, settings, rng) if epoch else None
        found = recall_at(refine(refiner, vectors, graph.weights), choosing, settings, search)
        history.append({"epoch": epoch, "loss": loss, "recall": found["all"]})
        progress(history[-1])
        # Without baskets to judge by, the last epoch is as good as any.
        score = float(epoch) if found["all"] is None else found["all"]
        if score > best:
            best, kept, since = score, {k: v.clone() for k, v in refiner.state_dict().items()}, epoch
        if epoch - since >= settings.patience:
            break
    refiner.load_state_dict(kept)
    return history


def _epoch(
    refiner: Refiner,
    optimiser: torch.optim.Optimizer,
    vectors: np.ndarray,
    weights: "csr_matrix",
    settings: Graph,
    rng: np.random.Generator,
) -> float:
    """One pass over the pairs that this epoch takes out of the graph; returns the mean loss."""
    pairs, matrix = _take_out(weights, settings, rng)
    bought_with = weights.astype(bool)
    # A product stands in a step as often as it has pairs; its share of them is taken off its score.
    often = torch.from_numpy(np.log(np.maximum(np.diff(weights.indptr), 1) / weights.nnz)).float()
    refiner.train()
    losses = []
    for batch in np.array_split(pairs, max(1, round(len(pairs) / settings.batch_size))):
        rows, place = np.unique(batch, return_inverse=True)
        source, blocks = blocks_of(matrix, rows, refiner.reach)
        plain = torch.from_numpy(np.asarray(vectors[source], dtype=np.float32))
        refined = refiner(plain, blocks)
        first, second = torch.from_numpy(place.reshape(batch.shape)).unbind(1)
        scores = refined[first] @ refined[second].T / settings.temperature
        # Another pair's partner that this product is bought with too is no negative.
        also = bought_with[batch[:, 0]][:, batch[:, 1]].toarray() | (batch[:, :1] == batch[:, 1])
        np.fill_diagonal(also, False)
        scores = scores.masked_fill(torch.from_numpy(also), float("-inf"))
        truth = torch.arange(len(batch))
        of_first, of_second = often[batch[:, 0]], often[batch[:, 1]]
        contrast = functional.cross_entropy(scores - of_second, truth)
        contrast = contrast + functional.cross_entropy(scores.T - of_first, truth)
        moved = 1 - (refined * plain[: len(rows)]).sum(dim=1).mean()
        loss = contrast / 2 + settings.anchor_weight * moved
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    return float(np.mean(losses))


def _take_out(
    weights: "csr_matrix", settings: Graph, rng: np.random.Generator
) -> tuple[np.ndarray, "csr_matrix"]:
    """The pairs (p, 2) to learn, in random order, and the normalised graph that is left.

    A share of the products, `graph.isolation`, receives nothing from its neighbours.
    """
    from scipy.sparse import coo_matrix, diags, triu

    upper = coo_matrix(triu(weights, k=1))
    out = rng.random(upper.nnz) < settings.edge_dropout
    out[rng.integers(upper.nnz)] = True  # at least one pair to learn
    pairs = np.stack([upper.row[out], upper.col[out]], axis=1).astype(np.int64)
    pairs = pairs[rng.permutation(len(pairs))]
    turned = rng.random(len(pairs)) < 0.5
    pairs[turned] = pairs[turned, ::-1]
    left = coo_matrix((upper.data[~out], (upper.row[~out], upper.col[~out])), shape=weights.shape).tocsr()
    receives = (rng.random(weights.shape[0]) >= settings.isolation).astype(np.float32)
    matrix = (diags(receives) @ normalised(left + left.T)).tocsr()
    matrix.eliminate_zeros()
    return pairs, matrix


def recall_at(
    vectors: np.ndarray, later: Baskets, settings: Graph, search: Search, bought: np.ndarray | None = None
) -> dict[str, Any]:
    """Mean recall@20 of next co-purchases over `all` products asked; None where none is.

    Args:
        vectors: (n, dim) float32 unit vectors, the catalogue and the queries alike.
        search: exact search.
        bought: (n,) bool, products with earlier purchases: also give the two groups, and how many
            `products` each holds.
    """
    rows = _judged(later)
    found = nearest(vectors, rows, min(AT, later.products - 1), search)
    values = recall(found, rows, later, settings.max_basket)
    rows, values = rows[~np.isnan(values)], values[~np.isnan(values)]
    groups = {"all": np.ones(len(rows), dtype=bool)}
    if bought is not None:
        groups |= {"bought_before": bought[rows], "never_bought": ~bought[rows]}
    means: dict[str, Any] = {g: float(values[m].mean()) if m.any() else None for g, m in groups.items()}
    if bought is not None:
        means["products"] = {g: int(m.sum()) for g, m in groups.items()}
    return means


def _compared(
    ways: dict[str, np.ndarray], judging: Baskets, settings: Graph, search: Search
) -> Comparison | None:
    """The two ways of `Trained.figures` by recall@20 of each basket."""
    rows = _judged(judging)
    if not len(rows):
        return None
    at = min(AT, judging.products - 1)
    scores = {
        name: basket_recall(nearest(way, rows, at, search), rows, judging, settings.max_basket)
        for name, way in ways.items()
    }
    asked = ~np.isnan(scores[UNREFINED])
    if not asked.any():
        return None
    return compare(scores["refined"][asked], {UNREFINED: scores[UNREFINED][asked]})


def _judged(later: Baskets) -> np.ndarray:
    """Rows of the products that later baskets hold, some of them where they are many."""
    rows = np.unique(later.product)
    if len(rows) > JUDGED:
        rows = np.sort(np.random.default_rng(0).permutation(rows)[:JUDGED])
    return rows
