"""Where a model or a release comes from: the data versions of a workspace, the settings, the code."""

from importlib.metadata import version

from assets.lib.learning import best_values
from assets.lib.shop import Shop

__all__ = ["provenance"]


def provenance(shop: Shop) -> dict[str, str]:
    """Data versions, settings and code that a model or release is made of."""
    best = best_values(shop)
    return {
        "catalogue": shop.workspace.name,
        "snapshot_md5": shop.data_version("raw_products"),
        "products": shop.data_version("products"),
        "splits": shop.data_version("splits"),
        "settings": shop.settings.fingerprint,
        "shelfspace": version("shelfspace"),
        "torch": version("torch"),
        **({} if best is None else {"tuned_by": best.study}),
    }
