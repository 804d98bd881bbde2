"""Cleaning: typed rows, a reason for each refusal, and counts that add up on any dirt."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.cells import Reading, media_cell
from catalog.cleaning import Cleaned, clean_events, clean_products, clean_stock
from catalog.contract import (
    COLUMNS,
    EVENT_COLUMNS,
    EVENT_KINDS,
    PRODUCT_COLUMNS,
    QUARANTINE_COLUMNS,
    STOCK_COLUMNS,
)
from catalog.media import probe_media
from catalog.sample import build_sample
from catalog.sample.dirt import KINDS
from catalog.snapshot.media_store import MediaStore
from catalog.snapshot.shards import read_raw_events, read_raw_products, read_raw_stock
from catalog.snapshot.write import write_snapshot
from catalog.sources.base import CatalogSource
from catalog.sources.open import open_catalog
from releases.contents import with_stock
from shelfspace.files import read_json, write_table
from shelfspace.settings import Settings
from tests.catalog.shelf import NO_FINDINGS, event, product, raw

SOURCE = CatalogSource("shop", Path(), {}, currency="EUR")


def clean(
    *rows: dict[str, str], findings: pd.DataFrame = NO_FINDINGS, source: CatalogSource = SOURCE
) -> Cleaned:
    return clean_products(raw(list(rows)), source, Settings(), findings)


def finding(key: str, kind: str, ok: bool) -> dict[str, object]:
    return {
        "key": key,
        "kind": kind,
        "ok": ok,
        "field": "photo.data",
        "value": "3 bytes",
        "reason": "does not decode",
    }


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"product_id": "  "}, "product_id", "empty"),
        ({"product_id": "true"}, "product_id", "no id"),
        ({"product_id": "NULL"}, "product_id", "no id"),
        ({"product_id": "4.00638E+12"}, "product_id", "formatted as text"),
        ({"title": " ", "description": ""}, "title", "nothing describes"),
    ],
)
def test_a_refused_row_says_field_value_and_reason(changes: dict[str, str], field: str, reason: str) -> None:
    row = product(1, **changes)
    result = clean(product(0), row)
    assert result.clean["product_id"].tolist() == ["p0"]
    refused = result.quarantine.iloc[0]
    assert refused[["table", "scope", "field", "source_row"]].tolist() == ["products", "row", field, 1]
    assert reason in refused["reason"]
    assert refused["value"] == row[field]
    assert json.loads(refused["row"]) == row


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"price": "call us"}, "price", "not a number"),
        ({"price": "$5 - $10"}, "price", "not a number"),
        ({"price": "-3"}, "price", "not above zero"),
        ({"price": "0"}, "price", "not above zero"),
        ({"price": "1.261"}, "price", "decimal: ','"),
        ({"price": "$5"}, "price", "EUR"),
        ({"cost": "half of it"}, "cost", "not a number"),
        ({"cost": "0"}, "cost", "not above zero"),
        ({"cost": "$5"}, "cost", "EUR"),
        ({"currency": "USD"}, "currency", "EUR"),
        ({"updated_at": "soon"}, "updated_at", "not a time"),
        ({"updated_at": "03/04/2026"}, "updated_at", "day-first"),
    ],
)
def test_a_refused_field_leaves_its_product(changes: dict[str, str], field: str, reason: str) -> None:
    row = product(1, **{"price": "7"} | changes)
    result = clean(product(0, price="5", cost="3"), row)
    assert result.clean["product_id"].tolist() == ["p0", "p1"]
    empty = "price" if field == "currency" else field
    assert result.clean[empty].isna().tolist() == [False, True]
    assert result.clean["currency"].eq("EUR").all()
    refused = result.quarantine.iloc[0]
    assert refused[["table", "scope", "field", "source_row"]].tolist() == ["products", "field", field, 1]
    assert reason in refused["reason"]
    assert refused["value"] == row[field]
    assert json.loads(refused["row"]) == row


def test_what_the_description_tells_decides() -> None:
    told = replace(SOURCE, written=Reading(decimal=",", dates="day-first"))
    row = product(1, price="1.261", updated_at="03/04/2026")
    result = clean(row, source=told)
    assert result.quarantine.empty
    assert result.clean["price"].tolist() == [1261]
    assert result.clean["updated_at"].dt.month.tolist() == [4]
    own = replace(told, tables={"products": {"path": "", "decimal": ".", "dates": "month-first"}})
    assert clean(row, source=own).clean["price"].tolist() == [1.261]
    assert clean(row, source=own).clean["updated_at"].dt.month.tolist() == [3]
    assert told.cleaning_fingerprint != own.cleaning_fingerprint != SOURCE.cleaning_fingerprint


def test_a_catalogue_that_names_no_currency_has_the_one_of_most_rows() -> None:
    source = replace(SOURCE, currency="")
    rows = [product(n, currency="", price=price) for n, price in enumerate(["5 €", "6 €", "$7", "8"])]
    result = clean(*rows, source=source)
    assert result.clean["currency"].eq("EUR").all()
    assert result.clean["price"].isna().tolist() == [False, False, True, False]
    assert result.quarantine[["scope", "field", "value"]].values.tolist() == [["field", "price", "$7"]]


def test_values_are_typed() -> None:
    row = product(
        1, price="1.299,5", category='["A >> B  C >> "]', brand=" Acme ", attributes='{"b": 2, "a": ["x"]}',
        language="zh-CN", updated_at="2026-01-01T01:00:00+01:00", currency="",
    )  # fmt: skip
    source = CatalogSource("shop", Path(), {}, currency="EUR", category_separator=">>")
    table = clean(row, source=source).clean
    assert tuple(table.columns) == PRODUCT_COLUMNS
    found = table.iloc[0]
    assert found["category"] == "A > B C"
    assert (found["brand"], found["price"], found["currency"], found["language"]) == (
        "Acme",
        1299.5,
        "EUR",
        "zh",
    )
    assert found["attributes"] == '{"a": "[\\"x\\"]", "b": "2"}'
    assert found["updated_at"] == pd.Timestamp("2026-01-01", tz="UTC")
    assert str(table["updated_at"].dtype) == "datetime64[us, UTC]"


def test_texts_are_kept_as_they_are_shown() -> None:
    rows = clean(
        product(
            1,
            title="Tom &amp;amp; Jerry <b>mug</b> <3",
            brand="Black &amp; Decker",
            category="Home &amp; Garden > <i>Mugs</i>",
            description="<p>Warm &amp; light</p>\n<p>a < b</p>",
            attributes='{"Size &amp; shape": "5 &lt; 6"}',
        ),
        product(2, title="<p>&nbsp;</p>"),
    )
    (row,) = rows.clean.to_dict("records")
    assert (row["title"], row["brand"]) == ("Tom & Jerry mug <3", "Black & Decker")
    assert (row["category"], row["description"]) == ("Home & Garden > Mugs", "Warm & light\na < b")
    assert json.loads(row["attributes"]) == {"Size & shape": "5 < 6"}
    assert rows.quarantine["id"].tolist() == ["p2"]


def test_optional_values_may_be_missing() -> None:
    found = clean(product(1, price="", updated_at="soon", attributes="red, round")).clean.iloc[0]
    assert pd.isna(found["price"])
    assert pd.isna(found["updated_at"])
    assert found["attributes"] == '{"attributes": "red, round"}'
    assert found["photos"] == []
    assert found["sounds"] == []


def test_of_a_repeated_id_the_row_updated_last_is_kept() -> None:
    times = ["2026-01-02", "2026-01-03", "2026-01-03", "", "2026-01-01"]
    result = clean(*(product(1, updated_at=time, title=str(i)) for i, time in enumerate(times)))
    assert result.clean["title"].tolist() == ["2"]
    assert result.quarantine["source_row"].tolist() == [0, 1, 3, 4]


def test_of_a_price_the_last_word_counts_even_if_it_is_none() -> None:
    rows = product(1, updated_at="2026-01-01"), product(1, updated_at="2026-01-02", price="-1")
    result = clean(*rows)
    assert len(result.clean) == 1
    assert result.clean["price"].isna().all()  # what is known last of the price is no price
    assert result.quarantine[["scope", "field"]].values.tolist() == [
        ["row", "product_id"],
        ["field", "price"],
    ]


def test_a_refused_file_leaves_its_product() -> None:
    findings = pd.DataFrame(
        [
            finding("good.png", "photos", True),
            finding("bad.png", "photos", False),
            finding("bad.png", "sounds", True),
        ]
    )
    row = product(1, photos="good.png|bad.png|never.png|../../etc/passwd", sounds="bad.png")
    result = clean(row, findings=findings)
    assert result.clean["photos"].tolist() == [["good.png"]]
    assert result.clean["sounds"].tolist() == [["bad.png"]]
    refused = result.quarantine
    assert refused["table"].eq("photos").all()
    assert refused["source_row"].eq(-1).all()
    assert refused["value"].tolist() == ["bad.png: 3 bytes", "never.png", "../../etc/passwd"]
    assert refused["reason"].str.contains("decode|probed|leads out").all()


def test_a_product_of_one_photo_is_a_product_and_without_it_is_none() -> None:
    row = product(1, title="", photos="a.png")
    for ok, count in ((True, 1), (False, 0)):
        result = clean(row, findings=pd.DataFrame([finding("a.png", "photos", ok)]))
        assert len(result.clean) == count
        assert result.quarantine["table"].tolist() == ([] if ok else ["products", "photos"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"user_id": ""}, "user_id"), ({"event": "glance"}, "event"), ({"quantity": "-2"}, "quantity"),
        ({"quantity": "1.5"}, "quantity"), ({"quantity": "1e30"}, "quantity"), ({"time": "soon"}, "time"),
        ({"product_id": "p9"}, "product_id"), ({"unit_price": "0"}, "unit_price"),
        ({"quantity": "1.261"}, "quantity"), ({"time": "03/04/2026"}, "time"),
    ],
)  # fmt: skip
def test_a_refused_event_says_why(changes: dict[str, str], field: str) -> None:
    result = clean_events(raw([event(0), event(1, **changes)]), ["p0", "p1"])
    assert len(result.clean) == 1
    assert result.quarantine["field"].tolist() == [field]
    assert result.quarantine["source_row"].tolist() == [1]


def test_an_event_goes_on_without_a_unit_price_that_is_none() -> None:
    rows = [event(0, unit_price="2.50"), event(1, unit_price="ask"), event(2, unit_price="1,261 ca.")]
    result = clean_events(raw(rows), ["p0", "p1", "p2"])
    assert result.clean["unit_price"].isna().tolist() == [False, True, True]
    assert result.quarantine["scope"].tolist() == ["field", "field"]


def test_day_first_events_are_read_and_open_ones_refused() -> None:
    rows = [event(n, time=f"{n + 11:02d}/03/2026 10:00") for n in range(3)]
    assert clean_events(raw(rows), ["p0", "p1", "p2"]).clean["time"].dt.month.eq(3).all()
    alone = clean_events(raw(rows[:1]), ["p0"])
    assert alone.clean.empty
    assert "day-first" in alone.quarantine["reason"][0]


def test_events_are_typed_and_repeats_refused() -> None:
    rows = [event(1, event="Purchase", quantity="", order_id="7"), event(0), event(0)]
    result = clean_events(raw(rows), ["p0", "p1"])
    assert result.clean["event"].tolist() == ["view", "purchase"]
    assert result.clean["quantity"].tolist() == [1, 1]
    assert result.clean.dtypes.astype(str)[["quantity", "unit_price", "time"]].tolist() == [
        "int64", "float64", "datetime64[us, UTC]",
    ]  # fmt: skip
    assert result.quarantine["source_row"].tolist() == [2]


def stock_row(product_id: str, on_hand: str, **cells: str) -> dict[str, str]:
    return {**dict.fromkeys(STOCK_COLUMNS, ""), "product_id": product_id, "on_hand": on_hand, **cells}


def test_stock_rows() -> None:
    def row(product_id: str, on_hand: str, days: str) -> dict[str, str]:
        return stock_row(product_id, on_hand, lead_time_days=days)

    rows = [row("a", "3", "2.5"), row("b", "0", ""), row("a", "4", "1"), row("c", "-1", "1")]
    rows += [row("x", "1", "1"), row("b", "", "1"), row("c", "1", "-1")]
    result = clean_stock(raw(rows), ["a", "b", "c"])
    assert result.clean["on_hand"].tolist() == [4, 0, 1]
    assert result.clean["lead_time_days"].isna().tolist() == [False, True, True]
    assert result.quarantine["source_row"].tolist() == [0, 3, 4, 5, 6]
    assert result.quarantine["scope"].tolist() == [*["row"] * 4, "field"]


def test_counts_of_a_product_are_kept_by_time_and_the_latest_is_last() -> None:
    def row(on_hand: str, time: str, cost: str = "") -> dict[str, str]:
        return stock_row("a", on_hand, time=time, order_cost=cost)

    rows = [row("4", ""), row("0", "2026-01-12", "25"), row("7", "2026-01-05"), row("6", "2026-01-05", "-1")]
    rows += [row("1", "soon"), row("1", "2999-01-01")]
    result = clean_stock(raw(rows), ["a"])
    assert result.clean["on_hand"].tolist() == [6, 0, 4]
    assert result.clean["order_cost"].fillna(-1).tolist() == [-1, 25, -1]
    assert sorted(result.quarantine["source_row"]) == [2, 3, 4, 5]
    products = with_stock(pd.DataFrame({"product_id": ["a", "b"]}), result.clean)
    assert (products["on_hand"][0], list(products)[1:]) == (4, ["on_hand", "lead_time_days"])


def test_empty_tables_have_the_right_columns_and_types(tmp_path: Path) -> None:
    products = clean_products(raw([product(0)])[:0], SOURCE, Settings(), NO_FINDINGS)
    events = clean_events(raw([event(0)])[:0], [])
    stock = clean_stock(pd.DataFrame(columns=[*STOCK_COLUMNS, "source_row"], dtype=object), [])
    for result, columns in ((products, PRODUCT_COLUMNS), (events, EVENT_COLUMNS), (stock, STOCK_COLUMNS)):
        assert tuple(result.clean.columns) == columns
        assert result.clean.empty
        assert tuple(result.quarantine.columns) == QUARANTINE_COLUMNS
        write_table(tmp_path / "t.parquet", result.clean)
    assert str(products.clean["price"].dtype) == "float64"
    assert str(events.clean["time"].dtype) == "datetime64[us, UTC]"


def test_clean_tables_have_the_types_that_their_contract_names(tmp_path: Path) -> None:
    stock = stock_row("p0", "3", lead_time_days="4")
    found = pd.DataFrame([finding("a.jpg", "photos", True), finding("a.wav", "sounds", True)])
    whole = product(0, photos="a.jpg", sounds="a.wav", updated_at="2026-01-31T10:00:00Z")
    tables = {
        "products": clean(whole, findings=found),
        "events": clean_events(raw([event(0)]), ["p0"]),
        "stock": clean_stock(raw([stock]), ["p0"]),
    }
    for name, result in tables.items():
        assert len(result.clean) == 1
        write_table(tmp_path / "t.parquet", result.clean)
        schema = pq.read_schema(tmp_path / "t.parquet")
        types = {field.name: re.sub(r"<\w+: ", "<", str(field.type)) for field in schema}
        assert types == {column.name: column.type for column in COLUMNS[name]}


dirt = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["", " ", "nan", "-1", "1e400", "1,5", "12 or 14", "2026-01-01", "0", "NaT", "[1", '["a"]', "{}"]
    ),
)
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def whole(result: Cleaned, table: pd.DataFrame, name: str) -> None:
    """Every collected row is clean, refused or joined to another, once; both tables can be written."""
    refused = result.quarantine[result.quarantine["table"].eq(name) & result.quarantine["scope"].eq("row")]
    assert len(result.clean) + len(refused) + result.joined == len(table)
    assert refused["source_row"].is_unique
    assert set(refused["source_row"]) <= set(table["source_row"])
    assert refused["reason"].ne("").all()


@few
@given(st.lists(st.fixed_dictionaries(dict.fromkeys(PRODUCT_COLUMNS, dirt)), max_size=12))
def test_clean_and_refused_products_add_up(rows: list[dict[str, str]]) -> None:
    table = pd.DataFrame(rows, columns=list(PRODUCT_COLUMNS), dtype=object).assign(
        source_row=range(len(rows))
    )
    result = clean_products(table, SOURCE, Settings(), NO_FINDINGS)
    whole(result, table, "products")
    assert result.clean["product_id"].is_unique
    assert result.clean["product_id"].is_monotonic_increasing
    assert result.clean["price"].dropna().gt(0).all()
    assert all(isinstance(json.loads(cell), dict) for cell in result.clean["attributes"])


events_of = st.fixed_dictionaries(
    {
        "user_id": st.sampled_from(["", "u1", "u2"]),
        "product_id": st.sampled_from(["p1", "p2", "x", ""]),
        "event": st.sampled_from([*EVENT_KINDS, "Purchase", "glance"]),
        "quantity": st.one_of(dirt, st.integers(-3, 30).map(str)),
        "unit_price": dirt,
        "time": st.sampled_from(["2026-01-01", "2026-01-01T10:00:00Z", "", "soon"]),
        "order_id": dirt,
    }
)


@few
@given(st.lists(events_of, max_size=20))
def test_clean_and_refused_events_add_up(rows: list[dict[str, str]]) -> None:
    table = pd.DataFrame(rows, columns=list(EVENT_COLUMNS), dtype=object).assign(source_row=range(len(rows)))
    result = clean_events(table, ["p1", "p2"])
    whole(result, table, "events")
    assert result.clean["quantity"].gt(0).all()
    assert not result.clean["time"].isna().any()


@few
@given(st.lists(st.fixed_dictionaries(dict.fromkeys(STOCK_COLUMNS, dirt)), max_size=12))
def test_clean_and_refused_stock_adds_up(rows: list[dict[str, str]]) -> None:
    table = pd.DataFrame(rows, columns=list(STOCK_COLUMNS), dtype=object).assign(source_row=range(len(rows)))
    result = clean_stock(table, ["", "0", "-1", " "])
    whole(result, table, "stock")
    assert not result.clean.duplicated(["product_id", "time"]).any()


def probed(place: Path, source: CatalogSource, rows: pd.DataFrame) -> pd.DataFrame:
    store = MediaStore.open(place)
    parts = []
    for kind in ("photos", "sounds"):
        keys = [key for cell in rows[kind] for key in media_cell(cell, source.photo_separator)]
        parts.append(probe_media(store, keys, kind, Settings().media, progress=False))
    return pd.concat(parts, ignore_index=True)


def test_the_planted_dirt_of_the_sample_is_what_is_refused(tmp_path: Path) -> None:
    build_sample(tmp_path / "shop", seed=1, products=120)
    source = open_catalog(str(tmp_path / "shop"))
    write_snapshot(source, tmp_path / "s", Settings(), user_key=b"k", progress=False)
    rows = read_raw_products(tmp_path / "s")
    result = clean_products(rows, source, Settings(), probed(tmp_path / "s", source, rows))
    dirt_kinds = read_json(tmp_path / "shop" / "truth.json")["dirt"]
    refused = result.quarantine.groupby(["table", "scope"]).size()
    for table, scope, kind in (
        ("products", "row", "product"), ("products", "field", "field"), ("photos", "file", "photo"),
        ("sounds", "file", "sound"),
    ):  # fmt: skip
        planted = sum(dirt_kinds[name]["count"] for name, facts in KINDS.items() if facts.refuses == kind)
        assert refused[table, scope] == planted, kind
    raw_events = read_raw_events(tmp_path / "s")
    whole(clean_events(raw_events, result.clean["product_id"]), raw_events, "events")
    stock = read_raw_stock(tmp_path / "s")
    whole(clean_stock(stock, result.clean["product_id"]), stock, "stock")


def test_flipkart_is_clean_but_for_three_photos(public_data: Path, tmp_path: Path) -> None:
    source = open_catalog("flipkart")
    write_snapshot(source, tmp_path / "s", Settings(), progress=False)
    rows = read_raw_products(tmp_path / "s")
    result = clean_products(rows, source, Settings(), probed(tmp_path / "s", source, rows))
    assert len(result.clean) == 1050
    assert result.quarantine["table"].tolist() == ["photos"] * 3
    assert result.clean["category"].str.split(" > ").str[0].value_counts().tolist() == [150] * 7
    assert result.clean["price"].isna().sum() == 1


def test_a_barcode_is_no_price() -> None:
    cleaned = clean(product(1, price="4006381333931"))
    assert cleaned.clean["price"].isna().all()
    assert "barcode" in cleaned.quarantine["reason"][0]


def test_a_group_that_unlike_products_share_is_none() -> None:
    rows = [
        product(i, group_id="0" if i < 24 else f"g{i % 20}", category=f"Home > {'AB'[i % 2]}")
        for i in range(60)
    ]
    cleaned = clean(*rows)
    assert cleaned.clean["group_id"].isin(["", *(f"g{i}" for i in range(20))]).all()
    assert cleaned.clean["group_id"].eq("").sum() == 24
    told = cleaned.quarantine
    assert told["field"].eq("group_id").sum() == len(told) == 24
    assert told["reason"].str.startswith("24 products of several categories have it").all()
    of_one_category = [row | {"category": "Home > A"} for row in rows]
    assert clean(*of_one_category).clean["group_id"].eq("0").sum() == 24


@pytest.mark.parametrize(
    ("known", "asked", "said"),
    [
        ("000{}", "{}", "leading zeros differ"),
        ("P{}", "p{}", "capitals differ"),
        ("{}.0", "{}", "decimals differ"),
        ("P {}", "P-{}", "spaces or signs differ"),
        ("gid://shop/Product/{}", "{}", "one has more before it"),
        ("P{}", "X9{}", ""),
    ],
)
def test_ids_that_two_tables_write_in_two_ways_are_told(known: str, asked: str, said: str) -> None:
    events = raw([event(i, product_id=asked.format(i + 1)) for i in range(9)])
    refused = clean_events(events, [known.format(i + 1) for i in range(9)]).quarantine
    assert len(refused) == 9
    assert refused["reason"].str.contains(said, regex=False).all()
    assert refused["reason"].str.contains("write ids one way").all() == bool(said)


def test_an_event_of_tomorrow_is_refused() -> None:
    rows = raw_events_of_tomorrow()
    cleaned = clean_events(rows, ["p1"])
    assert len(cleaned.clean) == 1
    assert cleaned.quarantine[["field", "reason"]].values.tolist() == [
        ["time", "in the future; mend the clock that wrote it"]
    ]


def raw_events_of_tomorrow() -> pd.DataFrame:
    row = {"user_id": "u", "product_id": "p1", "event": "view"}
    row |= dict.fromkeys(("quantity", "unit_price", "order_id"), "")
    times = ["2026-01-31T10:00:00Z", "2099-01-31T10:00:00Z"]
    return pd.DataFrame([{**row, "time": time, "source_row": i} for i, time in enumerate(times)])
