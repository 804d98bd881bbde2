"""Which listings do not hold together, the surest first."""

from pathlib import Path

from assets.lib.insight import insight
from assets.lib.learning import read_catalogue
from assets.lib.presentation import table_fact
from assets.lib.record import Facts
from assets.lib.shop import Shop
from shelfspace.files import write_json, write_table

__all__ = ["listing_health"]

REVIEWED = "health_reviewed.csv"


def _reviewed(shop: Shop) -> dict[str, str]:
    """What people have judged to be fine, as an input: its bytes."""
    from shelfspace.hashing import file_hash

    path = shop.workspace.root / REVIEWED
    return {REVIEWED: file_hash(path)} if path.exists() else {}


@insight(
    folder="state/listing_health",
    deps=["product_embeddings", "products", "texts", "raw_media", "champion"],
    also=_reviewed,
    settings=lambda shop: [shop.settings.insights.listing_health.model_dump(), shop.source.label_level],
    kinds={"scipy", "scikitlearn", "parquet"},
    code_version="2",
    description="Photos, sounds, words, prices and categories that contradict each other, duplicates and "
    "missing attributes, each with how sure it is and why.",
)
def listing_health(shop: Shop, folder: Path) -> Facts:
    """Judge every product that has a vector by what its other parts and its neighbours say."""
    from insights.listing_health import listing_health as judged
    from insights.listing_health import read_reviewed
    from insights.listing_health.pictures import draw
    from models.features.catalogue import features_for, targets
    from models.inference.product_encoder import ProductEncoder
    from releases.champion import champion_model

    settings = shop.settings.insights.listing_health
    products = shop.embedded_products()
    catalogue = read_catalogue(shop, products["product_id"].tolist())
    encoder = ProductEncoder.load(champion_model(shop.workspace), device=shop.settings.features.device)
    learned = targets(products, shop.source.label_level)
    health = judged(
        products,
        catalogue.texts["text"].tolist(),
        catalogue.texts["language"].tolist(),
        features_for(encoder, catalogue),
        shop.vectors(),
        learned.labels,
        learned.label_names,
        settings,
        read_reviewed(shop.workspace.root / REVIEWED),
    )
    found = health.findings
    write_table(folder / "listing_health.parquet", found)
    said = {
        "judged": health.judged,
        "skipped": health.skipped,
        "shares": health.shares,
        "hidden": health.hidden,
        "dropped": health.dropped,
        "products": len(products),
    }
    write_json(folder / "listing_health.json", said)
    draw(health, folder / "listing_health.png")
    surest = found.sort_values("sure", ascending=False, kind="stable")
    return {
        "dagster/row_count": len(found),
        "products_to_look_at": int(found["product_id"].nunique()),
        "found": {"json": {str(kind): int(n) for kind, n in found["kind"].value_counts().items()}},
        "judged": {"json": health.judged},
        "estimated_share_wrong": {"json": health.shares},
        **({"not_judged": "; ".join(one[0] for one in health.skipped)} if health.skipped else {}),
        "judged_fine_by_people": health.hidden,
        "surest": table_fact(
            surest[["product_id", "kind", "sure", "stands", "fits", "why"]], rows=15, width=160
        ),
        "by_kind": {"png": "listing_health.png"},
    }
