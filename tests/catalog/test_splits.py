"""The split: groups on one side, nothing ever moves, near-duplicates found and no more."""

import random
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.cleaning import clean_products
from catalog.near_duplicates import SIMILAR, near_duplicate_pairs, shingles
from catalog.snapshot.media_store import MediaStore
from catalog.snapshot.shards import read_raw_products
from catalog.snapshot.write import write_snapshot
from catalog.sources.open import open_catalog
from catalog.splits import assign_splits
from shelfspace.settings import Settings, load_settings

WORDS = [
    first + last for first in ("am", "ba", "co", "da", "em", "fa", "ga", "ho") for last in ("ber", "lin", "t")
]


def sentence(number: int, length: int = 12) -> str:
    """Words that differ from number to number."""
    draw = random.Random(number)
    return " ".join(draw.choice(WORDS) + draw.choice(WORDS) for _ in range(length))


def catalogue(count: int, first: int = 0, **columns: list) -> pd.DataFrame:
    numbers = range(first, first + count)
    values = {
        "product_id": [f"p{i:04d}" for i in numbers],
        "title": [sentence(i) for i in numbers],
        "description": "",
        "category": [f"c{i % 4} > x" for i in numbers],
        "brand": "",
        "group_id": "",
        "photos": [[] for _ in numbers],
    }
    return pd.DataFrame(values | columns)


def sides(table: pd.DataFrame) -> dict[str, str]:
    return dict(zip(table["product_id"], table["split"], strict=True))


def check(table: pd.DataFrame) -> None:
    """No group on two sides, each product once."""
    assert table["product_id"].is_unique
    assert table.groupby("group")["split"].nunique().le(1).all()


def test_shares_are_about_what_is_asked_and_follow_the_seed() -> None:
    products = catalogue(2000)
    table = assign_splits(products, {}, Settings())
    shares = table["split"].value_counts(normalize=True)
    assert shares["test"] == pytest.approx(0.2, abs=0.03)
    assert shares["validation"] == pytest.approx(0.1, abs=0.03)
    assert table["group"].equals(table["product_id"])
    other = assign_splits(products, {}, load_settings(overrides={"seed": 1}))
    assert not other["split"].equals(table["split"])


def test_rows_in_another_order_give_the_same_split() -> None:
    products = catalogue(300)
    products["title"] = [sentence(i // 3) + f" no {i}" for i in range(300)]
    first = assign_splits(products, {}, Settings())
    assert assign_splits(products.sample(frac=1, random_state=0), {}, Settings()).equals(first)
    assert first.groupby("group").size().eq(3).all()


def test_what_belongs_together_stands_on_one_side() -> None:
    products = catalogue(60)
    products["group_id"] = [f"g{i // 5}" if i < 20 else "" for i in range(60)]
    products["photos"] = [[f"{i}.png"] if i >= 20 else [] for i in range(60)]
    digests = {f"{i}.png": f"same {i // 4}" if i < 40 else f"own {i}" for i in range(60)}
    table = assign_splits(products, digests, Settings())
    check(table)
    groups = dict(zip(table["product_id"], table["group"], strict=True))
    assert groups["p0004"] == "p0000"
    assert groups["p0005"] == "p0005"
    assert {groups[f"p{i:04d}"] for i in range(20, 24)} == {"p0020"}
    assert table.groupby("group").size().max() == 5


def test_brands_group_only_when_asked() -> None:
    products = catalogue(30, brand=["Acme", " ACME ", "other"] * 10)
    assert assign_splits(products, {}, Settings())["group"].nunique() == 30
    by_brand = load_settings(overrides={"preprocessing": {"group_by_brand": True}})
    assert assign_splits(products, {}, by_brand)["group"].nunique() == 2


def test_every_class_is_taught_when_it_can_be() -> None:
    products = catalogue(120, category=[f"c{i // 2} > x" for i in range(120)])
    table = assign_splits(products, {}, Settings()).merge(products, on="product_id")
    assert set(table.loc[table["split"] == "train", "category"]) == set(products["category"])
    untaught = assign_splits(products, {}, Settings(), label_level=0).merge(products, on="product_id")
    assert set(untaught.loc[untaught["split"] == "train", "category"]) < set(products["category"])


def test_nothing_moves_when_products_come_go_and_return() -> None:
    first = assign_splits(catalogue(200), {}, Settings())
    grown = assign_splits(catalogue(400), {}, Settings(), first)
    shrunk = assign_splits(catalogue(50, first=100), {}, Settings(), grown)
    back = assign_splits(catalogue(400), {}, Settings(), shrunk)
    for later in (grown, shrunk, back):
        check(later)
        assert sides(first).items() <= sides(later).items()
    assert sides(back) == sides(grown)


def test_a_new_product_joins_its_group_and_groups_it_links_stay() -> None:
    products = catalogue(100, photos=[[f"{i}.png"] for i in range(100)])
    digests = {f"{i}.png": str(i) for i in range(100)}
    first = assign_splits(products, digests, Settings())
    before = sides(first)
    test = next(p for p in before if before[p] == "test")
    train = [p for p in before if before[p] == "train"][:2]
    pictures = dict(zip(products["product_id"], products["photos"], strict=True))
    more = catalogue(
        2, first=900, photos=[pictures[test], [key for p in (test, *train) for key in pictures[p]]]
    )
    table = assign_splits(pd.concat([products, more]), digests, Settings(), first)
    check(table)
    assert before.items() <= sides(table).items()
    # The second links one test and two training products, and the first is in the same group.
    linked = table[table["product_id"].isin([test, *train, "p0900", "p0901"])]
    assert linked["group"].nunique() == 2
    alone = assign_splits(pd.concat([products, more[:1]]), digests, Settings(), first)
    assert sides(alone)["p0900"] == "test"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 6), st.integers(0, 6)), max_size=40))
