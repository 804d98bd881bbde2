"""The recipe of docs/add-an-encoder-or-fusion.md, followed to the letter in a copy of the product's code."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shelfspace.workspace import PROJECT

PAGE = PROJECT / "docs" / "add-an-encoder-or-fusion.md"
APPENDED = "# at the end of "


def blocks() -> list[tuple[str, str]]:
    """The page's code: the first line of each block without its hash, and the rest."""
    found = re.findall(r"```python\n(# [^\n]+)\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    assert len(found) == PAGE.read_text().count("```python")
    return found


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code in which the page was followed."""
    root = tmp_path_factory.mktemp("followed")
    for room in ("models", "catalog", "shelfspace"):
        shutil.copytree(PROJECT / room, root / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tests", "bentos", "retrieval", "releases", "params.yaml", "pyproject.toml"):
        (root / name).symlink_to(PROJECT / name)
    for head, code in blocks():
        if head.startswith(APPENDED):
            path = root / head.removeprefix(APPENDED)
            path.write_text(path.read_text() + code)
        else:
            path = root / head.removeprefix("# ")
            assert not path.exists(), "the page adds a file"
            path.write_text(code)
    return root


def run(copy: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A Python process in which the copy is the product."""
    return subprocess.run(
        [sys.executable, *command], cwd=copy, env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_an_encoder_and_a_fusion_touch_two_files_each() -> None:
    paths = [head.removeprefix(APPENDED).removeprefix("# ") for head, _ in blocks()]
    assert paths == [
        "models/fusion/mean.py", "models/fusion/__init__.py",
        "models/encoders/audio/loudness.py", "models/encoders/__init__.py",
    ]  # fmt: skip


def test_what_the_page_adds_is_trained_judged_and_embedded(copy: Path, tmp_path: Path) -> None:
    done = run(copy, str(Path(__file__).with_name("new_entries.py")), str(tmp_path))
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["arrays"] == {"text": ["tokens"], "audio": ["loudness"], "tabular": ["values"]}
    assert found["heard"] > 0.8, "the array tells rising from falling sounds"
    assert found["leans"] is None, "a fusion without weights is not reported on"
    assert "confusion" in found["pictures"]
    assert found["card"]
    assert found["computed"] == [48, 0]
    assert found["same"] < 1e-5, "a request gives the stored vector"


def test_the_contract_holds_what_the_page_adds(copy: Path) -> None:
    done = run(
        copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "loudness or mean",
        "tests/models/encoders/test_contract.py", "tests/models/test_fusion.py",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert re.search(r"\d\d passed", done.stdout)
