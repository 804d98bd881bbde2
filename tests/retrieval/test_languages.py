"""What a shopper types and finds, language by language, as docs/languages.md states it."""

import pandas as pd
import pytest

from catalog.text.clean import clean_text, words
from retrieval.lexical.corrections import correct
from retrieval.lexical.index import LexicalIndex
from retrieval.lexical.marks import marks
from retrieval.lexical.synonyms import Synonyms, expand, terms_of
from retrieval.lexical.tokens import query_terms
from retrieval.suggestions import Suggestions, spellings

SHOPS: dict[str, list[str]] = {
    "Hindi": [
        "लाल जूता", "नीली घड़ी", "काली कुर्सी", "वायरलेस हेडफ़ोन", "मिट्टी का घड़ा", "लाल कमीज़",
    ],
    "Arabic": [
        "حذاء رياضي أحمر", "ساعة يد زرقاء", "كرسي خشبي أسود",
        "مصباح مكتب", "حقيبة جلدية", "قميص قطن",
    ],
    "Hebrew": [
        "נעל ריצה אדומה", "שעון קיר כחול", "כיסא עץ שחור", "מנורת שולחן", "תיק עור", "חולצת כותנה",
    ],
    "Thai": [
        "รองเท้าวิ่งสีแดง", "นาฬิกาข้อมือสีน้ำเงิน", "เก้าอี้ไม้สีดำ",
        "โคมไฟตั้งโต๊ะ", "กระเป๋าหนัง", "เสื้อยืด",
    ],
    "Japanese": [
        "赤いスニーカー", "青い腕時計", "黒い木製の椅子", "ランニングシューズ", "革のバッグ", "綿のシャツ",
    ],
    "Korean": [
        "빨간 운동화", "파란 손목시계", "검은 나무 의자", "탁상용 스탠드", "가죽 가방", "면 셔츠",
    ],
    "Vietnamese": [
        "Giày chạy bộ đỏ", "Đồng hồ xanh", "Ghế gỗ đen", "Đèn bàn", "Túi da", "Áo sơ mi",
    ],
    "German": [
        "Roter Laufschuh", "Blaue Armbanduhr", "Schwarzer Holzstuhl",
        "Schreibtischlampe", "Fußball", "Bügelbrett",
    ],
    "Russian": [
        "Красные кроссовки", "Синие часы", "Чёрный деревянный стул",
        "Настольная лампа", "Кожаная сумка", "Рубашка",
    ],
    "Greek": [
        "Κόκκινο παπούτσι", "Μπλε ρολόι", "Μαύρη καρέκλα",
        "Φωτιστικό γραφείου", "Δερμάτινη τσάντα", "Πουκάμισο",
    ],
    "Tamil": [
        "சிவப்பு காலணி", "நீல கடிகாரம்", "கருப்பு நாற்காலி", "மேசை விளக்கு", "தோல் பை", "சட்டை",
    ],
    "English": [
        "Red running shoes", "Blue wrist watch", "Black wooden chair",
        "Desk lamp", "Leather bag", "Cotton shirt",
    ],
    "Chinese": [
        "红色跑鞋", "蓝色手表", "黑色木椅", "台灯", "皮包", "棉衬衫",
    ],
}  # fmt: skip
"""Language to the titles of its shop."""


def index_of(language: str) -> LexicalIndex:
    return LexicalIndex.build(pd.DataFrame({"title": SHOPS[language]}))


def titles(language: str, typed: str) -> list[str]:
    """Titles that have a word of a query, its typing errors put right, the best first."""
    index = index_of(language)
    rows, _ = index.best(index.query(correct(index, typed).text), 10)
    return [SHOPS[language][row] for row in rows.tolist()]


FOUND = [
    ("Hindi", "जूता", "लाल जूता"),  # shoe
    ("Hindi", "लाल जूते", "लाल जूता"),  # red shoes: another form
    ("Hindi", "काला कुर्सी", "काली कुर्सी"),  # the other gender
    ("Hindi", "हेडफोन", "वायरलेस हेडफ़ोन"),  # headphones without the dot below
    ("Arabic", "الحذاء", "حذاء رياضي أحمر"),  # the shoe
    ("Arabic", "حِذَاء", "حذاء رياضي أحمر"),  # with its vowels
    ("Arabic", "احمر", "حذاء رياضي أحمر"),  # red without the hamza
    ("Arabic", "ســـاعه", "ساعة يد زرقاء"),  # watch, stretched, with another last letter
    ("Hebrew", "שָׁעוֹן", "שעון קיר כחול"),  # clock with its points
    ("Thai", "รองเท้า", "รองเท้าวิ่งสีแดง"),  # shoe, within a title without spaces
    ("Thai", "น้ำเงิน", "นาฬิกาข้อมือสีน้ำเงิน"),  # blue
    ("Japanese", "シューズ", "ランニングシューズ"),  # shoes, part of a compound
    ("Japanese", "ｽﾆｰｶｰ", "赤いスニーカー"),  # sneakers in half width
    ("Japanese", "椅子", "黒い木製の椅子"),  # chair
    ("Korean", "운동화를", "빨간 운동화"),  # sneakers as an object
    ("Korean", "시계", "파란 손목시계"),  # watch, part of a compound
    ("Vietnamese", "gia\u0300y", "Giày chạy bộ đỏ"),  # shoe, its accent a character of its own
    ("German", "Laufschuhe", "Roter Laufschuh"),  # the plural
    ("German", "fussball", "Fußball"),  # spelled in another way
    ("German", "Schreibtischlamppe", "Schreibtischlampe"),  # a typing error
    ("German", "BU\u0308GELBRETT", "Bügelbrett"),
    ("Russian", "кроссовка", "Красные кроссовки"),  # the singular
    ("Russian", "черный стул", "Чёрный деревянный стул"),  # without the dots
    ("Russian", "криссовки", "Красные кроссовки"),  # a typing error
    ("Greek", "παπουτσι κοκκινο", "Κόκκινο παπούτσι"),  # without accents
    ("Tamil", "காலணி", "சிவப்பு காலணி"),  # shoe
    ("English", "shoe", "Red running shoes"),
    ("English", "lether bag", "Leather bag"),
    ("Chinese", "跑鞋", "红色跑鞋"),
    ("Chinese", "红色", "红色跑鞋"),
]


