"""A good verdict is given again while nothing changed that it rests on; a bad one never is."""

from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pandas as pd
import pytest

from assets.lib import checks
from assets.lib.checks import CHECKED_VERSION
from data_checks.validation import validate
from data_checks.validation.report import FAILURE_COLUMNS, CheckReport, Finding
from shelfspace.settings import Settings


class Bench:
    """One check over a stand-in for the shop, and how often it was judged."""

    def __init__(self, root: Path) -> None:
        self.passes, self.judged = True, 0
        self.bytes = {"products": "1", "events": "1", "stock": "1"}
        self.shop = SimpleNamespace(
            workspace=SimpleNamespace(validation=root / "validation", state=root / "state"),
            settings=Settings(),
            source=SimpleNamespace(currency="EUR", label_level=1, cleaning_fingerprint="c"),
            data_version=self.bytes.__getitem__,
            contents=lambda *assets: {asset: self.bytes[asset] for asset in assets},
        )
        self.page = root / "page.html"
        self.page.touch()
        self.check = checks.build_check("products", "sound", "They are sound.", self.judge, reads=("events",))

    def judge(self, shop: object) -> CheckReport:
        assert shop is self.shop
        self.judged += 1
        said = ("ids are there", "product_id", "why", "critical", self.passes, "seen", 3, 9, "kind", "ids")
        row = ["1", "product_id", "-2", "above 0", "warning", "ids"]
        failures = pd.DataFrame([row], columns=list(FAILURE_COLUMNS))
        return CheckReport("sound", self.passes, {"rows": 9}, failures, (Finding(*said),), self.page, "1")

    def ask(self) -> dg.AssetCheckResult:
        answer = self.check(self.shop)
        assert isinstance(answer, dg.AssetCheckResult)
        return answer


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(checks, "BLOCKING", {})
    return Bench(tmp_path)


def test_a_good_verdict_is_given_again_in_the_same_words(bench: Bench) -> None:
    first, again = bench.ask(), bench.ask()
    assert bench.judged == 1
    assert again == first
    assert again.passed
    assert again.metadata[CHECKED_VERSION].value == "1"
    assert "rows that fail" in again.metadata
    bench.bytes["stock"] = "2"
    bench.ask()
    assert bench.judged == 1, "the judge does not read the stock"


def test_each_rule_gives_a_number_that_the_ui_plots_and_a_row_of_the_table(bench: Bench) -> None:
    shown = bench.ask().metadata
    assert shown["rows"].value == 9
    assert shown["failing ids"].value == 3
    (rule,) = shown["rules"].records
    assert rule.data == {"rule": "ids are there", "holds": "yes", "observed": "seen", "why": "why"}
    assert shown["rows that fail"].records[0].data["value"] == "-2"
    assert isinstance(shown["data_docs"], dg.PathMetadataValue), "a browser opens no file:// link"


@pytest.mark.parametrize("asset", ["products", "events"])
def test_other_bytes_are_judged_anew(bench: Bench, asset: str) -> None:
    bench.ask()
    bench.bytes[asset] = "2"
    assert bench.ask().metadata[CHECKED_VERSION].value == bench.bytes["products"]
    assert bench.judged == 2


def test_other_settings_code_or_currency_are_judged_anew(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.ask()
    bench.shop.settings = Settings.model_validate({"validation": {"max_bad_share": 0.5}})
    bench.ask()
    bench.shop.source.currency = "USD"
    bench.ask()
    monkeypatch.setattr(checks, "code_hash", lambda: "another")
    bench.ask()
    assert bench.judged == 4


def test_a_verdict_whose_pages_are_gone_is_judged_anew(bench: Bench) -> None:
    bench.ask()
    bench.page.unlink()
    bench.ask()
    (bench.shop.workspace.validation / "results" / "sound.json").unlink()
    bench.ask()
    assert bench.judged == 3


def test_a_bad_verdict_is_never_given_again(bench: Bench) -> None:
    bench.ask()
    bench.passes = False
    bench.bytes["products"] = "2"
    assert not bench.ask().passed
    again = bench.ask()
    assert not again.passed
    assert "ids are there" in (again.description or "")
    assert bench.judged == 3
    bench.bytes["products"] = "1"
    bench.passes = True
    bench.ask()
    assert bench.judged == 4


@pytest.mark.parametrize(("rows", "judged"), [(0, 1), (1, 2)])
def test_an_empty_table_is_not_judged_anew_because_products_came(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rows: int, judged: int
) -> None:
    pd.DataFrame({"product_id": ["p1"] * rows}).to_parquet(tmp_path / "events.parquet")
    known = ["p1"]
    bench.shop.folder = lambda asset: tmp_path
    bench.shop.table = lambda name: pd.DataFrame({"product_id": known})
    monkeypatch.setattr(validate, "validate", lambda *given: bench.judge(bench.shop))
    bench.shop.source.reading = lambda name: None
    check = checks.suite_check("events", "events", "They are of products.", lambda shop: pd.DataFrame())
    check(bench.shop)
    known.append("p2")
    check(bench.shop)
    assert bench.judged == judged
