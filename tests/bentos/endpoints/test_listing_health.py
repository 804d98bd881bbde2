"""The page on listings: findings by kind in both languages, without what was put right since."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from bentos.api.sheets import sheet_json, table_csv
from bentos.endpoints.listing_health import sheet
from bentos.serving.applications.listing_health import LISTING_HEALTH
from bentos.serving.loaded_release import LoadedRelease
from insights.listing_health import read_reviewed
from insights.listing_health.sentences import COLUMNS, KINDS, price_text
from shelfspace.files import write_json, write_table
from tests.bentos.house import House


def written(loaded: LoadedRelease, folder: Path) -> LoadedRelease:
    """The release with a folder of findings: of each product as it stands, and of each as it once stood."""
    rows = []
    first = loaded.release.products[loaded.release.products["price"].notna()].head(3)
    for n, product in enumerate(first.to_dict("records")):
        price = price_text(product["price"], product["currency"])
        stands = {"category": product["category"], "text": product["title"], "duplicate": product["title"]}
        stands |= {"price": price, "attribute": "material", "photo": "gone.jpg"}
        for kind, there in stands.items():
            rows.append((product["product_id"], kind, 0.5 + n / 10, there, "", "", "because", "因为"))
            if kind != "attribute":
                rows.append((product["product_id"], kind, 0.9, f"once {there}", "", "", "because", "因为"))
    rows.append(("not there", "category", 0.99, "x", "", "", "because", "因为"))
    write_table(folder / "listing_health.parquet", pd.DataFrame(rows, columns=list(COLUMNS)))
    skipped = [["no sound is judged: none", "未检查声音"]]
    write_json(folder / "listing_health.json", {"skipped": skipped, "hidden": 2})
    return replace(loaded, applications={"listing_health": LISTING_HEALTH.open(folder, loaded)})


def test_what_still_stands_is_shown_the_surest_first(opened: House, tmp_path: Path) -> None:
    loaded = written(opened.application.engine.require(), tmp_path)
    page = sheet(loaded)
    assert page.lacks is not None
    assert (page.lacks.en, page.lacks.zh) == ("No sound is judged: none", "未检查声音")
    shown = lambda product: {"title": product.lower(), "photo": ""}  # noqa: E731
    tables = {table["name"]: table for table in sheet_json(page, shown)["tables"]}
    assert set(tables) == set(KINDS)
    assert {name: len(table["rows"]) for name, table in tables.items()} == {
        "category": 3, "text": 3, "duplicate": 3, "price": 3, "attribute": 3, "photo": 0, "sound": 0,
    }  # fmt: skip
    assert [round(row[2], 1) for row in tables["price"]["rows"]] == [0.7, 0.6, 0.5]
    assert tables["price"]["rows"][0][3] == {"en": "because", "zh": "因为"}
    figures = {fact.title.en: fact.value for fact in page.facts}
    assert (figures["Products to look at"], figures["Put right since"], figures["Judged to be fine"]) == (
        3,
        19,
        2,
    )


def test_a_download_can_be_pasted_into_the_reviewed_list(opened: House, tmp_path: Path) -> None:
    page = sheet(written(opened.application.engine.require(), tmp_path))
    prices = next(table for table in page.tables if table.name == "price")
    for language in ("en", "zh"):
        path = tmp_path / "health_reviewed.csv"
        path.write_bytes(table_csv(prices, lambda _: {"title": "t", "photo": ""}, language))
        read = read_reviewed(path)
        assert read["product_id"].tolist() == prices.rows["product_id"].tolist()
        assert (read["kind"] == "price").all()
        assert read["stands"].tolist() == prices.rows["stands"].tolist()


def test_a_release_without_it_says_so(opened: House) -> None:
    lacks = sheet(opened.application.engine.require()).lacks
    assert lacks is not None
    assert "run the insights job" in lacks.en
