"""Fisher vectors: how a photo's descriptors lie beside those of the training photos.

A Gaussian mixture is fitted on descriptors of training photos; a photo is the gradient of its own
descriptors' likelihood (Perronnin, Sanchez & Mensink 2010), places included (Sanchez, Perronnin &
de Campos 2012). Before pretrained networks nothing told small sets of photos better apart.
"""

import math
import warnings
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from models.encoders.image.dense_sift import DESCRIPTOR, PLACE, dense_sift, mirrored

__all__ = ["FisherVectors"]

REDUCED = 64
COMPONENTS = 64
PHOTOS, EACH = 400, 75
"""Training photos, and descriptors of each, that the mixture is fitted on."""
FLOOR = 1e-4
"""Least variance of a component."""


class FisherVectors(nn.Module):
    """Photos to vectors of `size` numbers; fixed once fitted, so no gradient passes."""

    mean: Tensor
    basis: Tensor
    centres: Tensor
    deviations: Tensor
    shares: Tensor
    middle: Tensor

    def __init__(self) -> None:
        super().__init__()
        width = REDUCED + PLACE
        self.size = 2 * COMPONENTS * width
        # Random until fitted, so that components differ.
        generator = torch.Generator().manual_seed(0)
        self.register_buffer("mean", torch.zeros(DESCRIPTOR))
        self.register_buffer("basis", torch.randn(DESCRIPTOR, REDUCED, generator=generator) / DESCRIPTOR**0.5)
        self.register_buffer("centres", torch.randn(COMPONENTS, width, generator=generator))
        self.register_buffer("deviations", torch.ones(COMPONENTS, width))
        self.register_buffer("shares", torch.full((COMPONENTS,), 1 / COMPONENTS))
        self.register_buffer("middle", torch.zeros(self.size))

    def fit(self, photos: Sequence[Tensor], seed: int = 0) -> None:
        """Fit on training photos, each (3, S, S) in 0..1; with too few descriptors all stays random."""
        from sklearn.decomposition import PCA
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture

        chosen = np.linspace(0, len(photos) - 1, min(len(photos), PHOTOS)).astype(int)
        seen = [dense_sift(photos[i]) for i in chosen]
        random = np.random.default_rng(seed)
        picks = [random.permutation(len(found))[:EACH] for found, _ in seen]
        descriptors = np.concatenate([f.numpy()[p] for (f, _), p in zip(seen, picks, strict=True)])
        places = torch.cat([w[torch.from_numpy(p)] for (_, w), p in zip(seen, picks, strict=True)])
        if len(descriptors) < 4 * COMPONENTS:
            return
        pca = PCA(REDUCED, random_state=seed).fit(descriptors)
        scale = np.sqrt(np.maximum(pca.explained_variance_, 1e-8))
        self.mean.copy_(torch.from_numpy(pca.mean_))
        self.basis.copy_(torch.from_numpy((pca.components_ / scale[:, None]).T))
        points = self._points(torch.from_numpy(descriptors), places).numpy()
        mixture = GaussianMixture(
            COMPONENTS, covariance_type="diag", max_iter=30, init_params="k-means++",
            reg_covar=FLOOR, random_state=seed,
        )  # fmt: skip
        with warnings.catch_warnings():
            # A codebook need not have converged to be one.
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture.fit(points)
        self.centres.copy_(torch.from_numpy(mixture.means_))
        self.deviations.copy_(torch.from_numpy(np.sqrt(mixture.covariances_)))
        self.shares.copy_(torch.from_numpy(mixture.weights_))
        self.middle.copy_(torch.stack([self._encode(*found) for found in seen]).mean(dim=0))

    def forward(self, photo: Tensor) -> Tensor:
        """A photo (3, S, S) in 0..1 and its mirror image to (2, size), centred, of length about 1."""
        with torch.no_grad():
            found = dense_sift(photo)
            both = torch.stack([self._encode(*found), self._encode(*mirrored(*found))])
            return both - self.middle

    def _points(self, descriptors: Tensor, places: Tensor) -> Tensor:
        """(N, 128) and (N, 2) to (N, 66): whitened principal components, and the place."""
        return torch.cat([(descriptors - self.mean) @ self.basis, (places - 0.5) * 4], dim=1)

    def _encode(self, descriptors: Tensor, places: Tensor) -> Tensor:
        """Gradients by means and deviations (Sanchez 2013, eq. 17 and 18), signed root, length 1: (size,)."""
        if not len(descriptors):
            return torch.zeros_like(self.middle)
        points = self._points(descriptors, places)
        exact = 1 / self.deviations.square()
        distance = (
            points.square() @ exact.T
            - 2 * points @ (self.centres * exact).T
            + (self.centres.square() * exact).sum(dim=1)
        )
        height = self.shares.clamp_min(1e-12).log() - self.deviations.log().sum(dim=1)
        belongs = (height - distance / 2).softmax(dim=1)
        mass, first = belongs.sum(dim=0)[:, None], belongs.T @ points
        second = belongs.T @ points.square()
        root = self.shares.clamp_min(1e-12).sqrt()[:, None]
        by_mean = (first - mass * self.centres) / self.deviations / root
        spread = second - 2 * first * self.centres + mass * self.centres.square()
        by_deviation = (spread * exact - mass) / (root * math.sqrt(2))
        vector = torch.cat([by_mean.flatten(), by_deviation.flatten()]) / len(points)
        vector = vector.sign() * vector.abs().sqrt()
        return vector / vector.norm().clamp_min(1e-12)
