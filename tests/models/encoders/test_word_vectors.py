"""Word vectors: what stands in like company is alike, equal input gives equal vectors, files are read."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from catalog.text.clean import clean_text
from models.encoders import build_encoder
from models.encoders.text.vectors import cooccurrences, glove_vectors, read_vectors, skip_gram_vectors
from models.encoders.text.vectors.glove import train_glove
from models.inputs.words import FIRST, WordVocabulary
from shelfspace.errors import SettingsError
from shelfspace.settings import Training

SIZE, DIM = 62, 16
LEARNT = {"skip-gram": skip_gram_vectors, "glove": glove_vectors}


def corpus(rows: int = 300) -> np.ndarray:
    """Three subjects of 20 words each; a row keeps to one subject."""
    random = np.random.default_rng(0)
    subject = random.integers(0, 3, rows)[:, None]
    words = FIRST + 20 * subject + random.integers(0, 20, (rows, 12))
    lengths = random.integers(4, 13, rows)
    return np.where(np.arange(12)[None] < lengths[:, None], words, 0).astype(np.int32)


def nearest_share(vectors: np.ndarray, subject: np.ndarray) -> float:
    """How often a word's nearest neighbour is of its subject."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    alike = unit @ unit.T
    np.fill_diagonal(alike, -1)
    return float((subject[alike.argmax(axis=1)] == subject).mean())


@pytest.mark.parametrize("name", LEARNT)
def test_words_of_one_subject_lie_together(name):
    vectors = LEARNT[name](corpus(), SIZE, DIM, 0)
    assert vectors.shape == (SIZE, DIM)
    assert vectors.dtype == np.float32
    assert not vectors[:FIRST].any()
    assert nearest_share(vectors[FIRST:], np.arange(60) // 20) > 0.95


@pytest.mark.parametrize("name", LEARNT)
def test_without_a_word_there_are_finite_vectors(name):
    for words in (np.zeros((3, 5), dtype=np.int32), np.ones((3, 1), dtype=np.int32)):
        assert np.isfinite(LEARNT[name](words, 5, 4, 0)).all()


@pytest.mark.parametrize("name", LEARNT)
def test_equal_input_gives_equal_vectors_in_every_process(name):
    code = (
        "import sys; from tests.models.encoders.test_word_vectors import LEARNT, corpus\n"
        "import xxhash; vectors = LEARNT[sys.argv[1]](corpus(), 62, 16, 5)\n"
        "print(xxhash.xxh3_64(vectors.tobytes()).hexdigest())"
    )
    prints = {
        subprocess.run(
            [sys.executable, "-c", code, name], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed), "OMP_NUM_THREADS": "1"},
            cwd=Path(__file__).resolve().parents[3],
        ).stdout
        for seed in (1, 2)
    }  # fmt: skip
    assert len(prints) == 1
    one, other = (LEARNT[name](corpus(), SIZE, DIM, seed) for seed in (5, 6))
    assert not np.array_equal(one, other)


def test_skip_gram_says_nothing(capfd, recwarn):
    skip_gram_vectors(corpus(20), SIZE, DIM, 0)
    assert capfd.readouterr() == ("", "")
    assert not [w for w in recwarn if not issubclass(w.category, DeprecationWarning | FutureWarning)]


def test_cooccurrences_count_one_over_distance_in_both_directions():
    pairs, counts = cooccurrences(np.array([[4, 3, 1, 4, 0]]), 10)
    assert pairs.tolist() == [[3, 4], [4, 4]]
    assert counts.tolist() == pytest.approx([1 + 1 / 2, 1 / 3])


def test_glove_products_come_to_be_logarithms_of_counts():
    pairs, counts = cooccurrences(corpus(1000), SIZE)
    first, second, losses = train_glove(pairs, counts, SIZE, DIM, 0)
    assert losses[-1] < 0.2 * losses[0]
    assert all(torch.isfinite(table).all() for table in (first, second))


def written(path: Path, lines: list[str]) -> Path:
    data = "\n".join(lines).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


LINES = ["red 1 2 3", "毛巾 4 5 6", ". . . 7 8 9", "red 9 9 9"]


