"""From a catalogue's vectors and events to refined vectors, with all that tells how they came about."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors.torch import save_file

from catalog.copurchases import CoPurchases, copurchases, read_baskets
from models.graph.judge import Search
from models.graph.refiner import refine
from models.graph.training import Trained, train_refiner
from shelfspace.files import write_json, write_table
from shelfspace.progress import progress_bar
from shelfspace.settings import Graph

__all__ = ["RefinedCatalogue", "refine_catalogue"]


@dataclass(frozen=True)
class RefinedCatalogue:
    """Refined vectors of n products.

    Attributes:
        ids: product of each row.
        vectors: (n, dim) float32 of unit length.
        graph: who is bought with whom, over all baskets.
        trained: the refiner and its figures on baskets held back.
        settings: what it was made with.
    """

    ids: Sequence[str]
    vectors: np.ndarray
    graph: CoPurchases
    trained: Trained
    settings: Graph

    @property
    def counts(self) -> dict[str, int]:
        """Size of the graph."""
        return {
            "edges": self.graph.edges,
            "baskets": self.graph.baskets,
            "baskets_left_out": self.graph.oversized,
            "products_with_neighbours": int(self.graph.connected.sum()),
        }

    @property
    def recalls(self) -> pd.DataFrame:
        """Recall of next co-purchases, a row each for the vectors as they were and refined."""
        table = pd.DataFrame(self.trained.figures).T.reset_index(names="vectors")
        return table.drop(columns="products").round(4)

    @property
    def verdict(self) -> dict[str, Any]:
        """`encoder`, whether the refined vectors are `used`, how they `compared`; `said` in a sentence."""
        found = self.trained.compared
        return {
            "encoder": self.settings.encoder,
            "used": found is not None and found.learned_wins,
            "compared": None if found is None else found.describe(),
            "said": "not compared: no later basket asks" if found is None else found.sentence(),
        }

    def save(self, folder: Path) -> None:
        """Write `refiner.safetensors`, `graph_embeddings.npy`, `edges.parquet`, `figures.json` and
        `verdict.json`."""
        weights = {k: v.cpu().contiguous() for k, v in self.trained.refiner.state_dict().items()}
        save_file(weights, folder / "refiner.safetensors")
        np.save(folder / "graph_embeddings.npy", self.vectors)
        ids, pairs = np.array(self.ids, dtype=object), self.graph.weights.tocoo()
        edges = {"product_id": ids[pairs.row], "neighbour_id": ids[pairs.col], "weight": pairs.data}
        write_table(folder / "edges.parquet", pd.DataFrame(edges))
        write_json(folder / "figures.json", {**self.trained.figures, "history": self.trained.history})
        write_json(folder / "verdict.json", self.verdict)


def refine_catalogue(
    vectors: np.ndarray,
    ids: Sequence[str],
    events: pd.DataFrame,
    settings: Graph,
    seed: int,
    search: Search,
) -> RefinedCatalogue:
    """Train the refiner on the earlier baskets, then refine every product over all of them.

    Args:
        vectors: (n, dim) float32 unit vectors of the products `ids`.
        events: cleaned events.
        search: exact search, for judging.

    Raises:
        InputError: too few purchases to learn from.
        SettingsError: an unknown encoder, or the extra is not installed.
    """
    baskets = read_baskets(events, list(ids), settings)
    with progress_bar(None, "graph", total=settings.epochs + 1, unit="epoch") as bar:
        trained = train_refiner(vectors, baskets, settings, seed, search, progress=lambda _: bar.update())
    graph = copurchases(baskets, settings)
    return RefinedCatalogue(ids, refine(trained.refiner, vectors, graph.weights), graph, trained, settings)
