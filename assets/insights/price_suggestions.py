"""What a product could cost, by comparable listings and by its own past prices."""

from pathlib import Path

from assets.lib.insight import insight
from assets.lib.presentation import table_fact
from assets.lib.record import Facts
from assets.lib.shop import Shop
from shelfspace.files import write_bytes

__all__ = ["price_suggestions"]


@insight(
    folder="state/price_suggestions",
    deps=["product_embeddings", "products", "events"],
    settings=lambda shop: [
        shop.settings.insights.price.model_dump(), shop.source.label_level, shop.source.currency,
    ],
    kinds={"scipy", "parquet"},
    code_version="1",
    description="A price of each product from comparable listings, with an interval, and its elasticity.",
)  # fmt: skip
def price_suggestions(shop: Shop, folder: Path) -> Facts:
    """Price the products that have a vector by what others of them say and cost."""
    from insights.price.kept import keep_prices
    from insights.price.plots import prices_picture
    from insights.price.suggestions import suggest_prices

    settings, level = shop.settings.insights.price, shop.source.label_level
    products = shop.embedded_products()
    found = suggest_prices(products, shop.table("events"), level, settings)
    keep_prices(folder, found, settings, level, shop.source.currency)
    write_bytes(folder / "prices.png", prices_picture(found))
    table = found.table
    facts: Facts = {
        "dagster/row_count": len(table),
        "suggested": int(table["suggested"].notna().sum()),
        "own elasticities": found.tried,
        "elasticities of categories": {"json": found.elasticities},
        "prices": {"png": "prices.png"},
    }
    if found.model is None:
        return {**facts, "skipped": str(table["lacks"].iloc[0]) if len(table) else "no product"}
    outside = table[(table["price"] > table["high"]) | (table["price"] < table["low"])]
    apart = (outside["price"] / outside["suggested"]).map(lambda ratio: max(ratio, 1 / ratio))
    first = outside.loc[apart.sort_values(ascending=False, kind="stable").index[:10]]
    titles = products.set_index("product_id")["title"]
    named = first.assign(product=first["product_id"].map(titles))
    return {
        **facts,
        "comparison": found.model.comparison.sentence(),
        "who is used": {"json": found.model.comparison.describe()},
        "outside their range": len(outside),
        "farthest outside": table_fact(named[["product", "price", "low", "high", "suggested"]]),
    }