@pytest.mark.parametrize("name", ["v.txt", "v.txt.gz"])
@pytest.mark.parametrize("head", [[], ["4 3"]], ids=["GloVe", "word2vec"])
def test_a_file_is_read_plain_gzipped_and_with_a_head(tmp_path, name, head):
    path = written(tmp_path / name, head + LINES)
    vectors = read_vectors(path, ["毛巾", "absent", "red"], 0)
    assert vectors.shape == (3, 3)
    assert vectors[0].tolist() == [4, 5, 6]
    assert vectors[2].tolist() == [1, 2, 3]
    assert np.isfinite(vectors[1]).all()
    assert vectors[1].any()


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        (["red 1 2 3", "blue 1 2"], "line 2: 2 numbers, where others have 3"),
        (["blue 1 2 3", "red 1 x 3"], "line 2: 'red'"),
        (["red 1 nan 3"], "line 1: 'red': a number is not finite"),
        (["red"], "line 1"),
        (["green 1 2 3"], "none of the 1 words of the catalogue"),
        ([], "none of the 1 words"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_line(tmp_path, monkeypatch, lines, what):
    monkeypatch.chdir(tmp_path)  # a long path is shortened in the message
    path = written(Path("v.txt"), lines)
    with pytest.raises(SettingsError, match=what) as refusal:
        read_vectors(path, ["red"], 0)
    assert refusal.value.field == "model.text"
    assert "v.txt" in str(refusal.value)


@pytest.mark.parametrize("damage", ["missing", "cut", "binary"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, damage):
    path = tmp_path / ("v.txt.gz" if damage == "cut" else "v.txt")
    if damage == "cut":
        path.write_bytes(gzip.compress(b"red 1 2 3\n" * 1000)[:-20])
    elif damage == "binary":
        path.write_bytes(b"blue 1 2 3\nred \xff\xfe 1 2\n")
    with pytest.raises(SettingsError, match="readable file" if damage != "binary" else "line 2: no UTF-8"):
        read_vectors(path, ["red"], 0)


def test_an_encoder_on_a_file_keeps_its_vectors_and_their_length(tmp_path):
    """The network's width and the file's are independent; what is loaded needs no file."""
    words = corpus(40)
    known = [f"w{i}" for i in range(FIRST, SIZE)]
    WordVocabulary(known, 12).save(tmp_path / "words.json")
    rows = np.random.default_rng(0).normal(size=(len(known), 5))
    lines = [f"{w} " + " ".join(map(str, row)) for w, row in zip(known, rows, strict=True)]
    path = written(tmp_path / "v.txt", lines)
    spec = {"words": [12], "word_vocabulary": [SIZE]}
    encoder = build_encoder("text", f"glove:{path}", spec, 8, 0.1)
    with pytest.raises(SettingsError, match="train with the featurizer's folder"):
        encoder.prepare({"words": words})
    encoder.begin(Training(), tmp_path)
    encoder.prepare({"words": words})
    kept = encoder.table.vectors[FIRST:].detach().numpy()
    assert kept == pytest.approx(rows / np.linalg.norm(rows, axis=1).mean(), abs=1e-5)
    path.unlink()
    loaded = build_encoder("text", f"glove:{path}", spec, 8, 0.1)
    loaded.load_state_dict(encoder.state_dict())
    values = {"words": torch.from_numpy(words)}
    assert torch.equal(loaded.eval()(values), encoder.eval()(values))


def test_ids_beyond_the_vocabulary_count_as_unknown():
    for name in ("word2vec", "glove"):
        encoder = build_encoder("text", name, {"words": [12], "word_vocabulary": [SIZE]}, 8, 0.1).eval()
        words = corpus(30)
        encoder.prepare({"words": words})
        strange, unknown = (torch.from_numpy(words.copy()) for _ in range(2))
        strange[:, 0], unknown[:, 0] = 10_000, 1
        assert torch.equal(encoder({"words": strange}), encoder({"words": unknown}))


def test_chinese_words_of_one_kind_lie_together(public_data, monkeypatch):
    import pandas as pd

    monkeypatch.setattr("models.encoders.text.vectors.skip_gram.READ", 500_000)
    titles = pd.read_csv(public_data / "zh_titles" / "titles.csv")["title"].drop_duplicates()
    texts = [clean_text(title) for title in titles]
    vocabulary = WordVocabulary.fit(texts, 20_000, 64)
    vectors = skip_gram_vectors(vocabulary.ids(texts), len(vocabulary), 64, 0)
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)

    def likeness(one: str, other: str) -> float:
        a, b = (unit[vocabulary.words.index(word) + FIRST] for word in (one, other))
        return float(a @ b)

    assert likeness("连衣裙", "长裙") > likeness("连衣裙", "手机") + 0.1
    assert likeness("手机", "苹果") > likeness("手机", "长裙") + 0.1
