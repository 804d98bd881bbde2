"""Category paths level by level: `Home > Lamps > Desk` is also a `Home > Lamps` and a `Home`."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from models.training.losses import label_loss

__all__ = ["PathHeads", "path_levels"]

SEPARATOR = " > "


def path_levels(names: Sequence[str]) -> list[list[int]]:
    """Which node each label belongs to, for every level above the labels themselves.

    Args:
        names: label names, nodes joined by " > ".

    Returns:
        one list a level, the shortest paths first, of the labels' node numbers; -1 where a label's
        path is no longer than the level. Levels of fewer than two nodes teach nothing and are left out.
    """
    paths = [name.split(SEPARATOR) for name in names]
    levels = []
    for depth in range(1, max((len(path) for path in paths), default=0)):
        heads = [SEPARATOR.join(path[:depth]) if len(path) > depth else "" for path in paths]
        index = {head: i for i, head in enumerate(sorted(set(heads) - {""}))}
        if len(index) > 1:
            levels.append([index.get(head, -1) for head in heads])
    return levels


class PathHeads(nn.Module):
    """One linear head a level; they guide training and are not kept with the encoder.

    Args:
        dim: length of the product vector.
        names: label names; a flat list of names gives no head and no loss.
    """

    def __init__(self, dim: int, names: Sequence[str]) -> None:
        super().__init__()
        levels = path_levels(names)
        self.heads = nn.ModuleList(nn.Linear(dim, max(level) + 1) for level in levels)
        self.register_buffer(
            "nodes", torch.tensor(levels or [[-1] * len(names)], dtype=torch.int64), persistent=False
        )

    nodes: Tensor

    def loss(self, vectors: Tensor, labels: Tensor, smoothing: float) -> Tensor | None:
        """Mean over the levels of the cross-entropy: (B, dim) scaled vectors, (B,) labels, -1 unknown."""
        found = []
        for head, nodes in zip(self.heads, self.nodes, strict=False):
            known = torch.where(labels >= 0, nodes[labels.clamp_min(0)], -1)
            logits = head(vectors)
            even = torch.ones(logits.shape[1], device=logits.device)
            part = label_loss(logits, known, even, smoothing)
            if part is not None:
                found.append(part)
        return torch.stack(found).mean() if found else None
