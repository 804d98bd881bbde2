"""The product encoder: the one object that turns products into vectors, for assets and service alike.

A folder of `encoder.json`, `weights.safetensors` and `featurizer/`. No pickle, nothing of the
training libraries, and a fingerprint that is the hash of the content.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from catalog.product import ProductInput
from models.device import resolve_device
from models.expert.expert import LinearExpert
from models.expert.pool import named
from models.features.table import FeatureTable
from models.inference.encoded import Encoded
from models.inference.folder import read_folder, write_folder
from models.inference.own import own_evidence, own_sizes, own_vectors, steadied
from models.inference.passes import Passes, batches, passes, stack
from models.network import Outputs, ProductNetwork, cut
from shelfspace.errors import ArtifactError, InputError
from shelfspace.settings import Media, Model

if TYPE_CHECKING:
    from models.features.featurizer import Featurizer

__all__ = ["Encoded", "ProductEncoder"]


class ProductEncoder:
    """A trained network with all that it needs to read raw products.

    Attributes:
        network: the weights, in evaluation mode.
        labels: category names, in the order of the probabilities.
        temperature: divides the category scores (`models.training.calibration`).
        log_price: mean and deviation of the training prices' logarithm.
        modalities: names the network reads.
        dim: length of a product vector.
        nested_dims: shorter lengths it was trained to be cut to (`training.nested_dims`).
        settled: how completion and temperature did beside the simple thing (`models.training.settling`).
        expert, labelled_by: the linear expert, or None; who names the category (`models.training.labelling`).
    """

    def __init__(
        self,
        model: Model,
        spec: Mapping[str, Any],
        network: ProductNetwork,
        labels: Sequence[str],
        *,
        temperature: float = 1.0,
        log_price: tuple[float, float] = (0.0, 1.0),
        featurizer_dir: Path | None = None,
        nested_dims: Sequence[int] = (),
        device: str = "cpu",
        expert: LinearExpert | None = None,
        labelled_by: Mapping[str, Any] | None = None,
        settled: Mapping[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.spec = dict(spec)
        self.device = resolve_device(device)
        self.network = network.to(self.device).eval()
        self.labels = list(labels)
        self.temperature = temperature
        self.log_price = log_price
        self.featurizer_dir = featurizer_dir
        self.modalities = list(network.modalities)
        self.dim = network.dim
        self.nested_dims = tuple(sorted(size for size in nested_dims if size < network.dim))
        self.expert = expert
        self.labelled_by = dict(labelled_by or {"network": 1.0})
        self.settled = dict(settled or {})
        self.own_maps: Mapping[str, np.ndarray] = {}
        self._featurizer: Featurizer | None = None
        self._fingerprint: str | None = None
        self._run: Passes | None = None

    def run_by(self, run: Passes | None) -> None:
        """Encode through another backend (`models.inference.backends`) from now on; None: by the network.

        One assignment: a call under way ends as it began.
        """
        self._run = run

    def save(self, directory: Path) -> None:
        """Write the folder, whole or not at all."""
        manifest = {
            "model": self.model.model_dump(mode="json"),
            "spec": self.spec,
            "labels": self.labels,
            "temperature": self.temperature,
            "log_price": list(self.log_price),
            "nested_dims": list(self.nested_dims),
        }
        if self.expert is not None:
            manifest["labelled_by"] = self.labelled_by
        if self.settled:
            manifest["settled"] = self.settled
        self._fingerprint = write_folder(directory, self.network, self.featurizer_dir, manifest, self.expert)

    @classmethod
    def load(cls, directory: Path, device: str = "cpu") -> "ProductEncoder":
        """Read a folder that `save` wrote.

        Args:
            device: cpu, cuda or auto.

        Raises:
            ArtifactError: a file is missing, of another format, or not the bytes that were saved.
        """
        network, expert, manifest, stored = read_folder(directory)
        encoder = cls(
            Model.model_validate(manifest["model"]),
            manifest["spec"],
            network,
            manifest["labels"],
            temperature=manifest["temperature"],
            log_price=(manifest["log_price"][0], manifest["log_price"][1]),
            featurizer_dir=directory / "featurizer" if (directory / "featurizer").is_dir() else None,
            # Encoders written before vectors could be cut say nothing of it.
            nested_dims=manifest.get("nested_dims", ()),
            device=device,
            expert=expert,
            labelled_by=manifest.get("labelled_by"),
            settled=manifest.get("settled"),
        )
        encoder._fingerprint = stored
        return encoder

    @property
    def fingerprint(self) -> str:
        """Hash of settings, weights and featurizer; equal encoders have equal fingerprints.

        Raises:
            ArtifactError: the encoder was neither saved nor loaded yet.
        """
        if self._fingerprint is None:
            raise ArtifactError("an encoder has a fingerprint once it is saved")
        return self._fingerprint

    @property
    def featurizer(self) -> "Featurizer":
        """What turns raw products into features; loaded when first asked for.

        Raises:
            ArtifactError: the encoder was saved without one.
        """
        if self._featurizer is None:
            if self.featurizer_dir is None:
                raise ArtifactError("this encoder was saved without a featurizer: give it feature tables")
            from models.features.featurizer import Featurizer

            self._featurizer = Featurizer.load(self.featurizer_dir)
        return self._featurizer

    def featurize(
        self,
        items: Sequence[ProductInput],
        ids: Sequence[str] | None = None,
        limits: Media | None = None,
        only_given: bool = False,
        queries: bool | Sequence[bool] = False,
    ) -> FeatureTable:
        """Raw products, or what a shopper asks for, to the features the network reads; see `Featurizer`."""
        return self.featurizer.featurize(items, ids, limits, only_given, queries)

    def encode_features(
        self, features: FeatureTable, only: Sequence[str] | None = None, batch_size: int = 256
    ) -> Encoded:
        """Vectors, probabilities and prices of n feature rows.

        Args:
            only: modalities to look at; the others count as absent.
            batch_size: rows in one pass; the numbers do not depend on it.

        Raises:
            InputError: a row has none of the modalities, or `only` names an unknown one.
        """
        vectors, logits, prices = [], [], []
        for said in (self._run or self.passes_eager)(features, only, batch_size):
            vectors.append(said.embedding)
            logits.append(said.logits)
            prices.append(said.price)
        mean, deviation = self.log_price
        return Encoded(
            vectors=stack(vectors, self.dim),
            probabilities=self._calibrated(logits),
            prices=np.exp(stack(prices, 0).ravel() * deviation + mean),
        )

    def classify_vectors(self, vectors: np.ndarray, batch_size: int = 4096) -> np.ndarray:
        """(n, classes) float32 calibrated probabilities of (n, dim) product vectors it made before."""
        parts = []
        with torch.inference_mode():
            for start in range(0, len(vectors), batch_size):
                # Copied, since the vectors of a release are mapped read-only.
                block = torch.from_numpy(np.array(vectors[start : start + batch_size])).to(self.device)
                parts.append(self.network.logits(block))
        return self._calibrated(parts)

    def _calibrated(self, logits: Sequence[torch.Tensor]) -> np.ndarray:
        scaled = stack(logits, len(self.labels)) / self.temperature
        return torch.softmax(torch.from_numpy(scaled), dim=1).numpy()

    def embed_features(
        self,
        features: FeatureTable,
        only: Sequence[str] | None = None,
        batch_size: int = 256,
        dim: int | None = None,
    ) -> np.ndarray:
        """Product vectors: n feature rows to (n, dim) float32 of unit length; see `encode_features`.

        Args:
            dim: length to cut the vectors to, one of `nested_dims`; None is the full length.

        Raises:
            InputError: also for a length the encoder was not trained to be cut to.
        """
        if dim not in (None, self.dim, *self.nested_dims):
            able = ", ".join(map(str, (*self.nested_dims, self.dim)))
            raise InputError("dim", dim, f"use one of {able}, or train with it in training.nested_dims")
        vectors = stack(
            [p.embedding for p in (self._run or self.passes_eager)(features, only, batch_size)], self.dim
        )
        return vectors if dim is None or dim == self.dim else cut(vectors, dim)

    @property
    def own_sizes(self) -> dict[str, int]:
        """Names and lengths of what `own_vectors` gives of the modalities that a shopper perceives."""
        return own_sizes(self.network)

    def own_vectors(self, features: FeatureTable, only: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Name to (n, d) float32: what modalities say before any training; see `models.inference.own`."""
        found = own_vectors(self.network, features, only, self.device)
        return {name: steadied(table, self.own_maps.get(name)) for name, table in found.items()}

    def own_evidence(self, features: FeatureTable, vectors: np.ndarray) -> list[dict[str, np.ndarray]]:
        """What each of n encoded queries is compared by beside its vector: name to (d,) float32, unit length.

        Args:
            vectors: (n, dim) of the queries by all they hold.
        """
        return own_evidence(self, features, vectors)

    def modality_weights(
        self, features: FeatureTable, only: Sequence[str] | None = None, batch_size: int = 256
    ) -> np.ndarray | None:
        """How much each modality counts in each product's vector, where the fusion has such weights.

        Returns:
            (n, M) float32 in the order of `modalities`, rows sum to 1; None for a fusion without
            weights. A modality the product lacks has 0, unless it was completed (`model.completion`).
        """
        found = []
        with torch.inference_mode():
            for values, present in batches(self.network, features, only, batch_size, self.device):
                weights = self.network.weights(self.network.encode(values, present), present)
                if weights is None:
                    return None
                found.append(weights)
        return stack(found, len(self.modalities))

    def classify_features(
        self, features: FeatureTable, only: Sequence[str] | None = None, batch_size: int = 256
    ) -> np.ndarray:
        """Category probabilities by whoever names the category: n feature rows to (n, classes) float32."""
        return self.labelled(features, self.encode_features(features, only, batch_size).probabilities, only)

    def labelled(
        self, features: FeatureTable, probabilities: np.ndarray, only: Sequence[str] | None = None
    ) -> np.ndarray:
        """Category probabilities by whoever names the category, given the network's (`encode_features`).

        The network's stay apart: search compares them with those of products' vectors (`classify_vectors`).
        """
        return named(self.expert, float(self.labelled_by["network"]), features, probabilities, only)

    def embed(self, items: Sequence[ProductInput], only: Sequence[str] | None = None) -> np.ndarray:
        """Product vectors of raw products: (n, dim) float32 of unit length."""
        return self.embed_features(self.featurize(items), only)

    def classify(self, items: Sequence[ProductInput], only: Sequence[str] | None = None) -> np.ndarray:
        """Category probabilities of raw products: (n, classes) float32."""
        return self.classify_features(self.featurize(items), only)

    def passes_eager(
        self, features: FeatureTable, only: Sequence[str] | None, batch_size: int
    ) -> Iterator[Outputs]:
        """What the network says, in eager PyTorch whatever `run_by` was told."""
        return passes(self.network, features, only, batch_size, self.device)
