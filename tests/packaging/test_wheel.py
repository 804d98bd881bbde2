"""The product as a wheel: whole, importable, and at work in an empty folder."""

import json
import re
import subprocess
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

from catalog.sample import build_sample
from tests.conftest import PROJECT
from tests.end_to_end.conftest import TINY
from tests.packaging.conftest import Installed

ROOMS = (
    "assets", "bentos", "catalog", "dagster_project", "data_checks", "insights", "models", "releases",
    "retrieval", "shelfspace",
)  # fmt: skip
IMPORT_ALL = """
import importlib, json, pkgutil, sys
modules = []
for room in sys.argv[1:]:
    package = importlib.import_module(room)
    found = pkgutil.walk_packages(package.__path__, room + ".")
    names = [room, *(module.name for module in found if not module.name.endswith("__main__"))]
    modules += [(name, importlib.import_module(name).__file__) for name in names]
print(json.dumps(modules))
"""


def test_it_holds_the_rooms_with_all_their_files_and_nothing_else(installed: Installed) -> None:
    packed = {name for name in installed.names if ".dist-info/" not in name}
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *ROOMS],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert packed == {name for name in tracked if (PROJECT / name).is_file()}


def test_no_room_has_the_name_of_a_library_of_ours(installed: Installed) -> None:
    del installed
    known = packages_distributions()
    assert {room: set(known.get(room, ["shelfspace"])) for room in ROOMS} == {
        room: {"shelfspace"} for room in ROOMS
    }


def test_every_module_imports_far_from_a_checkout(installed: Installed) -> None:
    done = installed.run("-c", IMPORT_ALL, *ROOMS)
    assert done.returncode == 0, done.stderr[-3000:]
    modules = json.loads(done.stdout.splitlines()[-1])
    assert len(modules) > 300
    place = str(installed.python.parent.parent)
    assert not [(name, file) for name, file in modules if not file.startswith(place)]


def test_the_command_answers_and_names_itself(installed: Installed) -> None:
    said = installed.run("-m", "dagster_project.cli", "--help")
    assert said.returncode == 0, said.stderr
    assert "demo" in said.stdout
    there = set(installed.elsewhere.rglob("*"))
    before = installed.run("-m", "dagster_project.cli", "summary")
    assert before.returncode == 2
    assert before.stderr.endswith("make it with: shelfspace demo\n")
    assert set(installed.elsewhere.rglob("*")) == there, "a question makes nothing"
    entry = installed.python.parent.parent.glob("lib/*/site-packages/shelfspace-*.dist-info/entry_points.txt")
    assert "shelfspace = dagster_project.cli:main" in next(entry).read_text()


@pytest.mark.slow
def test_the_demo_runs_in_an_empty_folder(installed: Installed, tmp_path: Path) -> None:
    catalog = tmp_path / "tiny"
    build_sample(catalog, seed=3, products=180)
    described = yaml.safe_load((catalog / "catalog.yaml").read_text())
    (catalog / "catalog.yaml").write_text(yaml.safe_dump({**described, "params": TINY}))
    command = ("-m", "dagster_project.cli", "demo", "--catalog", str(catalog))
    done = installed.run(*command, seconds=500)
    assert done.returncode == 0, done.stderr[-3000:]
    assert re.search(r"shelfspace serve --catalog \S+tiny", done.stdout)
    workspace = installed.elsewhere / "workspaces" / "tiny"
    assert (workspace / "releases" / "current").is_file()
    (built,) = (workspace / "state" / "bentoml" / "bentos" / "shelfspace").glob("*/bento.yaml")
    assert (built.parent / "src" / "bentos" / "static" / "index.html").is_file()
    again = installed.run("-m", "dagster_project.cli", "run", "training", *command[3:], seconds=300)
    assert again.returncode == 0, again.stderr[-3000:]
    assert re.search(r"challenger +unchanged", again.stderr)
    kept = [p.name for p in installed.elsewhere.iterdir()]
    assert kept == ["workspaces"], "all that a run leaves lies in the workspaces"
