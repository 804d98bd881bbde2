"""A copy of the clean workspace for each fault, processes that work on it, and the comparison."""

import importlib
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults.readers import KINDS
from releases.pointer import current
from shelfspace.errors import ShelfspaceError
from shelfspace.files import read_json
from shelfspace.hashing import file_hash, fingerprint
from shelfspace.workspace import Workspace

__all__ = [
    "COMPARED",
    "Ended",
    "World",
    "content",
    "differing",
    "in_child",
    "preload",
    "remove",
    "run",
    "say",
]

COMPARED = (
    "snapshot", "snapshot.dvc", "prepared", "features", "training/challenger/model", "evaluation/holdout",
    "evaluation/model_card",
    "state/product_embeddings", "state/search_index", "state/lexical_index", "state/modality_vectors",
    "state/search_fusion", "state/bought_together", "state/graph_vectors", "state/splits.parquet",
    "release/release.json", "answers.json",
)  # fmt: skip
"""What a run leaves and its content alone decides on; when it ran, and how fast, stands elsewhere."""
TIMING = frozenset({"timing.json"})
OF_RELEASE = ("model_card.md", "timing.json")
HEAVY = (
    "torch pytorch_lightning sklearn.linear_model sklearn.feature_extraction.text faiss evidently "
    "great_expectations optuna matplotlib.pyplot dagster_project.definitions dagster_project.launch "
    "models.training.run models.evaluation.catalogue models.inference.product_encoder "
    "models.expert.expert releases.contents releases.write bentos.build data_checks.drift.report "
    "data_checks.suites data_checks.validation.validate retrieval.ranking.training.answering "
    "catalog.sources.open "
)


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        how: done, refused, crashed or killed.
        said: the refusal's sentence, the traceback, or what the call returned.
    """

    how: str
    said: str = ""


def preload() -> None:
    """Import what runs need, once: each process is forked from this one."""
    for name in HEAVY.split():
        with suppress(ImportError):
            importlib.import_module(name)
    import torch

    torch.set_num_threads(1)


def in_child(call: Callable[[], object], log: Path) -> Ended:
    """Call in a process of its own, which the call may kill; what it prints goes to the log."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        os.setsid()
        with log.open("ab") as stream:
            os.dup2(stream.fileno(), 1)
            os.dup2(stream.fileno(), 2)
        sys.stdout, sys.stderr = (os.fdopen(handle, "w", 1, closefd=False) for handle in (1, 2))
        try:
            said = f"done {call()}"
        except ShelfspaceError as error:
            said = f"refused {error}"
        except BaseException:  # noqa: BLE001 - whatever it is, it is no refusal
            said = f"crashed {traceback.format_exc()}"
        os.write(writing, said.encode(errors="replace")[:60_000])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        said = stream.read().decode(errors="replace")
    _, status = os.waitpid(child, 0)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # what it started
    how, _, rest = said.partition(" ")
    if os.WIFSIGNALED(status):
        return Ended("killed", signal.Signals(os.WTERMSIG(status)).name)
    return Ended(how or "crashed", rest)


@dataclass(frozen=True)
class World:
    """A folder with one workspace, its DVC repository and remote.

    Attributes:
        folder: of all of it; a copy of another one's stands by itself.
        catalog: the catalogue's folder, which nobody changes.
    """

    folder: Path
    catalog: Path

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.folder / self.catalog.name, str(self.catalog))

    @property
    def environment(self) -> dict[str, str]:
        """What tells a process of ours where this world is."""
        return {"SHELFSPACE_WORKSPACES": str(self.folder), "SHELFSPACE_CATALOG": str(self.catalog)}

    @property
    def log(self) -> Path:
        return self.folder.with_suffix(".log")

    def copy(self, folder: Path) -> "World":
        """The same, elsewhere."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder, symlinks=True)
        return World(folder, self.catalog)

    def run(self, job: str, before: Callable[[], object] = lambda: None) -> Ended:
        """Run a job in a process of its own, as the command line does.

        Args:
            before: what that process does first, such as arming a kill.
        """

        return self.type("run", job, before=before)

    def type(self, *words: str, before: Callable[[], object] = lambda: None) -> Ended:
        """Type a command of `shelfspace` in a process of its own; how it ended is its exit status."""

        def work() -> str:
            from dagster_project.cli.app import REFUSED, shelfspace

            os.environ |= self.environment
            os.environ.pop("DAGSTER_HOME", None)
            begin = self.log.stat().st_size
            before()
            status = shelfspace.main([*words, "--catalog", str(self.catalog)], standalone_mode=False)
            sys.stderr.flush()
            said = self.log.read_bytes()[begin:].decode(errors="replace")
            if status:
                why = said.rpartition("stopped:\n")[2] or said
                raise ShelfspaceError(why) if status == REFUSED else RuntimeError(why)
            return said

        return in_child(work, self.log)

    def call(self, function: Callable[[Workspace], object]) -> Ended:
        """Call a function of the workspace in a process of its own."""
        return in_child(lambda: function(self.workspace), self.log)


def content(workspace: Workspace, numbered: bool = True) -> dict[str, str]:
    """Relative path to hash of all that is compared, and what the release holds.

    Args:
        numbered: whether the numbers of deliveries, and what they are part of, count. A delivery that is sent
            again has another number, and the snapshot notes it in another shard.
    """
    found = {}
    for name in COMPARED:
        place = workspace.root / name
        files = place.rglob("*") if place.is_dir() else [place]
        for file in sorted(f for f in files if f.is_file() and f.name not in TIMING):
            found[file.relative_to(workspace.root).as_posix()] = file_hash(file)
    if not numbered:
        found = {name: said for name, said in found.items() if not name.startswith(("snapshot", "release/"))}
        for name in [name for name in found if name.endswith("record.json")]:
            found[name] = read_json(workspace.root / name)["data_version"]
        found |= {kind: KINDS[kind].read(workspace) for kind in ("snapshot tables", "media index")}
    live = current(workspace.root)
    if live is not None:
        held = {k: v for k, v in live.manifest["files"].items() if not k.endswith(OF_RELEASE)}
        found["the live release"] = fingerprint([live.manifest["content"] if numbered else "", held])
    known = workspace.root / "champion.json"
    found["the champion"] = read_json(known)["fingerprint"] if known.exists() else ""
    return found


def differing(clean: dict[str, str], found: dict[str, str]) -> list[str]:
    """Paths whose bytes are not those of the clean run, or that only one of them has."""
    return sorted(name for name in clean.keys() | found.keys() if clean.get(name) != found.get(name))


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def run(job: str, world: World) -> Ended:
    """Run a job again, as a person would."""
    return world.run(job)


def remove(world: World, *names: str) -> None:
    """Delete files and folders of a workspace."""
    for name in names:
        place = world.workspace.root / name
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
