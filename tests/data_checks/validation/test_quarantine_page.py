"""The page of refused rows."""

from pathlib import Path

import pandas as pd

from catalog.cleaning.losses import Reason, TableLoss
from catalog.contract import QUARANTINE_COLUMNS
from data_checks.validation.pages import QUARANTINE, publish
from data_checks.validation.quarantine_page import SHOWN_ROWS, write_quarantine_page
from data_checks.validation.report import CheckReport


def refused(count: int, value: str) -> pd.DataFrame:
    rows = [("events", "row", f"p{n}", "time", value, "not a time", n, '{"time": "x"}') for n in range(count)]
    return pd.DataFrame(rows, columns=list(QUARANTINE_COLUMNS))


def test_every_table_its_refused_rows_and_what_else_was_found_stand_on_it(tmp_path: Path) -> None:
    losses = [TableLoss("events", 900, 600, 300, (Reason("time", "not a time", 300, "p0", "<b>now</b>"),))]
    page = write_quarantine_page(
        tmp_path, losses, refused(300, "<b>now</b>"), {"split of the products": "train 7 (70%)"}
    ).read_text()
    assert "300 (33.3%)" in page
    assert "train 7 (70%)" in page
    assert f"{SHOWN_ROWS} of 300 refused" in page
    assert page.count("<tr><td>") >= SHOWN_ROWS
    assert "<b>now" not in page, "what stood in a row is text, not HTML"
    assert "https://" not in page


def test_the_index_leads_to_it(tmp_path: Path) -> None:
    publish(CheckReport.of("balance", []), tmp_path)
    assert QUARANTINE not in (tmp_path / "index.html").read_text()
    write_quarantine_page(tmp_path, [], refused(0, ""), {})
    publish(CheckReport.of("balance", []), tmp_path)
    assert f'href="{QUARANTINE}"' in (tmp_path / "index.html").read_text()
