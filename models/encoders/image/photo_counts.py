"""Fixed counts of a photo: oriented gradients and colours, which need no training rows to be seen.

Histograms of oriented gradients (Dalal & Triggs 2005) and joint colour histograms (Swain & Ballard
1991). On some hundreds of photos they tell more than filters learnt from nothing.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["COUNTS", "photo_counts", "shares"]

CELLS, BINS = 8, 9
GRADIENTS = CELLS * CELLS * BINS
COLOURS, PLACES = 8 * 4 * 4, 2 * 2 * 4 * 4 * 4
COUNTS = GRADIENTS + COLOURS + PLACES
"""Numbers per photo."""


def photo_counts(photo: Tensor) -> Tensor:
    """(B, 3, S, S) float in 0..1, S at least 16, to (B, COUNTS); gives no gradient."""
    with torch.no_grad():
        photo = photo.float().clamp(0, 1)
        return torch.cat([_gradients(photo), _colours(photo), _places(photo)], dim=1)


def _gradients(photo: Tensor) -> Tensor:
    """9 unsigned directions in 8 x 8 cells, each over the energy of its neighbourhood."""
    grey = functional.pad(photo.mean(dim=1, keepdim=True), (1, 1, 1, 1), mode="replicate")
    across = grey[:, :, 1:-1, 2:] - grey[:, :, 1:-1, :-2]
    down = grey[:, :, 2:, 1:-1] - grey[:, :, :-2, 1:-1]
    place = (torch.atan2(down, across) % math.pi) * (BINS / math.pi)
    centres = torch.arange(BINS, device=photo.device, dtype=photo.dtype)[None, :, None, None] + 0.5
    away = (place - centres).abs()
    share = (1 - torch.minimum(away, BINS - away)).clamp_min(0)
    cells = functional.adaptive_avg_pool2d(share * torch.hypot(across, down), CELLS)
    energy = functional.avg_pool2d(cells.square().sum(dim=1, keepdim=True), 3, 1, 1, count_include_pad=False)
    return (cells / (energy + 1e-4).sqrt()).flatten(1)


def _colours(photo: Tensor) -> Tensor:
    """Square roots of the shares of 8 hues x 4 saturations x 4 values."""
    high, low = photo.amax(dim=1), photo.amin(dim=1)
    spread = high - low
    red, green, blue = photo.unbind(dim=1)
    safe = spread.clamp_min(1e-6)
    hue = torch.where(
        high == red,
        (green - blue) / safe % 6,
        torch.where(high == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    saturation = spread / high.clamp_min(1e-6)
    bins = (_bin(hue / 6, 8) * 4 + _bin(saturation, 4)) * 4 + _bin(high, 4)
    return shares(bins.flatten(1), COLOURS)


def _places(photo: Tensor) -> Tensor:
    """Square roots of the shares of 4 x 4 x 4 colours in each quarter of the photo."""
    red, green, blue = (_bin(channel, 4) for channel in photo.unbind(dim=1))
    side = photo.shape[-1]
    half = (torch.arange(side, device=photo.device) * 2 // side).clamp_max(1)
    quarter = half[:, None] * 2 + half[None, :]
    bins = ((quarter * 4 + red) * 4 + green) * 4 + blue
    return shares(bins.flatten(1), PLACES)


def _bin(x: Tensor, bins: int) -> Tensor:
    return (x * bins).long().clamp(0, bins - 1)


def shares(bins: Tensor, size: int) -> Tensor:
    """(B, P) bin numbers to (B, size) square roots of their shares."""
    counts = torch.zeros(bins.shape[0], size, device=bins.device)
    counts.scatter_add_(1, bins, torch.ones_like(bins, dtype=counts.dtype))
    return (counts / bins.shape[1]).sqrt()
