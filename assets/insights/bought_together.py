"""What stands in the same baskets as a product."""

from pathlib import Path

from assets.lib.insight import insight
from assets.lib.presentation import table_fact
from assets.lib.record import Facts
from assets.lib.shop import Shop
from shelfspace.files import write_table

__all__ = ["bought_together"]


@insight(
    folder="state/bought_together",
    deps=["product_embeddings", "shopper_events"],
    settings=lambda shop: [
        shop.settings.graph.model_dump(include={"together", "neighbours", "shrinkage", "max_basket"}),
        shop.settings.insights.companions,
    ],
    kinds={"scipy", "parquet"},
    code_version="1",
    description="What stands in the same baskets as a product, the strongest first; empty without events.",
)
def bought_together(shop: Shop, folder: Path) -> Facts:
    """Count co-purchases of the products that have a vector."""
    from insights.bought_together import bought_together as companions

    products = shop.embedded_products()
    ids, most = products["product_id"].tolist(), shop.settings.insights.companions
    table = companions(shop.table("shopper_events"), ids, shop.settings.graph, most)
    write_table(folder / "bought_together.parquet", table)
    titles = products.set_index("product_id")["title"]
    shown = table.sort_values("weight", ascending=False, kind="stable").head(10)
    named = shown.assign(product=shown["product_id"].map(titles), with_it=shown["other_id"].map(titles))
    return {
        "dagster/row_count": len(table),
        "products_with_companions": int(table["product_id"].nunique()),
        "strongest": table_fact(named[["product", "with_it", "baskets", "weight"]].round(3)),
    }
