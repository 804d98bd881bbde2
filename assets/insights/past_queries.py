"""What shoppers searched for before, for the box that they type into."""

from pathlib import Path

from assets.lib.insight import insight
from assets.lib.presentation import table_fact
from assets.lib.record import Facts
from assets.lib.shop import Shop
from shelfspace.files import write_table

__all__ = ["past_queries"]


@insight(
    folder="state/past_queries",
    deps=["interactions"],
    settings=lambda shop: [shop.settings.service.log_query_text, shop.settings.events.query_sessions],
    kinds={"pandas", "parquet"},
    code_version="1",
    description="Searches that enough visits made and that showed products; none where texts are not kept.",
)
def past_queries(shop: Shop, folder: Path) -> Facts:
    """Take the searches that may be shown to others."""
    from insights.signals import past_queries as asked_before

    kept, settings = shop.settings.service.log_query_text, shop.settings.events
    interactions = shop.table("interactions")
    table = asked_before(interactions if kept else interactions.head(0), settings.query_sessions)
    write_table(folder / "queries.parquet", table)
    facts: Facts = {"dagster/row_count": len(table), "queries": table_fact(table.head(20), 20)}
    if not kept:
        return {**facts, "skipped": "texts of searches are not kept; service.log_query_text keeps them"}
    return facts
