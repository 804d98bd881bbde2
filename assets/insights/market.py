"""The market: segments, their demand, movers, price positions and gaps, as a weekly report."""

from pathlib import Path

from assets.lib.insight import insight
from assets.lib.presentation import table_fact
from assets.lib.record import Facts
from assets.lib.shop import Shop

__all__ = ["market"]

FOLDER = "state/market"
SHOWN = ["name", "products", "product_share", "share", "ratio", "verdict", "against"]


def _searches(shop: Shop) -> dict[str, str]:
    """The state of the request log, where it keeps what was looked for."""
    if not shop.settings.service.log_query_text:
        return {}
    from insights.market.searches import searches_version

    return {"searches of the service": searches_version(shop.workspace.live)}


@insight(
    folder=FOLDER,
    deps=["product_embeddings", "search_index", "products", "shopper_events"],
    also=_searches,
    settings=lambda shop: [shop.settings.insights.market.model_dump()],
    kinds={"scipy", "parquet"},
    code_version="3",
    description="Segments by vector, steady from week to week, with demand, movers, price positions, gaps.",
)
def market(shop: Shop, folder: Path) -> Facts:
    """Report on the products that have a vector, beginning at the segments of the report before."""
    from insights.market.folder import read_before, write_report
    from insights.market.pictures import pictures
    from insights.market.report import market_report
    from insights.market.searches import read_searches
    from retrieval.vectors import load_index

    settings, vectors = shop.settings.insights.market, shop.vectors()
    index = load_index(shop.folder("search_index") / "index", vectors)
    # Variants of a product are no competitors, and are not known before they are found.
    cosine, rows = index.search(vectors, min(len(vectors), 3 * settings.competitors + 1))
    report = market_report(
        shop.embedded_products(), vectors, shop.table("shopper_events"), (rows, cosine), settings,
        read_before(shop.workspace.root / FOLDER),
        read_searches(shop.workspace.live, settings.recent_weeks) if _searches(shop) else None,
        shop.table("interactions"),
    )  # fmt: skip
    drawn = pictures(report)
    write_report(folder, report, drawn)
    moves = report.products["verdict"].value_counts()
    return {
        "dagster/row_count": len(report.products),
        "week": report.week,
        "segments": len(report.segments),
        "new_segments": int(report.segments["new"].sum()),
        **{f"{name}s": int(moves.get(name, 0)) for name in ("riser", "faller")},
        "gaps": len(report.gaps),
        **{f"{name}_said": said.en for name, said in report.said.items() if said.en},
        "by_segment": table_fact(report.segments[SHOWN], rows=20),
        **{f"picture_of_{name}": {"png": f"{name}.png"} for name in drawn},
    }
