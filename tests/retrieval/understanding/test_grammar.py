"""Which words of a query are prices and which are none, in English and Chinese."""

import pytest

from retrieval.understanding.amounts import chinese_value, money, value_of
from retrieval.understanding.grammar import LONGEST, phrases

YUAN = {"CNY", "HKD", "TWD"}
NONE = None


@pytest.mark.parametrize(
    ("text", "core", "low", "high", "code"),
    [
        ("red clock under 40", "under 40", NONE, 40, NONE),
        ("red clock below 40 euro", "below 40 euro", NONE, 40, "EUR"),
        ("clock less than $40", "less than $40", NONE, 40, "USD"),
        ("up to 40 clock", "up to 40", NONE, 40, NONE),
        ("shirt for under 30", "under 30", NONE, 30, NONE),
        ("20 euro or less shirt", "20 euro or less", NONE, 20, "EUR"),
        ("clock <40", "<40", NONE, 40, NONE),
        ("over 20 clock", "over 20", 20, NONE, NONE),
        ("at least 50 euro", "at least 50 euro", 50, NONE, "EUR"),
        ("from €20", "from €20", 20, NONE, "EUR"),
        ("shirt 20 euro+", "20 euro+", 20, NONE, "EUR"),
        ("clocks 20 to 30 euro", "20 to 30 euro", 20, 30, "EUR"),
        ("€20-30 in red", "€20-30", 20, 30, "EUR"),
        ("clock 20-30", "20-30", 20, 30, NONE),
        ("between 30 and 20 clock", "between 30 and 20", 20, 30, NONE),
        ("around 40 euro shirt", "around 40 euro", 32, 48, "EUR"),
        ("$20 clock", "$20", NONE, 20, "USD"),
        ("clock €30", "€30", NONE, 30, "EUR"),
        ("clock under 1.299,50", "under 1.299,50", NONE, 1299.5, NONE),
        ("watch under ₹1,29,999", "under ₹1,29,999", NONE, 129_999, "INR"),
        ("laptop under 1.5 lakh", "under 1.5 lakh", NONE, 150_000, NONE),
        ("laptop under 50k", "under 50k", NONE, 50_000, NONE),
        ("watch rs. 500 to rs 1000", "rs. 500 to rs 1000", 500, 1000, "INR"),
        ("Under Armour under 40", "under 40", NONE, 40, NONE),
        ("100% cotton under 30", "under 30", NONE, 30, NONE),
        ("clock under 40 in red", "under 40", NONE, 40, NONE),
        ("50元以下的红色闹钟", "50元以下", NONE, 50, "CNY"),
        ("３０元以下", "３０元以下", NONE, 30, "CNY"),
        ("五十元以下的水壶", "五十元以下", NONE, 50, "CNY"),
        ("20到30元的衬衫", "20到30元", 20, 30, "CNY"),
        ("价格在20到30之间的衬衫", "20到30之间", 20, 30, NONE),
        ("20到30的衬衫", "20到30", 20, 30, NONE),
        ("100块以内水壶", "100块以内", NONE, 100, "CNY"),
        ("不到50欧元的闹钟", "不到50欧元", NONE, 50, "EUR"),
        ("50以下", "50以下", NONE, 50, NONE),
        ("1.2万元以上", "1.2万元以上", 12_000, NONE, "CNY"),
        ("30元条纹衬衫", "30元", NONE, 30, "CNY"),
        ("50元左右的衬衫", "50元左右", 40, 60, "CNY"),
        ("clock around 30", "around 30", 24, 36, NONE),
        ("~30", "~30", 24, 36, NONE),
        ("lamp about 30 or so", "about 30", 24, 36, NONE),
        ("clock from 40", "from 40", 40, NONE, NONE),
        ("greater than 40 clock", "greater than 40", 40, NONE, NONE),
        ("clock less then 40", "less then 40", NONE, 40, NONE),
        ("lamp within 40", "within 40", NONE, 40, NONE),
        ("a sub-$40 clock", "sub-$40", NONE, 40, "USD"),
        ("clock max price 40", "max price 40", NONE, 40, NONE),
        ("lamp with a budget of 50", "with a budget of 50", NONE, 50, NONE),
        ("phone 12 up to 500 euro", "up to 500 euro", NONE, 500, "EUR"),
        ("thirty up to 26 euro", "up to 26 euro", NONE, 26, "EUR"),
        ("recipes in thirty to 26 euro", "26 euro", NONE, 26, "EUR"),
        ("clock under forty-five dollars", "under forty-five dollars", NONE, 45, "USD"),
        ("under a hundred", "under a hundred", NONE, 100, NONE),
        ("mug for ten pounds", "ten pounds", NONE, 10, "GBP"),
        ("watch below 500/-", "below 500/-", NONE, 500, "INR"),
        ("100usd以下", "100usd以下", NONE, 100, "USD"),
        ("100元人民币以内", "100元人民币以内", NONE, 100, "CNY"),
        ("百元以下耳机", "百元以下", NONE, 100, "CNY"),
        ("大概100元的耳机", "大概100元", 80, 120, "CNY"),
        ("3000左右的手机", "3000左右", 2400, 3600, NONE),
        ("手机3000-5000", "3000-5000", 3000, 5000, NONE),
        ("手机 三千到五千", "三千到五千", 3000, 5000, NONE),
        ("预算100元", "预算100元", NONE, 100, "CNY"),
        ("预算100以内", "预算100以内", NONE, 100, NONE),
        ("耳机不要超过100", "不要超过100", NONE, 100, NONE),
        ("别高于100元", "别高于100元", NONE, 100, "CNY"),
        ("不低于100元", "不低于100元", 100, NONE, "CNY"),
        ("不能少于100", "不能少于100", 100, NONE, NONE),
    ],
)  # fmt: skip
def test_words_that_are_prices(
    text: str, core: str, low: float | None, high: float | None, code: str | None
) -> None:
    (found,) = phrases(text)
    assert text[slice(*found.core)] == core
    assert (found.low, found.high) == (low, high)
    assert (found.currencies is None) if code is None else (code in found.currencies)


