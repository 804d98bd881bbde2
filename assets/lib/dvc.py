"""DVC, called as a command: it identifies and stores bytes, it never schedules.

Collection adds the snapshot here. Stage outputs are committed after a successful run, outside the
job: DVC refuses both while `dvc repro` runs the stage (see docs/run-the-loop.md).
"""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from assets.lib.dvc_words import explained, is_locked, unsaid
from shelfspace.errors import ArtifactError
from shelfspace.files import read_json, read_yaml, reading, write_text
from shelfspace.hashing import file_hash, fingerprint

__all__ = [
    "add",
    "commit_stages",
    "file_md5",
    "keep",
    "kept_md5",
    "pointer_hash",
    "repository",
    "repository_of",
    "run_dvc",
]

QUIET = {"DVC_NO_ANALYTICS": "1", "DVC_STUDIO_OFFLINE": "1"}


IN_TURN = """
import json, sys
from dvc.cli import main
for number, arguments in enumerate(json.loads(sys.argv[1]), 1):
    status = main(arguments)
    print(sys.argv[2], file=sys.stderr, flush=True)
    if status:
        sys.exit(number)
"""
"""Several commands in one process, since DVC takes a second to start; the status numbers what failed."""

END = "\x1e"
"""What stands in the error stream after each command."""

REMOTE = ".dvc-remote"
"""The default remote of a repository that was started here: a folder beside its bytes."""

LOCK_SECONDS = 60.0
"""How long another DVC command in the same repository is waited for; DVC itself gives up after three."""


