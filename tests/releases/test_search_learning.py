"""What search learned is kept while model, code and judgements are the same and little has changed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from catalog.snapshot.media_store import MediaStore
from releases.search_learning import LEARNED, LearnedFrom, keep_learned, learn_search, search_lessons
from retrieval.ranking.fusion import FusionModel
from retrieval.ranking.training.judgements import judgements_of


@pytest.fixture
def source(tmp_path: Path) -> LearnedFrom:
    words = {name: "" for name in ("brand", "attributes", "category", "description")}
    products = pd.DataFrame({"product_id": [f"p{i}" for i in range(40)], "title": "shoe", **words})
    vectors = np.eye(40, dtype=np.float32)
    sides = ["train"] * 40
    return LearnedFrom(products, vectors, {"text": vectors}, {}, sides, "m", "1", tmp_path / "judgements")


def changed(source: LearnedFrom, rows: int) -> LearnedFrom:
    products = source.products.copy()
    products.loc[: rows - 1, "title"] = "boot"
    return replace(source, products=products)


def keep(before: Path, source: LearnedFrom, share: float = 0.1) -> str:
    folder = before.with_name(f"{before.name}-kept")
    folder.mkdir(exist_ok=True)
    said = keep_learned(before, source, share, folder)
    assert {p.name for p in folder.iterdir()} == (set(LEARNED) if said else set())
    return said


@pytest.fixture
def learned(source: LearnedFrom, tmp_path: Path) -> Path:
    folder = tmp_path / "learned"
    folder.mkdir()
    made = learn_search([], source, folder)
    assert not made.learned
    assert made.fusion == FusionModel.fallback()
    assert {p.name for p in folder.iterdir()} == set(LEARNED)
    return folder


def test_few_changes_keep_it(source: LearnedFrom, learned: Path) -> None:
    assert keep(learned, changed(source, 3)) == "3 of 40 listings changed (7.5% of 10% allowed)"


@pytest.mark.parametrize("share", [0.05, 0.075, 0.0])
def test_the_share_decides(source: LearnedFrom, learned: Path, share: float) -> None:
    assert keep(learned, changed(source, 3), share) == ""


def test_vectors_and_sides_count_as_words_do(source: LearnedFrom, learned: Path) -> None:
    other = source.vectors.copy()
    other[:4] *= -1
    assert keep(learned, replace(source, vectors=other)) == ""
    assert keep(learned, replace(source, alone={"text": other})) == ""
    assert keep(learned, replace(source, sides=["test"] * 4 + ["train"] * 36)) == ""
    assert keep(learned, replace(source, sides=["test"] * 3 + ["train"] * 37)).startswith("3 of 40")


@pytest.mark.parametrize("change", [{"model": "n"}, {"code": "2"}])
def test_another_model_or_code_learns_anew(
    source: LearnedFrom, learned: Path, change: dict[str, str]
) -> None:
    assert keep(learned, replace(source, **change)) == ""


def test_new_judgements_are_learned_from_at_once(source: LearnedFrom, learned: Path) -> None:
    source.judgements.mkdir()
    (source.judgements / "a.csv").write_text("query,product_id,relevance\nshoe,p1,2\n")
    assert keep(learned, source) == ""


def test_clicks_are_learned_from_once_what_they_judge_has_doubled(
    source: LearnedFrom, tmp_path: Path
) -> None:
    def clicked(queries: int) -> LearnedFrom:
        rows = [(f"q{n}", "p1", 2, 0.1) for n in range(queries)]
        table = pd.DataFrame(rows, columns=["query", "product_id", "relevance", "weight"])
        return replace(source, clicks=judgements_of(table))

    assert clicked(0).whole() == source.whole(), "without clicks nothing is another"
    assert clicked(3).clicks.weights == dict.fromkeys(("q0", "q1", "q2"), 0.1)
    folder = tmp_path / "learned"
    folder.mkdir()
    learn_search([], clicked(8), folder)
    assert keep(folder, clicked(16)) == ""
    assert keep(folder, clicked(15)) != ""


@pytest.mark.parametrize("name", LEARNED)
def test_what_an_older_version_left_is_learned_anew(source: LearnedFrom, learned: Path, name: str) -> None:
    (learned / name).unlink()
    assert keep(learned, source) == ""


def test_an_encoder_that_reads_no_text_is_asked_nothing_and_search_goes_by_rule(
    source: LearnedFrom, tmp_path: Path
) -> None:
    """A catalogue of photos alone: words cannot be put to its encoder."""

    class Seeing:
        modalities = ("image",)

    lessons = search_lessons(source, Seeing(), MediaStore(tmp_path, {}), tmp_path, tmp_path)  # type: ignore[arg-type]
    assert lessons == []
    assert learn_search(lessons, source, tmp_path / "learned").fusion == FusionModel.fallback()
