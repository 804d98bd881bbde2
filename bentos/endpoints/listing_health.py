"""/listing-health: listings that do not hold together, by kind, the surest first."""

import pandas as pd

from bentos.api.sheets import Column, Fact, Said, Sheet, Table
from bentos.endpoints.people import PeoplePage, lacking
from bentos.serving.applications.listing_health import OpenedHealth
from bentos.serving.loaded_release import LoadedRelease
from insights.listing_health.sentences import CALLED, HEADS

__all__ = ["LISTING_HEALTH_PAGE"]

PROBABLE = Said(
    "“How sure” is a probability: of ten findings at 80%, about eight are wrong.",
    "“把握”是概率：十条 80% 的结果中约八条确有错误。",
)
TEXTS = {
    "category": PROBABLE,
    "text": PROBABLE,
    "photo": PROBABLE,
    "sound": PROBABLE,
    "price": PROBABLE,
    "duplicate": Said(
        "“How sure” is how much the words and photos of the two have in common.",
        "“把握”为两者文字与图片的相同程度。",
    ),
    "attribute": Said(
        "“How sure” is the share of the nearest products that have it, at least.",
        "“把握”为最相近商品中至少填写该属性的比例。",
    ),
}
COLUMNS = (
    Column("product_id", Said(*HEADS["product_id"]), "product"),
    Column("called", Said(*HEADS["kind"]), "said"),
    Column("sure", Said("How sure", "把握"), "percent"),
    Column("reason", Said("Why", "原因"), "said"),
    Column("stands", Said(*HEADS["stands"])),
    Column("fits", Said("What would fit", "更合适的内容")),
)
WITHOUT = Said(
    "This release says nothing of its listings; run the insights job.",
    "此版本没有商品信息检查；请运行 insights 任务。",
)
TWIN = Column("other_id", Said("The other", "另一件"), "product")


def sheet(loaded: LoadedRelease) -> Sheet:
    """A table a kind; what was put right since is gone."""
    health: OpenedHealth | None = loaded.application("listing_health")
    if health is None:
        return lacking(loaded, "listing_health", WITHOUT)
    found, gone = health.now(loaded.catalogue())
    reasons = [Said(*both) for both in zip(found["why"], found["why_zh"], strict=True)]
    called = [Said(*CALLED[kind]) for kind in found["kind"]]
    found = found.assign(
        reason=pd.Series(reasons, found.index, dtype=object),
        called=pd.Series(called, found.index, dtype=object),
    )
    skipped = health.said["skipped"]
    joined = [mark.join(one[place] for one in skipped) for place, mark in enumerate(("; ", "；"))]
    tables = [
        Table(
            kind, Said(*names), TEXTS[kind], (*COLUMNS[:-1], TWIN) if kind == "duplicate" else COLUMNS,
            found[found["kind"] == kind], Said("None found.", "未发现。"),
        )
        for kind, names in CALLED.items()
    ]  # fmt: skip
    return Sheet(
        facts=[
            Fact(Said("Products to look at", "需查看的商品"), int(found["product_id"].nunique())),
            *(Fact(one.title, len(one.rows)) for one in tables),
            Fact(Said("Put right since", "此后已更正"), gone),
            Fact(Said("Judged to be fine", "已确认无误"), int(health.said["hidden"])),
        ],
        lacks=Said(*(f"{said[:1].upper()}{said[1:]}" for said in joined)) if skipped else None,
        tables=sorted(tables, key=lambda one: not len(one.rows)),
    )


LISTING_HEALTH_PAGE = PeoplePage(
    "listing-health",
    Said("Listing health", "商品信息检查"),
    Said(
        "Listings whose photo, words, sound, price or category do not belong together, listings of the same "
        "thing, and attributes that are missing. What you judge to be fine goes into health_reviewed.csv.",
        "图片、文字、声音、价格或类目互不相符的商品，重复上架的商品，以及缺少的属性。"
        "确认无误的条目可写入 health_reviewed.csv。",
    ),
    sheet,
    place=40,
)
