"""A damaged file names itself, and the way to get it back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from shelfspace.errors import ArtifactError
from shelfspace.files import (
    read_array,
    read_json,
    read_parquet,
    read_yaml,
    write_array,
    write_json,
    write_table,
    write_text,
)
from shelfspace.way_back import way_back

Read = Callable[[Path], Any]


def written(path: Path) -> Path:
    """A file of the kind that its ending says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".json":
        return write_json(path, {"rows": list(range(99))})
    if path.suffix == ".parquet":
        return write_table(path, pd.DataFrame({"price": np.arange(99.0)}))
    if path.suffix == ".npy":
        return write_array(path, np.arange(99.0))
    return write_text(path, "outs:\n- md5: '1f2e'\n")


READERS: dict[str, Read] = {
    "a.json": read_json,
    "a.parquet": read_parquet,
    "a.npy": read_array,
    "b.npy": lambda path: read_array(path, "r"),
    "a.yaml": read_yaml,
}
DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda data: data[: len(data) // 2] if data[:1] != b"o" else b"outs: [",
    "empty": lambda data: b"" if data[:1] != b"o" else b"\xff\xfe",
    "of something else": lambda data: b"{" + b"\x00\x93" * 40,
}


@pytest.mark.parametrize("damage", list(DAMAGE))
@pytest.mark.parametrize("name", list(READERS))
def test_each_reader_names_what_is_damaged(name: str, damage: str, tmp_path: Path) -> None:
    path = written(tmp_path / name)
    READERS[name](path)
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    with pytest.raises(ArtifactError, match="is damaged") as told:
        READERS[name](path)
    assert str(path) in str(told.value)


@pytest.mark.parametrize("name", list(READERS))
def test_each_reader_names_what_is_missing(name: str, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="is missing") as told:
        READERS[name](tmp_path / name)
    assert str(tmp_path / name) in str(told.value)


def test_an_array_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = written(tmp_path / "a.npy")
    with pytest.raises(ValueError, match="pickle"):
        write_array(path, np.array([{}], object))
    assert read_array(path).tolist() == list(range(99))


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("champion.json", ["delete it", "evaluation job"]),
        ("snapshot.dvc", ["collection job"]),
        ("snapshot/products/part-00000.parquet", ["dvc checkout -f", "snapshot.dvc"]),
        ("prepared/catalogue/products.parquet", ["delete", "prepared/catalogue", "preprocessing job"]),
        ("training/challenger/model/model.safetensors", ["training/challenger", "training job"]),
        ("validation/media_findings/findings.parquet", ["validation job"]),
        ("releases/000001-abcd/ids.json", ["rollback", "releases/000001-abcd", "release job"]),
        ("releases/bars.json", ["delete it", "no rollback bars anything"]),
        ("state/splits.parquet", ["prepared/splits/splits.parquet"]),
        ("state/search_index/index.json", ["state/search_index", "release job"]),
        ("state/checks/balance.json", ["state/checks", "made anew"]),
        (
            "state/champions/1f2e/encoder.json",
            ["state/champions/1f2e and", "champion.json", "evaluation job"],
        ),
    ],
)
def test_the_way_back_follows_from_the_place(place: str, words: list[str], tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    told = way_back(tmp_path / place)
    for word in words:
        assert word in told


def test_of_a_file_in_no_workspace_nothing_particular_is_said(tmp_path: Path) -> None:
    assert way_back(tmp_path / "prepared" / "a.json") == "put back a copy of it, or make it again"


def test_jobs_that_are_named_are_there() -> None:
    from dagster_project.graph import JOBS
    from shelfspace.way_back import MADE_BY, OF_STATE

    assert {*MADE_BY.values(), *OF_STATE.values()} <= set(JOBS)
