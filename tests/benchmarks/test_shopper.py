"""The shopper's benchmark: questions have the answer they claim, and a wrong answer scores less."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from benchmarks.shopper.choices import facets_count
from benchmarks.shopper.intention import Asked, Intention, Score, drawn, generator, place_gain, share
from benchmarks.shopper.judged import ndcg
from benchmarks.shopper.nothing import nothing, sold
from benchmarks.shopper.photos import RETAKES, other_colour, retaken
from benchmarks.shopper.prices import in_range, lowest_third, not_obeyed, price_intentions, round_between
from benchmarks.shopper.rows import ROWS, figure, table, told
from benchmarks.shopper.runner import MAKERS, kinds, values
from benchmarks.shopper.shop import serve
from benchmarks.shopper.sounds import RECORDINGS, rerecorded
from benchmarks.shopper.spelling import Vocabulary, misspelt, terms
from benchmarks.shopper.titles import TitleWords, colours_with_nouns, title_intentions, words_first
from benchmarks.shopper.why import untrue
from catalog.sample.photos import render_photo
from tests.benchmarks.shopper_shop import answer, nobody, product, shop
from tests.bentos.shop import build_shop


def test_a_typo_is_one_change_of_one_long_word_and_no_word_of_the_shop() -> None:
    known = Vocabulary(["red violin case", "violins and violets", "carbon bow"])
    made = {misspelt("red violin", known, generator(str(n))) for n in range(300)}
    assert len(made) > 100
    for text in made:
        assert text is not None
        head, wrong = text.split()
        assert head == "red"  # too short
        assert wrong not in known
        assert abs(len(wrong) - len("violin")) <= 1
        assert wrong != "violin"
    assert misspelt("red violin", known, generator("a")) == misspelt("red violin", known, generator("a"))
    # The plural is a word of the shop, in whatever form.
    assert "violins" in known
    assert "carbons" in known
    assert misspelt("red bow", known, generator("a")) is None
    assert misspelt("DW100-black K75clock", known, generator("a")) is None  # a model's number is no word
    two = misspelt("carbon violin", known, generator("b"), mistakes=2)
    assert two is not None
    assert not {"carbon", "violin"} & set(two.split())


def test_shares_are_of_what_there_is_to_be_found() -> None:
    right = frozenset(["P1", "P2", "P3"])
    assert share(answer("P1", "P9", "P2"), right) == pytest.approx(2 / 3)
    assert share(answer(*[f"P{n}" for n in range(4, 14)], "P1"), right) == 0
    assert share(answer(), frozenset()) == 0
    assert place_gain(["P1"], answer("P1")) == 1
    assert place_gain(["P1"], answer("P8", "P9", "P1")) == pytest.approx(0.5)
    assert place_gain(["P1"], answer(*[f"P{n}" for n in range(2, 12)], "P1")) == 0
    assert place_gain(["P1"], answer()) == 0
    collapsed = answer("P7")
    collapsed.hits[0]["variants"] = ["P1"]
    assert place_gain(["P1"], collapsed) == 1


def test_draws_are_the_same_in_every_run_and_differ_by_what_they_are_for() -> None:
    rows = list(range(100))
    assert drawn(rows, 10, "photos") == drawn(rows, 10, "photos") == sorted(drawn(rows, 10, "photos"))
    assert drawn(rows, 10, "photos") != drawn(rows, 10, "titles")
    assert drawn(rows, 200, "photos") == rows


@pytest.mark.parametrize("way", RETAKES)
def test_a_retaken_photo_is_another_photo_of_the_same_thing(way: str) -> None:
    photo = render_photo("kettle", "red", "matte", seed=0, group=3, shot=(1, 0), noisy=False)
    again = retaken(way, photo, "seed")
    assert again == retaken(way, photo, "seed")
    assert again not in {photo, retaken(way, photo, "another seed")}
    before, after = (
        np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), float) for data in (photo, again)
    )
    middle = [
        one[len(one) // 2 - 8 : len(one) // 2 + 8, len(one[0]) // 2 - 8 : len(one[0]) // 2 + 8]
        for one in (before, after)
    ]
    for one in middle:  # still a red thing, in the middle
        red, green, blue = one.mean(axis=(0, 1))
        assert red > 1.4 * max(green, blue)


def test_another_background_leaves_the_thing_and_takes_the_rest() -> None:
    picture = Image.new("RGB", (100, 100), "white")
    picture.paste((200, 30, 30), (30, 30, 70, 70))
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    after = np.asarray(Image.open(io.BytesIO(retaken("before another background", stream.getvalue(), "s"))))
    assert np.abs(after[50, 50].astype(int) - (200, 30, 30)).max() < 12
    assert np.abs(after[2, 2].astype(int) - 255).max() > 4


@pytest.mark.parametrize("way", RECORDINGS)
def test_a_rerecorded_sound_differs_in_what_it_says(way: str) -> None:
    rate = 16000
    samples = 0.2 * np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate)
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format="FLAC")
    again = rerecorded(way, stream.getvalue(), "seed")
    assert again == rerecorded(way, stream.getvalue(), "seed")
    changed, other = soundfile.read(io.BytesIO(again))
    whole = len(changed) / other == pytest.approx(2, abs=0.01)
    assert whole == (way not in {"cut", "recorded by hand"})
    assert (other == rate) == (way not in {"at another rate", "recorded by hand"})
    level = np.sqrt(np.mean(changed**2)) / np.sqrt(np.mean(samples**2))
    assert (abs(20 * np.log10(level)) > 3) == (way in {"louder or softer", "recorded by hand"})


def test_titles_with_every_word_come_before_those_that_lack_one() -> None:
    listings = [
        product(1, "Red clock"),
        product(2, "Quiet clock, red"),
        product(3, "Blue clocks"),
        product(4, "Red clocks"),
    ]
    words = TitleWords(listings)
    assert words.of(listings[1]) == ["quiet", "clock", "red"]
    right = words.having(["red", "clock"])
    assert right == {"P1", "P2"}  # as it is written
    check = words_first(words, ["red", "clock"], right)
    # Another form of the word neither counts nor stands in the way.
    assert check(answer("P4", "P1", "P2", "P3"), nobody).value == 1
    assert check(answer("P1", "P3", "P2"), nobody).value == 0.5
    assert "place 2" in check(answer("P1", "P3", "P2"), nobody).said
    assert check(answer("P3"), nobody).value == 0
    assert check(answer(), nobody).value == 0
    chinese = [product(1, "静雅红色时钟", language="zh"), product(2, "蓝色时钟", language="zh")]
    assert TitleWords(chinese).having(["红色", "时钟"]) == {"P1"}
    assert TitleWords(chinese).lacks("P2", ["红色"])
    owned = [product(1, "Men's red shirt"), product(2, "Women's red shirt")]
    assert TitleWords(owned).having(["men's", "red"]) == {"P1"}
    assert colours_with_nouns(TitleWords([*listings, *owned])) == [("red", "shirt")]
    decomposed = [product(1, "Cafe\u0301 cup")]
    assert TitleWords(decomposed).having(TitleWords(decomposed).of(decomposed[0])) == {"P1"}


def test_a_price_is_read_off_the_listing_and_has_to_be_said() -> None:
    said = [{"kind": "price", "text": "under 40", "meaning": "at most 40 EUR", "filters": {"price_to": 40}}]
    sold_here = shop(
        product(1, "Clock", 30.0), product(2, "Clock", 50.0), product(3, "Clock"), product(4, "Cup", 20.0)
    )
    check = in_range(sold_here, 0, 40, frozenset(["P1"]))
    assert check(answer("P1", understood=said), nobody).value == 1
    assert check(answer("P1", "P2", understood=said), nobody).value == 0
    assert check(answer("P1", "P3", understood=said), nobody).value == 0  # nobody knows what it costs
    assert check(answer("P4", understood=said), nobody).value == 0  # no clock
    assert check(answer(understood=said), nobody).value == 0
    assert check(answer("P1", understood=[]), nobody).value == 0  # obeyed, and not said
    lying = answer("P2", understood=said)
    lying.hits[0]["price"] = 30.0
    assert check(lying, nobody).value == 0


def test_cheap_is_the_lowest_third() -> None:
    sold_here = shop(*(product(n, "Clock", 10.0 * n) for n in range(1, 10)))
    said = [{"kind": "price", "text": "cheap", "meaning": "at most 30 EUR", "filters": {"price_to": 30}}]
    every = answer(*(f"P{n}" for n in range(1, 10)))
    check = lowest_third(sold_here, "clock")
    assert check(answer("P3", "P1", understood=said), lambda *_, **__: every).value == 1
    assert check(answer("P3", "P5", understood=said), lambda *_, **__: every).value == 0
    assert check(answer(understood=said), lambda *_, **__: every).value == 0
    assert check(answer("P1", understood=said), lambda *_, **__: answer()).value == 0


def test_another_currency_is_said_and_not_obeyed() -> None:
    sold_here = shop(product(1, "Clock", 30.0), product(2, "Clock", 50.0))
    every = answer("P1", "P2")
    check = not_obeyed(sold_here, "clock", 40)
    said = [{"kind": "currency", "text": "under 40 dollars", "meaning": "prices are in EUR", "filters": None}]
    obeyed = [{"kind": "price", "text": "under 40 dollars", "meaning": "", "filters": {"price_to": 40}}]
    assert check(answer("P1", "P2", understood=said), lambda *_, **__: every).value == 1
    assert check(answer("P1", understood=said), lambda *_, **__: every).value == 0
    assert check(answer("P1", "P2", understood=[]), lambda *_, **__: every).value == 0
    assert check(answer("P1", understood=said + obeyed), lambda *_, **__: every).value == 0


def test_price_questions_are_about_prices_that_no_listing_has() -> None:
    taken = [float(n) for n in range(20, 61)]
    assert round_between(taken, 0.5, taken) == 61
    assert round_between([1234.0, 5678.0], 0, []) == 1200
    listings = [product(n, f"Clock {n}", float(n)) for n in range(20, 100, 2)]
    made = list(price_intentions(shop(*listings)))
    assert {one.kind for one in made} == {
        "price, under", "price, over", "price, between", "price with its currency, under",
        "price with its currency, over", "price with its currency, between", "cheap", "another currency",
    }  # fmt: skip
    assert all("clock" in one.query["text"] for one in made)
    assert {one.language for one in made} == {"en", "zh"}


def test_the_lists_of_nothing_hold_each_thing_once_and_no_word_that_a_listing_has_all_of() -> None:
    everything = [text for own in nothing().values() for text in own]
    assert len(everything) == len(set(everything)) > 90
    listings = [terms("A mug for beer"), terms("frozen peas")]
    assert sold("beer", listings)
    assert not sold("frozen pizza", listings)
    assert not sold("????!!", listings)


def test_a_line_that_is_untrue_of_listing_or_query_is_found() -> None:
    red = product(1, "Red clock", description="Keeps 40 days", photo="a.jpg")
    said = {"kind": "spelling", "text": "clcok", "meaning": "showing clock for clcok", "filters": None}

    def line(
        words: list[str], modality: str, query: dict[str, str], marks: list | None = None, **fields: list
    ) -> str:
        hit = {"title": red.title, "why": {"words": words, "modality": modality}, "marks": marks or []}
        return untrue(hit, red, query, answer("P1", **fields))

    assert line(["clock"], "text", {"text": "red clocks"}) == ""
    assert "query has no" in line(["clock"], "", {"text": "red"})
    assert "query has no" in line(["clock"], "", {"text": "clcok"})
    assert "query has no" in line(["家纺"], "", {"text": "想买家具"})
    assert "query has no" not in line(["家纺"], "", {"text": "想买家纺"}), "cut as 想, 买家, 纺"
    assert line(["clock"], "", {"text": "clcok"}, understood=[said]) == ""
    assert "listing has no" in line(["blue"], "", {"text": "blue clock"})
    within = product(1, "快速粉色厨房小家电")
    hit = {"title": within.title, "why": {"words": ["家电"], "modality": ""}}
    assert untrue(hit, within, {"text": "家电"}, answer("P1")) == ""
    assert "listing has no" in untrue(hit, red, {"text": "家电"}, answer("P1"))
    price = {"kind": "price", "text": "under 40", "meaning": "", "filters": {"price_to": 40}}
    assert "was a price" in line(["40"], "", {"text": "clock under 40"}, understood=[price])
    assert "closest by audio" in line([], "audio", {"photo": "..."})
    assert "closest by image" in line([], "image", {"text": "clock"})
    assert line([], "image", {"text": "clock", "photo": "..."}) == ""
    assert "which the listing lacks" in line([], "audio", {"sound": "..."})
    assert line(["clock"], "", {"text": "clock"}, marks=[[4, 9]]) == ""
    assert "is marked" in line(["clock"], "", {"text": "clock"}, marks=[[0, 3]])


def test_facets_have_to_count_what_is_found() -> None:
    sold_here = shop(product(1, "Clock", 30.0, brand="A"), product(2, "Clock", brand="B"))
    right = {"brand": {"A": 1, "B": 1}, "language": {"en": 2}, "price": [{"from": 30, "to": 30, "count": 1}]}
    check = facets_count(sold_here, "clock")
    assert check(answer("P1", "P2", facets=right), nobody).value == 1
    assert check(answer("P1", facets=right), nobody).value == 0
    assert check(answer("P1", "P2", total=130, facets=right), lambda *_, **__: answer()).value == 0


def test_people_s_judgements_gain_half_for_a_fair_answer() -> None:
    grades = {"P1": 3, "P2": 2, "P3": 1}
    assert ndcg(["P1", "P2", "P3"], grades) == 1
    assert ndcg(["P3", "P9"], grades) == 0
    best = 1 + 0.5 / np.log2(3)
    assert ndcg(["P2", "P1"], grades) == pytest.approx((0.5 + 1 / np.log2(3)) / best)
    assert ndcg(["P9"] * 10 + ["P1"], grades) == 0


def test_another_colour_is_one_the_kind_comes_in() -> None:
    media = type("Media", (), {"read": lambda self, key: b"x"})()
    drawn_as = [("kettle", "red"), ("kettle", "blue"), ("clock", "green")]
    things = [
        product(n, "Thing", look=look, colour=colour, photo="k") for n, (look, colour) in enumerate(drawn_as)
    ]
    asked = list(other_colour(shop(*things, media=media), things[0]))
    assert {one.query["text"] for one in asked} == {"blue", "蓝色"}
    assert [one.check(answer("P1", "P2"), nobody).value for one in asked] == [1] * 4
    assert [one.check(answer("P2", "P0"), nobody).value for one in asked] == [0] * 4
    assert [one.row for one in asked if "photo" in one.query] == ["other_colour_top10"] * 2
    assert not list(other_colour(shop(*things, media=media), things[2]))  # clocks come in green alone


def test_a_row_is_the_worse_of_its_catalogues() -> None:
    own = {"sample": {"value": 0.996, "queries": 10}, "flipkart": {"value": 0.98, "queries": 5}}
    row = figure(ROWS["own_photo_first"], own)
    assert (row["value"], row["reached"]) == (0.98, False)
    assert figure(ROWS["own_photo_first"], {"sample": own["sample"]})["reached"] is True
    empty = figure(
        ROWS["wrongly_empty"], {name: {"value": 1 - one["value"], "queries": 1} for name, one in own.items()}
    )
    assert empty["value"] == pytest.approx(0.02)
    assert empty["reached"] is False
    none = figure(ROWS["suggest_p99_ms"], {}, "not there")
    assert (none["value"], none["reached"], none["reason"]) == (None, False, "not there")
    assert told(0.9999) == "0.999"
    assert "| own_photo_first |" in table([row, empty, none])


def test_every_row_has_somebody_who_asks_for_it() -> None:
    measured = {row for rows in MAKERS.values() for row in rows} | {"wrongly_empty", "why_true"}
    assert measured <= set(ROWS)


def test_values_count_an_answer_once_and_a_wrongly_empty_one() -> None:
    def asked(kind: str, row: str, own: object, value: float, real: bool = True) -> Asked:
        intention = Intention(kind, {"text": kind}, lambda a, k: Score(0), "", row=row, real=real)
        return Asked(intention, own, Score(value, 0.5))  # type: ignore[arg-type]

    full, empty, none = answer("P1"), answer(), answer()
    made = [
        asked("a", "typo_ratio", full, 0.5), asked("b", "typo_ratio", empty, 0.0), asked("c", "", empty, 0.0),
        asked("d", "nothing_when_nothing", none, 0.5, real=False),
    ]  # fmt: skip
    found = values(shop(product(1, "Clock")), made)
    assert found["typo_ratio"] == {"value": 0.5, "queries": 2}  # a sum over a sum
    assert found["wrongly_empty"] == {"value": 0.5, "queries": 2}
    assert [one["value"] for one in kinds(shop(product(1, "Clock")), made)] == [1, 0, 0, 1]


@pytest.mark.slow
def test_a_real_service_is_asked(tmp_path: Path) -> None:
    small = build_shop(tmp_path / "shop")
    (tmp_path / "scratch").mkdir()
    asked = serve(small.workspace.root, tmp_path / "scratch", small.second.id)
    try:
        assert len(asked.products) == 50
        exact = [one for one in title_intentions(asked) if one.kind == "exact title"]
        assert [one.check(asked.ask(one.query, k=10), asked.ask).value for one in exact] == [1.0] * len(exact)
        # The workspace itself is not written to.
        assert not (small.workspace.root / "delta").exists()
    finally:
        asked.close()
