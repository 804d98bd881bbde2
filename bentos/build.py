"""Packs one release, its media and the code that serves it into a Bento, with no network.

The Bento's version is the release's id and a hash of code, settings, requirements and media: the same
parts give the same tag, and a Bento that is there already is not built again.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from bentos.in_use import folders_in_use
from bentos.packed_media import pack_media
from catalog.snapshot.media_store import MediaStore
from releases import Release
from shelfspace.errors import ArtifactError
from shelfspace.files import link_or_copy, read_yaml, write_json, write_text
from shelfspace.hashing import file_hash, fingerprint, tree_hash
from shelfspace.settings import Settings
from shelfspace.workspace import CODE, Workspace

__all__ = [
    "bento_checks",
    "bento_environment",
    "bento_folder",
    "bento_home",
    "build_bento",
    "carried_media",
    "check_code",
]

NAME = "shelfspace"
PARTS = "parts"
"""Label of a Bento that holds the hash of all it carries but the release and its media."""
BAKED = Path("src") / "bentos" / "baked"
CARRIED = ("release", "media")
"""Folders of BAKED that change from one release to the next."""
PACKAGES = ("shelfspace", "catalog", "models", "retrieval", "releases", "insights", "bentos")
SUFFIXES = frozenset({".py", ".yaml", ".txt", ".html", ".css", ".js", ".json", ".svg"})
REQUIREMENTS = (
    "bm25s",
    "faiss-cpu",
    "filelock",
    "httptools",
    "jieba",
    "lightgbm",
    "nh3",
    "numpy",
    "onnx",
    "onnxruntime",
    "orjson",
    "pandas",
    "pgvector",
    "pillow",
    "prometheus-client",
    "psycopg",
    "psycopg-binary",
    "pyarrow",
    "pydantic",
    "pystemmer",
    "python-multipart",
    "pyyaml",
    "rapidfuzz",
    "safetensors",
    "scikit-learn",
    "scipy",
    "sentence-transformers",
    "soundfile",
    "soxr",
    "starlette",
    "tokenizers",
    "torch",
    "tqdm",
    "transformers",
    "uvloop",
    "xxhash",
)
"""What the packed packages import; pinned to the versions of the building environment."""


def build_bento(workspace: Workspace, release: Release, settings: Settings, project: Path = CODE) -> str:
    """Build a Bento that carries `release`, or find the one that does.

    Args:
        workspace: its state folder holds BentoML's home, its snapshot the media.
        release: what the Bento serves unless it is told to watch a workspace.
        settings: baked in; a params.yaml named by SHELFSPACE_SETTINGS overrides them.
        project: the folder of the packages.

    Returns:
        The tag, `shelfspace:<release id>-<hash>`.

    Raises:
        ArtifactError: the release or its media are damaged, or BentoML failed; says how.
    """
    checked = Release.load(release.folder)
    staging = workspace.state / "bento-build"
    if staging.exists():
        shutil.rmtree(staging)
    staging.mkdir(parents=True)
    try:
        return _build(workspace, checked, settings, project, staging)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _build(workspace: Workspace, release: Release, settings: Settings, project: Path, staging: Path) -> str:
    for package in PACKAGES:
        copy_package(project / package, staging / package)
    baked = staging / "bentos" / "baked"
    write_json(baked / "settings.json", settings.model_dump(mode="json"))
    write_text(baked / "requirements.txt", "\n".join(requirements()) + "\n")
    parts = tree_hash(staging)
    shutil.copytree(release.folder, baked / "release", copy_function=link_or_copy)
    media = pack_media(workspace.snapshot, release.products, baked, settings)
    told = f"{media['files']} of {media['named']} photos and sounds, {media['bytes'] / 1e6:.1f} MB"
    description = {
        "service": "bentos.service:Shelfspace",
        "name": NAME,
        "description": f"Release {release.id} of catalogue {workspace.name}, with {told}.",
        "labels": {"release": release.id, "workspace": workspace.name, "media": told, PARTS: parts},
    }
    write_text(staging / "bentofile.yaml", yaml.safe_dump(description))
    name = f"{release.id}-{fingerprint([parts, description, media['digest']])[:8]}"
    tag = f"{NAME}:{name}"
    folder = bento_folder(workspace, tag)
    if not (folder / "bento.yaml").is_file() and not repack(folder, staging, description, parts):
        run_build(workspace, staging, name)
    if not (bento_folder(workspace, tag) / "bento.yaml").is_file():
        raise ArtifactError(f"BentoML reported success, but {bento_folder(workspace, tag)} holds no Bento")
    prune(workspace, tag, settings.release.keep)
    return tag


def repack(folder: Path, staging: Path, description: dict[str, Any], parts: str) -> bool:
    """Make a Bento of one that has the same parts and another release; whether there is such a one.

    Its description, schema and image follow from the parts, so nothing is imported to learn them again.
    Files are linked where the file system allows it.
    """
    for made in sorted(folder.parent.glob("*/bento.yaml"), key=lambda p: -p.stat().st_mtime_ns):
        known = read_yaml(made)
        if known["labels"].get(PARTS) != parts or known["bentoml_version"] != version("bentoml"):
            continue
        partial = staging.with_name(f"{staging.name}-{folder.name}")
        shutil.rmtree(partial, ignore_errors=True)
        own = str(made.parent / BAKED)
        shutil.copytree(
            made.parent,
            partial,
            copy_function=link_or_copy,
            # Bytecode that a service left while it ran from there is not what was built.
            ignore=lambda place, _, own=own: CARRIED if place == own else ["__pycache__"],
        )
        for name in CARRIED:
            source = staging / "bentos" / "baked" / name
            shutil.copytree(source, partial / BAKED / name, copy_function=link_or_copy)
        now = datetime.now(UTC).isoformat()
        told = known | {"version": folder.name, "creation_time": now, "labels": description["labels"]}
        write_text(partial / "bento.yaml", yaml.safe_dump(told, sort_keys=False))
        write_text(partial / "README.md", description["description"])
        write_text(partial / "src" / "bentofile.yaml", yaml.safe_dump(description))
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(partial, folder)
        write_text(folder.parent / "latest", folder.name)
        return True
    return False


def check_code(folder: Path) -> None:
    """Compare the code and settings of a Bento with the hash in its label; what it runs is what was packed.

    Args:
        folder: of the Bento.

    Raises:
        ArtifactError: a file of them is damaged, missing or was added.
    """
    label = read_yaml(folder / "bento.yaml")["labels"].get(PARTS)
    carried = tuple(folder / BAKED / name for name in CARRIED)
    paths = sorted(
        path
        for path in (folder / "src").rglob("*")
        # Python leaves its bytecode beside what it has served.
        if path.suffix in SUFFIXES and path.is_file() and not any(map(path.is_relative_to, carried))
    )
    names = {path.relative_to(folder / "src").as_posix(): path for path in paths}
    hashes = [(name, file_hash(path)) for name, path in names.items() if name != "bentofile.yaml"]
    if label is not None and fingerprint(hashes) != label:
        raise ArtifactError(
            f"the code or the settings in {folder / 'src'} are damaged, not what was packed; "
            f"delete {folder} and run the packaging job: it is packed again"
        )


def bento_checks(workspace: Workspace) -> dict[Path, Callable[[], object]]:
    """Each Bento's folder, to what compares all of it with what was packed and raises ArtifactError."""

    def check(folder: Path) -> None:
        check_code(folder)
        Release.load(folder / BAKED / "release")
        media = MediaStore.open(folder / BAKED)
        for key in media.keys():  # noqa: SIM118 - it is no mapping
            media.read(key)

    made = sorted(bento_folder(workspace, f"{NAME}:*").parent.glob("*/bento.yaml"))
    return {file.parent: partial(check, file.parent) for file in made}


