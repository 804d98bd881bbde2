"""A refiner on disk: `refiner.json` and `weights.safetensors`; no pickle, same numbers when read back."""

from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from models.graph.refiner import REFINER, Refiner
from shelfspace.errors import ArtifactError
from shelfspace.files import atomic_directory, read_json, write_json
from shelfspace.hashing import file_hash, fingerprint
from shelfspace.settings import Graph

__all__ = ["load_refiner", "save_refiner"]

FORMAT = 1
WEIGHTS = "weights.safetensors"


def save_refiner(refiner: Refiner, settings: Graph, folder: Path) -> None:
    """Write the folder, whole or not at all."""
    with atomic_directory(folder) as temporary:
        weights = {k: v.detach().cpu().contiguous() for k, v in refiner.state_dict().items()}
        save_file(weights, str(temporary / WEIGHTS))
        manifest = {"format": FORMAT, "dim": refiner.dim, "graph": settings.model_dump(mode="json")}
        write_json(temporary / "refiner.json", {**manifest, "fingerprint": _content(temporary, manifest)})


def load_refiner(folder: Path) -> Refiner:
    """Read a folder that `save_refiner` wrote; in evaluation mode.

    Raises:
        ArtifactError: a file is missing, of another format, or not the bytes that were saved.
        SettingsError: the extra is not installed.
    """
    try:
        manifest = read_json(folder / "refiner.json")
        stored = manifest.pop("fingerprint")
        if manifest["format"] != FORMAT:
            raise ArtifactError(f"the refiner at {folder} has format {manifest['format']}, not {FORMAT}")
        if _content(folder, manifest) != stored:
            raise ArtifactError(f"the refiner at {folder} is not what was saved; restore or train it again")
        settings = Graph.model_validate(manifest["graph"])
        refiner = REFINER[settings.encoder](manifest["dim"], settings)
        refiner.load_state_dict(load_file(str(folder / WEIGHTS)))
    except (OSError, KeyError, RuntimeError, TypeError, SafetensorError) as error:
        raise ArtifactError(f"the refiner at {folder} is missing or damaged: {error}") from error
    return refiner.eval()


def _content(folder: Path, manifest: dict[str, Any]) -> str:
    return fingerprint([manifest, file_hash(folder / WEIGHTS)])
