"""The product encoder: the one object that turns products into vectors, for assets and service alike.

A folder of `encoder.json`, `weights.safetensors` and `featurizer/`. No pickle, nothing of the
training libraries, and a fingerprint that is the hash of the content.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from catalog.errors import ArtifactError, InputError
from catalog.files import atomic_directory, read_json, write_json
from catalog.hashing import file_hash, fingerprint, tree_hash
from catalog.settings import Media, Model
from models.device import resolve_device
from models.features import FeatureTable
from models.inputs.item import ProductInput
from models.nested import cut
from models.network import Outputs, ProductNetwork, batch_values

if TYPE_CHECKING:
    from models.featurizer import Featurizer

__all__ = ["Encoded", "ProductEncoder"]

FORMAT = 1
WEIGHTS = "weights.safetensors"


@dataclass(frozen=True)
class Encoded:
    """What one pass says of n products.

    Attributes:
        vectors: (n, dim) float32 of unit length.
        probabilities: (n, classes) float32; each row sums to 1.
        prices: (n,) float32 in the catalogue's currency, from vectors that saw no price.
    """

    vectors: np.ndarray
    probabilities: np.ndarray
    prices: np.ndarray


class ProductEncoder:
    """A trained network with all that it needs to read raw products.

    Attributes:
        network: the weights, in evaluation mode.
        labels: category names, in the order of the probabilities.
        temperature: divides the category scores (`models.calibration`).
        log_price: mean and deviation of the training prices' logarithm.
        modalities: names the network reads.
        dim: length of a product vector.
        nested_dims: shorter lengths it was trained to be cut to (`training.nested_dims`).
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
        self._featurizer: Featurizer | None = None
        self._fingerprint: str | None = None

    def save(self, directory: Path) -> None:
        """Write the folder, whole or not at all."""
        with atomic_directory(directory) as folder:
            weights = {k: v.detach().cpu().contiguous() for k, v in self.network.state_dict().items()}
            save_file(weights, str(folder / WEIGHTS))
            if self.featurizer_dir is not None:
                shutil.copytree(self.featurizer_dir, folder / "featurizer")
            manifest = {
                "format": FORMAT,
                "model": self.model.model_dump(mode="json"),
                "spec": self.spec,
                "labels": self.labels,
                "temperature": self.temperature,
                "log_price": list(self.log_price),
                "nested_dims": list(self.nested_dims),
            }
            self._fingerprint = _content(folder, manifest)
            write_json(folder / "encoder.json", {**manifest, "fingerprint": self._fingerprint})

    @classmethod
    def load(cls, directory: Path, device: str = "cpu") -> "ProductEncoder":
        """Read a folder that `save` wrote.

        Args:
            device: cpu, cuda or auto.

        Raises:
            ArtifactError: a file is missing, of another format, or not the bytes that were saved.
        """
        try:
            manifest = read_json(directory / "encoder.json")
            stored = manifest.pop("fingerprint")
            if manifest["format"] != FORMAT:
                raise ArtifactError(
                    f"the encoder at {directory} has format {manifest['format']}, not {FORMAT}: retrain it"
                )
            found = _content(directory, manifest)
            if found != stored:
                raise ArtifactError(
                    f"the encoder at {directory} is not what was saved; restore or retrain it"
                )
            model = Model.model_validate(manifest["model"])
            network = ProductNetwork(model, manifest["spec"])
            network.load_state_dict(load_file(str(directory / WEIGHTS)))
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise ArtifactError(f"the encoder at {directory} is missing or damaged: {error}") from error
        encoder = cls(
            model,
            manifest["spec"],
            network,
            manifest["labels"],
            temperature=manifest["temperature"],
            log_price=(manifest["log_price"][0], manifest["log_price"][1]),
            featurizer_dir=directory / "featurizer" if (directory / "featurizer").is_dir() else None,
            # Encoders written before vectors could be cut say nothing of it.
            nested_dims=manifest.get("nested_dims", ()),
            device=device,
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
            from models.featurizer import Featurizer

            self._featurizer = Featurizer.load(self.featurizer_dir)
        return self._featurizer

    def featurize(
        self, items: Sequence[ProductInput], ids: Sequence[str] | None = None, limits: Media | None = None
    ) -> FeatureTable:
        """Raw products to the features the network reads; media over the limits raise MediaError."""
        return self.featurizer.featurize(items, ids=ids, limits=limits or Media())

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
        parts = list(self._passes(features, only, batch_size))
        logits = _stack([p.logits for p in parts], len(self.labels)) / self.temperature
        mean, deviation = self.log_price
        return Encoded(
            vectors=_stack([p.embedding for p in parts], self.dim),
            probabilities=torch.softmax(torch.from_numpy(logits), dim=1).numpy(),
            prices=np.exp(_stack([p.price[:, None] for p in parts], 1)[:, 0] * deviation + mean),
        )

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
        vectors = _stack([p.embedding for p in self._passes(features, only, batch_size)], self.dim)
        return vectors if dim is None or dim == self.dim else cut(vectors, dim)

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
            for values, present in self._batches(features, only, batch_size):
                weights = self.network.weights(self.network.encode(values, present), present)
                if weights is None:
                    return None
                found.append(weights)
        return _stack(found, len(self.modalities))

    def classify_features(
        self, features: FeatureTable, only: Sequence[str] | None = None, batch_size: int = 256
    ) -> np.ndarray:
        """Category probabilities: n feature rows to (n, classes) float32; see `encode_features`."""
        return self.encode_features(features, only, batch_size).probabilities

    def embed(self, items: Sequence[ProductInput], only: Sequence[str] | None = None) -> np.ndarray:
        """Product vectors of raw products: (n, dim) float32 of unit length."""
        return self.embed_features(self.featurize(items), only)

    def classify(self, items: Sequence[ProductInput], only: Sequence[str] | None = None) -> np.ndarray:
        """Category probabilities of raw products: (n, classes) float32."""
        return self.classify_features(self.featurize(items), only)

    def _batches(
        self, features: FeatureTable, only: Sequence[str] | None, batch_size: int
    ) -> Iterator[tuple[dict[str, dict[str, torch.Tensor]], torch.Tensor]]:
        """Values and presence batch by batch, the rows in order."""
        unknown = set(only or ()) - set(self.modalities)
        if unknown:
            raise InputError("only", sorted(unknown), f"this encoder reads {', '.join(self.modalities)}")
        seen = features if only is None else features.only(list(only))
        readable = np.zeros(len(seen), dtype=bool)
        for name in self.modalities:
            if name in seen.modalities:
                readable |= seen.modalities[name].present
        if not readable.all():
            first = seen.product_ids[int(np.flatnonzero(~readable)[0])]
            wanted = ", ".join(self.modalities if only is None else only)
            raise InputError(
                "product", first, f"it has none of {wanted}; leave it out, or give it at least one of them"
            )
        for start in range(0, len(seen), batch_size):
            rows = np.arange(start, min(start + batch_size, len(seen)))
            yield batch_values(seen, self.modalities, rows, self.device)

    def _passes(
        self, features: FeatureTable, only: Sequence[str] | None, batch_size: int
    ) -> Iterator[Outputs]:
        """Run the network batch by batch, on the rows in order."""
        tabular = self.modalities.index("tabular") if "tabular" in self.modalities else None
        with torch.inference_mode():
            for values, present in self._batches(features, only, batch_size):
                vectors = self.network.encode(values, present)
                embedding = self.network.fuse(vectors, present)
                blind = embedding
                if tabular is not None:
                    hidden = present.clone()
                    hidden[:, tabular] = False
                    blind = self.network.fuse(vectors, hidden)
                yield Outputs(embedding, self.network.logits(embedding), self.network.log_price(blind))


def _content(folder: Path, manifest: Mapping[str, Any]) -> str:
    """Fingerprint of a folder's weights and featurizer with the given manifest."""
    featurizer = folder / "featurizer"
    return fingerprint(
        [manifest, file_hash(folder / WEIGHTS), tree_hash(featurizer) if featurizer.is_dir() else ""]
    )


def _stack(parts: Sequence[torch.Tensor], width: int) -> np.ndarray:
    """Batches as one float32 array on the host; (0, width) where there are none."""
    if not parts:
        return np.zeros((0, width), dtype=np.float32)
    return np.concatenate([part.float().cpu().numpy() for part in parts])
