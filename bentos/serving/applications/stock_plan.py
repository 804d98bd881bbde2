"""The stock plan of a release: what advice is made of."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bentos.serving.applications.opener import Opener
from insights.stock.advice import advice
from insights.stock.plan import COLUMNS
from releases.in_memory import InMemoryRelease
from releases.insights import ProductTable
from shelfspace.errors import ArtifactError
from shelfspace.files import read_json, read_parquet, reading
from shelfspace.settings.insights import Demand

__all__ = ["STOCK_PLAN", "OpenedPlan"]

NEW = ("it came after this plan; the next release knows it", "此商品晚于本计划加入；下一版本将包含它")


@dataclass(frozen=True)
class OpenedPlan:
    """What is known of the demand of each product.

    Attributes:
        plan: `insights.stock.plan.COLUMNS`, indexed by product_id.
        forecast: rows of the next weeks by product.
        settings: it was made with.
        said, said_zh: how demand was forecast, in English and in Chinese.
        until: last day that it knows of, ISO 8601; "" where it knows none.
    """

    plan: pd.DataFrame
    forecast: ProductTable
    settings: Demand
    said: list[str]
    said_zh: list[str]
    until: str = ""

    def advise(
        self,
        on_hand: dict[str, float | None],
        service_level: float | None = None,
        lead_time_days: float | None = None,
    ) -> list[dict[str, Any]]:
        """Advice on products with what is in stock of them now, JSON values; see `insights.stock.advice`.

        A product that the plan does not have is told as one without evidence.
        """
        rows = self.plan.reindex(list(on_hand))
        new = rows["evidence"].isna().to_numpy()
        rows["on_hand"] = pd.Series(on_hand, dtype="float64")
        rows["evidence"] = rows["evidence"].fillna("none")
        rows["lead_time_days"] = rows["lead_time_days"].fillna(self.settings.lead_time_days)
        rows["lead_time_known"] = rows["lead_time_known"].eq(True)
        rows[["weeks_sold", "weeks_known"]] = rows[["weeks_sold", "weeks_known"]].fillna(0).astype("int64")
        rows = rows.rename_axis("product_id").reset_index()
        found = advice(rows, self.settings, service_level, lead_time_days)
        found.loc[new, ["reason", "reason_zh"]] = NEW
        found.insert(2, "evidence", rows["evidence"])
        found = found.astype(object).where(found.notna(), None)
        return [{str(name): value for name, value in row.items()} for row in found.to_dict("records")]


def open_plan(folder: Path, release: InMemoryRelease) -> OpenedPlan:
    """The plan of a folder.

    Raises:
        ArtifactError: it is of another form.
    """
    del release
    table = folder / "stock_plan.parquet"
    with reading(table, KeyError):
        plan = read_parquet(table)
        forecast = ProductTable(read_parquet(folder / "forecast.parquet"))
    told = read_json(folder / "plan.json")
    if list(plan) != list(COLUMNS):
        raise ArtifactError(f"{table} has other columns than this version reads; make a new release")
    settings = Demand.model_validate(told["settings"])
    said = list(told["said"])
    # Plans of an earlier version have no Chinese sentences.
    in_chinese = list(told.get("said_zh", said))
    return OpenedPlan(plan.set_index("product_id"), forecast, settings, said, in_chinese, told["until"])


STOCK_PLAN = Opener("stock_plan", open_plan)
