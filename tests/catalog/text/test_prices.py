"""Amounts of money are found in both languages, and nothing else is taken for one."""

import csv
import re

import pytest

from catalog.text.clean import clean_text
from catalog.text.prices import strip_prices


@pytest.mark.parametrize(
    "price",
    [
        "Rs. 899", "Rs.1,299", "Rs 1,29,999/-", "rs.899", "INR 500", "₹ 1,499", "$12.99", "US$ 20",
        "HK$1,200.00", "20 USD", "EUR 20", "20,50 €", "€20", "£9.99", "20 euros", "15 dollars",
        "$1.5k", "￥99", "¥1,299.00元", "99元", "99.00 元", "1.2万元", "九十九元", "99块钱",
        "RMB 99", "$10-20", "10-20元", "Rs. 500 to 900", "MRP: 999", "Price: 1,299", "现价99元起",
        "售价：199", "仅售 59",
        "0.99$", "1299/-",
    ],
)  # fmt: skip
def test_prices_go_and_the_rest_stays(price: str) -> None:
    assert strip_prices(clean_text(f"red lamp {price} warm light")) == "red lamp warm light"
    assert strip_prices(clean_text(price)) == ""


@pytest.mark.parametrize(
    "text",
    [
        "iPhone 12 Pro 128 GB", "12 V 5 A 2.5 m", "hours. 5 pieces", "colors 4", "PHP 8 book",
        "AutoCAD 2020", "Pack of 3 (100 ml)", "5元素 周期", "二次元手办 3件", "3块装", "20-30 cm",
        "model RS232", "CHF", "元宵 3袋", "Rss 20", "prices and sizes", "USB 3.0", "100% cotton",
        "best price",
    ],
)  # fmt: skip
def test_other_numbers_stay(text: str) -> None:
    assert strip_prices(text) == text


def test_a_hollow_label_goes_with_its_price() -> None:
    assert strip_prices("Lamp. Price: Rs. 1299 - pack of 2") == "Lamp. - pack of 2"
    assert strip_prices("灯 价格:99元") == "灯"


def test_no_price_remains_in_real_listings(public_data) -> None:
    with (public_data / "flipkart1050" / "products.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    texts = [clean_text(row["description"]) for row in rows]
    money = re.compile(r"(?i)(?<![a-z])rs\b\.?\s*\d|[₹$€£¥]\s*\d")
    assert sum(bool(money.search(text)) for text in texts) > 900
    stripped = [strip_prices(text) for text in texts]
    assert [text for text in stripped if money.search(text)] == []

    def told(text: str, row: dict[str, str]) -> bool:
        digits = text.replace(",", "")
        named = {row[c].split(".")[0] for c in ("discounted_price", "retail_price") if row[c]}
        return any(re.search(rf"(?<!\d){n}(?!\d)", digits) for n in named if len(n) >= 3)

    before = sum(map(told, texts, rows))
    after = [text for text, row in zip(stripped, rows, strict=True) if told(text, row)]
    assert before > 800
    # "999store" is a brand, "100%" a share of cotton; both cost what they say by chance.
    assert all(re.search(r"999store|100%", text) for text in after)
    assert len(after) <= 3
