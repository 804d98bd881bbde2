"""Dense SIFT: what edges run where, around every point of a grid (Lowe 2004; Bosch 2007, dense).

Around a point lie 4 x 4 cells; each holds a histogram of eight edge directions, and a pixel counts in
the cells it is near to. Pooling on a regular grid is two matrix products a scale.
"""

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["DESCRIPTOR", "PLACE", "dense_sift", "mirrored"]

DIRECTIONS, CELLS = 8, 4
DESCRIPTOR = CELLS * CELLS * DIRECTIONS
PLACE = 2

SIZES = (4, 6, 8, 11)
"""Pixels a side of a cell, on photos of 128 pixels a side."""
STRIDE = 4
"""Pixels between points."""
FLAT = 0.05
"""Descriptors shorter than this, for pixels in 0..1, say nothing but noise."""
CLIP = 0.2


@lru_cache(maxsize=64)
def _pooling(side: int, cell: int) -> tuple[Tensor, Tensor]:
    """(points * 4, side) triangular weights of the cells along one axis, and (points,) centres in 0..1."""
    starts = torch.arange(0, side - CELLS * cell + 1, STRIDE).float()
    centres = starts[:, None] + (torch.arange(CELLS) + 0.5) * cell
    pixels = torch.arange(side) + 0.5
    weights = (1 - (pixels[None] - centres.reshape(-1, 1)).abs() / cell).clamp_min(0)
    return weights, (starts + CELLS * cell / 2) / side


@lru_cache(maxsize=64)
def _blur(side: int, deviation: float) -> Tensor:
    """(side, side) Gaussian smoothing along one axis; the border repeats its own weight."""
    pixels = torch.arange(side).float()
    weights = torch.exp(-((pixels[:, None] - pixels[None]) ** 2) / (2 * deviation**2))
    return weights / weights.sum(dim=1, keepdim=True)


def _edges(grey: Tensor) -> Tensor:
    """(S, S) to (8, S, S): strength of the edge at each pixel, shared by the two nearest directions."""
    padded = functional.pad(grey[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]
    across, down = padded[1:-1, 2:] - padded[1:-1, :-2], padded[2:, 1:-1] - padded[:-2, 1:-1]
    strength = (across.square() + down.square()).sqrt()
    direction = torch.atan2(down, across) * (DIRECTIONS / (2 * torch.pi))
    bins = torch.arange(DIRECTIONS, device=grey.device)[:, None, None]
    apart = torch.remainder(direction - bins + DIRECTIONS / 2, DIRECTIONS) - DIRECTIONS / 2
    return strength * (1 - apart.abs()).clamp_min(0)


def dense_sift(photo: Tensor) -> tuple[Tensor, Tensor]:
    """(3, S, S) float in 0..1, S at least 32, to (N, 128) descriptors and (N, 2) places in 0..1.

    Descriptors are clipped (Lowe 2004, section 6.1), of unit length, and rooted (Arandjelovic &
    Zisserman 2012); flat surroundings give none, so N differs from photo to photo.
    """
    grey, side = photo.float().mean(dim=0), photo.shape[-1]
    found, places = [], []
    for size in SIZES:
        cell = max(2, round(size * side / 128))
        smooth = _blur(side, cell / 6).to(grey.device)
        weights, centres = (part.to(grey.device) for part in _pooling(side, cell))
        pooled = weights @ _edges(smooth @ grey @ smooth.T) @ weights.T
        points = len(centres)
        pooled = pooled.reshape(DIRECTIONS, points, CELLS, points, CELLS).permute(1, 3, 2, 4, 0)
        found.append(pooled.reshape(points * points, DESCRIPTOR))
        places.append(torch.cartesian_prod(centres, centres))
    descriptors, where = torch.cat(found), torch.cat(places)
    length = descriptors.norm(dim=1)
    kept = length > FLAT
    descriptors = (descriptors[kept] / length[kept, None]).clamp_max(CLIP)
    return (descriptors / descriptors.sum(dim=1, keepdim=True)).sqrt(), where[kept]


def mirrored(descriptors: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """What `dense_sift` finds in the photo's mirror image, without looking again."""
    parts = descriptors.reshape(-1, CELLS, CELLS, DIRECTIONS).flip(2)
    turned = (DIRECTIONS // 2 - torch.arange(DIRECTIONS)) % DIRECTIONS
    swapped = torch.stack([places[:, 0], 1 - places[:, 1]], dim=1)
    return parts[..., turned.to(parts.device)].reshape(-1, DESCRIPTOR), swapped
