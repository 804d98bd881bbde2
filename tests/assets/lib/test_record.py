"""An asset is computed when something it depends on changed, and only then."""

from collections.abc import Callable
from pathlib import Path

import pytest

from assets.lib.record import Facts, Record, build, check_bytes, read_record
from shelfspace.errors import ArtifactError
from shelfspace.files import read_json, write_json


def run(
    folder: Path, *, inputs: dict[str, str] | None = None, code: str = "1", settings: object = 1
) -> tuple:
    calls = []

    def compute(place: Path) -> Facts:
        calls.append(place)
        (place / "out.txt").write_text("bytes")
        return {"rows": 3}

    record = build(
        folder, inputs=inputs or {"a": "v1"}, code_version=code, settings=[settings], compute=compute
    )
    return record, len(calls)


def test_second_run_computes_nothing(tmp_path: Path) -> None:
    first, computed = run(tmp_path / "asset")
    assert computed == 1
    assert not first.unchanged
    second, computed = run(tmp_path / "asset")
    assert computed == 0
    assert second.unchanged
    assert (second.data_version, second.facts) == (first.data_version, {"rows": 3})


@pytest.mark.parametrize("change", [{"inputs": {"a": "v2"}}, {"code": "2"}, {"settings": 2}])
def test_any_dependency_computes_again_and_equal_bytes_keep_the_version(tmp_path: Path, change: dict) -> None:
    first, _ = run(tmp_path / "asset")
    second, computed = run(tmp_path / "asset", **change)
    assert computed == 1
    assert second.fingerprint != first.fingerprint
    assert second.data_version == first.data_version, "downstream need not run when the bytes are the same"


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    first, _ = run(tmp_path / "asset")

    def fail(place: Path) -> Facts:
        (place / "out.txt").write_text("half")
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        build(tmp_path / "asset", inputs={"a": "v2"}, code_version="1", settings=[], compute=fail)
    assert (tmp_path / "asset" / "out.txt").read_text() == "bytes"
    assert read_record(tmp_path / "asset") == first.__class__(
        first.folder, first.fingerprint, first.data_version, first.facts, files=first.files
    )
    assert [p.name for p in tmp_path.iterdir()] == ["asset"], "no leftovers"


def test_a_deleted_folder_is_computed_again(tmp_path: Path) -> None:
    first, _ = run(tmp_path / "asset")
    (tmp_path / "asset" / "out.txt").unlink()
    (tmp_path / "asset" / "record.json").unlink()
    second, computed = run(tmp_path / "asset")
    assert computed == 1
    assert second.data_version == first.data_version


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    run(tmp_path / "asset")
    (tmp_path / "asset" / "record.json").write_text("{}")
    with pytest.raises(ArtifactError, match=r"record\.json is damaged"):
        read_record(tmp_path / "asset")


def test_who_made_it_is_written_down_and_changes_nothing(tmp_path: Path) -> None:
    def made(run: str, inputs: str) -> tuple:
        record = build(
            tmp_path / "asset",
            inputs={"a": inputs},
            code_version="1",
            settings=[],
            compute=lambda place: {"rows": (place / "out.txt").write_text("bytes"), "computed_rows": 5},
            made_by=lambda: {"run_id": run},
            note=tmp_path / "notes" / "asset.json",
        )
        return record.data_version, record.unchanged, record.made_by

    first = made("r1", "v1")
    assert first[2] == {"run_id": "r1"}
    assert made("r2", "v1") == (first[0], True, {"run_id": "r1"})
    assert made("r3", "v2") == (first[0], False, {"run_id": "r3"})
    kept = read_record(tmp_path / "asset", tmp_path / "notes" / "asset.json")
    assert kept is not None
    assert (kept.facts, kept.made_by) == ({"rows": 5}, {"run_id": "r3"}), (
        "the work of one run is not recorded"
    )
    assert "r3" not in (tmp_path / "asset" / "record.json").read_text()
    without = read_record(tmp_path / "asset")
    assert without is not None
    assert without.made_by == {}


def test_a_note_that_fails_leaves_the_asset_to_be_made_again(tmp_path: Path) -> None:
    note = tmp_path / "notes" / "asset.json"

    def made(made_by: Callable[[], dict]) -> Record:
        return build(
            tmp_path / "asset",
            inputs={},
            code_version="1",
            settings=[],
            compute=lambda place: {"rows": (place / "out.txt").write_text("bytes")},
            made_by=made_by,
            note=note,
        )

    def killed() -> dict:
        note.parent.mkdir()
        (note.parent / ".asset.json.99.tmp").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made(killed)
    assert read_record(tmp_path / "asset", note) is None
    assert not made(lambda: {"run_id": "r1"}).unchanged
    assert [path.name for path in note.parent.iterdir()] == ["asset.json"]


def test_bytes_that_are_not_those_of_the_record_are_named(tmp_path: Path) -> None:
    run(tmp_path / "asset")
    check_bytes(tmp_path / "asset")
    check_bytes(tmp_path / "none")
    file = tmp_path / "asset" / "out.txt"
    for damage in (lambda: file.write_text("bytez"), file.unlink, lambda: file.with_name("more").touch()):
        damage()
        with pytest.raises(ArtifactError, match=r"(out\.txt|more): damaged"):
            check_bytes(tmp_path / "asset")
        for left in tmp_path.glob("asset/*"):
            left.unlink()
        run(tmp_path / "asset")
    check_bytes(tmp_path / "asset")


def test_a_record_of_before_has_one_hash_of_all_files(tmp_path: Path) -> None:
    run(tmp_path / "asset")
    kept = read_json(tmp_path / "asset" / "record.json")
    write_json(tmp_path / "asset" / "record.json", {k: v for k, v in kept.items() if k != "files"})
    check_bytes(tmp_path / "asset")
    (tmp_path / "asset" / "out.txt").write_text("bytez")
    with pytest.raises(ArtifactError, match=r"asset: damaged"):
        check_bytes(tmp_path / "asset")
