"""The launcher: what it starts, what it refuses."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from bentos.auth.keys import KeysFile, create_key, write_keys
from bentos.build import PARTS, bento_checks, bento_folder, check_code
from bentos.config import read_config
from bentos.serve import command, environment, find_bento, has_keys, main
from shelfspace.errors import ArtifactError, SettingsError
from shelfspace.files import write_json, write_text
from shelfspace.hashing import tree_hash
from shelfspace.settings import Settings
from shelfspace.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open("sample", tmp_path / "workspaces")


def with_host(host: str) -> Settings:
    return Settings.model_validate({"service": {"host": host, "port": 3456}})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.1.2.3"])
def test_loopback_hosts_are_served(host: str) -> None:
    line = command("shelfspace:x", with_host(host))
    assert line[line.index("--port") + 1] == "3456"
    assert "localhost" not in line  # BentoML takes addresses only


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4"])
def test_public_hosts_need_keys(host: str) -> None:
    with pytest.raises(SettingsError, match="no API keys"):
        command("shelfspace:x", with_host(host))
    assert host in command("shelfspace:x", with_host(host), keyed=True)


@pytest.mark.parametrize("host", ["example.org", ""])
def test_a_host_is_an_address(host: str) -> None:
    with pytest.raises(SettingsError, match="give an address"):
        command("shelfspace:x", with_host(host), keyed=True)


def test_only_a_key_that_is_valid_opens_the_network(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    assert not has_keys(path)
    _, over = create_key(expires=datetime(2020, 1, 1, tzinfo=UTC))
    write_keys(path, KeysFile(keys=(over,)))
    assert not has_keys(path)
    write_keys(path, KeysFile(keys=(over, create_key()[1])))
    assert has_keys(path)
    path.write_text("{")
    with pytest.raises(SettingsError, match="mend it"):
        has_keys(path)


def test_the_keys_file_is_the_workspace_s_or_the_named_one(tmp_path: Path) -> None:
    config = read_config({"SHELFSPACE_RELEASES": str(tmp_path)}, tmp_path / "nothing")
    assert config.keys == tmp_path / "keys.json"
    assert read_config({}, tmp_path / "nothing").keys is None
    with pytest.raises(SettingsError, match="shelfspace keys"):
        read_config({"SHELFSPACE_KEYS": str(tmp_path / "mistyped.json")}, tmp_path / "nothing")


def test_the_bento_asked_for_then_the_recorded_then_the_latest(workspace: Workspace) -> None:
    with pytest.raises(ArtifactError, match="make demo"):
        find_bento(workspace)
    bentos = workspace.state / "bentoml" / "bentos" / "shelfspace"
    for name in ("1", "2", "3"):
        (bentos / name).mkdir(parents=True)
    write_text(bentos / "latest", "3")
    assert find_bento(workspace) == "shelfspace:3"
    write_json(workspace.root / "bento" / "bento.json", {"bento": "shelfspace:2"})
    assert find_bento(workspace) == "shelfspace:2"
    assert find_bento(workspace, "shelfspace:1") == "shelfspace:1"
    with pytest.raises(ArtifactError, match="shelfspace:9"):
        find_bento(workspace, "shelfspace:9")


@pytest.mark.parametrize("damage", ["flipped", "deleted", "added", "settings"])
def test_a_bento_whose_code_is_damaged_is_not_served(workspace: Workspace, damage: str) -> None:
    folder = bento_folder(workspace, "shelfspace:1")
    baked = folder / "src" / "bentos" / "baked"
    write_text(folder / "src" / "bentos" / "service.py", "a = 1\n")
    write_json(baked / "settings.json", {"seed": 0})
    write_yaml = partial(write_text, folder / "bento.yaml")
    write_yaml(f"labels: {{{PARTS}: {tree_hash(folder / 'src')}}}\n")
    write_text(folder / "src" / "bentofile.yaml", "service: x\n")
    write_text(folder / "src" / "bentos" / "service.pyc", "bytecode")
    write_text(baked / "release" / "release.json", "{}")  # has checksums of its own
    write_text(baked / "media" / "packed.json", "{}")
    check_code(folder)
    code = folder / "src" / "bentos" / "service.py"
    if damage == "deleted":
        code.unlink()
    else:
        files = {"flipped": code, "added": code.with_name("more.py"), "settings": baked / "settings.json"}
        files[damage].write_text("a = 2\n")
    with pytest.raises(ArtifactError, match="run the packaging job"):
        check_code(folder)
    with pytest.raises(ArtifactError, match="damaged"):
        bento_checks(workspace)[folder]()
    write_yaml("labels: {}\n")  # of an earlier version
    check_code(folder)


def test_main_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("SHELFSPACE_WORKSPACES", str(tmp_path))
    assert main(["--catalog", "sample"]) == 2
    assert "make demo" in capsys.readouterr().err


def test_main_says_what_may_not_be_read(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object) -> str:
        raise PermissionError(13, "Permission denied", "/shop/bento/bento.json")  # which root never meets

    monkeypatch.setattr("bentos.serve.find_bento", refused)
    monkeypatch.setenv("SHELFSPACE_WORKSPACES", str(workspace.root.parent))
    assert main(["--catalog", "sample"]) == 2
    said = capsys.readouterr().err
    assert "bento.json" in said
    assert "give the user of this process the right to it" in said


def test_the_environment_is_quiet_and_watches_the_workspace(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "SHELFSPACE_RELEASES",
        "SHELFSPACE_LIVE",
        "OTEL_SDK_DISABLED",
        "BENTOML_HOME",
        "OMP_NUM_THREADS",
    ):
        monkeypatch.delenv(name, raising=False)
    env = environment(workspace, Settings())
    assert env["OTEL_SDK_DISABLED"] == "true"
    assert env["BENTOML_DO_NOT_TRACK"] == "True"
    assert env["BENTOML_HOME"] == str(workspace.state / "bentoml")
    assert env["OMP_NUM_THREADS"] == "1"
    config = read_config(env)
    assert (config.releases, config.live) == (workspace.root, workspace.live)
    monkeypatch.setenv("SHELFSPACE_LIVE", "/elsewhere")
    assert environment(workspace, Settings())["SHELFSPACE_LIVE"] == "/elsewhere"


def test_config_reads_what_is_baked_and_lets_the_environment_win(tmp_path: Path) -> None:
    baked = tmp_path / "baked"
    write_json(baked / "settings.json", Settings.model_validate({"service": {"max_items": 7}}).model_dump())
    (baked / "release").mkdir()
    config = read_config({}, baked)
    assert config.settings.service.max_items == 7
    assert (config.releases, config.live, config.baked_release) == (None, None, baked / "release")
    write_text(tmp_path / "params.yaml", "service: {max_items: 9}")
    config = read_config({"SHELFSPACE_SETTINGS": str(tmp_path / "params.yaml")}, baked)
    assert config.settings.service.max_items == 9
    with pytest.raises(SettingsError, match="workspace"):
        read_config({"SHELFSPACE_RELEASES": str(tmp_path / "nowhere")}, baked)
    assert read_config({}, tmp_path / "nothing").settings == Settings()
