"""The recipe of docs/add-an-application.md, followed to the letter in a copy of the project."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.docs.following import copy_of_the_project, follow, run_in

PAGE = PROJECT / "docs" / "add-an-application.md"
NINE = {
    "insights/cheaper.py",
    "shelfspace/settings/insights.py",
    "params.yaml",
    "docs/parameters.md",
    "assets/insights/cheaper.py",
    "tests/dagster_project/__snapshots__/test_definitions.ambr",
    "bentos/endpoints/cheaper.py",
    "bentos/static/rows.js",
    "tests/insights/test_cheaper.py",
}


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which the page was followed, its commands included."""
    root = copy_of_the_project(tmp_path_factory.mktemp("followed"))
    for command in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    follow(PAGE, root)
    settings, snapshot = re.findall(r"^    \.venv/bin/python (.+)$", PAGE.read_text(), flags=re.MULTILINE)
    written, target = settings.split(" > ")
    (root / target).write_text(run_in(root, *written.split()).stdout)
    taken_up = run_in(root, *snapshot.split(), "-q", "-p", "no:cacheprovider")
    assert taken_up.returncode == 0, taken_up.stdout[-3000:]
    return root


def test_it_touches_nine_files(followed: Path) -> None:
    changed = ["diff", "--name-only"], ["ls-files", "--others", "--exclude-standard"]
    said = [
        subprocess.run(["git", *c], cwd=followed, capture_output=True, text=True, check=True).stdout
        for c in changed
    ]
    assert {name for names in said for name in names.split() if name != ".venv"} == NINE


def test_it_keeps_to_the_rules_of_the_project(followed: Path) -> None:
    files = sorted(name for name in NINE if name.endswith(".py"))
    for command in (["check"], ["format", "--check"]):
        done = run_in(followed, "-m", "ruff", *command, *files)
        assert done.returncode == 0, done.stdout + done.stderr
    done = run_in(
        followed, "-m", "pytest", "-q", "-p", "no:cacheprovider",
        "tests/insights/test_cheaper.py", "tests/shelfspace/settings/test_settings.py",
        "tests/dagster_project/test_definitions.py",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]


def test_what_it_finds_is_released_and_served(followed: Path, tmp_path: Path) -> None:
    done = run_in(followed, str(PROJECT / "tests" / "docs" / "new_application.py"), str(tmp_path))
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["statuses"] == ["computed", "unchanged, 0 rows"]
    assert said["packed"] == ["insights/cheaper/cheaper.parquet"]
    assert said["insights"]["cheaper"] > 0
    assert len(said["hits"]) == 8
    assert all(hit["price"] < said["price"] for hit in said["hits"])
    scores = [hit["score"] for hit in said["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert said["after the sale"] == 0, "what no longer costs less does not show"
    assert said["unknown"] == 404
    assert said["documented"]


@pytest.mark.slow
def test_all_that_routes_keep_to(followed: Path) -> None:
    done = run_in(
        followed, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "cheaper or document",
        "tests/bentos/endpoints/test_contracts.py",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert re.search(r"\d\d passed", done.stdout)
