"""What is popular on the shop's page."""

from pathlib import Path

from assets.lib.insight import insight
from assets.lib.presentation import table_fact
from assets.lib.record import Facts
from assets.lib.shop import Shop
from shelfspace.files import write_table

__all__ = ["popularity"]


@insight(
    folder="state/popularity",
    deps=["product_embeddings", "interactions"],
    kinds={"pandas", "parquet"},
    code_version="1",
    description="Products by what shoppers bought and clicked on the page, beside what their places explain.",
)
def popularity(shop: Shop, folder: Path) -> Facts:
    """Count purchases, carts and clicks, little of each visit; without events there is no row."""
    from insights.signals import popularity as popular

    products = shop.embedded_products()
    table = popular(shop.table("interactions"), products["product_id"].tolist())
    write_table(folder / "popularity.parquet", table)
    if not len(table):
        return {"dagster/row_count": 0, "skipped": "no events from the shop's page; POST /events takes them"}
    titles = products.set_index("product_id")["title"]
    top = table.sort_values("score", ascending=False, kind="stable").head(10)
    clicks, impressions = int(table["clicks"].sum()), int(table["impressions"].sum())
    return {
        "dagster/row_count": len(table),
        "click_through": round(clicks / impressions, 4) if impressions else "nothing was shown",
        "most_popular": table_fact(top.assign(product=top["product_id"].map(titles)).round(3)),
    }