def test_any_catalogue_growing_in_any_way_keeps_the_promise(rows: list[tuple[int, int, int]]) -> None:
    products = pd.DataFrame(
        {
            "product_id": [f"p{n}" for n, _, _ in rows],
            "title": [sentence(text) if text else "" for _, text, _ in rows],
            "description": "", "category": "", "brand": "",
            "group_id": [f"g{group}" if group > 3 else "" for _, _, group in rows],
            "photos": [[] for _ in rows],
        }
    ).drop_duplicates("product_id")  # fmt: skip
    half = assign_splits(products[: len(products) // 2], {}, Settings())
    whole = assign_splits(products, {}, Settings(), half)
    check(whole)
    assert sides(half).items() <= sides(whole).items()
    assert len(whole) == len(products)


def test_templates_are_found_and_other_texts_left_apart() -> None:
    template = "buy {0} ceramic mug 350 ml online. dishwasher safe, printed on both sides with inks that do "
    template += "not fade, ships in a gift box with a card; replacement within thirty days if it breaks"
    texts = [template.format(name) for name in ("night city", "owl 77", "moon")]
    texts += [sentence(i, 20) for i in range(40)]
    pairs = set(near_duplicate_pairs(texts))
    assert {i for pair in pairs for i in pair} == {0, 1, 2}
    assert not list(near_duplicate_pairs(["", " ", "123"]))


def test_digits_do_not_hide_a_template_and_short_titles_are_compared_whole() -> None:
    assert list(near_duplicate_pairs(["SET OF 6 TILES 10CM", "SET OF 12 TILES 15CM", "SET OF 6 MUGS"])) == [
        (0, 1)
    ]
    assert list(
        near_duplicate_pairs(["红色陶瓷茶杯家用办公", "红色陶瓷茶杯家用办公 2", "蓝色帆布双肩背包学生"])
    ) == [(0, 1)]


def test_pairs_are_those_of_the_exact_similarity() -> None:
    """MinHash with banding against all pairs, on texts that share more and more words."""
    base = sentence(3, 40).split()
    texts = [" ".join(base[:cut] + sentence(100 + cut, 40).split()[cut:]) for cut in range(4, 40)]
    sets = [shingles(text) for text in texts]
    exact = {
        (i, j)
        for j in range(len(sets))
        for i in range(j)
        if len(sets[i] & sets[j]) >= SIMILAR * len(sets[i] | sets[j])
    }
    found = set(near_duplicate_pairs(texts))
    assert found <= exact
    assert {j for _, j in found} == {j for _, j in exact}


def test_a_pair_of_the_threshold_is_found_nearly_always() -> None:
    """The probability that the module's docstring gives, counted."""
    missed = 0
    for number in range(200):
        words = sentence(number, 42).split()
        other = words[:37] + sentence(1000 + number, 42).split()[37:]
        missed += not list(near_duplicate_pairs([" ".join(words), " ".join(other)]))
        sets = shingles(" ".join(words)), shingles(" ".join(other))
        assert len(sets[0] & sets[1]) / len(sets[0] | sets[1]) >= SIMILAR
    assert missed <= 1


def test_flipkart_does_not_collapse_and_equal_photos_stand_on_one_side(
    public_data: Path, tmp_path: Path
) -> None:
    source = open_catalog("flipkart")
    write_snapshot(source, tmp_path / "s", Settings(), progress=False)
    store = MediaStore.open(tmp_path / "s")
    rows = read_raw_products(tmp_path / "s")
    found = pd.DataFrame(
        {"key": store.keys(), "kind": "photos", "ok": True, "field": "", "value": "", "reason": ""}
    )
    products = clean_products(rows, source, Settings(), found).clean
    digests = {key: store.digest(key) for key in found["key"]}
    table = assign_splits(products, digests, Settings())
    check(table)
    sizes = table.groupby("group").size()
    assert sizes.max() <= 25
    assert 0.15 < sizes[sizes > 1].sum() / len(table) < 0.25
    assert table["split"].value_counts(normalize=True)["train"] == pytest.approx(0.7, abs=0.05)
    photos = table.merge(products, on="product_id").assign(
        digest=lambda t: [digests.get(p[0]) if p else None for p in t["photos"]]
    )
    equal = photos.dropna(subset="digest").groupby("digest")
    assert (equal.size() > 1).sum() == 6
    assert equal["split"].nunique().max() == 1