def run_dvc(folder: Path, *commands: list[str]) -> str:
    """Run commands in turn; returns what they printed.

    Raises:
        ArtifactError: one failed, or says that it did; with why, what to do and DVC's words.
    """
    waited = time.monotonic() + LOCK_SECONDS
    while True:
        done = subprocess.run(
            [sys.executable, "-c", IN_TURN, json.dumps(commands), END],
            cwd=folder,
            env={**os.environ, **QUIET},
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stderr.split(f"{END}\n")
        failed = done.returncode - 1 if 0 < done.returncode <= len(commands) else 0
        wrong = [failed] if done.returncode else [n for n, words in enumerate(said) if unsaid(words)]
        if not wrong:
            return done.stdout
        words = said[wrong[0]] if wrong[0] < len(said) else done.stderr
        if not is_locked(words) or time.monotonic() > waited:
            if done.returncode < 0:
                words += f"\nERROR: the command was ended by {signal.Signals(-done.returncode).name}"
            raise ArtifactError(explained(commands[wrong[0]], folder, words or done.stdout))


def repository(root: Path) -> Path:
    """The DVC repository around a folder; one without git is started there when there is none.

    A repository started here gets a local folder beside its bytes as the default remote. One around whose git
    ignores what lies in the folder, as a checkout does that of a benchmark, cannot hold its pointers.
    """
    found = repository_of(root)
    if found is not None:
        _keep_beside(found)
        return found
    home = root.parent
    run_dvc(
        home,
        ["init", "--no-scm"],
        ["config", "core.analytics", "false"],
        ["config", "core.check_update", "false"],
        ["remote", "add", "-d", "local", REMOTE],
    )
    return home


def repository_of(root: Path) -> Path | None:
    """The DVC repository around a folder, if there is one that can hold its pointers."""
    around = (folder for folder in (root, *root.parents) if (folder / ".dvc").is_dir())
    return next((folder for folder in around if not _ignored(root / "any.dvc", folder)), None)


def _keep_beside(home: Path) -> None:
    """Name the remote that was made beside a repository by its place there: a full path, as earlier versions
    wrote, would have a copy of the folder push to the place that it was copied from."""
    config = home / ".dvc" / "config"
    written = config.read_text() if config.is_file() else ""
    mended = re.sub(
        rf"^(\s*url\s*=\s*)/.*/{re.escape(REMOTE)}/?$", rf"\g<1>../{REMOTE}", written, flags=re.MULTILINE
    )
    if mended != written and "no_scm = True" in written:
        write_text(config, mended)


def _ignored(pointer: Path, folder: Path) -> bool:
    """Whether the git repository of a folder ignores a file; one started without git ignores nothing."""
    if not (folder / ".git").exists():
        return False
    asked = ["git", "check-ignore", "-q", str(pointer.absolute())]
    return subprocess.run(asked, cwd=folder, capture_output=True, check=False).returncode == 0


def pointer_hash(target: Path) -> str | None:
    """The MD5 that a `.dvc` pointer holds for its target, or None where there is no pointer."""
    pointer = target.with_name(target.name + ".dvc")
    if not pointer.exists():
        return None
    with reading(pointer, KeyError, TypeError, IndexError):
        return str(read_yaml(pointer)["outs"][0]["md5"])


def file_md5(path: Path) -> str:
    """The MD5 by which DVC knows a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def kept_md5(target: Path) -> dict[str, str]:
    """Relative path to MD5 of each file of a folder as DVC was last told; {} where its list is not here."""
    version = pointer_hash(target)
    home = next((folder for folder in target.parents if (folder / ".dvc" / "cache").is_dir()), None)
    if version is None or home is None:
        return {}
    listed = home / ".dvc" / "cache" / "files" / "md5" / version[:2] / version[2:]
    return {entry["relpath"]: entry["md5"] for entry in read_json(listed)} if listed.exists() else {}


def add(target: Path, *, push_too: bool = False) -> str:
    """`dvc add` a folder, and push it to the configured remote; returns its MD5 (a `.dir` hash).

    Raises:
        ArtifactError: DVC refused, or could not keep or push all; why, what to do, and its words.
    """
    pushing = [["push", f"{target}.dvc"]] if push_too else []
    run_dvc(repository(target.parent), ["add", str(target)], *pushing)
    version = pointer_hash(target)
    if version is None:
        raise ArtifactError(f"dvc add {target} left no pointer")
    return version


def keep(target: Path, manifest: str, note: Path, *, push_too: bool) -> str:
    """Bring a folder's pointer (and remote) up to date with what lies in it; returns its MD5.

    What DVC was last told is noted after the fact. A run killed between writing the folder and
    telling DVC is made good by the next one, which finds the folder itself unchanged.

    Args:
        target: the folder.
        manifest: the file in it that changes whenever anything in it does.
        note: where what DVC was told is noted, outside the folder.
        push_too: also push to the remote.
    """
    version, there = pointer_hash(target), told(target, manifest)
    if version is None or not note.exists() or note.read_text() != there:
        version = add(target, push_too=push_too)
        write_text(note, told(target, manifest))
    return version


def told(target: Path, manifest: str) -> str:
    """Hashes of a folder's manifest and of its pointer: a bit of either that flips is told to DVC anew."""
    pointer = target.with_name(target.name + ".dvc")
    return f"{file_hash(target / manifest)} {file_hash(pointer) if pointer.exists() else ''}"


def commit_stages(project: Path, workspace: Path, stages: list[str]) -> list[str]:
    """Record finished stage outputs in dvc.lock; returns the stages that dvc.yaml describes.

    A workspace outside the checkout, or one that params.yaml does not list under `workspaces`, has
    no stages: nothing is done. Nor is DVC started where it has recorded all of this already.

    Args:
        project: the checkout.
        workspace: the workspace's folder.
    """
    if workspace.parent != project / "workspaces" or not (project / "dvc.yaml").exists():
        return []
    if workspace.name not in read_yaml(project / "params.yaml").get("workspaces", []):
        return []
    names = [f"{stage}@{workspace.name}" for stage in stages]
    note = workspace / "state" / "dvc.noted"
    recorded = note.read_text() if note.exists() else ""
    if names and recorded != _seen(project, workspace):
        run_dvc(project, ["commit", "-f", *names])
        write_text(note, _seen(project, workspace))
    return names


def _seen(project: Path, workspace: Path) -> str:
    """Hash of what DVC would look at: the stages, the parameters, what it recorded, every file's stat.

    Size and time of change are what DVC itself goes by before it reads a file again.
    """
    outs = [
        workspace / Path(next(iter(out))).relative_to("workspaces/${item}")
        for stage in read_yaml(project / "dvc.yaml")["stages"].values()
        for out in stage["do"]["outs"]
    ]
    files = sorted(file for out in outs for file in out.rglob("*") if file.is_file())
    stats = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    told = [project / "dvc.yaml", project / "params.yaml", project / "dvc.lock"]
    told.append(workspace / "snapshot.dvc")
    cached = (project / ".dvc" / "cache").is_dir()
    return fingerprint([stats, [file_hash(file) if file.exists() else "" for file in told], cached])
