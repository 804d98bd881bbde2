"""Lexical search: right words in both languages, weights, bounds, and a folder that is whole or refused."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from catalog.text.clean import words
from retrieval.lexical.index import LexicalIndex
from retrieval.lexical.listings import FIELD_WEIGHTS
from retrieval.lexical.overlay import LayeredLexical, read_listing
from retrieval.lexical.tokens import search_terms, stems
from shelfspace.errors import ArtifactError, InputError
from shelfspace.files import read_json, write_json
from shelfspace.hashing import file_hash
from tests.retrieval.shop import products


@pytest.fixture(scope="module")
def index() -> LexicalIndex:
    return LexicalIndex.build(products())


def best(index: LexicalIndex, text: str) -> list[int]:
    scores = index.scores(index.query(text))
    return [int(row) for row in np.argsort(-scores, kind="stable") if scores[row] > 0]


def test_endings_do_not_matter_in_english_and_chinese_is_cut_into_words(index: LexicalIndex) -> None:
    assert best(index, "boot") == best(index, "BOOTS!")
    assert set(best(index, "boots")) == {3, 4, 5}
    assert best(index, "台灯")[0] == 8
    assert best(index, "阅读") == [8]
    assert [word for word, _ in search_terms("the lamp for a desk")] == ["lamp", "desk"]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("0.5 l jug", ["0.5", "l", "jug"]),
        ("jug 1,50L", ["jug", "1.5", "l"]),
        ("容量1.5升", ["容量", "1.5", "升"]),
        ("5.0 inch", ["5", "inch"]),
        ("1,299 v1.2.3", ["1", "299", "v1", "2", "3"]),
        ("12.05.2024", ["12", "05", "2024"]),
        ("sizes 36,37,38", ["size", "36", "37", "38"]),
    ],
)
def test_a_number_with_decimals_is_one_word(text: str, terms: list[str]) -> None:
    assert [term for _, term in search_terms(text)] == terms


def test_a_long_chinese_word_is_found_by_the_words_in_it_but_asks_for_itself() -> None:
    index = LexicalIndex.build(pd.DataFrame({"title": ["经典弓弦乐器", "手工乐器", "弦乐器"]}))
    for text, rows in (("乐器", [0, 1, 2]), ("弦乐器", [0, 2]), ("弓弦乐器", [0])):
        assert index.having_all(index.query(text), titled=True).tolist() == rows
    assert index.query("弓弦乐器").words == ("弓弦乐器",)


def test_a_title_counts_more_than_a_description() -> None:
    table = pd.DataFrame({"title": ["red cup", "blue cup"], "description": ["blue one", "red one"]})
    index = LexicalIndex.build(table)
    assert best(index, "red")[0] == 0
    assert best(index, "blue")[0] == 1
    bare = LexicalIndex.build(table, {"title": 0, "description": 1})
    assert best(bare, "red") == [1]


def test_category_words_are_found_only_where_they_are_searchable(index: LexicalIndex) -> None:
    assert set(best(index, "home")) == {6, 7, 8}
    without = LexicalIndex.build(products(), {**FIELD_WEIGHTS, "category": 0})
    assert best(without, "home") == []


def test_names_of_a_category_find_what_is_in_it_and_below(tmp_path: Path) -> None:
    names = {
        "Shoes": {"zh": ["鞋子"]},
        "Home > Lamps": {"zh": ["灯具"], "en": ["luminaire", "light fitting"]},
    }
    index = LexicalIndex.build(products(), categories=names)
    index.save(tmp_path / "lexical")
    loaded = LexicalIndex.load(tmp_path / "lexical")
    new = LayeredLexical(
        loaded, 10, {9: read_listing(loaded, {"title": "Spot", "category": "Home > Lamps"})}, np.array([6])
    )
    for one, lamps in ((index, {6, 7, 8}), (loaded, {6, 7, 8}), (new, {7, 8, 9})):
        every = np.arange(len(one))
        for name in ("灯具", "luminaires", "light fitting"):
            covered = one.evidence(one.query(name), every)[1]
            assert set(np.flatnonzero(covered > 0.999)) == lamps
        assert set(np.flatnonzero(one.evidence(one.query("鞋子"), every)[1])) == set(range(6))
        assert one.having_all(one.query("luminaire"), titled=True).tolist() == []
    assert LexicalIndex.build(products()).query("灯具").unknown_share == 1


def test_words_that_no_listing_has_are_counted_and_match_nothing(index: LexicalIndex) -> None:
    query = index.query("quantum boots zeppelin boots")
    assert query.words == ("quantum", "boots", "zeppelin")
    assert query.unknown_share == pytest.approx(2 / 3)
    nothing = index.query("quantum zeppelin")
    assert nothing.unknown_share == 1.0
    assert not index.scores(nothing).any()
    assert index.query("").unknown_share == 0.0
    assert not index.scores(index.query("the of")).any()


def test_no_score_exceeds_the_bound_and_unknown_words_raise_it(index: LexicalIndex) -> None:
    for text in ("red running shoe", "lamp", "winter boot harbour", "台灯 红色"):
        query = index.query(text)
        assert 0 < index.scores(query).max() <= query.bound
    assert index.query("lamp zeppelin").bound > index.query("lamp").bound


def test_matched_words_are_those_of_the_query_that_the_listing_has(index: LexicalIndex) -> None:
    query = index.query("Blue running boots zeppelin")
    rows = np.array([1, 3, 6])
    assert index.matched(query, rows) == [("blue", "running"), ("boots",), ()]
    covered = index.evidence(query, rows)[1]
    assert covered[0] > covered[1] > covered[2] == 0
    assert covered[0] < 1
    assert index.evidence(index.query("desk lamp"), np.array([6]))[1][0] == pytest.approx(1.0)


def test_terms_are_found_in_any_listing_of_a_large_shop() -> None:
    rng = np.random.default_rng(0)
    listings = [[f"t{term}" for term in rng.integers(0, 40, 6)] for _ in range(500)]
    index = LexicalIndex.of_terms(listings, {})
    rows = rng.permutation(500)
    for term in range(40):
        query = index.query_of((f"t{term}",), (f"t{term}",))
        found = index.evidence(query, rows)[1] > 0
        assert found.tolist() == [f"t{term}" in listings[row] for row in rows]


def test_all_words_in_the_title_is_told_from_all_words_anywhere(index: LexicalIndex) -> None:
    titles = [set(terms) for terms in (stems(words(title)) for title in products()["title"])]
    for text in ("red", "red shoe", "northpeak shoe", "boots rain", "红色台灯", "lamp zeppelin", ""):
        query = index.query(text)
        expected = [row for row, title in enumerate(titles) if query.terms and title >= set(query.terms)]
        assert index.having_all(query, titled=True).tolist() == expected
    assert index.having_all(index.query("northpeak shoe")).tolist() == [0, 1, 5]


def test_saved_and_loaded_it_answers_the_same(index: LexicalIndex, tmp_path: Path) -> None:
    index.save(tmp_path / "lexical")
    assert {path.suffix for path in (tmp_path / "lexical").iterdir()} == {".json", ".npy"}
    loaded = LexicalIndex.load(tmp_path / "lexical", rows=9)
    for text in ("running shoe", "台灯", "zeppelin"):
        assert np.array_equal(loaded.scores(loaded.query(text)), index.scores(index.query(text)))
        assert loaded.query(text).bound == index.query(text).bound
        titled = [one.having_all(one.query(text), titled=True).tolist() for one in (loaded, index)]
        assert titled[0] == titled[1]
    assert loaded.spelling.words == index.spelling.words
    assert loaded.describe() == index.describe()


def test_other_processes_write_the_same_bytes(index: LexicalIndex, tmp_path: Path) -> None:
    index.save(tmp_path / "here")
    code = (
        "import sys; from pathlib import Path; from retrieval.lexical.index import LexicalIndex;"
        "from tests.retrieval.shop import products; LexicalIndex.build(products()).save(Path(sys.argv[1]))"
    )
    for seed in ("1", "2"):
        there = tmp_path / seed
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[3])}
        subprocess.run([sys.executable, "-c", code, str(there)], check=True, env=environment)
        hashes = [
            {path.name: file_hash(path) for path in folder.iterdir()} for folder in (tmp_path / "here", there)
        ]
        assert hashes[0] == hashes[1]


def test_a_damaged_or_foreign_folder_is_refused(index: LexicalIndex, tmp_path: Path) -> None:
    folder = tmp_path / "lexical"
    index.save(folder)
    with pytest.raises(ArtifactError, match="over 9 listings, not 10"):
        LexicalIndex.load(folder, rows=10)
    facts = read_json(folder / "lexical.json")
    write_json(folder / "lexical.json", {**facts, "tokens": "other"})
    with pytest.raises(ArtifactError, match="build it again"):
        LexicalIndex.load(folder)
    write_json(folder / "lexical.json", {**facts, "format": 1})
    with pytest.raises(ArtifactError, match=r"was made as .*build it again"):
        LexicalIndex.load(folder)
    write_json(folder / "lexical.json", {**facts, "rows": 8})
    with pytest.raises(ArtifactError, match="disagree"):
        LexicalIndex.load(folder)
    write_json(folder / "lexical.json", facts)
    (folder / "indptr.csc.index.npy").write_bytes(b"no array")
    with pytest.raises(ArtifactError, match="damaged"):
        LexicalIndex.load(folder)
    with pytest.raises(ArtifactError, match="missing"):
        LexicalIndex.load(tmp_path / "nowhere")


def test_wrong_fields_and_empty_tables_are_refused() -> None:
    with pytest.raises(InputError, match="colour"):
        LexicalIndex.build(products(), {"colour": 1})
    with pytest.raises(InputError, match="weights"):
        LexicalIndex.build(products(), {"title": -1})
    with pytest.raises(InputError, match="at least one listing"):
        LexicalIndex.build(products().iloc[:0])


def test_listings_without_any_word_are_found_by_nothing() -> None:
    index = LexicalIndex.build(pd.DataFrame({"title": ["", None, "!!!"]}))
    assert not index.scores(index.query("lamp")).any()
    assert index.query("lamp").unknown_share == 1.0