@pytest.mark.parametrize(
    "text",
    [
        "iphone 12", "size 40", "trousers size under 40", "under 40 cm", "table 20-30 cm", "12v adapter",
        "pack of 20", "under armour", "over ear headphones", "5-6 drawer chest", "2-3 person tent",
        "calendar 2024-2025", "Samsung RS25H5111SR", "over 16-30lbs", "pants boys 8-20", "lamp 60-1412",
        "toys for kids under 5", "gifts for over 50s", "levis 501", "under 40 watt",
        "1/2 price", "not under 40", "20 and 30", "18岁以下", "3元素", "三元牛奶", "5块抹布",
        "不便宜的", "没有现货", "around 30 pegs", "lamp around 30 cm", "clock around 1950",
        "jacket from 1950",
        "running shoes 40-42", "jeans 32-34", "鞋40-42", "身高100左右", "within 40 miles", "set of ten",
        "百搭外套",
        "ten candles", "budget planner",
        "blue running shoe", "", "premium clock", "12" * LONGEST + " under 40",
    ],
)  # fmt: skip
def test_words_that_are_none(text: str) -> None:
    assert phrases(text) == []


@pytest.mark.parametrize(
    ("text", "means", "core"),
    [
        ("cheap clock", "cheap", "cheap"),
        ("the cheapest red shirt", "cheap", "cheapest"),
        ("affordable violin", "cheap", "affordable"),
        ("便宜的闹钟", "cheap", "便宜"),
        ("cheap and cheerful mug", "cheap", "cheap and cheerful"),
        ("a clock, not too expensive", "cheap", "not too expensive"),
        ("不贵的手机", "cheap", "不贵"),
        ("red, cheaper than this", "cheaper", "cheaper than this"),
        ("比这个便宜", "cheaper", "比这个便宜"),
        ("更贵的", "dearer", "更贵"),
        ("In stock shirts", "in_stock", "In stock"),
        ("有货的衬衫", "in_stock", "有货"),
    ],
)
def test_words_that_compare(text: str, means: str, core: str) -> None:
    (found,) = phrases(text)
    assert (found.means, text[slice(*found.core)]) == (means, core)


def test_two_ends_are_two_phrases_in_order() -> None:
    first, second = phrases("violin over 100 under 500")
    assert (first.low, second.high) == (100, 500)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("40", 40), ("1.299,50", 1299.5), ("1,299.50", 1299.5), ("1.299", 1299), ("1,29,999", 129_999),
        ("12,5", 12.5), ("1 299,50", 1299.5), ("1.2.3", None), ("1,299,50", None), ("12,3456", None),
    ],
)  # fmt: skip
def test_numbers_as_they_are_typed(text: str, value: float | None) -> None:
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("五十", 50), ("十五", 15), ("两千", 2000), ("一百二十三", 123), ("三万五千", 35_000), ("十十", None),
        ("零", None),
    ],
)  # fmt: skip
def test_chinese_numerals(text: str, value: float | None) -> None:
    assert chinese_value(text) == value


def test_money_is_written_as_people_do() -> None:
    assert (money(1299.5, "EUR"), money(40, "EUR"), money(40, "")) == ("1,299.50 EUR", "40 EUR", "40")
