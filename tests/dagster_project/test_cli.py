"""The command line: what it offers, what it refuses and how, and that a refusal leaves nothing behind."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner, Result

from catalog.sample import build_sample
from dagster_project.cli import servers
from dagster_project.cli.app import shelfspace
from dagster_project.graph import LOOPS, STAGES
from releases import promote, write_release
from shelfspace.errors import BusyError
from shelfspace.files import write_json, write_text
from shelfspace.workspace import Workspace
from tests.catalog.shelf import collected, product, write_catalogue
from tests.conftest import PROJECT
from tests.releases.test_release import parts


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of all workspaces; it is not there yet."""
    for name in ("SHELFSPACE_CATALOG", "SHELFSPACE_KEYS", "SHELFSPACE_PARAMS", "SHELFSPACE_DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SHELFSPACE_WORKSPACES", str(tmp_path / "workspaces"))
    return tmp_path / "workspaces"


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(shelfspace, arguments)


def refused(*arguments: str) -> str:
    """What a command says that is refused: exit status 2, words on the error stream alone."""
    done = ask(*arguments)
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.output
    assert done.stdout == ""
    return done.stderr


def commands() -> dict[str, click.Command]:
    """Every command by what one types."""
    found: dict[str, click.Command] = {}
    for name, command in shelfspace.commands.items():
        if isinstance(command, click.Group):
            found |= {f"{name} {inner}": each for inner, each in command.commands.items()}
        else:
            found[name] = command
    return found


