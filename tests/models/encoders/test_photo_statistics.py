"""Photo statistics say what they are named for, and random features are near their kernel."""

import numpy as np
import torch

from models.encoders.image.kernel_features import KernelFeatures
from models.encoders.image.photo_textures import STATISTICS, photo_histograms, photo_statistics

SIDE = 64


def group(found: torch.Tensor, name: str) -> torch.Tensor:
    ends = dict(zip(STATISTICS, np.cumsum(list(STATISTICS.values())), strict=True))
    return found[:, ends[name] - STATISTICS[name] : ends[name]]


def box(height: int, width: int, colour: tuple[float, float, float]) -> torch.Tensor:
    photo = torch.ones(1, 3, SIDE, SIDE)
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    photo[0, :, top : top + height, left : left + width] = torch.tensor(colour)[:, None, None]
    return photo


def test_extent_is_height_width_and_fill() -> None:
    height, width, ratio, filled, in_box, saturation, value, deviation = group(
        photo_statistics(box(32, 16, (1.0, 0.0, 0.0))), "extent"
    )[0].tolist()
    assert (height, width) == (0.5, 0.25)
    assert abs(ratio - np.log(2)) < 1e-5
    assert (filled, in_box, saturation, value) == (0.125, 1.0, 1.0, 1.0)
    assert deviation < 1e-3


def test_an_empty_photo_is_finite() -> None:
    assert torch.isfinite(photo_statistics(torch.ones(2, 3, SIDE, SIDE))).all()
    assert torch.isfinite(photo_statistics(torch.zeros(1, 3, 33, 33))).all()


def test_patterns_tell_textures_apart_and_ignore_brightness() -> None:
    generator = torch.Generator().manual_seed(0)
    grain = torch.rand(1, 1, SIDE, SIDE, generator=generator).expand(1, 3, SIDE, SIDE) * 0.5
    stripes = torch.zeros(1, 3, SIDE, SIDE)
    stripes[:, :, :, ::4] = 0.5
    plain, brighter, other = (
        group(photo_statistics(photo), "patterns") for photo in (grain, grain + 0.3, stripes)
    )
    assert (plain - brighter).abs().max() < 1e-3
    assert (plain - other).abs().max() > 0.2
    # Each of the 4 x 4 fields holds shares that sum to one.
    assert torch.allclose(plain.square().reshape(16, -1).sum(dim=1), torch.ones(16), atol=0.15)


def test_a_mirrored_photo_gives_the_second_row() -> None:
    photo = (torch.rand(SIDE, SIDE, 3, generator=torch.Generator().manual_seed(1)) * 255).to(torch.uint8)
    both = photo_histograms(torch.stack([photo, photo.flip(1)]).numpy())
    assert np.array_equal(both[0], both[1][::-1])
    assert not np.array_equal(both[0][0], both[0][1])


def test_dot_products_are_near_the_mean_of_the_groups_kernels() -> None:
    rows = np.random.default_rng(0).normal(size=(60, 30)).astype(np.float32)
    layer = KernelFeatures({"a": 10, "b": 20}, features=4096)
    layer.prepare(rows)
    with torch.no_grad():
        found = layer(torch.from_numpy(rows))
    kernels = []
    for part in (rows[:, :10], rows[:, 10:]):
        scaled = (part - part.mean(axis=0)) / part.std(axis=0)
        distance = np.linalg.norm(scaled[:, None] - scaled[None], axis=2)
        median = np.median(distance[np.triu_indices(60, 1)])
        kernels.append(np.exp(-((distance / median) ** 2)))
    assert np.abs((found @ found.T).numpy() - np.mean(kernels, axis=0)).max() < 0.06


def test_equal_seeds_give_equal_directions_and_few_rows_do_no_harm() -> None:
    one, other = KernelFeatures({"a": 3}, features=8), KernelFeatures({"a": 3}, features=8)
    rows = np.ones((1, 3), dtype=np.float32)
    one.prepare(rows)
    other.prepare(rows[:0])
    assert torch.equal(one.groups[0].directions, other.groups[0].directions)
    assert torch.isfinite(one(torch.ones(2, 3))).all()
