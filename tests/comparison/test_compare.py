"""The comparer: equal records have no differences, and a planted one of each kind is found."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.comparison.__main__ import main
from tests.comparison.compare import Expectation, compare, read_expectations

HITS = [
    {"product_id": "a", "score": 0.9, "price": 5.0, "why": {"words": ["red"]}},
    {"product_id": "b", "score": 0.8, "price": None, "why": {"words": []}},
    {"product_id": "c", "score": 0.7, "price": 1.0, "why": {"words": []}},
]
ANSWER = {"status": 200, "answer": {"release": "{release}", "result": {"hits": HITS, "total": 3}}}
RECORD: dict[str, dict[str, Any]] = {
    "answers-before": {"before/search words/000": ANSWER, "before/embed/001": {"vector": [0.5, 0.25]}},
    "errors": {"search k/000": {"status": 422, "headers": {"x-a": "1"}, "body": {"error": {"field": "k"}}}},
    "versions": {"data version/products": "abc", "facts/products": ["rows"]},
    "metrics": {"samples/shelfspace_ready": {"labels": [], "of": {"": "1.0"}}},
}


def write(folder: Path, record: dict[str, dict[str, Any]], colour: int = 200) -> Path:
    (folder / "pages").mkdir(parents=True)
    for name, values in record.items():
        (folder / f"{name}.json").write_text(json.dumps(values))
    picture = Image.new("RGB", (100, 100), (200, 200, 200))
    picture.paste((colour, 200, 200), (0, 0, 10, 10))
    picture.save(folder / "pages" / "home.png")
    return folder


def hits(record: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = record["answers-before"]["before/search words/000"]["answer"]["result"][
        "hits"
    ]
    return found


def embedding(record: dict[str, dict[str, Any]]) -> list[float]:
    found: list[float] = record["answers-before"]["before/embed/001"]["vector"]
    return found


PLANTED: dict[str, Callable[[dict[str, dict[str, Any]]], object]] = {
    "answers-before: before/search words: score": lambda r: hits(r)[1].update(score=0.80002),
    "answers-before: before/search words: value": lambda r: hits(r)[0].update(price=5.000001),
    "answers-before: before/search words: type": lambda r: hits(r)[1].update(price=4.0),
    "answers-before: before/search words: order": lambda r: hits(r).reverse(),
    "answers-before: before/search words: products": lambda r: hits(r).pop(),
    "answers-before: before/search words: length": lambda r: hits(r)[0]["why"]["words"].append("x"),
    "answers-before: before/search words: missing": lambda r: hits(r)[0].pop("why"),
    "answers-before: before/search words: added": lambda r: hits(r)[0].update(brand="B"),
    "answers-before: before/embed: score": lambda r: embedding(r).reverse(),
    "answers-before: before/embed: missing": lambda r: r["answers-before"].pop("before/embed/001"),
    "errors: search k: value": lambda r: r["errors"]["search k/000"].update(status=400),
    "errors: search k: missing": lambda r: r["errors"]["search k/000"]["headers"].pop("x-a"),
    "versions: data version: value": lambda r: r["versions"].update({"data version/products": "abd"}),
    "versions: data version: added": lambda r: r["versions"].update({"data version/stock": "x"}),
    "metrics: samples: value": lambda r: r["metrics"]["samples/shelfspace_ready"]["of"].update({"": "0.0"}),
    "metrics: only in the old record": lambda r: r.pop("metrics"),
}  # fmt: skip


def test_equal_records_have_no_difference(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old", RECORD), write(tmp_path / "new", RECORD, colour=210)
    assert compare(old, new).found == []
    assert main(["compare", str(old), str(new)]) == 0


def test_scores_may_differ_by_the_tolerance(tmp_path: Path) -> None:
    near = copy.deepcopy(RECORD)
    hits(near)[0]["score"] += 9e-6
    assert compare(write(tmp_path / "old", RECORD), write(tmp_path / "new", near)).found == []


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_difference_is_found(kind: str, tmp_path: Path) -> None:
    other = copy.deepcopy(RECORD)
    PLANTED[kind](other)
    found = compare(write(tmp_path / "old", RECORD), write(tmp_path / "new", other)).found
    assert {difference.kind for difference in found} == {kind}


def test_another_picture_is_found(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old", RECORD), write(tmp_path / "new", RECORD, colour=90)
    assert [(d.kind, d.where, d.new) for d in compare(old, new).found] == [
        ("pictures: pixels", "home.png", 0.01)
    ]
    (new / "pages" / "home.png").unlink()
    assert [d.kind for d in compare(old, new).found] == ["pictures: missing"]


def test_expected_differences_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = copy.deepcopy(RECORD)
    hits(other)[1]["score"] = 0.5
    other["versions"]["data version/products"] = "abd"
    old, new = write(tmp_path / "old", RECORD), write(tmp_path / "new", other)
    expected = tmp_path / "expected.yaml"
    expected.write_text(
        "- {pattern: '^versions: .*products', reason: cleaned anew}\n- {pattern: zzz, reason: never}\n"
    )
    result = compare(old, new, read_expectations(expected))
    assert [d.kind for d in result.found] == ["answers-before: before/search words: score"]
    assert [d.old for d in result.expected["cleaned anew"]] == ["abc"]
    assert result.idle == ["never"]
    everything = compare(old, new, [Expectation("", "all of it")])
    assert everything.found == []
    told = tmp_path / "told.json"
    arguments = ["compare", str(old), str(new), "--expected", str(expected), "--json", str(told)]
    assert main(arguments) == 1
    assert "expected 1: cleaned anew" in capsys.readouterr().out
    assert json.loads(told.read_text())["differences"][0]["new"] == 0.5


def test_what_is_no_record_or_no_expectation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no record"):
        compare(tmp_path / "a", tmp_path / "b")
    (tmp_path / "e.yaml").write_text("- {pattern: a}\n")
    with pytest.raises(ValueError, match="give each entry a pattern and a reason"):
        read_expectations(tmp_path / "e.yaml")
