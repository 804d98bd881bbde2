"""Fixed statistics of a photo beyond `photo_counts`: textures at three scales, and where the thing is.

Local binary patterns (Ojala 2002), uniform ones apart, in grey at full, half and quarter size and in
two opponent colours; oriented gradients in coarser cells; and the extent of what is not background.
They tell on some hundreds of photos what a network trained on them alone does not find.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.encoders.image.photo_counts import COLOURS, GRADIENTS, PLACES, photo_counts, shares
from models.inputs.arrays import Fitted, array
from models.inputs.media_file import in_threads
from models.inputs.photos import Photo, pixels_fingerprint
from shelfspace.hashing import fingerprint

__all__ = ["COLUMNS", "STATISTICS", "photo_histograms", "photo_statistics"]

HISTOGRAMS_CODE = "1"
"""Changes when the same photo would get other numbers."""

PATTERNS = 59
"""58 uniform patterns of eight neighbours, and one for all others."""
NEIGHBOURS = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))
THRESHOLD = 2 / 255
"""A neighbour counts as brighter from this difference on: flat background has no pattern."""

STATISTICS = {
    "gradients": GRADIENTS,
    "colours": COLOURS,
    "places": PLACES,
    "blocks": 7 * 7 * 36,
    "coarse blocks": 3 * 3 * 36,
    "extent": 8,
    "patterns": 16 * PATTERNS,
    "patterns at half size": 16 * PATTERNS,
    "patterns at quarter size": 4 * PATTERNS,
    "patterns in quarters": 8 * PATTERNS,
    "patterns of colour": 8 * PATTERNS,
}
"""Group name to its number of columns, in the order of the columns."""

COLUMNS = sum(STATISTICS.values())


def photo_histograms(pixels: np.ndarray) -> np.ndarray:
    """Statistics of photos and of their mirror images: (n, S, S, 3) uint8 to (n, 2, COLUMNS) float16.

    A photo a call: what a photo gives does not depend on its neighbours, not even by a bit.
    """
    found = np.zeros((len(pixels), 2, COLUMNS), dtype=np.float16)
    for row, one in enumerate(pixels):
        photo = torch.from_numpy(np.ascontiguousarray(one)).permute(2, 0, 1).float() / 255
        both = torch.stack([photo, photo.flip(2)])
        found[row] = photo_statistics(both).numpy().astype(np.float16)
    return found


@array(
    "image",
    "histograms",
    shape=lambda fitted: ((2, COLUMNS), "<f2"),
    fingerprint=lambda fitted: fingerprint([pixels_fingerprint(fitted), HISTOGRAMS_CODE]),
)
def histograms(fitted: Fitted, photos: Sequence[Photo]) -> np.ndarray:
    """(n, 2, COLUMNS) float16, see `photo_histograms`."""
    return photo_histograms(np.stack(in_threads(lambda photo: photo.pixels, photos)))


def photo_statistics(photo: Tensor) -> Tensor:
    """(B, 3, S, S) float in 0..1, S at least 32, to (B, columns of STATISTICS); gives no gradient."""
    with torch.no_grad():
        photo = photo.float().clamp(0, 1)
        red, green, blue = photo.unbind(dim=1)
        grey = 0.299 * red + 0.587 * green + 0.114 * blue
        half, quarter = _smaller(grey, 2), _smaller(grey, 4)
        opponents = (red - green, (red + green - 2 * blue) / 2)
        return torch.cat(
            [
                photo_counts(photo),
                _blocks(grey, 8),
                _blocks(grey, 4),
                _extent(photo),
                _patterns(grey, 4),
                _patterns(half, 4),
                _patterns(quarter, 2),
                _patterns(grey, 2),
                _patterns(half, 2),
                *(_patterns(_smaller(colour, 2), 2) for colour in opponents),
            ],
            dim=1,
        )


def _smaller(grey: Tensor, factor: int) -> Tensor:
    return functional.avg_pool2d(grey[:, None], factor)[:, 0]


def _uniform() -> Tensor:
    """(256,) number of each pattern: 1..58 where its ring changes at most twice, else 0."""
    codes = np.arange(256)
    turned = (codes >> 1) | ((codes & 1) << 7)
    changes = np.array([int(code).bit_count() for code in codes ^ turned])
    return torch.from_numpy(np.where(changes <= 2, np.cumsum(changes <= 2), 0))


def _patterns(grey: Tensor, grid: int) -> Tensor:
    """(B, S, S) to (B, grid * grid * 59): square roots of the shares of patterns in each field."""
    side = grey.shape[-1]
    centre = grey[:, 1:-1, 1:-1]
    code = torch.zeros(centre.shape, dtype=torch.long, device=grey.device)
    for bit, (i, j) in enumerate(NEIGHBOURS):
        beside = grey[:, 1 + i : side - 1 + i, 1 + j : side - 1 + j]
        code |= (beside > centre + THRESHOLD).long() << bit
    pattern = _uniform().to(grey.device)[code].clamp_max(PATTERNS - 1)
    field = torch.arange(side - 2, device=grey.device) * grid // (side - 2)
    place = (field[:, None] * grid + field[None, :]) * PATTERNS
    # Shares of the whole photo, scaled so that each field's sum to one.
    return shares((pattern + place).flatten(1), grid * grid * PATTERNS) * grid


def _blocks(grey: Tensor, cells: int) -> Tensor:
    """Histograms of 9 directions, normalised over every 2 x 2 of the cells (Dalal & Triggs 2005)."""
    bright = grey.clamp_min(0).sqrt()
    across, down = torch.zeros_like(bright), torch.zeros_like(bright)
    across[:, :, 1:-1] = bright[:, :, 2:] - bright[:, :, :-2]
    down[:, 1:-1] = bright[:, 2:] - bright[:, :-2]
    place = torch.atan2(down, across) % torch.pi * (9 / torch.pi)
    centres = torch.arange(9, device=grey.device)[None, :, None, None] + 0.5
    away = (place[:, None] - centres).abs()
    share = (1 - torch.minimum(away, 9 - away)).clamp_min(0)
    found = functional.adaptive_avg_pool2d(share * torch.hypot(across, down)[:, None], cells)
    squares = functional.unfold(found, 2).transpose(1, 2)  # (B, blocks, 36)
    clipped = functional.normalize(squares, dim=2, eps=1e-2).clamp_max(0.2)
    return functional.normalize(clipped, dim=2, eps=1e-2).flatten(1)


def _extent(photo: Tensor) -> Tensor:
    """(B, 8): height, width, log ratio, filled share of photo and box, saturation, value, its deviation."""
    thing = (photo < 0.96).any(dim=1)
    height = thing.any(dim=2).float().mean(dim=1)
    width = thing.any(dim=1).float().mean(dim=1)
    filled = thing.float().mean(dim=(1, 2))
    high, low = photo.amax(dim=1), photo.amin(dim=1)
    count = thing.sum(dim=(1, 2)).clamp_min(1)
    saturation = (((high - low) / high.clamp_min(1e-6)) * thing).sum(dim=(1, 2)) / count
    value = (high * thing).sum(dim=(1, 2)) / count
    deviation = ((high - value[:, None, None]).square() * thing).sum(dim=(1, 2)).div(count).sqrt()
    ratio = (height.clamp_min(0.01) / width.clamp_min(0.01)).log()
    box = filled / (height * width).clamp_min(1e-4)
    return torch.stack([height, width, ratio, filled, box, saturation, value, deviation], dim=1)
