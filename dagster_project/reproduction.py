"""Building a release again, from the bytes, the code and the settings that it says it was made of.

It is built in a folder of its own by the jobs that built it first, each in a process of its own: the shop's
workspace is only read, and whatever runs there goes on.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from assets.lib.dvc import repository_of
from assets.lib.dvc_fetch import fetch
from assets.lib.erasure.versions import lost_rows, what_became_of
from models.choice.chosen import AUTO
from releases import Release, list_releases
from releases.champion import crown_again
from releases.comparison import Comparison, compare_releases
from releases.contents import SPLIT
from releases.recipe import Recipe
from shelfspace.belonging import NOTE
from shelfspace.errors import ArtifactError
from shelfspace.files import write_json, write_text
from shelfspace.hashing import file_hash
from shelfspace.provenance import code_state
from shelfspace.workspace import CODE, Workspace

__all__ = ["Reproduction", "reproduce"]

FIRST = ("prepare", "learn", "release")
"""Jobs from a snapshot to the first release of its model."""
LATER = ("validation", "preprocessing", "release")
"""Jobs that release another snapshot under a model that is there: what was learned of search for the first
release is kept, as it was then."""
OWN = ("SHELFSPACE_", "DAGSTER_", "BENTOML_", "PYTEST")
"""Beginnings of variables that say where this process works."""


@dataclass(frozen=True)
class Reproduction:
    """A release, built again.

    Attributes:
        comparison: how it came out.
        doubts: why something may have come out otherwise, a sentence each.
        bytes_from: MD5 of a snapshot to where it was: cache or remote.
    """

    comparison: Comparison
    doubts: tuple[str, ...]
    bytes_from: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        said = {"doubts": list(self.doubts), "bytes_from": dict(self.bytes_from)}
        return {**self.comparison.to_dict(), **said}


def reproduce(
    workspace: Workspace,
    release: Release,
    place: Path,
    say: Callable[[str], None] = print,
    is_erased: Callable[[str], bool] = lambda _product: False,
    threads: int | None = None,
) -> Reproduction:
    """Fetch what a release was made of, build it again, and compare.

    The result is also kept in the workspace, as `state/reproductions/<release>.json`.

    Args:
        place: an empty folder to work in; what is built stays there.
        say: told what is being done, a sentence each.
        is_erased: whether a product was erased since; see `compare_releases`.
        threads: to compute with, where it shall not be as many as then.

    Raises:
        ArtifactError: the release does not say what made it, its bytes or code are nowhere, an erasure
            deleted them, or a job ended badly.
    """
    recipe = Recipe.of(release)
    doubts = recipe.doubts(threads)
    made = Scratch(place, workspace, recipe, say, threads)
    doubts += made.lay_out(release)
    if made.learned_from_erased:
        doubts.append(
            "the model learned from rows that were erased since: it is not trained again, but taken as the "
            "release has it"
        )
        crown_again(Workspace(made.root, str(made.catalogue)), release, "taken over")
        made.run(recipe.embedded, LATER)
    else:
        made.run(recipe.learned, FIRST)
        if not recipe.at_once:
            made.run(recipe.embedded, LATER)
    rebuilt = list_releases(made.root / "releases")
    if not rebuilt:
        raise ArtifactError(
            f"the jobs ended well, and {made.root} has no release; look at {place / 'jobs.log'}"
        )
    found = compare_releases(release, Release.load(rebuilt[-1]), is_erased)
    done = Reproduction(found, tuple(doubts), made.bytes_from)
    write_json(workspace.state / "reproductions" / f"{release.id}.json", done.to_dict())
    return done


class Scratch:
    """A folder in which one release is built again.

    Attributes:
        root: the workspace in it.
        bytes_from: as `Reproduction` has it.
    """

    def __init__(
        self,
        place: Path,
        workspace: Workspace,
        recipe: Recipe,
        say: Callable[[str], None],
        threads: int | None = None,
    ) -> None:
        self.place, self.workspace, self.recipe, self.say = place, workspace, recipe, say
        self.threads = threads
        self.root = place / "workspaces" / workspace.name
        self.catalogue = place / "catalogues" / workspace.name
        self.bytes_from: dict[str, str] = {}
        self.lies_there = ""

    def lay_out(self, release: Release) -> list[str]:
        """Write what the jobs read beside the snapshot; returns what is not as it was, a sentence each."""
        described = {
            k: v for k, v in self.recipe.embedded["catalogue"].items() if k not in ("split", "media_root")
        }
        # The tables are not read: the snapshot has them. What is described is how it is to be understood.
        described = {"products": {"path": "products.csv"}, **described, "name": self.workspace.name}
        write_text(self.catalogue / "catalog.yaml", yaml.safe_dump(described, allow_unicode=True))
        said = []
        split, frozen = release.part(SPLIT), self.workspace.state / "splits.parquet"
        if split is None:
            said.append("the release holds no split: the workspace's is used, in which no product ever moves")
            if not frozen.is_file():
                raise ArtifactError(f"neither the release nor the workspace has a split ({frozen})")
        write_text(self.root / NOTE, str(self.catalogue))
        shutil.copyfile(split or frozen, self.root / "state" / "splits.parquet")
        for name, wanted in self.recipe.embedded.get("beside", {}).get("judgements", {}).items():
            file = self.workspace.root / "judgements" / name
            if file.is_file() and file_hash(file) == wanted:
                (self.root / "judgements").mkdir(exist_ok=True)
                shutil.copyfile(file, self.root / "judgements" / name)
            else:
                said.append(f"judgements/{name} is not what it was: search may be learned otherwise")
        tuned = self.recipe.learned.get("tuned")
        if tuned:
            nested: dict[str, dict[str, Any]] = {}
            for dotted, value in tuned["values"].items():
                section, _, name = dotted.partition(".")
                nested.setdefault(section, {})[name] = value
            write_text(self.root / "tuning" / "best_params.yaml", yaml.safe_dump(nested))
            write_json(self.root / "tuning" / "tuning.json", {"study": tuned["study"]})
        return said

    @property
    def learned_from_erased(self) -> bool:
        """Whether the model learned from rows that are in no copy any more."""
        return lost_rows(self.workspace, self.recipe.learned["data"]["snapshot_md5"])

    def run(self, made: Mapping[str, Any], jobs: tuple[str, ...]) -> None:
        """Run jobs on the bytes, by the code and with the settings and threads of one half of a recipe."""
        version = what_became_of(self.workspace, made["data"]["snapshot_md5"])
        if version != self.lies_there:
            home = repository_of(self.workspace.root)
            if home is None:
                raise ArtifactError(
                    f"no DVC repository is around {self.workspace.root}, so {version} cannot be had; "
                    "bring its folder .dvc back from a backup, and run the same again"
                )
            self.bytes_from[version] = fetch(home, version, self.root / "snapshot")
            self.lies_there = version
            self.say(f"snapshot {version} is there, from the {self.bytes_from[version]}")
        code = self.code(made["code"])
        params = self.place / "params.yaml"
        write_text(params, yaml.safe_dump(with_encoders(made["settings"], self.recipe.learned)))
        for job in jobs:
            self.say(f"job {job}")
            self.job(job, code, {**environment(made, self.threads), "SHELFSPACE_PARAMS": str(params)})

    def job(self, job: str, code: Path, environment: Mapping[str, str]) -> None:
        """Run one job to its end.

        Raises:
            ArtifactError: it ended badly; with the last of its words.
        """
        here = {
            "PYTHONPATH": str(code),
            "SHELFSPACE_WORKSPACES": str(self.root.parent),
            "SHELFSPACE_CATALOG": str(self.catalogue),
        }
        log = self.place / "jobs.log"
        with log.open("ab") as stream:
            done = subprocess.run(
                [sys.executable, "-m", "dagster_project.cli", "run", job],
                cwd=code if (code / "pyproject.toml").is_file() else self.place,
                env={**environment, **here},
                stdout=stream,
                stderr=stream,
                check=False,
            )
        if done.returncode:
            last = "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-15:])
            raise ArtifactError(f"job {job} ended with {done.returncode} where it once ended well:\n{last}")

    def code(self, made: Mapping[str, Any]) -> Path:
        """Where the code lies: this installation where it is the same, else a clone at its commit.

        Raises:
            ArtifactError: this checkout has no such commit.
        """
        commit, here = made.get("commit"), code_state()
        if commit is None or (here.get("commit"), here.get("changes")) == (commit, made.get("changes")):
            return CODE
        clone = self.place / f"code-{commit[:12]}"
        if not clone.is_dir():
            self.say(f"the code of commit {commit[:12]}")
            done = _git("clone", "-q", "--shared", "--no-checkout", str(CODE), str(clone))
            if done.returncode == 0:
                done = _git("-C", str(clone), "checkout", "-q", "--detach", commit)
            if done.returncode:
                raise ArtifactError(
                    f"the code of commit {commit} is not in {CODE}: run git fetch there, or this from a "
                    f"checkout that has it\n    git: {done.stderr.strip()}"
                )
        return clone


def with_encoders(settings: Mapping[str, Any], learned: Mapping[str, Any]) -> dict[str, Any]:
    """Settings in which encoders that `auto` chose beside a champion are named: it does not reign here."""
    found = {section: dict(part) if isinstance(part, Mapping) else part for section, part in settings.items()}
    for dotted, encoder in learned.get("encoders", {}).items():
        section, _, name = dotted.partition(".")
        if found[section].get(name) in (None, AUTO):
            found[section][name] = encoder
    return found


def environment(made: Mapping[str, Any], wanted: int | None = None) -> dict[str, str]:
    """This process's environment without what says where it works, and with as many threads as there were, or
    as are wanted."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
    kept.pop("OMP_NUM_THREADS", None)
    threads = made["threads"]
    if wanted is not None:
        kept["OMP_NUM_THREADS"] = str(wanted)
    elif threads["OMP_NUM_THREADS"]:
        kept["OMP_NUM_THREADS"] = threads["OMP_NUM_THREADS"]
    elif threads["cpus"] != os.cpu_count():
        kept["OMP_NUM_THREADS"] = str(threads["torch"] or threads["cpus"])
    return kept


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
