"""Every index answers as a brute-force scan does, filtered or not, saved or not."""

import os
import subprocess
import sys
from pathlib import Path

import faiss
import numpy as np
import pytest

from retrieval.vectors import ExactIndex, FaissIndex, RowIndex, build, build_index, load_index, measure_recall
from retrieval.vectors.build import train
from shelfspace.errors import ArtifactError, InputError
from shelfspace.settings import ReleaseSettings

DIM = 32
ROWS = 6000


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    """Clustered unit vectors, with 40 exact copies of row 100 so that ties happen."""
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(60, DIM))
    values = centres[generator.integers(0, 60, ROWS)] + 0.6 * generator.normal(size=(ROWS, DIM))
    values[5000:5040] = values[100]
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module", params=["exact", "ivf", "hnsw"])
def index(request: pytest.FixtureRequest, vectors: np.ndarray) -> RowIndex:
    if request.param == "exact":
        return build_index(vectors, ReleaseSettings())
    if request.param == "ivf":
        built = build_index(vectors, ReleaseSettings(exact_up_to=1000, min_recall=0.95))
        assert built.describe()["factory"].startswith("IVF")
        return built
    return FaissIndex(build.train(vectors, "HNSW24,SQ8", 2000), vectors, 128)


def brute(vectors: np.ndarray, query: np.ndarray, k: int, allowed: np.ndarray | None = None) -> list[int]:
    rows = np.arange(len(vectors)) if allowed is None else np.sort(allowed)
    scores = np.round(vectors[rows].astype(np.float64) @ query.astype(np.float64), 6)
    return rows[np.lexsort((rows, -scores))][:k].tolist()


def test_finds_what_brute_force_finds(index: RowIndex, vectors: np.ndarray) -> None:
    rows = np.random.default_rng(1).integers(0, 4000, 50)
    scores, found = index.search(vectors[rows], 10)
    assert (scores.dtype, found.dtype) == (np.float32, np.int64)
    same = [len(set(line) & set(brute(vectors, vectors[r], 10))) for r, line in zip(rows, found, strict=True)]
    assert np.mean(same) / 10 >= 0.95
    assert (np.diff(scores, axis=1) <= 1e-6).all()
    np.testing.assert_allclose(scores, np.einsum("qd,qkd->qk", vectors[rows], vectors[found]), atol=1e-5)


@pytest.mark.parametrize("share", [0.002, 0.3, 0.95])
def test_a_filter_is_never_left(index: RowIndex, vectors: np.ndarray, share: float) -> None:
    allowed = np.flatnonzero(np.random.default_rng(2).random(ROWS) < share)
    _, found = index.search(vectors[:20], 10, allowed)
    assert np.isin(found, np.append(allowed, -1)).all()
    assert (found >= 0).sum(axis=1).min() == min(10, len(allowed))
    same = [len(set(line) & set(brute(vectors, vectors[r], 10, allowed))) for r, line in enumerate(found)]
    assert np.mean(same) / 10 >= 0.95
    mask = np.zeros(ROWS, dtype=bool)
    mask[allowed] = True
    np.testing.assert_array_equal(index.search(vectors[:20], 10, mask)[1], found)


def test_too_few_rows_are_padded(index: RowIndex, vectors: np.ndarray) -> None:
    scores, found = index.search(vectors[:2], 5, np.array([7, 3]))
    assert sorted(found[0][:2]) == [3, 7]
    assert found[0][2:].tolist() == [-1, -1, -1]
    assert np.isneginf(scores[0][2:]).all()
    assert index.search(vectors[:1], 5, np.array([], dtype=int))[1].tolist() == [[-1] * 5]


def test_ties_go_to_the_lower_row(vectors: np.ndarray) -> None:
    # 41 equal vectors and 16 spare candidates: the cut at k lies inside the tie.
    exact = build_index(vectors, ReleaseSettings())
    _, found = exact.search(vectors[100:101], 8)
    assert found[0].tolist() == [100, *range(5000, 5007)]
    _, among = exact.search(vectors[100:101], 3, np.arange(5010, 5040))
    assert among[0].tolist() == [5010, 5011, 5012]


def test_one_query_and_many_agree(index: RowIndex, vectors: np.ndarray) -> None:
    _, together = index.search(vectors[:600], 10)
    apart = np.concatenate([index.search(vectors[i : i + 1], 10)[1] for i in range(0, 600, 50)])
    np.testing.assert_array_equal(together[::50], apart)


