"""What a shopper may want next, and what goes with a product."""

from pathlib import Path

from assets.lib.insight import insight
from assets.lib.presentation import table_fact
from assets.lib.record import Facts
from assets.lib.shop import Shop

__all__ = ["recommendation"]


@insight(
    folder="state/recommendation",
    deps=["product_embeddings", "products", "shopper_events"],
    settings=lambda shop: [shop.settings.insights.recommendation.model_dump(), shop.settings.seed],
    kinds={"lightgbm", "scipy", "parquet"},
    code_version="3",
    description="Who ranks what a shopper may want next, learned or not, with all that it needs; and what "
    "goes with each product.",
)
def recommendation(shop: Shop, folder: Path) -> Facts:
    """Learn a ranker from earlier weeks, compare it on later ones with own frequency, use whoever wins."""
    import pandas as pd

    from insights.recommendation.build import PICTURE, build

    products = shop.embedded_products()
    settings = shop.settings.insights.recommendation
    made = build(folder, products, shop.table("shopper_events"), shop.vectors(), settings, shop.settings.seed)
    titles = products.set_index("product_id")["title"]
    best = made.goes_with.sort_values("weight", ascending=False, kind="stable").head(10)
    named = best.assign(product=best["product_id"].map(titles), goes_with=best["other_id"].map(titles))
    figures = pd.DataFrame(made.verdict.figures).T.rename_axis("way").reset_index()
    return {
        "dagster/row_count": len(made.goes_with),
        "used": made.verdict.winner,
        "why": made.verdict.why,
        "newcomers": made.newcomers,
        "counts_as_bought": made.kind,
        "lines": made.lines,
        "shoppers": made.shoppers,
        **({"later_weeks": table_fact(figures.round(4)), "recall": {"png": PICTURE}} if len(figures) else {}),
        **({"features": {"json": made.verdict.gains}} if made.verdict.gains else {}),
        "goes_with": table_fact(named[["product", "goes_with", "weight"]].round(3)),
        **({"skipped": made.skipped} if made.skipped else {}),
    }
