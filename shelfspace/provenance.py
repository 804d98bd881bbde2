"""What made something: which code, libraries, settings, seed and threads, in which run.

It says when and by whom, not what: it belongs to no fingerprint and no data version.
"""

import os
import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from shelfspace.hashing import content_hash, file_hash, fingerprint
from shelfspace.settings import Settings
from shelfspace.workspace import CODE

__all__ = ["code_state", "libraries", "machine", "made_by"]

MADE = ("workspaces", "dvc.lock")
"""What a run itself leaves in the checkout."""


def made_by(settings: Settings, run_id: str) -> dict[str, Any]:
    """Everything needed to make it again, JSON-able.

    Returns:
        `code` (see `code_state`), `libraries` (hash of requirements.lock, None without one), `settings`
        (every value), `seed`, `threads`, `machine` and `run_id`.
    """
    torch = sys.modules.get("torch")
    return {
        "code": code_state(),
        "libraries": libraries(),
        "settings": settings.model_dump(mode="json"),
        "seed": settings.seed,
        "threads": {
            "cpus": os.cpu_count(),
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS"),
            "torch": torch.get_num_threads() if torch is not None else None,
        },
        "machine": machine(),
        "run_id": run_id,
    }


def libraries() -> str | None:
    """Hash of requirements.lock; None where there is none, as beside an installed wheel."""
    lock = CODE / "requirements.lock"
    return file_hash(lock) if lock.is_file() else None


@cache
def machine() -> dict[str, str]:
    """Processor and Python: another processor may round the same arithmetic another way."""
    described = Path("/proc/cpuinfo")
    lines = described.read_text().splitlines() if described.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {"cpu": names[0] if names else platform.processor(), "python": platform.python_version()}


@cache
def code_state(project: Path = CODE) -> dict[str, Any]:
    """The version; of a checkout its commit, whether files differ and a hash of how (params.yaml aside), else
    the hash of the installed wheel.

    What runs leave in a checkout is no difference.
    """
    installed = distribution("shelfspace")
    top = _git(project, "rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != project.resolve():
        record = installed.read_text("RECORD")
        return {"version": installed.version, "wheel": content_hash(record) if record else None}
    left_out = [f":(exclude){name}" for name in MADE]
    changed = _git(project, "status", "--porcelain", "--", ".", *left_out)
    # Of settings every value is told.
    files = ("--", ".", *left_out, ":(exclude)params.yaml")
    code = _git(project, "status", "--porcelain", *files)
    added = (_git(project, "ls-files", "--others", "--exclude-standard", *files) or "").splitlines()
    new = [file_hash(project / name) for name in added if (project / name).is_file()]
    return {
        "version": installed.version,
        "commit": _git(project, "rev-parse", "HEAD"),
        "dirty": bool(changed),
        "changes": fingerprint([code, _git(project, "diff", "HEAD", *files), new]) if code else None,
    }


def _git(folder: Path, *arguments: str) -> str | None:
    """What git says; None where it is not installed or the folder is in no repository."""
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