def test_saved_and_loaded_answers_the_same(index: RowIndex, vectors: np.ndarray, tmp_path: Path) -> None:
    index.save(tmp_path / "index")
    np.save(tmp_path / "embeddings.npy", vectors)
    mapped = np.load(tmp_path / "embeddings.npy", mmap_mode="r", allow_pickle=False)
    again = load_index(tmp_path / "index", mapped)
    assert again.describe() == index.describe()
    for mine, other in zip(again.search(vectors[:30], 7), index.search(vectors[:30], 7), strict=True):
        np.testing.assert_array_equal(mine, other)
    with pytest.raises(ArtifactError, match="vectors, not"):
        load_index(tmp_path / "index", vectors[:-1])


def test_exact_keeps_the_memory_map(vectors: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "embeddings.npy", vectors)
    mapped = np.load(tmp_path / "embeddings.npy", mmap_mode="r", allow_pickle=False)
    assert np.shares_memory(ExactIndex(mapped).vectors, mapped)


def test_damaged_index_is_refused(vectors: np.ndarray, tmp_path: Path) -> None:
    built = build_index(vectors, ReleaseSettings(exact_up_to=1000, min_recall=0.9))
    assert built.describe()["kind"] == "faiss"
    built.save(tmp_path)
    (tmp_path / "index.faiss").write_bytes(b"IxFI nonsense")
    with pytest.raises(ArtifactError, match="damaged"):
        load_index(tmp_path, vectors)
    with pytest.raises(ArtifactError, match="missing"):
        load_index(tmp_path / "nowhere", vectors)


def test_when_nothing_recalls_enough_the_index_is_exact_and_says_why(
    vectors: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "overlap", lambda found, truth: 0.5)
    facts = build_index(vectors, ReleaseSettings(exact_up_to=100, min_recall=0.9)).describe()
    assert facts["kind"] == "exact"
    assert facts["reason"].startswith("no approximate index reached recall@10 0.9: the best was IVF")
    assert {t["factory"].split(",")[0][:3] for t in facts["tried"]} == {"IVF", "HNS"}


def test_recall_is_what_a_count_gives(vectors: np.ndarray) -> None:
    poor = FaissIndex(build.train(vectors, "IVF64,SQ8", 4000), vectors, 1)
    recall = measure_recall(poor, vectors)
    rows = np.random.default_rng(0).permutation(ROWS)[: build.SAMPLE]
    shares = []
    for row in rows:
        truth = [r for r in brute(vectors, vectors[row], 11) if r != row][:10]
        shares.append(len(set(poor.search(vectors[row : row + 1], 11)[1][0]) & set(truth)) / 10)
    assert recall == pytest.approx(np.mean(shares), abs=0.01)
    assert recall < 1.0
    assert measure_recall(ExactIndex(vectors), vectors) == 1.0


def test_calibration_on_other_queries_asks_for_more_effort(vectors: np.ndarray) -> None:
    settings = ReleaseSettings(exact_up_to=1000, min_recall=0.98)
    generator = np.random.default_rng(4)
    far = generator.normal(size=(200, DIM)).astype(np.float32)
    far /= np.linalg.norm(far, axis=1, keepdims=True)
    by_far = build_index(vectors, settings, queries=far)
    assert measure_recall(by_far, vectors, far) >= 0.98


def test_built_twice_the_same_bytes(vectors: np.ndarray, tmp_path: Path) -> None:
    for name in ("a", "b"):
        built = build_index(vectors, ReleaseSettings(exact_up_to=1000, min_recall=0.9))
        built.save(tmp_path / name)
    assert (tmp_path / "a/index.faiss").read_bytes() == (tmp_path / "b/index.faiss").read_bytes()
    assert (tmp_path / "a/index.json").read_bytes() == (tmp_path / "b/index.json").read_bytes()


@pytest.mark.parametrize(
    ("queries", "k", "rows", "field"),
    [
        (np.zeros((1, DIM + 1), np.float32), 3, None, "queries"),
        (np.zeros(DIM, np.float32), 3, None, "queries"),
        (np.full((1, DIM), np.nan, np.float32), 3, None, "queries"),
        (np.zeros((1, DIM), np.float32), 0, None, "k"),
        (np.zeros((1, DIM), np.float32), 3, np.array([ROWS]), "allowed_rows"),
        (np.zeros((1, DIM), np.float32), 3, np.array([-1]), "allowed_rows"),
        (np.zeros((1, DIM), np.float32), 3, np.array([True]), "allowed_rows"),
    ],
)
def test_bad_questions_are_refused(
    index: RowIndex, queries: np.ndarray, k: int, rows: np.ndarray | None, field: str
) -> None:
    with pytest.raises(InputError) as caught:
        index.search(queries, k, rows)
    assert caught.value.field == field


