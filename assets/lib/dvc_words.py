"""What DVC says when it fails, in a sentence with a remedy; its own words stand beneath."""

import re
from pathlib import Path

import psutil

__all__ = ["explained", "holder", "is_locked", "unsaid"]

ERROR = re.compile(r"^ERROR:|Missing cache files", re.MULTILINE)
LOCKED = re.compile(r"Unable to acquire lock|'[^']+' is busy|is being (read|written) by", re.IGNORECASE)
NOISE = re.compile(r"^\s*(Having any troubles\?.*|To (track|enable).*|git add .*|dvc config .*)?\s*$")
SHOWN_LINES = 6

CAUSES: tuple[tuple[str, str], ...] = (
    (
        r"Errno (28|122|27)\b|No space left|Disk quota exceeded|disk I/O error|disk is full",
        "there is no room left where DVC keeps its copies; free some on that disk and run the same again",
    ),
    (
        r"Errno (13|1|30)\b|Permission denied|Read-only file system|Operation not permitted",
        "a file or folder may not be written (it is named beneath); give the user of this process the right "
        "to, and run the same again",
    ),
    (
        r"Errno (20|17|21)\b|Not a directory",
        "a file stands where DVC needs a folder (it is named beneath); move it away and run the same again",
    ),
    (
        r"was ended by SIG",
        "something ended the command: a person, or the system where memory ran out; run the same again",
    ),
    (
        r"no remote specified|remote '[^']*' doesn't exist",
        "there is no remote to push to; add one (dvc remote add -d NAME ADDRESS), or set collection.push to "
        "false in params.yaml",
    ),
    (
        r"is supported, but requires '([^']+)'",
        r"this kind of remote needs a package more; install it: pip install \1",
    ),
    (
        r"Missing cache files|missing-files|cache files do not exist",
        "DVC's cache lacks bytes that its pointer names, so they were deleted or are damaged; delete the "
        "pointer (the .dvc file) and run the collection job, which adds the snapshot as it lies there",
    ),
    (
        r"not inside of a DVC repository",
        "no DVC repository is there any more; run: dvc init --no-scm, in that folder, and the same again",
    ),
    (
        r"is not a git repository",
        "the git repository that DVC was started in is gone; put .git back, or do without it: "
        "dvc config core.no_scm true",
    ),
    (
        r"config(uration)? (file )?error",
        "DVC's settings cannot be read; mend .dvc/config there, or delete .dvc/config.local",
    ),
    (
        r"is git-ignored",
        "git ignores the pointer that DVC is to write; take the pattern out of .gitignore",
    ),
    (r"is ignored by \.dvcignore|dvcignored", "a pattern in .dvcignore covers the folder; take it out"),
    (
        r"RWLock-file",
        "DVC's list of locks is damaged; see that no DVC command runs, and delete .dvc/tmp/rwlock",
    ),
    (r"\.dvc' is invalid|is invalid\.", "the pointer is damaged; delete that file and run the same again"),
    (
        r"Connect|connect|resolve|timed out|Timeout|unreachable|refused|ForbiddenError|credential|"
        r"Forbidden|Unauthorized|Errno (2|5|110|111|113)\b",
        "the place that DVC copies to, or reads from, is away or lets nobody in; mend it, or set "
        "collection.push to false in params.yaml, and run the same again: what is here is not lost",
    ),
)
"""What DVC's words look like, to what it means and what to do; the first that fits."""


def unsaid(words: str) -> bool:
    """Whether DVC's words tell of a failure, whatever its exit status was.

    `dvc add` on a full disk ends with status 0, its pointer written and nothing kept; `dvc push` does where
    the cache lacks the bytes.
    """
    return bool(ERROR.search(words))


def is_locked(words: str) -> bool:
    """Whether another process held DVC's repository."""
    return bool(LOCKED.search(words))


def explained(command: list[str], folder: Path, words: str) -> str:
    """Why a command failed and what to do, with DVC's words beneath.

    Args:
        command: DVC's arguments.
        folder: it ran in, its repository.
        words: all that it said.
    """
    cause = holder(folder) if is_locked(words) else _cause(words)
    lines = [line.strip() for line in words.splitlines() if not NOISE.match(line)]
    kept = [line if len(line) <= 300 else f"{line[:297]}..." for line in lines[-SHOWN_LINES:]]
    beneath = "".join(f"\n    DVC: {line}" for line in kept) or "\n    DVC said nothing"
    return f"dvc {' '.join(command)} failed in {folder}: {cause}{beneath}"


def _cause(words: str) -> str:
    for pattern, cause in CAUSES:
        found = re.search(pattern, words)
        if found:
            return found.expand(cause)
    return "mend what DVC names, and run the same again"


def holder(folder: Path) -> str:
    """Who holds a repository's lock, and what to do, as a clause."""
    lock = folder / ".dvc" / "tmp" / "lock"
    noted = re.match(r"\s*(\d+)", lock.read_text()) if lock.is_file() else None
    who = "another DVC command"
    if noted and psutil.pid_exists(int(noted[1])):
        try:
            line = " ".join(psutil.Process(int(noted[1])).cmdline())[:80]
            who = f"another DVC command (process {noted[1]}: {line})"
        except psutil.Error:  # it has just ended, or is another user's
            who = f"another DVC command (process {noted[1]})"
    return f"{who} holds the repository; wait for it, or end it, and run the same again"