def prune(workspace: Workspace, tag: str, keep: int) -> None:
    """Delete all but the newest `keep` Bentos, which carry a release each; never `tag`, nor one that runs.

    A service swaps releases without a restart, so it may run from a Bento that is older than all that stay.
    """
    folder = bento_folder(workspace, tag)
    spared = {folder, *folders_in_use(folder.parent)}
    built = sorted(
        (p for p in folder.parent.iterdir() if p.is_dir() and p not in spared),
        key=lambda p: p.stat().st_mtime_ns,
    )
    for old in built[: max(0, len(built) - max(keep, 2) + 1)]:
        shutil.rmtree(old)


def run_build(workspace: Workspace, staging: Path, name: str) -> None:
    """`bentoml build` in a process of its own: it imports the packed code, not this process's."""
    # The file is named, since BentoML takes one that it finds itself only outside hidden folders.
    named = ["--bentofile", "bentofile.yaml", "--version", name, "--output", "tag"]
    command = [sys.executable, "-m", "bentoml", "build", ".", *named]
    result = subprocess.run(
        command, cwd=staging, env=bento_environment(workspace), capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise ArtifactError(f"bentoml build failed:\n{(result.stderr or result.stdout)[-2000:]}")


def bento_home(workspace: Workspace) -> Path:
    """BentoML's home of a workspace; outside the build context, which would copy it into itself."""
    return workspace.state / "bentoml"


def bento_folder(workspace: Workspace, tag: str) -> Path:
    """Where the Bento of a tag lies."""
    name, _, label = tag.partition(":")
    return bento_home(workspace) / "bentos" / name / label


def carried_media(workspace: Workspace, tag: str) -> str:
    """How many photos and sounds a Bento holds, in words."""
    return str(read_yaml(bento_folder(workspace, tag) / "bento.yaml")["labels"]["media"])


def bento_environment(workspace: Workspace) -> dict[str, str]:
    """The environment BentoML's commands run in: this one, its own home, no telemetry."""
    quiet = {"BENTOML_DO_NOT_TRACK": "True", "OTEL_SDK_DISABLED": "true"}
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return {**quiet, **kept, "BENTOML_HOME": str(bento_home(workspace))}


def requirements() -> list[str]:
    """`name==version` of every requirement that is installed, without local parts such as +cpu."""
    pins = []
    for name in REQUIREMENTS:
        try:
            pins.append(f"{name}=={version(name).partition('+')[0]}")
        except PackageNotFoundError:
            continue  # optional here, so optional there
    return pins


def copy_package(source: Path, target: Path) -> None:
    """Copy a package's code and data files, nothing else."""
    for path in sorted(source.rglob("*")):
        if path.suffix in SUFFIXES and path.is_file() and "baked" not in path.parts:
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
