"""Facts as the Dagster UI shows them: in order, at once, with links that a browser opens."""

import re
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from PIL import Image

from assets.lib.presentation import SHOWN_WIDTH, column_schema, service_page, table_fact, to_metadata
from catalog.contract import COLUMNS
from shelfspace.settings import Settings

SHORT = 1000
"""Characters of Markdown from which on the UI asks for a click."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.effect_noise((64, 64), 50).save(tmp_path / "curve.png")
    (tmp_path / "page.html").write_text("<p>found</p>")
    return tmp_path


def test_figures_come_first_and_places_last(folder: Path) -> None:
    facts = {
        "where": {"path": "/somewhere"},
        "report": {"page": "page.html"},
        "curve": {"png": "curve.png"},
        "table": table_fact(pd.DataFrame({"a": [1]})),
        "words": "said",
        "accuracy on holdout": 0.9,
    }
    with dg.DagsterInstance.ephemeral() as instance:
        shown = to_metadata(facts, folder, instance)
    assert list(shown) == ["accuracy_on_holdout", "words", "table", "curve", "report", "where"]
    assert shown["report"] == dg.MetadataValue.path(str(folder / "page.html"))


def test_a_picture_is_given_out_by_the_ui_and_so_its_markdown_is_short(folder: Path) -> None:
    Image.effect_noise((1300, 400), 50).save(folder / "curve.png")
    facts = {"curve": {"png": "curve.png"}}
    with dg.instance_for_test() as instance:
        markdown = to_metadata(facts, folder, instance)["curve"].value
        assert len(markdown) < SHORT
        small, whole = (
            Path(instance.compute_log_manager.get_captured_local_path(path.split("/"), "png"))  # type: ignore[attr-defined]
            for path in re.findall(r"\(/logs/([^)]*)/png\)", markdown)
        )
        assert whole.read_bytes() == (folder / "curve.png").read_bytes()
        assert Image.open(small).width == SHOWN_WIDTH
        assert to_metadata(facts, folder, instance)["curve"].value == markdown


def test_without_local_logs_the_markdown_holds_the_picture(folder: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        shown = to_metadata({"curve": {"png": "curve.png"}}, folder, instance)
    assert "(data:image/png;base64," in shown["curve"].value


def test_a_table_keeps_numbers_and_shortens_words() -> None:
    table = pd.DataFrame(
        {"n": [1, 2], "share": [0.5, float("nan")], "ok": [True, False], "text": ["a\nb", "x" * 99]}
    )
    first, second = table_fact(table)["table"]["rows"]
    assert first == [1, 0.5, "True", "a b"]
    assert second == [2, "nan", "False", "x" * 57 + "..."]


def test_an_empty_table_still_names_its_columns() -> None:
    facts = {"none": table_fact(pd.DataFrame(columns=["key", "reason"]))}
    with dg.DagsterInstance.ephemeral() as instance:
        shown = to_metadata(facts, Path(), instance)["none"]
    assert shown.records == []
    assert [column.name for column in shown.schema.columns] == ["key", "reason"]


@pytest.mark.parametrize("table", COLUMNS)
def test_every_column_is_described_and_typed(table: str) -> None:
    schema = column_schema(table)["dagster/column_schema"]
    assert [column.name for column in schema.columns] == [column.name for column in COLUMNS[table]]
    assert all(column.description and column.type for column in schema.columns)


def test_raw_tables_hold_text_and_other_assets_have_no_columns() -> None:
    schema = column_schema("raw_products")["dagster/column_schema"]
    assert {column.type for column in schema.columns} == {"string"}
    assert column_schema("raw_media") == column_schema("challenger") == {}


def test_links_to_the_service_follow_its_settings() -> None:
    settings = Settings.model_validate({"service": {"port": 3123}})
    assert service_page(settings.service, "health") == {"url": "http://127.0.0.1:3123/health"}
