"""Refiners: from frozen product vectors and their co-purchase neighbours to refined vectors.

All are inductive: nothing is learned per product. A product without neighbours is refined by the
same weights from its own vector alone, so a new product has a refined vector at once.
"""

import itertools
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from models.registry import Registry
from shelfspace.errors import InputError, SettingsError
from shelfspace.settings import Graph

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["REFINER", "Refiner", "make_refiner", "normalised", "refine"]

ROWS = 4096
"""Products refined in one pass: bounds the memory of a large catalogue."""
FIRST_STEP = 0.1
"""Scale of an untrained GraphSAGE's change, so that training starts near the vectors as they were."""


def geometric(encoder: str) -> ModuleType:
    """`torch_geometric.nn`.

    Raises:
        SettingsError: the extra is not installed.
    """
    try:
        import torch_geometric.nn
    except ImportError as error:
        remedy = f"install the extra (pip install 'shelfspace[graph]'), or set none ({error})"
        raise SettingsError("graph.encoder", encoder, remedy) from error
    return torch_geometric.nn


class Refiner(nn.Module):
    """Base of the refiners; as it stands it changes nothing.

    Args:
        dim: length of a product vector.
        settings: `layers` says how far along the graph a refiner looks.

    Attributes:
        reach: steps along the graph that are read.
    """

    def __init__(self, dim: int, settings: Graph) -> None:
        super().__init__()
        self.dim, self.reach = dim, 0

    def forward(self, source: torch.Tensor, blocks: Sequence[torch.Tensor]) -> torch.Tensor:
        """Refine t products.

        Args:
            source: (s, dim) unit vectors: the products, then what they reach.
            blocks: `reach` sparse CSR matrices, the outermost first; the last has t rows. Block l
                is (rows of the next, rows of this), and its own rows stand first among its columns.

        Returns:
            (t, dim) unit vectors.
        """
        return source


REFINER: Registry[type[Refiner]] = Registry("graph.encoder")
REFINER.register("none")(Refiner)


@REFINER.register("lightgcn")
class LightGcn(Refiner):
    """Propagation without parameters, summed over the steps (He et al., SIGIR 2020; LGConv).

    The paper learns a vector per item; here the content vectors take that place, so nothing is
    trained and new items need no training.
    """

    def __init__(self, dim: int, settings: Graph) -> None:
        super().__init__(dim, settings)
        self.reach = settings.layers
        # The blocks are cut from a matrix that is normalised already.
        self.step = geometric("lightgcn").LGConv(normalize=False)

    def forward(self, source: torch.Tensor, blocks: Sequence[torch.Tensor]) -> torch.Tensor:
        """See `Refiner.forward`."""
        rows = blocks[-1].shape[0]
        hidden, total = source, source[:rows]
        for block in blocks:
            hidden = self.step(hidden, block)
            total = total + hidden[:rows]
        return functional.normalize(total, dim=1)


@REFINER.register("graphsage")
class GraphSage(Refiner):
    """SAGEConv layers beside the vector itself: normalize(x + g(x, neighbours)).

    Hamilton et al., NeurIPS 2017. The sum over a block's normalised weights is a weighted mean, so
    a strong neighbour tells more than a weak one; SAGEConv's own mean knows no weights.
    """

    def __init__(self, dim: int, settings: Graph) -> None:
        super().__init__(dim, settings)
        self.reach = settings.layers
        layer = geometric("graphsage").SAGEConv
        widths = [dim] + [settings.width] * settings.layers
        self.layers = nn.ModuleList(layer(a, b, aggr="sum") for a, b in itertools.pairwise(widths))
        self.change = nn.Linear(settings.width, dim)
        with torch.no_grad():
            self.change.weight.mul_(FIRST_STEP)
            self.change.bias.zero_()

    def forward(self, source: torch.Tensor, blocks: Sequence[torch.Tensor]) -> torch.Tensor:
        """See `Refiner.forward`."""
        hidden = source
        for layer, block in zip(self.layers, blocks, strict=True):
            hidden = functional.relu(layer((hidden, hidden[: block.shape[0]]), block))
        return functional.normalize(source[: len(hidden)] + self.change(hidden), dim=1)


def make_refiner(dim: int, settings: Graph, seed: int) -> Refiner:
    """The refiner that `graph.encoder` names, its weights drawn from the seed.

    Raises:
        SettingsError: an unknown name, or the extra is not installed.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return REFINER[settings.encoder](dim, settings)


def normalised(weights: "csr_matrix") -> "csr_matrix":
    """D^-1/2 W D^-1/2 of a symmetric matrix; rows without entries stay empty."""
    from scipy.sparse import diags

    degree = np.asarray(weights.sum(axis=1)).ravel()
    scale = diags(1 / np.sqrt(np.where(degree > 0, degree, 1)))
    return (scale @ weights @ scale).tocsr().astype(np.float32)


def blocks_of(matrix: "csr_matrix", rows: np.ndarray, reach: int) -> tuple[np.ndarray, list[torch.Tensor]]:
    """What `rows` reach in `reach` steps: source rows and blocks, as `Refiner.forward` reads them."""
    blocks: list[torch.Tensor] = []
    place = np.empty(matrix.shape[0], dtype=np.int64)
    for _ in range(reach):
        cut = matrix[rows]
        source = np.concatenate([rows, np.setdiff1d(cut.indices, rows)])
        place[source] = np.arange(len(source))
        blocks.append(_csr(cut.indptr, place[cut.indices], cut.data, (len(rows), len(source))))
        rows = source
    return rows, blocks[::-1]


def _csr(start: np.ndarray, columns: np.ndarray, data: np.ndarray, shape: tuple[int, int]) -> torch.Tensor:
    import warnings

    with warnings.catch_warnings():
        # torch calls its CSR tensors beta at first use; the product with a dense matrix is what is used.
        warnings.filterwarnings("ignore", message="Sparse", category=UserWarning)
        return torch.sparse_csr_tensor(
            torch.from_numpy(start.astype(np.int64)),
            torch.from_numpy(columns),
            torch.from_numpy(data.astype(np.float32)),
            size=shape,
        )


@torch.inference_mode()
def refine(
    refiner: Refiner, vectors: np.ndarray, weights: "csr_matrix", rows: np.ndarray | None = None
) -> np.ndarray:
    """(r, dim) float32 refined vectors of some products, or of all n.

    Args:
        refiner: trained for vectors of this length.
        vectors: (n, dim) float32 unit vectors; may include products it never saw.
        weights: (n, n) co-purchase weights; an empty row is a product nobody has bought.
        rows: (r,) distinct rows to refine.

    Raises:
        InputError: vectors of another width, or a graph over another number of products.
    """
    if vectors.ndim != 2 or vectors.shape[1] != refiner.dim:
        raise InputError("vectors", vectors.shape, f"give an array of shape (n, {refiner.dim})")
    if weights.shape != (len(vectors), len(vectors)):
        raise InputError("weights", weights.shape, f"give a graph over the same {len(vectors)} products")
    chosen = np.arange(len(vectors)) if rows is None else np.asarray(rows, dtype=np.int64)
    matrix = normalised(weights)
    refined = np.empty((len(chosen), refiner.dim), dtype=np.float32)
    refiner.eval()
    for start in range(0, len(chosen), ROWS):
        source, blocks = blocks_of(matrix, chosen[start : start + ROWS], refiner.reach)
        part = refiner(torch.from_numpy(np.asarray(vectors[source], dtype=np.float32)), blocks)
        refined[start : start + ROWS] = part.numpy()
    return refined
