"""Suites over tables: what stops the chain, what warns, and what the report shows."""

import json
import multiprocessing
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from data_checks.suites import SUITES, Surroundings
from data_checks.validation.report import CheckReport
from data_checks.validation.validate import MAX_EXAMPLES, table_version, validate
from shelfspace.errors import ArtifactError, InputError
from shelfspace.settings import Settings
from tests.data_checks import tables

SETTINGS = Settings()


def _sound(name: str) -> pd.DataFrame:
    made = {
        "raw_products": tables.raw_products, "products": tables.products, "events": tables.events,
        "interactions": tables.interactions,
    }  # fmt: skip
    if name in made:
        return made[name]()
    if name == "raw_events":
        return tables.events().astype(str)
    if name == "quarantine":
        row = ["products", "field", "p1", "price", "x", "price cannot be read", 3, "{}"]
        columns = ["table", "scope", "id", "field", "value", "reason", "source_row", "row"]
        return pd.DataFrame([row] * 3, columns=columns)
    return tables.stock() if name == "stock" else tables.stock().astype(str)


@pytest.mark.parametrize("name", sorted(SUITES))
def test_a_sound_table_meets_every_expectation(name: str) -> None:
    report = validate(name, _sound(name), SETTINGS, None, tables.AROUND)
    assert report.passed
    assert report.cause == ""
    assert report.failures.empty
    assert report.statistics["expectations"] == len(report.findings) > 5


@pytest.mark.parametrize("name", ["raw_events", "raw_stock", "events", "stock", "quarantine"])
def test_an_optional_table_may_be_empty(name: str) -> None:
    assert validate(name, _sound(name).iloc[:0], SETTINGS, None, tables.AROUND).passed


