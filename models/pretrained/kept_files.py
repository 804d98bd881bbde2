"""Files of pretrained encoders, kept beside a model, so that it works wherever its folder is taken.

What transformers and sentence-transformers read of an encoder is kept: descriptions, tokenizers, weights as
safetensors. Encoders of other libraries stay where they are installed.
"""

import shutil
from pathlib import Path

from models.pretrained.sentence import packaged_minilm
from shelfspace.files import link_or_copy
from shelfspace.hashing import content_hash

__all__ = ["copy_or_share", "keep_files", "kept_files", "name_of_kept"]

FOLDER = "encoders"
SCHEMES = ("transformers", "sentence-transformers")
READ = {".json", ".safetensors", ".txt", ".model", ".jinja"}
UNREAD = {"onnx", "openvino", "checkpoints"}
"""Folders of a repository that hold the same weights for other programs, or older ones."""


def keep_files(name: str, folder: Path, kept: Path | None = None) -> None:
    """Copy the files of the encoder `name` below `folder`, once; nothing where it needs no files of its own.

    Args:
        kept: where they were kept before; default: where the name leads.
    """
    source, target = kept or _source(name), _place(name, folder)
    if source is None or target.exists():
        return
    for path in sorted(source.rglob("*")):
        inner = path.relative_to(source)
        apart = any(part.startswith(".") or part in UNREAD for part in inner.parts)
        if path.suffix in READ and path.is_file() and not apart:
            (target / inner).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / inner)


def kept_files(name: str, folder: Path) -> Path | None:
    """Where `keep_files` put the files of an encoder; None where it kept none."""
    place = _place(name, folder)
    return place if place.is_dir() else None


def name_of_kept(name: str, files: Path) -> str:
    """What an encoder is called where its files were kept."""
    return f"{'sentence-transformers' if name == 'minilm' else name.partition(':')[0]}:{files}"


def copy_or_share(source: str, target: str) -> None:
    """For `shutil.copytree` of a model: files of encoders, large and never changed, become hard links."""
    (link_or_copy if f"/featurizer/{FOLDER}/" in Path(source).as_posix() else shutil.copy2)(source, target)


def _place(name: str, folder: Path) -> Path:
    return folder / FOLDER / content_hash(name)[:12]


def _source(name: str) -> Path | None:
    """The encoder's folder, or that of the cache which holds what was read of it."""
    from transformers.utils import cached_file

    if name == "minilm":
        return Path(packaged_minilm())
    scheme, _, place = name.partition(":")
    if scheme not in SCHEMES:
        return None
    if Path(place).is_dir():
        return Path(place)
    for file in ("config.json", "modules.json"):
        found = cached_file(place, file, _raise_exceptions_for_missing_entries=False)
        if found is not None:
            return Path(found).parent
    return None
