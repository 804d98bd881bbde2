"""/applications: what the shop's applications know at this moment, for its people."""

import pandas as pd

from bentos.api.sheets import Column, Fact, Said, Sheet, Table
from bentos.endpoints.people import PeoplePage
from bentos.serving.loaded_release import LoadedRelease
from shelfspace.clock import minute

__all__ = ["APPLICATIONS"]

COLUMNS = (
    Column("application", Said("Application", "应用")),
    Column("products", Said("Products it speaks of", "涉及的商品"), "number"),
    Column("files", Said("Files", "文件"), "number"),
    Column("state", Said("State", "状态"), "said"),
)


def applications(loaded: LoadedRelease) -> Sheet:
    """One row an application of the release that answers."""
    rows = []
    for name in sorted(loaded.folders.keys() | loaded.insights.keys()):
        table, folder = loaded.insights.get(name), loaded.folders.get(name)
        rows.append(
            {
                "application": name,
                "products": None if table is None else len(table),
                "files": 0 if folder is None else sum(path.is_file() for path in folder.rglob("*")),
                "state": state(loaded, name),
            }
        )
    return Sheet(
        facts=[
            Fact(Said("Applications", "应用"), len(rows)),
            Fact(Said("Products", "商品"), len(loaded.rows)),
        ],
        tables=[
            Table(
                "applications",
                Said("What the release carries", "版本中包含的应用"),
                Said(
                    "Each is a folder of the release; docs/insights.md says what it needs and tells.",
                    "每个应用是版本中的一个文件夹；docs/insights.md 说明它能回答什么、需要哪些数据。",
                ),
                COLUMNS,
                pd.DataFrame(rows, columns=[column.name for column in COLUMNS]),
                Said(
                    "The release carries none; run the insights job.",
                    "版本中没有应用；请运行 insights 任务。",
                ),
            )
        ],
    )


def state(loaded: LoadedRelease, name: str) -> Said:
    """Whether an application is served as the release packs it, newer than that, or why not."""
    if name in loaded.unserved:
        return Said(*loaded.why_unserved(name, ("", "")))
    if name in loaded.pairs:
        at = minute(loaded.pairs[name].at)
        return Said(f"brought up to date after the release, {at} UTC", f"已在版本之后更新，{at} UTC")
    return Said("as the release packs it", "与版本所含一致")


APPLICATIONS = PeoplePage(
    "applications",
    Said("Applications", "应用一览"),
    Said("What the shop's applications know at this moment.", "店铺各项应用目前掌握的情况。"),
    applications,
    place=90,
)