def _set(column: str, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        table = table.copy()
        table[column] = table[column].astype(object)
        table.at[4, column] = value
        return table if column not in ("price", "quantity", "on_hand") else table.infer_objects()

    return change


FUTURE = pd.Timestamp("2027-01-01", tz="UTC")
BREACHES = [
    ("products", "product_id", "p3"), ("products", "product_id", ""), ("products", "price", 0.0),
    ("products", "price", float("inf")), ("products", "currency", "USD"), ("products", "language", "English"),
    ("products", "attributes", "[]"), ("products", "photos", ["gone.jpg"]), ("products", "sounds", ["x"]),
    ("events", "product_id", "unknown"), ("events", "event", "stare"), ("events", "quantity", 0),
    ("events", "unit_price", -1.0), ("events", "time", FUTURE), ("stock", "on_hand", -1),
    ("stock", "product_id", "unknown"), ("stock", "lead_time_days", -2.0),
    ("stock", "order_cost", -1.0), ("stock", "time", FUTURE),
]  # fmt: skip


@pytest.mark.parametrize(("name", "column", "value"), BREACHES)
def test_one_broken_row_of_a_clean_table_stops_the_chain(name: str, column: str, value: object) -> None:
    table = _set(column, value)(_sound(name))
    if column == "time":
        table["time"] = pd.to_datetime(table["time"], utc=True)
    report = validate(name, table, SETTINGS, None, tables.AROUND)
    assert not report.passed
    shown = report.failures
    expected = f"row {4}" if name == "events" else str(table["product_id"].iloc[4])
    assert expected in shown["id"].tolist()
    assert set(shown["column"]) == {column}
    assert set(shown["severity"]) == {"critical"}
    assert column in report.cause


def test_few_bad_raw_rows_warn_and_many_stop() -> None:
    table = tables.raw_products()
    table.loc[:4, "price"] = "ask us"
    few = validate("raw_products", table, SETTINGS, None, tables.AROUND)
    assert few.passed
    assert few.statistics["failed_warnings"] == 1
    table.loc[:50, "price"] = "ask us"
    many = validate("raw_products", table, SETTINGS, None, tables.AROUND)
    assert not many.passed
    assert "51 of 100 rows" in many.cause
    # The same rows break the warning and the limit; they are counted and shown once.
    assert many.statistics["failing_rows"] == len(many.failures) == 51
    assert many.cause.count("price is a number") == 1
    assert "; for instance 'ask us' of" in many.cause
    assert "products.columns.price" in many.cause


def test_each_rule_has_one_result_with_a_sample() -> None:
    table = tables.raw_products()
    table.loc[:50, "price"] = "ask us"
    report = validate("raw_products", table, SETTINGS, None, tables.AROUND)
    found = {result.name: result for result in report.results()}
    assert list(found) == [rule.name for rule in SUITES["raw_products"].rules(SETTINGS, tables.AROUND)]
    price = found["price_readable"]
    assert (price.passed, price.severity, price.failing, price.checked) == (False, "critical", 51, 100)
    assert price.sentence == "price is a number, or empty"
    assert price.sample[0] == ("p0", "ask us")
    assert len(price.sample) == 10
    assert all(result.passed and not result.sample for name, result in found.items() if name != price.name)


def test_a_catalogue_without_a_currency_is_held_to_the_one_its_rows_say() -> None:
    table = tables.raw_products()
    assert validate("raw_products", table, SETTINGS, None, Surroundings()).cause == ""
    table["currency"] = ["EUR", "USD"] * 50
    report = validate("raw_products", table, SETTINGS, None, Surroundings())
    assert not report.passed
    assert "name it as currency in catalog.yaml" in report.cause


def test_free_products_and_prices_on_request_stop_nothing_and_a_wrong_column_does() -> None:
    table = tables.raw_products()
    table.loc[:29, "price"] = "Call for price"
    table.loc[30:59, "price"] = "0"
    report = validate("raw_products", table, SETTINGS, None, tables.AROUND)
    assert report.passed
    assert report.statistics["failed_warnings"] == 2
    table["price"] = table["title"]
    assert not validate("raw_products", table, SETTINGS, None, tables.AROUND).passed


def test_too_few_products_and_a_missing_column_are_named() -> None:
    table = tables.raw_products(10).drop(columns="brand")
    report = validate("raw_products", table, SETTINGS, None, tables.AROUND)
    assert not report.passed
    assert "the table has a column brand (missing)" in report.cause
    assert "at least 50 products (10)" in report.cause


def test_failing_rows_are_capped_but_all_counted() -> None:
    table = tables.events(500).assign(quantity=0)
    report = validate("events", table, SETTINGS, None, None)
    assert report.statistics["failing_rows"] == 500
    assert len(report.failures) == MAX_EXAMPLES


def test_repeated_runs_give_the_same_report(tmp_path: Path) -> None:
    table = tables.raw_products()
    table.loc[3, ["price", "product_id"]] = ["x", "p2"]
    first = validate("raw_products", table, SETTINGS, tmp_path, tables.AROUND)
    kept = (tmp_path / "reports" / "raw_products.json").read_bytes()
    again = validate("raw_products", table.copy(), SETTINGS, tmp_path, tables.AROUND)
    assert again.to_json() == first.to_json()
    assert (tmp_path / "reports" / "raw_products.json").read_bytes() == kept
    results = list((tmp_path / "gx" / "uncommitted" / "validations" / "raw_products").rglob("*.json"))
    assert len(results) == 1
    again = CheckReport.from_json(first.to_json())
    assert again is not None
    assert again.to_json() == first.to_json()
    json.dumps(first.metadata())


def test_pages_show_the_failing_rows_escaped_and_ask_nothing_of_the_network(tmp_path: Path) -> None:
    table = tables.raw_products()
    table.loc[7, "price"] = "<script>alert(1)</script>"
    report = validate("raw_products", table, SETTINGS, tmp_path, tables.AROUND)
    assert report.docs_index == tmp_path / "index.html"
    page = report.docs_index.read_text()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    link = re.search(r'href="(gx/[^"]+)"', page)
    assert link
    assert (tmp_path / link[1]).is_file()
    for file in [report.docs_index, *(tmp_path / "gx").rglob("*.html")]:
        loaded = re.findall(r"<(?:link|script|img)\b[^>]*https?://", file.read_text())
        assert loaded == [], file


def _validate_there(docs: Path, name: str) -> None:
    validate(name, _sound(name), SETTINGS, docs, tables.AROUND)


def test_suites_that_run_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    names = ["products", "events", "stock"]
    runs = [context.Process(target=_validate_there, args=(tmp_path, n)) for n in names]
    for run in runs:
        run.start()
    for run in runs:
        run.join(120)
    assert [run.exitcode for run in runs] == [0, 0, 0]
    assert sorted(p.stem for p in (tmp_path / "reports").glob("*.json")) == sorted(names)
    page = (tmp_path / "index.html").read_text()
    assert all(f'id="{name}"' in page for name in names)


def test_the_table_version_follows_values_types_and_columns_only() -> None:
    table = tables.products(5)
    version = table_version(table)
    assert table_version(table.set_index(pd.Index(range(10, 15)))) == version
    changed = table.copy()
    changed.at[0, "title"] = "Cup"
    assert table_version(changed) != version
    assert table_version(table.rename(columns={"title": "name"})) != version
    assert table_version(table.assign(price=table["price"].astype("float32"))) != version


def test_an_unknown_suite_and_a_damaged_report_are_refused() -> None:
    with pytest.raises(InputError, match="use one of"):
        validate("wares", tables.products(), SETTINGS)
    with pytest.raises(ArtifactError, match="a check report is damaged"):
        CheckReport.from_json("{")
    assert CheckReport.from_json("{}") is None  # of another version
