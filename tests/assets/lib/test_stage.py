"""`@stage`: one saying gives the spec, the folder, the checks asked for, 'unchanged' and what is shown."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from assets.lib import checks, stage
from assets.lib.record import Facts
from assets.lib.shop import FOLDERS, Shop
from assets.release import _there
from releases import Release
from shelfspace.errors import ArtifactError, StaleCheckError


class Bench:
    """A stage over a stand-in for the shop."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, **saying: Any) -> None:
        self.asked: list[list[str]] = []
        monkeypatch.setattr(stage, "FOLDERS", {})
        monkeypatch.setattr(stage, "require_checks", lambda _context, _shop, names: self.asked.append(names))
        self.inputs = {"a": "1", "b": "1", "c": "1"}
        self.shop = SimpleNamespace(
            workspace=SimpleNamespace(root=root),
            versions=lambda *names: {name: self.inputs[name] for name in names},
            cause="",
            made_by=lambda: {"run_id": "r1"},
            note=lambda folder: root / "notes" / f"{folder.replace('/', '.')}.json",
        )
        self.computed, self.more = 0, dict[str, Any]()

        def sums(shop: Shop, folder: Path) -> Facts:
            """Add up."""
            self.computed += 1
            (folder / "sum.txt").write_text("3")
            return {"dagster/row_count": 3, "computed_rows": 1, "reused_rows": 2, **self.more}

        told: dict[str, Any] = {
            "folder": "out/sums", "deps": ["a", "b"], "description": "Sums.", "code_version": "7",
            "group": "adding", "owners": ["team:sums"], "kinds": {"python"}, **saying,
        }  # fmt: skip
        self.asset = stage.stage(**told)(sums)

    def run(self) -> list[dg.MaterializeResult]:
        context = SimpleNamespace(selected_asset_keys=self.asset.keys, instance=None)
        return list(self.asset.op.compute_fn.decorated_fn(context, self.shop))


def test_one_saying_makes_the_spec_and_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tmp_path, monkeypatch, op="add_up")
    (spec,) = bench.asset.specs
    assert (spec.key.to_user_string(), spec.group_name, spec.code_version) == ("sums", "adding", "7")
    assert (spec.description, list(spec.owners)) == ("Sums.", ["team:sums"])
    assert {dep.asset_key.to_user_string() for dep in spec.deps} == {"a", "b"}
    assert bench.asset.op.name == "add_up"
    assert stage.FOLDERS == {"sums": "out/sums"}


def test_it_is_computed_when_an_input_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tmp_path, monkeypatch, judged=["b"], also=lambda _: {"a": "1", "c": bench.inputs["c"]})
    (first,) = bench.run()
    assert first.metadata["status"] == "computed"
    assert (first.metadata["computed_rows"], first.metadata["cause"]) == (1, "asked for")
    (again,) = bench.run()
    assert again.metadata["status"] == "unchanged, 0 rows"
    assert again.data_version == first.data_version
    assert "computed_rows" not in again.metadata, "the work of another run is not told again"
    bench.inputs["b"] = "2"
    bench.run()
    assert bench.computed == 1, "what is judged is not read"
    bench.inputs["c"] = "2"
    bench.run()
    assert bench.computed == 2
    assert bench.asked == [["a", "c", "b"]] * 4


def test_settings_count_and_what_is_shown_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    value = {"settings": 1, "shown": 1}
    bench = Bench(
        tmp_path,
        monkeypatch,
        settings=lambda _: [value["settings"]],
        shown=lambda _: {"used": value["shown"]},
    )
    bench.run()
    value["shown"] = 2
    (made,) = bench.run()
    assert (made.metadata["used"], bench.computed) == (2, 1)
    value["settings"] = 2
    bench.run()
    assert bench.computed == 2


def test_several_assets_of_one_computation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(
        tmp_path,
        monkeypatch,
        description={"x": "One.", "y": "Other."},
        each=lambda name, facts: {"name": name, "rows": facts["dagster/row_count"]},
    )
    bench.more = {"versions": {"x": "vx"}}
    x, y = bench.run()
    assert bench.computed == 1
    assert [r.asset_key.to_user_string() for r in (x, y)] == ["x", "y"]
    assert x.data_version == dg.DataVersion("vx")
    assert (y.metadata["name"], y.metadata["rows"]) == ("y", 3)
    assert dict.fromkeys(("sums", "x", "y"), "out/sums") == stage.FOLDERS


