"""The network over a feature table, batch by batch, the rows in order."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from models.features.table import FeatureTable
from models.network import Outputs, ProductNetwork, batch_values
from shelfspace.errors import InputError

__all__ = ["Passes", "batches", "passes", "readable_rows", "stack"]

Passes = Callable[[FeatureTable, Sequence[str] | None, int], Iterator[Outputs]]
"""Features, `only` and rows in one pass to what the network says of each batch."""


def batches(
    network: ProductNetwork,
    features: FeatureTable,
    only: Sequence[str] | None,
    batch_size: int,
    device: torch.device,
) -> Iterator[tuple[dict[str, dict[str, torch.Tensor]], torch.Tensor]]:
    """Values and presence of up to `batch_size` rows each.

    Args:
        only: modalities to look at; the others count as absent.

    Raises:
        InputError: a row has none of the modalities, or `only` names an unknown one.
    """
    seen = readable_rows(network.modalities, features, only)
    for start in range(0, len(seen), batch_size):
        rows = np.arange(start, min(start + batch_size, len(seen)))
        yield batch_values(seen, network.modalities, rows, device)


def readable_rows(
    modalities: Sequence[str], features: FeatureTable, only: Sequence[str] | None
) -> FeatureTable:
    """The table as a network of these modalities sees it; raises as `batches`."""
    unknown = set(only or ()) - set(modalities)
    if unknown:
        raise InputError("only", sorted(unknown), f"this encoder reads {', '.join(modalities)}")
    seen = features if only is None else features.only(list(only))
    readable = np.zeros(len(seen), dtype=bool)
    for name in modalities:
        if name in seen.modalities:
            readable |= seen.modalities[name].present
    if not readable.all():
        first = seen.product_ids[int(np.flatnonzero(~readable)[0])]
        wanted = ", ".join(modalities if only is None else only)
        raise InputError(
            "product", first, f"it has none of {wanted}; leave it out, or give it at least one of them"
        )
    return seen


def passes(
    network: ProductNetwork,
    features: FeatureTable,
    only: Sequence[str] | None,
    batch_size: int,
    device: torch.device,
) -> Iterator[Outputs]:
    """What the network says of each batch; raises as `batches`. Prices come from vectors that saw none."""
    modalities = list(network.modalities)
    tabular = modalities.index("tabular") if "tabular" in modalities else None
    with torch.inference_mode():
        for values, present in batches(network, features, only, batch_size, device):
            vectors = network.encode(values, present)
            embedding = network.fuse(vectors, present)
            blind = embedding
            if tabular is not None and bool(present[:, tabular].any()):
                hidden = present.clone()
                hidden[:, tabular] = False
                blind = network.fuse(vectors, hidden)
            yield Outputs(embedding, network.logits(embedding), network.log_price(blind))


def stack(parts: Sequence[torch.Tensor], width: int) -> np.ndarray:
    """Batches as one float32 array on the host; (0, width) where there are none."""
    if not parts:
        return np.zeros((0, width), dtype=np.float32)
    if len(parts) == 1:
        return np.asarray(parts[0].float().cpu().numpy())
    return np.concatenate([part.float().cpu().numpy() for part in parts])
