"""A copy of the project in which a page of docs/ is followed: its blocks are put where they say."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import PROJECT

APPENDED = "at the end of "


def copy_of_the_project(root: Path) -> Path:
    """The project's files, and its environment, in a folder of their own."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT, capture_output=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.decode().split("\0")):
        source = PROJECT / name
        # What runs have left in the checkout is not part of the project; nor is a link, as .venv may be.
        if source.is_file() and not source.is_symlink() and not name.startswith("workspaces/"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, root / name)
    (root / ".venv").symlink_to(Path(sys.executable).parent.parent)
    return root


def follow(page: Path, root: Path) -> set[str]:
    """Do in a copy what a page's blocks say; gives the files that this touched."""
    text = page.read_text()
    blocks = re.findall(r"^```(python|diff)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == text.count("```python") + text.count("```diff")
    touched = set()
    for kind, block in blocks:
        head, code = block.split("\n", 1)
        name = head.removeprefix("--- ").removeprefix("# ").removeprefix(APPENDED)
        path = root / name
        if kind == "diff":
            changed = path.read_text()
            lines = code.splitlines(keepends=True)
            assert all(line[0] in " +-" for line in lines), f"{name}: a line says neither what nor where"
            before = "".join(line[1:] for line in lines if line[0] != "+")
            assert changed.count(before) == 1, (
                f"{name} holds these lines {changed.count(before)} times:\n{before}"
            )
            path.write_text(changed.replace(before, "".join(line[1:] for line in lines if line[0] != "-")))
        elif APPENDED in head:
            path.write_text(path.read_text() + code)
        else:
            assert not path.exists(), f"the page adds {name}, which is there"
            path.write_text(code)
        touched.add(name)
    return touched


def run_in(root: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """A Python process in which the copy is the product."""
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run(
        [sys.executable, *command], cwd=root, env=environment,
        capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