def test_a_copied_environment_does_not_work_for_the_checkout_it_came_from(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_text(tmp_path / "copy" / "dagster_project" / "cli" / "app.py", "")
    monkeypatch.chdir(tmp_path / "copy")
    said = refused("releases")
    assert str(PROJECT) in said
    assert f"delete {tmp_path / 'copy' / '.venv'} and run make install" in said
    monkeypatch.chdir(PROJECT)
    assert "is not there yet" in refused("releases")


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_takes_a_catalogue_and_shows_an_example(name: str) -> None:
    shown = ask(*name.split(), "--help")
    assert shown.exit_code == 0
    # An archive says itself whose it is.
    assert "--catalog" in shown.output or name == "restore"
    assert f"Example: shelfspace {name}" in shown.output


def test_run_shows_every_job_it_takes() -> None:
    shown = ask("run", "--help").output.replace("\n", " ")
    assert all(job in shown for job in (*STAGES, *LOOPS))
    assert "--launched-by" not in shown
    assert "'cross_validate'" in refused("run", "nonsense")


def test_help_and_version_load_no_heavy_library() -> None:
    code = (
        "import sys\nfrom dagster_project.cli.app import shelfspace\n"
        "shelfspace(['run', '--help'], standalone_mode=False)\n"
        "heavy = {'dagster', 'torch', 'pandas', 'numpy', 'bentoml', 'pydantic', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert ask("--version").output.startswith("shelfspace ")


@pytest.mark.parametrize(
    "command",
    [
        "demo",
        "run chain",
        "ui",
        "serve",
        "drift",
        "rollback",
        "releases",
        "reproduce 1",
        "summary",
        "keys create",
    ],
)
def test_an_unknown_catalogue_is_named_with_what_there_is(command: str, root: Path) -> None:
    said = refused(*command.split(), "--catalog", "nonsense")
    assert said.startswith("catalog = 'nonsense': name a folder that exists, or a preset: sample, flipkart")
    assert said.count("\n") == 1
    assert not root.exists()


@pytest.mark.parametrize("command", ["serve", "drift", "rollback", "releases", "scrub", "summary"])
def test_before_any_run_make_demo_is_named_and_nothing_is_made(command: str, root: Path) -> None:
    assert refused(command) == "workspace sample is not there yet; make it with: make demo\n"
    assert not root.exists()


@pytest.mark.parametrize("command", ["serve", "drift", "rollback", "releases", "synonyms"])
def test_before_any_release_make_demo_is_named(
    command: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.open("sample")
    opened = {*workspace.root.rglob("*")}
    if command == "serve":
        monkeypatch.setattr(servers, "become", run_here)
    said = refused(command)
    assert "make demo" in said
    assert {*workspace.root.rglob("*")} == opened, "nothing is made"


def run_here(*command: str) -> None:
    """In place of `become`: the service's own launcher, up to its refusal."""
    from bentos.serve import main

    assert command[1:3] == ("-m", "bentos")
    raise click.exceptions.Exit(main(list(command[3:])))


def test_a_table_that_is_not_mapped_is_told_before_a_workspace_is_made(root: Path, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    write_text(shop / "products.csv", "sku,name\n1,shoe\n")
    said = refused("demo", "--catalog", str(shop))
    assert "products.product_id" in said
    assert "sku, name" in said
    write_text(shop / "catalog.yaml", "products: [1")
    assert "catalog.yaml" in refused("demo", "--catalog", str(shop))
    assert "catalog.yaml" in refused("ui", "--catalog", str(shop))
    assert not root.exists()


def test_settings_that_cannot_be_read_are_told(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = tmp_path / "params.yaml"
    monkeypatch.setenv("SHELFSPACE_PARAMS", str(params))
    for text, part in (("seed: many", "seed = 'many'"), ("seed: [1", "params.yaml"), ("sed: 1", "sed")):
        params.write_text(text)
        assert part in refused("demo")
        assert part in refused("ui")
    assert not root.exists()


@pytest.mark.parametrize("command", ["ui", "drift", "serve"])
def test_a_port_in_use_is_named_before_anything_starts(
    command: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.open("sample")
    (workspace.state / "evidently").mkdir()
    built = workspace.state / "bentoml" / "bentos" / "shelfspace" / "1" / "src" / "bentos" / "baked"
    write_json(built / "settings.json", {})
    write_text(workspace.state / "bentoml" / "bentos" / "shelfspace" / "latest", "1")
    monkeypatch.setattr(servers, "become", run_here)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(command, "--port", str(port))
    assert said.startswith(f"port = {port}: it is in use")
    assert "PORT=" in said


def test_servers_take_this_process_s_place(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, ...]] = []
    monkeypatch.setattr(servers, "become", lambda *command: started.append(command))
    assert ask("ui", "--port", "45123").exit_code == 0
    ((tool, *arguments),) = started
    assert Path(tool).name == "dg"
    assert arguments == ["dev", "-m", "dagster_project.definitions", "-h", "127.0.0.1", "-p", "45123"]


def test_a_workspace_has_one_daemon_at_a_time_whatever_its_process_becomes(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from dagster_project.cli.servers import become, hold_daemon\n"
        "hold_daemon(Path(sys.argv[1]), 'http://127.0.0.1:3101')\n"
        "become(sys.executable, '-c', 'print(1, flush=True); import time; time.sleep(60)')"
    )
    state = tmp_path / "shop" / "state"
    state.mkdir(parents=True)
    server = subprocess.Popen([sys.executable, "-c", code, str(state)], stdout=subprocess.PIPE, cwd=PROJECT)
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == b"1\n"
        told = rf"shop has its daemon already \(http://127.0.0.1:3101, process {server.pid}\): use that"
        with pytest.raises(BusyError, match=told):
            servers.hold_daemon(state, "http://127.0.0.1:3102")
    finally:
        server.kill()
        server.wait()
    servers.hold_daemon(state, "http://127.0.0.1:3102")


def test_an_interruption_is_one_line_and_130(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(servers, "become", stop)
    done = ask("ui", "--port", "45123")
    assert done.exit_code == 130
    assert done.stderr.count("\n") == 1


def test_a_bug_keeps_its_traceback(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(servers, "become", broken)
    assert isinstance(ask("ui", "--port", "45123").exception, RuntimeError)

    def busy(*_: object) -> None:
        raise BusyError("another run holds workspace sample")

    monkeypatch.setattr(servers, "become", busy)
    assert refused("ui", "--port", "45123") == "another run holds workspace sample\n"


def released(workspace: Workspace, number: int, accuracy: float) -> str:
    """The least that a release is, on disk."""
    name = f"{number:06d}-abcdef0{number}"
    folder = workspace.releases / name
    manifest = {
        "format": 1,
        "id": name,
        "files": {},
        "rows": 7,
        "provenance": {"created_at": f"day {number}"},
    }
    write_json(folder / "release.json", manifest)
    write_json(folder / "metrics.json", {"accuracy": accuracy})
    return name


def test_a_release_that_cannot_be_made_again_is_refused_before_anything_is_made(
    root: Path, tmp_path: Path
) -> None:
    workspace = Workspace.open("sample")
    made = write_release(workspace.releases, **parts(tmp_path))
    assert refused("reproduce", "000009-0a1b2c3d") == (
        "RELEASE = '000009-0a1b2c3d': name one that make releases lists\n"
    )
    full = write_text(tmp_path / "full" / "of.txt", "things").parent
    assert "name an empty folder" in refused("reproduce", made.id, "--keep", str(full))
    assert "cannot be made again, since it does not say code and settings" in refused("reproduce", made.id)
    assert {path.name for path in workspace.root.iterdir()} == {"state", "releases"}


def test_releases_are_listed_newest_first(root: Path) -> None:
    workspace = Workspace.open("sample")
    first, second = released(workspace, 1, 0.5), released(workspace, 2, 0.75)
    write_text(workspace.releases / "current", first)
    (workspace.state / "bentoml" / "bentos" / "shelfspace" / f"{first}-0a1b2c3d").mkdir(parents=True)
    rows = json.loads(ask("releases", "--json").stdout)
    assert [row["id"] for row in rows] == [second, first]
    assert rows[1] == {
        "id": first, "model_of": "day 1", "products": 7, "accuracy": 0.5, "current": True,
        "bentos": [f"shelfspace:{first}-0a1b2c3d"], "said": "",
    }  # fmt: skip
    table = ask("releases").stdout
    assert "0.750" in table
    assert "current" in table.splitlines()[-1]
    (workspace.releases / "current").unlink()
    assert "none is live; make the newest live with: make release" in ask("releases").stderr


def test_a_rollback_without_an_earlier_release_is_refused(root: Path) -> None:
    workspace = Workspace.open("sample")
    write_text(workspace.releases / "current", released(workspace, 1, 0.5))
    assert "no earlier release" in refused("rollback")


def test_the_live_release_is_exported_or_a_named_one_and_nothing_twice(root: Path, tmp_path: Path) -> None:
    workspace, to = Workspace.open("sample"), str(tmp_path / "out")
    made = [write_release(workspace.releases, **parts(tmp_path, seed)).id for seed in (1, 2)]
    assert "has no live release" in refused("export", "--to", to)
    for name in made:
        promote(workspace.root, name)
    assert ask("rollback").exit_code == 0
    assert f"30 products of release {made[0]} (live)" in ask("export", "--to", to).stdout
    assert f"release {made[1]} (not the live one)" in ask("export", "--release", made[1]).stdout
    assert [file.name for file in (workspace.root / "exports").iterdir()] == [f"{made[1]}.parquet"]
    assert "it is there already" in refused("export", "--to", to)
    assert "make releases lists" in refused("export", "--to", to, "--release", "../../etc")


def test_keys_come_and_go(root: Path, tmp_path: Path) -> None:
    assert "keys create" in refused("keys", "list")
    assert not root.exists()
    made = ask("keys", "create", "--name", "shop", "--scopes", "read,write", "--days", "2")
    assert made.exit_code == 0
    token = made.stdout.strip()
    assert str(root / "sample" / "keys.json") in made.stderr
    listed = ask("keys", "list").stdout
    assert token not in listed
    key_id, state, scopes = listed.split("\t")[:3]
    assert (state, scopes) == ("valid", "read,write")
    rotated = ask("keys", "rotate", key_id, "--hours", "2")
    assert rotated.stdout.strip() not in ("", token)
    assert ask("keys", "list").stdout.count("\n") == 2
    assert "1 left" in ask("keys", "revoke", key_id).stderr
    assert key_id in refused("keys", "revoke", key_id)
    assert "one or several of read, write" in refused("keys", "create", "--scopes", "all")
    other = ask("keys", "create", "--file", str(tmp_path / "other.json"))
    assert other.exit_code == 0
    (tmp_path / "file").touch()
    assert "can be written" in refused("keys", "create", "--file", str(tmp_path / "file" / "keys.json"))


def test_the_makefile_calls_it_and_lists_its_targets() -> None:
    listed = subprocess.run(["make", "help"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    for target in ("demo", "ui", "serve", "drift", "rollback", "releases", "test", "help", "refresh"):
        assert target in listed
    for target in ("ui", "serve", "drift"):
        line = subprocess.run(
            ["make", "--no-print-directory", "-n", "-o", "install", target, "PORT=3456"],
            cwd=PROJECT, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        assert line.strip().endswith(f".venv/bin/shelfspace {target} --port 3456")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small catalogue."""
    folder = tmp_path_factory.mktemp("catalogues") / "tiny"
    build_sample(folder, seed=3, products=100)
    return folder


def test_a_job_runs_here_and_the_ui_lists_it(root: Path, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import dagster as dg

    monkeypatch.setenv("DAGSTER_HOME", "")  # `prepare` sets it; undone after the test
    done = ask("run", "collection", "--catalog", str(shop), "--cause", "a test")
    assert done.exit_code == 0, done.output
    with dg.DagsterInstance.get() as instance:
        (run,) = instance.get_runs()
    assert run.status is dg.DagsterRunStatus.SUCCESS
    assert run.remote_job_origin is not None
    assert run.remote_job_origin.repository_origin.get_label() == "__repository__@dagster_project.definitions"
    assert run.run_config["resources"]["shop"]["config"] == {"launched_by": "launch", "cause": "a test"}
    assert not list((root / "tiny" / "state" / "runs").iterdir()), "the run's lock goes with the run"


def test_a_job_that_refuses_its_work_ends_with_the_reason(
    root: Path, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")
    block = refused("run", "features", "--catalog", str(shop)).split("\n\n")[-2:]
    stopped, *why = block[0].splitlines()
    assert stopped.endswith("features on tiny stopped:")
    assert why
    assert all("run the chain job first" in said for said in why)
    assert block[1].startswith("What was finished before is kept; the log is run ")


def test_a_bug_in_a_job_is_a_line_and_its_traceback_a_file(
    root: Path, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")

    def broken(*_: object, **__: object) -> None:
        raise KeyError("unforeseen")

    monkeypatch.setattr("catalog.snapshot.write.add_media", broken)
    result = ask("run", "collection", "--catalog", str(shop))
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    (log,) = (root / "tiny" / "state" / "crashes").glob("*.txt")
    assert f"the traceback is in {log}" in result.output
    assert "test_cli.py" in log.read_text()


def test_dvc_calls_the_command_line() -> None:
    stages = yaml.safe_load((PROJECT / "dvc.yaml").read_text())["stages"]
    for stage, entry in stages.items():
        command = entry["do"]["cmd"].split()
        assert command[:3] == [".venv/bin/shelfspace", "run", stage]
        assert ask(*command[1:], "--help").exit_code == 0


def test_deliveries_are_listed_and_what_is_held_is_approved(root: Path, tmp_path: Path) -> None:
    shop = write_catalogue(tmp_path / "my-shop", [product(i) for i in range(10)])
    workspace = Workspace.open(str(shop.folder))
    collected(workspace, shop)
    assert "nothing has been delivered" in ask("deliveries", "--catalog", "my-shop").stdout
    workspace.inbox.mkdir()
    gone = "".join(f"p{i},true\n" for i in range(8))
    (workspace.inbox / "gone.csv").write_text(f"product_id,_deleted\n{gone}")
    (workspace.inbox / "new.csv").write_text("product_id,title\nn,New\n")
    collected(workspace, shop)
    (workspace.inbox / "slow.csv").write_text("product_id,ti")
    rows = json.loads(ask("deliveries", "--catalog", "my-shop", "--json").stdout)
    assert [(row["name"], row["state"]) for row in rows] == [
        ("slow.csv", "arriving"), ("new.csv", "taken"), ("gone.csv", "held"),
    ]  # fmt: skip
    shown = ask("deliveries", "--catalog", "my-shop").stdout
    assert "8 of 10 products gone" in " ".join(shown.split())
    assert "held" in (workspace.root / "deliveries.html").read_text()
    assert "name one of those that are held" in refused("approve", "new.csv", "--catalog", "my-shop")
    number = next(row["no."] for row in rows if row["state"] == "held")
    assert "is approved" in ask("approve", number, "--catalog", "my-shop").stdout
    assert "the next run takes it" in ask("deliveries", "--catalog", "my-shop", "--json").stdout
    collected(workspace, shop)
    assert json.loads(ask("deliveries", "--catalog", "my-shop", "--json").stdout)[-1]["state"] == "taken"
