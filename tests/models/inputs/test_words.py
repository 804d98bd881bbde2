"""Words as ids: in order, of the training rows, English and Chinese alike."""

import json
import subprocess
import sys

import numpy as np
import pytest

from catalog.product import ProductInput
from catalog.text.clean import clean_text, product_text
from models.inputs.words import UNKNOWN, WordVocabulary, title_grams, title_of, word_sequence
from shelfspace.errors import ArtifactError

TEXTS = [
    "Red towel . Sathiyas . Colour: red; Bath type: soft . A soft red towel",
    "Blue towel . soft",
    "红色 毛巾 . 纯棉毛巾",
    "蓝色 毛巾",
]


def test_words_keep_their_order_and_attributes_say_their_name():
    item = ProductInput("Lamp", "Warm: light", "Lumo", {"Colour": "red", "Bulb Type": "LED"})
    assert word_sequence(product_text(item)) == [
        "lamp", "lumo", "colour=", "colour", "red", "bulb_type=", "bulb", "type", "led",
        "warm=", "warm", "light",
    ]  # fmt: skip
    assert word_sequence("") == []
    assert word_sequence("towel: x") == ["towel=", "towel", "x"]


def test_a_title_is_all_before_the_first_separator():
    assert title_of(TEXTS[0]) == "Red towel"
    assert title_of("Lamp 1.5 W") == "Lamp 1.5 W"
    assert title_of("") == ""


def test_ids_are_of_words_that_two_rows_hold():
    vocabulary = WordVocabulary.fit(TEXTS, 100, 10)
    assert vocabulary.words == ("soft", "towel", "毛巾")
    ids = vocabulary.ids([*TEXTS, ""])
    assert ids.dtype == np.int32
    assert ids.shape == (5, 10)
    assert ids[1].tolist() == [UNKNOWN, 3, 2, 0, 0, 0, 0, 0, 0, 0]
    assert ids[2, :4].tolist() == [UNKNOWN, 4, UNKNOWN, 4]
    assert not ids[4].any()
    assert vocabulary.title_lengths([*TEXTS, ""]).tolist() == [2, 2, 2, 2, 0]
    assert len(vocabulary) == 5


def test_the_order_of_rows_changes_nothing_and_the_most_frequent_are_kept():
    assert (
        WordVocabulary.fit(TEXTS[::-1], 100, 10).fingerprint == WordVocabulary.fit(TEXTS, 100, 10).fingerprint
    )
    assert WordVocabulary.fit([*TEXTS, "towel"], 3, 10).words == ("towel",)


def test_a_word_that_no_training_row_shows_within_reach_has_no_id():
    assert WordVocabulary.fit(["one two three", "two one three"], 100, 2).words == ("one", "two")


def test_saved_and_loaded_it_is_the_same(tmp_path):
    vocabulary = WordVocabulary.fit(TEXTS, 100, 10)
    vocabulary.save(tmp_path / "words.json")
    loaded = WordVocabulary.load(tmp_path / "words.json")
    assert loaded.fingerprint == vocabulary.fingerprint
    assert (loaded.ids(TEXTS) == vocabulary.ids(TEXTS)).all()
    (tmp_path / "words.json").write_text(json.dumps({"words": ["a"]}))
    with pytest.raises(ArtifactError, match=r"words\.json"):
        WordVocabulary.load(tmp_path / "words.json")
    with pytest.raises(ArtifactError, match="missing"):
        WordVocabulary.load(tmp_path / "absent.json")


def test_grams_are_those_of_scikit_learn():
    from sklearn.feature_extraction.text import CountVectorizer

    titles = ["Red cotton towels", "a", "红色 毛巾"]
    counted = CountVectorizer(analyzer="char_wb", ngram_range=(3, 5)).build_analyzer()
    ids = title_grams([f"{title} . more" for title in titles], 100)
    for row, title in zip(ids, titles, strict=True):
        assert (row > 0).sum() == len(counted(title))
        assert len(np.unique(row[row > 0])) == len(set(counted(title)))
    assert (title_grams(titles, 4) == ids[:, :4]).all()


def test_english_needs_no_jieba_and_chinese_has_it_ready_when_loaded(tmp_path):
    WordVocabulary(["red", "towel"], 8).save(tmp_path / "en.json")
    WordVocabulary(["red", "毛巾"], 8).save(tmp_path / "zh.json")
    code = (
        "import sys; from pathlib import Path; from models.inputs.words import WordVocabulary as V\n"
        "folder = Path(sys.argv[1]); V.load(folder / 'en.json').ids(['red towel'])\n"
        "assert not {'jieba', 'torch', 'sklearn', 'gensim'} & set(sys.modules)\n"
        "V.load(folder / 'zh.json'); assert 'jieba' in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code, str(tmp_path)], check=True)


def test_real_chinese_titles_are_mostly_known(public_data):
    import pandas as pd

    titles = pd.read_csv(public_data / "zh_titles" / "titles.csv")["title"].drop_duplicates()
    texts = [clean_text(title) for title in titles.head(3000)]
    vocabulary = WordVocabulary.fit(texts[:2500], 20_000, 256)
    ids = vocabulary.ids(texts[2500:])
    assert len(vocabulary) > 1500
    # Two fifths of the words of a new title stand in fewer than two of 2,500 others.
    assert (ids == UNKNOWN).sum() / (ids > 0).sum() < 0.45
