"""Texts as they are shown: without HTML, and with all that only looks like it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.text.clean import clean_text
from catalog.text.markup import shown_lines, shown_text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Tom &amp; Jerry <b>mug</b>", "Tom & Jerry mug"),
        ("Tom &amp;amp;amp; Jerry", "Tom & Jerry"),
        ("&amp;lt;b&amp;gt;bold&amp;lt;/b&amp;gt; caf&eacute;", "bold café"),
        ("<P CLASS='x'>a</P><p>b<br/>c", "a b c"),
        ("<a href='x' onclick=alert(1)>link</a> <o:p>Word</o:p>", "link Word"),
        ("<script>alert(1)</script>ok<!-- c --><style>p{}</style>", "ok"),
        ("mug <scr<b></b>ipt>alert(1)</script>", "mug"),
        ("W&#39;s&nbsp;&#x1F600;&#0; &middot", "W's 😀 ·"),
        ("a\x00b\ud800 \t c\n", "a b c"),
        ("cafe\u0301 ½ m² Nike™", "café ½ m² Nike™"),
        ("z" + "\u0337\u0322\u0327" * 9 + "a", "za"),
        ("<b></b>", ""),
    ],
)
def test_html_is_read_however_often_it_was_escaped(raw: str, shown: str) -> None:
    assert shown_text(raw) == shown


@pytest.mark.parametrize(
    "text",
    [
        "I <3 you", "a < b & c > d", "x<y and z>w", "a <b and c> d", "pen&notebook", "AT&T", "R&D; Q&A",
        "print&copy", "<NEW> mug", "100% <5 kg>", "5 > 3", "C++ & C#", "-> here <-", "लाल जूता", "红色 & 蓝色",
    ],
)  # fmt: skip
def test_what_only_looks_like_html_stays(text: str) -> None:
    assert shown_text(text) == text
    assert shown_text(f"<i>{text}</i>") == text


def test_a_longer_text_keeps_its_lines() -> None:
    assert shown_lines("<p>Light &amp; warm</p>\n\n  for\tthe desk\n") == "Light & warm\nfor the desk"


@given(st.text(max_size=100))
def test_what_is_shown_reads_the_same_again(raw: str) -> None:
    shown = shown_text(raw)
    assert "  " not in shown
    assert clean_text(shown) == clean_text(raw)


@pytest.mark.parametrize("piece", ["<", "&", "&amp;", "<a", "<b <", "<!--", "<p>", "e\u0301\u0301", "<a="])
def test_hostile_text_takes_no_longer_than_its_length(piece: str) -> None:
    began = time.process_time()
    shown_text(piece * (100_000 // len(piece)))
    assert time.process_time() - began < 1.0
