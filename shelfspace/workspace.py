"""Where everything of one catalogue lies: one folder per catalogue, one place that names it.

<root>/<name>/
    snapshot/          what came, sharded; identified by snapshot.dvc beside it
    validation/        results of the checks, Data Docs
    prepared/          products, quarantine, texts, images, sounds, splits
    features/          one folder a modality
    training/          the challenger
    tuning/            best_params.yaml, the trials, pictures
    cross_validation/  figures by fold and seed
    evaluation/        metrics, plots, model card
    release.json       which release the current one is   (a DVC output)
    bento.json         which Bento was built from it       (a DVC output)
    monitoring/        drift reports
    champion.json      which model is champion
    releases/<id>/     immutable releases;  current  names the live one
    state/             ledger, feature caches, checkpoints, Dagster's and BentoML's homes
    live/              requests.log of the service, access/, interactions.db with shoppers' events
    insights/<application>/   what an application said after the release; `current` names it
    rules.yaml         merchandising rules, written by people; docs/search.md
    judgements/        CSV files of judged queries, written by people; docs/search.md
    delta/<id>.log     products put, changed and deleted since release <id>
    inbox/             deliveries waiting to be collected
"""

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from shelfspace.belonging import NOTE, belongs, home_of, noted, workspace_name
from shelfspace.errors import BusyError
from shelfspace.files import write_text
from shelfspace.formats import check_layout, mark_layout

__all__ = ["CODE", "PROJECT", "REQUEST_LOG", "Workspace", "params_file"]

CODE = Path(__file__).resolve().parent.parent
"""The folder that holds the packages: the checkout, or where a wheel was installed."""
PROJECT = CODE if (CODE / "pyproject.toml").is_file() else Path.cwd()
"""The folder of params.yaml, dvc.yaml and the workspaces: the checkout; of an installed wheel the current
folder, which needs none of the files."""
REQUEST_LOG = "requests.log"
"""What the service was asked, in `live/`: a `DurableLog`."""


def params_file() -> Path | None:
    """The settings' file: the one SHELFSPACE_PARAMS names, else params.yaml; None where it is not there."""
    named = os.environ.get("SHELFSPACE_PARAMS")
    if named:
        return Path(named)
    path = PROJECT / "params.yaml"
    return path if path.is_file() else None