def test_what_was_taken_away_outside_its_folder_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "store" / "sum"
    bench = Bench(tmp_path, monkeypatch, there=lambda _shop, facts: Path(facts["place"]).exists())
    bench.more = {"place": str(outside)}
    for computed, present in ((1, True), (1, True), (2, False)):
        outside.parent.mkdir(exist_ok=True)
        outside.touch() if present else outside.unlink()
        bench.run()
        assert bench.computed == computed


@pytest.mark.parametrize(
    ("pointer", "folder", "there"),
    [(True, True, True), (False, True, False), (True, False, False)],
)
def test_a_release_stays_while_it_is_there_and_one_is_live(
    pointer: bool, folder: bool, there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[Path] = []
    monkeypatch.setattr(Release, "load", looked_at.append)
    for name in ("000001-aaaaaaaa", *(["000002-bbbbbbbb"] if folder else [])):
        (tmp_path / "releases" / name).mkdir(parents=True)
    if pointer:  # the one before: somebody went back to it
        (tmp_path / "releases" / "current").write_text("000001-aaaaaaaa\n")
    shop: Any = SimpleNamespace(workspace=SimpleNamespace(root=tmp_path, releases=tmp_path / "releases"))
    assert _there(shop, {"release": "000002-bbbbbbbb"}) is there
    assert looked_at == [tmp_path / "releases" / "000002-bbbbbbbb"] * there


def test_a_damaged_release_stops_the_run_that_finds_it_unchanged(tmp_path: Path) -> None:
    made = tmp_path / "releases" / "000001-aaaaaaaa"
    made.mkdir(parents=True)
    (tmp_path / "releases" / "current").write_text(f"{made.name}\n")
    shop: Any = SimpleNamespace(workspace=SimpleNamespace(root=tmp_path, releases=tmp_path / "releases"))
    with pytest.raises(ArtifactError, match=made.name):
        _there(shop, {"release": made.name})


def test_the_console_says_what_was_computed_and_what_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    bench = Bench(tmp_path, monkeypatch)
    bench.run()
    assert "(1 computed, 2 reused)" in capsys.readouterr().err
    bench.run()
    assert "unchanged, 0 rows" in capsys.readouterr().err
    bench.more["skipped"], bench.inputs["a"] = "no events; collect some", "2"
    (made,) = bench.run()
    assert "skipped: no events; collect some" in capsys.readouterr().err
    assert made.metadata["skipped"] == "no events; collect some"


def verdict(passed: bool, version: str) -> SimpleNamespace:
    judged = {checks.CHECKED_VERSION: dg.MetadataValue.text(version)}
    return SimpleNamespace(passed=passed, description="bad rows", metadata=judged)


@pytest.mark.parametrize(
    ("last", "why"),
    [
        (None, "has never run; run the chain job"),
        (verdict(False, "1"), "failed: bad rows; mend the data"),
        (verdict(True, "0"), "passed on other bytes"),
        (verdict(True, "1"), ""),
    ],
)
def test_a_stage_builds_on_judged_bytes_alone(last: Any, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key = dg.AssetCheckKey(dg.AssetKey("a"), "sound")
    monkeypatch.setattr(checks, "BLOCKING", {"a": [key]})
    monkeypatch.setattr(checks, "last_evaluation", lambda _instance, _key: last)
    context, shop = SimpleNamespace(instance=None), SimpleNamespace(data_version=lambda _: "1")
    checks.require_checks(context, shop, ["b", "labels"])  # type: ignore[arg-type]
    if why:
        with pytest.raises(StaleCheckError, match=f"check sound of a {why}"):
            checks.require_checks(context, shop, ["a"])  # type: ignore[arg-type]
    else:
        checks.require_checks(context, shop, ["a"])  # type: ignore[arg-type]


def test_folders_of_the_chain_are_told_by_its_assets() -> None:
    import dagster_project.definitions  # noqa: F401

    assert FOLDERS["products"] == FOLDERS["catalogue"] == "prepared/catalogue"
    assert FOLDERS["search_fusion"] == "state/search_fusion"
