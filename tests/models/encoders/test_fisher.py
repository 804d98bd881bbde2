"""Dense SIFT and Fisher vectors: known edges, mirror images, and what is computed once a training."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.encoders import build_encoder
from models.encoders.image.dense_sift import DESCRIPTOR, dense_sift, mirrored
from models.encoders.image.fisher_vectors import FisherVectors
from models.features.table import FeatureTable
from models.network import ProductNetwork, describe_features
from tests.models.learning import features_table, quick_settings


def photo(seed: int, side: int = 64) -> torch.Tensor:
    coarse = torch.rand(1, 3, 9, 9, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, (side, side), mode="bilinear")[0]


def test_an_upright_edge_fills_the_directions_across_it():
    half = torch.zeros(3, 64, 64)
    half[:, :, 32:] = 1
    descriptors, places = dense_sift(half)
    by_direction = descriptors.reshape(-1, 16, 8).sum(dim=(0, 1))
    assert by_direction.argmax() == 0
    assert by_direction[1:].max() < 1e-3 * by_direction[0]
    # Far from the edge all is flat, and flat surroundings give no descriptor.
    assert (places[:, 1] - 0.5).abs().max() < 0.45
    assert torch.allclose(descriptors.norm(dim=1), torch.ones(len(descriptors)), atol=1e-4)


def test_a_white_photo_has_no_descriptor_and_the_plain_vector():
    white = torch.ones(3, 64, 64)
    assert dense_sift(white)[0].shape == (0, DESCRIPTOR)
    vectors = FisherVectors()
    assert torch.equal(vectors(white), -vectors.middle.expand(2, -1))


def test_the_mirror_image_needs_no_second_look():
    # A side on which the grid of points lies evenly, at every size of cell.
    one = photo(1, 128)
    seen, turned = dense_sift(one.flip(2)), mirrored(*dense_sift(one))
    assert len(seen[0]) == len(turned[0])
    apart = torch.cdist(torch.cat([turned[0], 50 * turned[1]], 1), torch.cat([seen[0], 50 * seen[1]], 1))
    assert apart.min(dim=1).values.median() < 1e-3


def test_fitted_vectors_tell_kinds_of_texture_apart_and_are_the_same_again():
    def stripes(row: int) -> torch.Tensor:
        across, down = torch.arange(64.0)[None, :], torch.arange(64.0)[:, None]
        wave = across if row % 2 else across + down
        return (0.5 + 0.4 * torch.sin(wave * (0.6 + 0.02 * row))).expand(64, 64).expand(3, 64, 64)

    photos = [stripes(row) for row in range(20)]
    vectors, again = FisherVectors(), FisherVectors()
    vectors.fit(photos)
    again.fit(photos)
    found = torch.stack([vectors(one)[0] for one in photos])
    assert torch.equal(found, torch.stack([again(one)[0] for one in photos]))
    assert torch.allclose(found.mean(dim=0), torch.zeros(vectors.size), atol=1e-5)
    found = torch.nn.functional.normalize(found, dim=1)
    near = (found @ found.T).fill_diagonal_(-1).argmax(dim=1)
    assert ((near - torch.arange(20)) % 2 == 0).all()


@pytest.mark.parametrize("photos", [1, 3])
def test_what_is_computed_once_is_what_would_be_computed_on_the_way(photos):
    table, _, _ = features_table(12, ("image", "tabular"), missing=0.3, frozen=False, photos=photos)
    spec = describe_features(table, 60, 3)
    network = ProductNetwork(quick_settings(model={"image": "fisher"}).model, spec)
    network.prepare(table, np.arange(12))
    network.eval()
    once = network.fixed(table)
    assert set(once.modalities["image"].values) - set(table.modalities["image"].values) == {"fisher"}
    there = np.flatnonzero(table.modalities["image"].present)
    encoder = network.encoders["image"]

    def vectors(of) -> torch.Tensor:
        arrays = of.modalities["image"].values.items()
        return encoder({key: torch.from_numpy(np.array(array[there])) for key, array in arrays})

    with torch.inference_mode():
        assert torch.equal(vectors(once), vectors(table))


def test_features_that_hold_the_vectors_already_are_taken_as_they_are():
    table, _, _ = features_table(8, ("image",), missing=0.0, frozen=False)
    part = table.modalities["image"]
    given = np.random.default_rng(0).normal(size=(8, 2, FisherVectors().size)).astype(np.float16)
    held = FeatureTable(table.product_ids, {"image": replace(part, values={**part.values, "fisher": given})})
    network = ProductNetwork(quick_settings(model={"image": "fisher"}).model, describe_features(held, 60, 3))
    network.prepare(held, np.arange(8))
    assert torch.equal(network.encoders["image"].fisher.centres, FisherVectors().centres)
    assert (network.fixed(held).modalities["image"].values["fisher"] == given).all()


def test_it_wants_pixels_and_statistics():
    from shelfspace.errors import SettingsError

    with pytest.raises(SettingsError, match="features lack histograms"):
        build_encoder("image", "fisher", {"pixels": (24, 24, 3)}, 16, 0.0)