def test_empty_tables_are_refused() -> None:
    with pytest.raises(InputError, match="vectors"):
        build_index(np.zeros((0, 4), np.float32), ReleaseSettings())


@pytest.mark.parametrize("first", ["torch", "retrieval.vectors"])
def test_torch_and_faiss_live_in_one_process(first: str) -> None:
    """Both bring an OpenMP runtime; whichever comes first, both must still compute."""
    second = "retrieval.vectors" if first == "torch" else "torch"
    program = f"""
import {first}, {second}
import numpy as np, torch
from retrieval.vectors import build_index
from shelfspace.settings import ReleaseSettings
a = torch.randn(300, 64); b = a @ a.T
v = (a / a.norm(dim=1, keepdim=True)).numpy()
for _ in range(3):
    _, rows = build_index(v, ReleaseSettings(exact_up_to=10, min_recall=0.5)).search(v, 3)
    b = torch.nn.functional.softmax(b, dim=1) @ a @ a.T
assert (rows[:, 0] == np.arange(300)).all() and torch.isfinite(b).all()
print("fine")
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "OMP_NUM_THREADS": "2"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "fine\n"


def test_a_tie_beyond_the_candidates_still_gives_the_lowest_rows() -> None:
    """Fifty equal vectors are more than an approximate index fetches for ten."""
    rng = np.random.default_rng(5)
    table = rng.standard_normal((3000, 32)).astype(np.float32)
    table[500:550] = table[0]
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    for factory in ("IVF16,Flat", "HNSW24,Flat", "IVF16,SQ8"):
        index = FaissIndex(train(table, factory, 3000), table, 64 if "HNSW" in factory else 16)
        for queries in (table[:1], table[[0, 7, 0]]):
            scores, rows = index.search(queries, 10)
            assert rows[0].tolist() == [0, *range(500, 509)], factory
            assert len(set(scores[0].tolist())) == 1, "equal vectors have equal scores"


def test_one_query_and_many_give_the_same_answer() -> None:
    rng = np.random.default_rng(6)
    table = rng.standard_normal((4000, 48)).astype(np.float32)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    for factory in ("IVF16,Flat", "HNSW24,Flat", "HNSW24,SQ8"):
        index = FaissIndex(train(table, factory, 4000), table, 64 if "HNSW" in factory else 16)
        scores, rows = index.search(table[:20], 10)
        for number in range(20):
            one_scores, one_rows = index.search(table[number : number + 1], 10)
            assert one_rows[0].tolist() == rows[number].tolist(), factory
            np.testing.assert_allclose(one_scores[0], scores[number], atol=1e-6)
            np.testing.assert_allclose(one_scores[0], table[one_rows[0]] @ table[number], atol=1e-6)


def test_threads_of_faiss_are_given_back() -> None:
    before = faiss.omp_get_max_threads()
    table = np.eye(64, dtype=np.float32)
    index = FaissIndex(train(np.repeat(table, 20, axis=0), "IVF4,SQ8", 1280), np.repeat(table, 20, axis=0), 4)
    faiss.omp_set_num_threads(2)
    try:
        index.search(table[:1], 5)
        assert faiss.omp_get_max_threads() == 2
    finally:
        faiss.omp_set_num_threads(before)


def test_whole_vectors_come_first_until_they_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind codes every candidate costs a read of its vector; whole vectors cost four times the memory."""
    rng = np.random.default_rng(7)
    centres = rng.standard_normal((40, 32)).astype(np.float32)
    table = centres[rng.integers(0, 40, 3000)] + 0.3 * rng.standard_normal((3000, 32)).astype(np.float32)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    settings = ReleaseSettings(exact_up_to=100, min_recall=0.9)
    assert build_index(table, settings).describe()["factory"].endswith("Flat")
    monkeypatch.setattr("retrieval.vectors.build.WHOLE_BYTES", 1000)
    assert build_index(table, settings).describe()["factory"].endswith("SQ8")