@dataclass(frozen=True)
class Workspace:
    """Paths of one catalogue's workspace.

    Attributes:
        root: the folder of this workspace (absolute).
        catalog: preset name or folder the workspace was opened for.
    """

    root: Path
    catalog: str

    @classmethod
    def find(cls, catalog: str | None = None, root: Path | None = None) -> "Workspace":
        """The workspace of a catalogue, whether it is there or not; nothing is made.

        Args:
            catalog: preset name or folder; default the variable SHELFSPACE_CATALOG, else `sample`.
            root: folder of all workspaces; default SHELFSPACE_WORKSPACES, else `workspaces/`
                in the checkout, of an installed wheel in the current folder.

        Raises:
            CatalogError: the name has no letter and no digit, or the workspace belongs to another catalogue.
            ArtifactError: a later version keeps the workspace.
        """
        found = cls._of(catalog, root)
        check_layout(found.root)
        belongs(found.root, found.catalog)
        return found

    @classmethod
    def open(cls, catalog: str | None = None, root: Path | None = None) -> "Workspace":
        """`find`, and made when it is not there. A folder is noted in it; later its name is enough."""
        found = cls._of(catalog, root)
        check_layout(found.root)
        if not belongs(found.root, found.catalog):
            moved = f"workspace {found.name} follows {found.catalog}: {noted(found.root)} is no longer there"
            print(moved, file=sys.stderr)
        return found._noting()

    @classmethod
    def adopt(cls, catalog: str | None = None, root: Path | None = None) -> "Workspace":
        """`open`, also where the workspace belongs to another catalogue: to this one from now on."""
        found = cls._of(catalog, root)
        check_layout(found.root)
        return found._noting()

    @classmethod
    def _of(cls, catalog: str | None, root: Path | None) -> "Workspace":
        chosen = catalog or os.environ.get("SHELFSPACE_CATALOG") or "sample"
        parent = root or Path(os.environ.get("SHELFSPACE_WORKSPACES") or PROJECT / "workspaces")
        parent, folder = parent.expanduser().resolve(), Path(chosen).expanduser()
        if folder.is_dir():
            return cls(home_of(folder.resolve(), parent), str(folder.resolve()))
        place = parent / workspace_name(chosen)
        # The name of a workspace stands for the folder that is noted in it.
        return cls(place, (noted(place) or chosen) if chosen == folder.name else chosen)

    def _noting(self) -> "Workspace":
        self.state.mkdir(parents=True, exist_ok=True)
        mark_layout(self.root)
        if Path(self.catalog).is_absolute() and noted(self.root) != self.catalog:
            write_text(self.root / NOTE, self.catalog)
        return self

    @property
    def name(self) -> str:
        return self.root.name

    def command(self, name: str, **given: object) -> str:
        """What to type for this catalogue: a make target in the checkout, else `shelfspace` with its name.

        Args:
            given: what follows it: in capitals an argument (`DELIVERY=12`), else an option (`to="000007-…"`,
                `again=True` for one without a value).
        """
        sample = self.catalog == "sample"
        catalog = shlex.quote(self.catalog)
        if (PROJECT / "Makefile").is_file():
            plain = {key.upper(): str(1 if v is True else v) for key, v in given.items()}
            values = [f"{key}={shlex.quote(text)}" for key, text in plain.items()]
            words = ["make", name.removeprefix("run "), *values, *([] if sample else [f"CATALOG={catalog}"])]
        else:
            quoted = {key: "" if v is True else shlex.quote(str(v)) for key, v in given.items()}
            values = [text if key.isupper() else f"--{key} {text}".rstrip() for key, text in quoted.items()]
            words = ["shelfspace", name, *values, *([] if sample else [f"--catalog {catalog}"])]
        return " ".join(words)

    @property
    def snapshot(self) -> Path:
        return self.root / "snapshot"

    @property
    def validation(self) -> Path:
        return self.root / "validation"

    @property
    def prepared(self) -> Path:
        return self.root / "prepared"

    @property
    def features(self) -> Path:
        return self.root / "features"

    @property
    def training(self) -> Path:
        return self.root / "training"

    @property
    def evaluation(self) -> Path:
        return self.root / "evaluation"

    @property
    def monitoring(self) -> Path:
        return self.root / "monitoring"

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def live(self) -> Path:
        return self.root / "live"

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    def life(self, run_id: str) -> Path:
        """The file that a run's process holds as long as it lives."""
        return self.state / "runs" / f"{run_id}.lock"

    @contextmanager
    def lock(
        self, timeout: float = 0, *, holder: str = "another run", waiting: Callable[[str], None] | None = None
    ) -> Iterator[None]:
        """Hold the workspace: one run at a time, across processes; a dead holder frees it.

        Args:
            timeout: seconds to wait for another holder.
            holder: who holds it, as those read who wait meanwhile.
            waiting: is told once, as a sentence, who is waited for.

        Raises:
            BusyError: another run holds it for longer than `timeout` seconds.
        """
        self.state.mkdir(parents=True, exist_ok=True)
        guard = FileLock(self.state / "run.lock")
        try:
            try:
                guard.acquire(timeout=0)
            except Timeout:
                if waiting is not None and timeout > 0:
                    waiting(
                        f"{self.held_by()} holds workspace {self.name}; this one goes on when it has ended"
                    )
                guard.acquire(timeout=timeout)
        except Timeout:
            raise BusyError(
                f"{self.held_by()} holds workspace {self.name}; wait for it, or stop it in the Dagster UI"
            ) from None
        try:
            write_text(self._holder, holder)
            yield
        finally:
            guard.release()

    @property
    def _holder(self) -> Path:
        return self.state / "run.holder"

    def holder(self) -> str | None:
        """Who holds the workspace now; None where nobody does."""
        if not self.state.is_dir():
            return None
        try:
            with FileLock(self.state / "run.lock", timeout=0):
                return None
        except Timeout:
            return self.held_by()

    def held_by(self) -> str:
        """Who holds the workspace, or held it last."""
        try:
            return self._holder.read_text(encoding="utf-8")
        except FileNotFoundError:
            return "another run"
        except PermissionError:
            return "a process of another user"
