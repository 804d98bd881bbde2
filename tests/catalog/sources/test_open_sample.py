"""The sample is made once, and again where an older generator made it."""

from pathlib import Path

import pytest

from catalog.sample.truth import VERSION
from catalog.sources.open import open_catalog
from shelfspace.files import read_json, write_json


def test_a_sample_of_an_older_generator_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def build(folder: Path, progress: bool = False) -> None:
        made.append(progress)
        folder.mkdir(exist_ok=True)
        (folder / "catalog.yaml").write_text("name: sample\nproducts: {path: products.csv}\n")
        (folder / "products.csv").write_text("product_id,title\np1,Red clock\n")
        write_json(folder / "truth.json", {"version": VERSION})

    monkeypatch.setattr("catalog.sample.build_sample", build)
    assert open_catalog("sample", tmp_path).name == "sample"
    open_catalog("sample", tmp_path)
    assert made == [True]
    write_json(tmp_path / "sample" / "truth.json", {"version": VERSION - 1})
    open_catalog("sample", tmp_path)
    assert made == [True, True]
    assert read_json(tmp_path / "sample" / "truth.json")["version"] == VERSION
