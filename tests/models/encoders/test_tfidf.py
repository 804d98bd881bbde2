"""The TF-IDF encoder against scikit-learn's TfidfVectorizer: the same weights, the same verdicts."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from models.encoders import build_encoder
from models.encoders.text.terms import Terms, pair_keys
from models.inputs.words import WordVocabulary, title_grams, title_of, word_sequence

TEXTS = [
    "Red cotton towel . soft red red towel for a bath",
    "Blue cotton towel . soft bath towel",
    "Desk lamp . red light, Colour: red; Type: lamp",
    "Table lamp . blue light, Colour: blue; Type: lamp",
    "红色 毛巾 . 纯棉 毛巾",
    "蓝色 毛巾 . 纯棉 毛巾",
]
UNSEEN = ["red lamp . red bath towel towel", "毛巾 . 红色 毛巾", "nothing known"]


def encoder_and_values(texts: list[str], others: list[str], length: int = 256):
    vocabulary = WordVocabulary.fit(texts, 20_000, length)
    arrays = {"words": vocabulary.ids(texts), "grams": title_grams(texts)}
    spec = {"words": [length], "grams": [arrays["grams"].shape[1]]}
    encoder = build_encoder("text", "tfidf", spec, 16, 0.0).eval()
    encoder.prepare(arrays)
    new = {"words": vocabulary.ids(others), "grams": title_grams(others)}
    return encoder, {name: torch.from_numpy(array) for name, array in new.items()}


def dense(found: dict, kinds: tuple[str, ...]) -> list[list[float]]:
    """Weights of each row, sorted: columns have other names than scikit-learn's."""
    rows = []
    for row in range(len(found["words"][0])):
        weights = torch.cat([found[kind][1][row] for kind in kinds])
        rows.append(sorted(weights[weights > 0].tolist()))
    return rows


def pairs_of(text: str) -> list[str]:
    words = word_sequence(text)[:256]
    return words + [f"{a} {b}" for a, b in pairwise(words)]


def expected(texts: list[str], others: list[str], **how: object) -> list[list[float]]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectoriser = TfidfVectorizer(sublinear_tf=True, min_df=2, **how).fit(texts)
    rows = vectoriser.transform(others)
    return [sorted(rows[i].data.tolist()) for i in range(rows.shape[0])]


@pytest.mark.parametrize("others", [TEXTS, UNSEEN], ids=["training rows", "unseen rows"])
def test_weights_are_those_of_scikit_learn(others):
    encoder, values = encoder_and_values(TEXTS, others)
    found = encoder.rows(values)
    for mine, theirs in zip(
        dense(found, ("words", "pairs")), expected(TEXTS, others, analyzer=pairs_of), strict=True
    ):
        assert mine == pytest.approx(theirs, abs=1e-6)
    titles = [title_of(text) for text in TEXTS]
    grams = expected(titles, [title_of(text) for text in others], analyzer="char_wb", ngram_range=(3, 5))
    for mine, theirs in zip(dense(found, ("grams",)), grams, strict=True):
        assert mine == pytest.approx([weight / 2 for weight in theirs], abs=1e-6)


def test_a_linear_model_on_its_rows_is_as_good_as_on_scikit_learns(public_data):
    """Real listings, one fold: the same weights give the same accuracy."""
    import pandas as pd
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    table = pd.read_csv(public_data / "flipkart1050" / "products.csv")
    texts = [
        f"{n} . {d}" for n, d in zip(table["product_name"], table["description"].fillna(""), strict=True)
    ]
    labels = table["product_category_tree"].str.extract(r'\["([^>]+?) >>')[0].to_numpy()
    order = np.random.default_rng(0).permutation(len(texts))
    train, test = order[:840], order[840:]
    encoder, values = encoder_and_values([texts[i] for i in train], texts)
    found = encoder.rows(values)
    rows = np.zeros((len(texts), sum(len(encoder.parts[kind]) + 1 for kind in ("words", "pairs"))))
    start = 0
    for kind in ("words", "pairs"):
        places, weights = (part.numpy() for part in found[kind])
        np.add.at(rows, (np.arange(len(texts))[:, None], start + places), weights)
        start += len(encoder.parts[kind]) + 1
    vectoriser = TfidfVectorizer(analyzer=pairs_of, sublinear_tf=True, min_df=2).fit(
        [texts[i] for i in train]
    )
    theirs = vectoriser.transform(texts)

    def accuracy(table) -> float:
        guess = LinearSVC(C=1).fit(table[train], labels[train]).predict(table[test])
        return float((guess == labels[test]).mean())

    assert accuracy(rows) == pytest.approx(accuracy(theirs), abs=0.005)
    assert accuracy(rows) > 0.93


def test_terms_of_one_row_have_no_place_and_the_most_frequent_are_kept():
    terms = Terms(2)
    terms.fit(np.array([[7, 7, 3, 0], [3, 5, 9, 0], [3, 5, 7, 0]]))
    assert terms.keys.tolist() == [3, 5]  # 5 and 7 are equally frequent: the smaller first
    assert terms.idf[1:].tolist() == pytest.approx([1.0, np.log(4 / 3) + 1])
    places, weights = terms.weights(torch.tensor([[3, 9, 3, 0]]))
    assert places.tolist() == [[0, 0, 1, 1]]
    assert weights[0].tolist() == pytest.approx([0, 0, 1 + np.log(2), 0])


def test_pairs_are_of_known_neighbours():
    keys = pair_keys(torch.tensor([[2, 3, 1, 2, 3, 0]], dtype=torch.int32))
    assert keys[0, 0] == keys[0, 3] == (2 << 32) + 3
    assert keys[0, [1, 2, 4]].tolist() == [0, 0, 0]


def test_no_training_rows_and_no_known_term_are_no_trouble():
    encoder, values = encoder_and_values([], UNSEEN)
    assert torch.isfinite(encoder(values)).all()
    assert [len(terms) for terms in encoder.parts.values()] == [0, 0, 0]


def test_words_hidden_in_training_leave_rows_of_unit_length():
    encoder, values = encoder_and_values(TEXTS, TEXTS)
    encoder.train()
    encoder.word_dropout = 0.5
    torch.manual_seed(0)
    found = encoder.rows(values)
    assert (found["words"][1] > 0).sum() < (encoder.eval().rows(values)["words"][1] > 0).sum()
    lengths = found["words"][1].square().sum(dim=1) + found["pairs"][1].square().sum(dim=1)
    assert torch.allclose(lengths[lengths > 0], torch.ones_like(lengths[lengths > 0]), atol=1e-5)
