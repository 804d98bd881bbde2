"""Cleaning, language and words of product texts."""

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.product import ProductInput
from catalog.text.clean import clean_text, detect_language, product_text, stop_words, words


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("<p>a</p><p>b</p>", "a b"),
        ("<table><tr><td>Size</td><td>XL</td></tr></table>", "Size XL"),
        ("bold<b>er</b>", "bolder"),
        ("&lt;b&gt;bold&lt;/b&gt; &amp; plain", "bold & plain"),
        ("size <xl and <i>big</i> 5<6", "size xl and big 5 6"),
        ("<script>alert(1)</script>ok<style>p{}</style><!-- c -->", "ok"),
        ("Nike™ shoes®", "Nike shoes"),
        ("⭐️ best 1️⃣ 👨\u200d👩\u200d👧 ❤️", "best 1"),
        ("½ cup ㎡ ℃ ＡＢＣ（１）", "1/2 cup m2 °C ABC(1)"),
        ("so\u00adft zero\u200bwidth a\u00a0b\tc\x00d", "soft zerowidth a b c d"),
        ("10×20 cm ±5% 3+1", "10×20 cm ±5% 3+1"),
        ("棉质　毛巾　【新款】", "棉质 毛巾 【新款】"),
        ("", ""),
        ("<br>", ""),
    ],
)
def test_clean_text(raw: str, clean: str) -> None:
    assert clean_text(raw) == clean


@given(st.text(max_size=200))
def test_cleaned_text_has_no_noise_and_stays_as_it_is(raw: str) -> None:
    clean = clean_text(raw)
    assert clean == clean.strip()
    assert "  " not in clean
    assert clean.isprintable()
    if "&" not in clean:  # what reads like an entity after one cleaning would be read as one
        assert clean_text(clean) == clean


@pytest.mark.parametrize("piece", ["1", "1,", "$", "<a", "<", "&lt;", "一", "Rs ", "price ", "<p>", "元"])
def test_hostile_text_takes_no_longer_than_its_length(piece: str) -> None:
    item = ProductInput(description=piece * (100_000 // len(piece)))
    began = time.process_time()
    product_text(item)
    assert time.process_time() - began < 1.0


def test_product_text_joins_what_there_is_in_order() -> None:
    item = ProductInput(
        "Lamp", "<p>Warm light. Price: Rs. 1,299</p>", "Lumo", {"Colour": "red", "W": "5"}, 9.0
    )
    assert product_text(item) == "Lamp . Lumo . Colour: red; W: 5 . Warm light."
    assert product_text(ProductInput()) == ""
    assert product_text(ProductInput(title="<br>")) == ""
    assert len(product_text(ProductInput(description="word " * 9000), limit=100)) == 100


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("cotton bath towel", "en"),
        ("纯棉浴巾 加厚", "zh"),
        ("Apple iPhone 手机壳 保护套", "zh"),
        ("Lamp 灯 with a warm light for the bedroom", "en"),
        ("123 - 456", ""),
        ("", ""),
    ],
)
def test_detect_language(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_words_of_both_languages_without_stop_words() -> None:
    assert words("The best Phone cases for you, don't wait") == ["best", "phone", "cases", "wait"]
    assert words("苹果的手机壳") == ["苹果", "手机", "壳"]
    assert {"the", "的"} <= stop_words()


def test_jieba_is_loaded_at_the_first_chinese_word_silently_and_leaves_no_file(tmp_path) -> None:
    code = (
        "import sys, catalog.text.clean as t\n"
        "t.words('plain english'); assert 'jieba' not in sys.modules and 'sklearn' not in sys.modules\n"
        "assert t.words('手机壳') == ['手机', '壳']"
    )
    environment = {"TMPDIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env=environment, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert list(tmp_path.iterdir()) == []


def test_real_chinese_titles_are_chinese(public_data) -> None:
    import pandas as pd

    titles = pd.read_csv(public_data / "zh_titles" / "titles.csv")
    texts = titles[next(c for c in titles.columns if "title" in c)].astype(str).head(500)
    share = sum(detect_language(clean_text(text)) == "zh" for text in texts) / len(texts)
    assert share > 0.97