@pytest.mark.parametrize(("language", "typed", "title"), FOUND)
def test_the_right_product_is_first(language: str, typed: str, title: str) -> None:
    assert titles(language, typed)[:1] == [title]


NOTHING = {
    "Hindi": ["ताला", "मेज़", "त"],  # lock, table, a letter
    "Arabic": ["سيارة", "بطيخ"],  # car, melon
    "Hebrew": ["מכונית"],  # car
    "Thai": ["แตงโม", "หมวก"],  # melon, hat
    "Japanese": ["スイカ", "ぬめりぽへ"],  # melon, nonsense
    "Korean": ["수박", "자동차"],  # melon, car
    "Vietnamese": ["dưa hấu"],
    "German": ["Wassermelone"],
    "Russian": ["арбуз"],
    "Greek": ["καρπούζι"],
    "Tamil": ["தர்பூசணி"],
    "English": ["watermelon"],
    "Chinese": ["西瓜"],
}


@pytest.mark.parametrize(("language", "typed"), [(one, word) for one, own in NOTHING.items() for word in own])
def test_what_a_shop_lacks_finds_nothing(language: str, typed: str) -> None:
    assert titles(language, typed) == []


@pytest.mark.parametrize(
    ("language", "typed", "marked"),
    [
        ("Hindi", "जूते", ["जूता"]),
        ("Arabic", "الاحمر", ["أحمر"]),
        ("Thai", "รองเท้า", ["รองเท้า"]),
        ("Thai", "น้ำเงิน", ["น้ำเงิน"]),
        ("Thai", "น\u0e4d\u0e49\u0e32เงิน", ["น้ำเงิน"]),  # typed in another order
        ("Thai", "สีดำ", ["สีดำ"]),
        ("Japanese", "シューズ", ["シューズ"]),
        ("Korean", "운동화를", ["운동화"]),
        ("Russian", "стул", ["стул"]),
        ("German", "laufschuhe", ["Laufschuh"]),
    ],
)
def test_words_are_marked_in_the_title_as_it_is_shown(language: str, typed: str, marked: list[str]) -> None:
    (title,) = titles(language, typed)[:1]
    (found,) = marks([title], query_terms(typed).terms)
    assert [title[start:end] for start, end in found] == marked


@pytest.mark.parametrize(
    ("language", "typed", "title"),
    [
        ("Hindi", "जू", "लाल जूता"),
        ("Hindi", "कुर्", "काली कुर्सी"),
        ("Arabic", "احم", "حذاء رياضي أحمر"),
        ("Thai", "วิ่ง", "รองเท้าวิ่งสีแดง"),
        ("Japanese", "シュー", "ランニングシューズ"),
        ("Korean", "운동", "빨간 운동화"),
        ("Vietnamese", "gia\u0300", "Giày chạy bộ đỏ"),
        ("Vietnamese", "giay", "Giày chạy bộ đỏ"),
        ("German", "bugel", "Bügelbrett"),
        ("Russian", "крос", "Красные кроссовки"),
        ("Greek", "παπου", "Κόκκινο παπούτσι"),
    ],
)
def test_suggestions_begin_as_was_typed(language: str, typed: str, title: str) -> None:
    own = SHOPS[language]
    shop = Suggestions(own, [""] * len(own), [""] * len(own))
    found = shop.find(spellings(typed, [shop]), "title", 5, lambda one: True)
    assert [one.text for one in found] == [title]
    ((start, end),) = found[0].marks
    assert start < end <= len(title)


@pytest.mark.parametrize(
    ("title", "word", "other", "typed", "searched"),
    [
        ("파란 스니커즈", "운동화", "스니커즈", "파란 운동화를", "파란 스니커즈를"),
        ("青いスニーカー", "運動靴", "スニーカー", "青い運動靴", "青いスニーカー"),
        ("منبه أزرق", "ساعة", "منبه", "ساعة زرقاء", "منبه زرقاء"),
        ("जूता", "पादुका", "जूता", "लाल पादुका", "लाल जूता"),
        ("trainers", "sneakers", "trainers", "red Sneakers", "red trainers"),
    ],
)
def test_a_shops_synonyms_work_in_every_script(
    title: str, word: str, other: str, typed: str, searched: str
) -> None:
    index = LexicalIndex.build(pd.DataFrame({"title": [title]}))
    assert expand(index, Synonyms({terms_of(word): (other,)}), typed).text == searched


def test_marks_heaped_on_letters_hide_no_word() -> None:
    heaped = "".join(letter + "\u0337\u0322\u0327\u031b" * 20 for letter in "zalgo")
    assert words(clean_text(heaped)) == words("zalgo")
    assert words(clean_text("cafe\u0301 n\u0303u")) == ["café", "ñu"]


def test_english_and_chinese_words_are_as_ever() -> None:
    assert words("Women's Nike-AIR 2.0 shoes, 红色跑鞋 size_9") == [
        "women's", "nike", "air", "2", "0", "shoes", "红色", "跑鞋", "size", "9",
    ]  # fmt: skip
