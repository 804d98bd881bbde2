"""The folder of a product encoder: `encoder.json`, `weights.safetensors` and `featurizer/`, no pickle."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from models.network import ProductNetwork
from models.pretrained.kept_files import copy_or_share
from shelfspace.errors import ArtifactError
from shelfspace.files import atomic_directory, read_json, write_json
from shelfspace.hashing import file_hash, fingerprint, tree_hash
from shelfspace.settings import Model

__all__ = ["read_folder", "write_folder"]

FORMAT = 1
WEIGHTS = "weights.safetensors"


def write_folder(
    directory: Path, network: ProductNetwork, featurizer_dir: Path | None, described: Mapping[str, Any]
) -> str:
    """Write the folder, whole or not at all.

    Args:
        featurizer_dir: copied beside the weights where there is one.
        described: JSON-able; `model` and `spec`, which the network is built from, among it.

    Returns:
        The fingerprint: hash of the description, the weights and the featurizer.
    """
    with atomic_directory(directory) as folder:
        weights = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
        save_file(weights, str(folder / WEIGHTS))
        if featurizer_dir is not None:
            shutil.copytree(featurizer_dir, folder / "featurizer", copy_function=copy_or_share)
        manifest = {"format": FORMAT, **described}
        found = _content(folder, manifest)
        write_json(folder / "encoder.json", {**manifest, "fingerprint": found})
    return found


def read_folder(directory: Path) -> tuple[ProductNetwork, dict[str, Any], str]:
    """The network with its weights, what was described beside it, and the fingerprint.

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
        if _content(directory, manifest) != stored:
            raise ArtifactError(f"the encoder at {directory} is not what was saved; restore or retrain it")
        network = ProductNetwork(Model.model_validate(manifest["model"]), manifest["spec"])
        network.load_state_dict(load_file(str(directory / WEIGHTS)))
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ArtifactError(f"the encoder at {directory} is missing or damaged: {error}") from error
    return network, manifest, stored


def _content(folder: Path, manifest: Mapping[str, Any]) -> str:
    """Fingerprint of a folder's weights and featurizer with the given manifest."""
    featurizer = folder / "featurizer"
    return fingerprint(
        [manifest, file_hash(folder / WEIGHTS), tree_hash(featurizer) if featurizer.is_dir() else ""]
    )
