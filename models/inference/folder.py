"""The folder of a product encoder: `encoder.json`, `weights.safetensors`, `featurizer/` and, where there are
categories, `expert.safetensors`; no pickle."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from models.expert.expert import LinearExpert
from models.network import ProductNetwork
from models.pretrained.kept_files import copy_or_share
from shelfspace.errors import ArtifactError
from shelfspace.files import atomic_directory, read_json, reading, write_json
from shelfspace.formats import check_format
from shelfspace.hashing import file_hash, fingerprint, tree_hash
from shelfspace.settings import Model
from shelfspace.way_back import way_back

__all__ = ["read_folder", "write_folder"]

FORMAT = 1
WEIGHTS, EXPERT = "weights.safetensors", "expert.safetensors"


def write_folder(
    directory: Path,
    network: ProductNetwork,
    featurizer_dir: Path | None,
    described: Mapping[str, Any],
    expert: LinearExpert | None = None,
) -> str:
    """Write the folder, whole or not at all.

    Args:
        expert: the linear expert, where there is one.
        featurizer_dir: copied beside the weights where there is one.
        described: JSON-able; `model` and `spec`, which the network is built from, among it.

    Returns:
        The fingerprint: hash of the description, the weights, the featurizer and the expert.
    """
    with atomic_directory(directory) as folder:
        weights = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
        save_file(weights, str(folder / WEIGHTS))
        if featurizer_dir is not None:
            shutil.copytree(featurizer_dir, folder / "featurizer", copy_function=copy_or_share)
        manifest = {"format": FORMAT, **described}
        if expert is not None:
            manifest["expert"] = expert.save(folder / EXPERT)
        found = _content(folder, manifest)
        write_json(folder / "encoder.json", {**manifest, "fingerprint": found})
    return found


def read_folder(directory: Path) -> tuple[ProductNetwork, LinearExpert | None, dict[str, Any], str]:
    """The network with its weights, the expert, what was described beside them, and the fingerprint.

    Raises:
        ArtifactError: a file is missing, of another format, or not the bytes that were saved.
    """
    with reading(directory / WEIGHTS, KeyError, TypeError, RuntimeError, SafetensorError):
        manifest = read_json(directory / "encoder.json")
        stored = manifest.pop("fingerprint")
        check_format(f"encoder {directory}", manifest["format"], FORMAT, "run the retrain job")
        if _content(directory, manifest) != stored:
            raise ArtifactError(f"the encoder at {directory} is not what was saved; {way_back(directory)}")
        network = ProductNetwork(Model.model_validate(manifest["model"]), manifest["spec"])
        network.load_state_dict(load_file(str(directory / WEIGHTS)))
        # Encoders written before there was an expert say nothing of one.
        described = manifest.get("expert")
        expert = None if described is None else LinearExpert.load(directory / EXPERT, described)
    return network, expert, manifest, stored


def _content(folder: Path, manifest: Mapping[str, Any]) -> str:
    """Fingerprint of a folder's weights, featurizer and expert with the given manifest."""
    featurizer, expert = folder / "featurizer", folder / EXPERT
    parts = [manifest, file_hash(folder / WEIGHTS), tree_hash(featurizer) if featurizer.is_dir() else ""]
    return fingerprint([*parts, *([file_hash(expert)] if expert.is_file() else [])])
