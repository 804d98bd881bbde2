"""Where a model or a release comes from: the data versions of a workspace, the settings, the code."""

from importlib.metadata import version
from typing import Any

from assets.lib.learning import best_values
from assets.lib.shop import Shop

__all__ = ["provenance", "training_provenance"]


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


def training_provenance(shop: Shop) -> dict[str, Any]:
    """`provenance`, and the code, libraries, seed, threads and run that trained the challenger."""
    made = shop.record("challenger").made_by
    if not made:
        return provenance(shop)
    told = {**made["code"], "libraries": made["libraries"], "seed": made["seed"], "run": made["run_id"]}
    threads = {f"threads_{name}": count for name, count in made["threads"].items()}
    return {
        **provenance(shop),
        **{f"trained_by_{name}": value for name, value in {**told, **threads}.items()},
    }
