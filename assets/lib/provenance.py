"""Where a model or a release comes from: the data versions of a workspace, the settings, the code."""

from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import pandas as pd

from assets.lib.learning import best_values, chosen_beside_champion
from assets.lib.shop import Shop
from releases.champion import champion
from shelfspace.hashing import file_hash

__all__ = [
    "challenger_made_by", "made_table", "provenance", "release_made_by", "training_provenance",
]  # fmt: skip


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


def challenger_made_by(shop: Shop) -> dict[str, Any]:
    """What made the challenger (`Shop.made_by`), what tuning laid over the settings, and `encoders`, which
    `auto` chose as it did since a champion reigned."""
    best, encoders = best_values(shop), chosen_beside_champion(shop)
    made = {**shop.record("challenger").made_by, "tuned": None if best is None else asdict(best)}
    return {**made, "encoders": encoders} if encoders else made


def release_made_by(shop: Shop) -> dict[str, Any]:
    """What makes a release now: `Shop.made_by`, whose `data` is what is embedded.

    Further: `learned`, what made the model, whose `data` is what it learned from; `beside`, what is in no
    snapshot: how many events the service took itself, whether what search learned was kept from an earlier
    catalogue, judgement files by their hashes.
    """
    files = sorted((shop.workspace.root / "judgements").glob("*.csv"))
    crowned = champion(shop.workspace) or {}
    return {
        **shop.made_by(),
        "learned": {
            "data": {"snapshot_md5": crowned.get("data", {}).get("snapshot_md5")},
            **crowned.get("made_by", {}),
        },
        "beside": {
            "events_taken": shop.record("interactions").facts["rows"]["interactions"],
            "search_kept": shop.record("search_fusion").facts.get("kept", ""),
            "judgements": {path.name: file_hash(path) for path in files},
        },
    }


def made_table(made_by: Mapping[str, Any]) -> pd.DataFrame:
    """Two lines, of the release and of its model: by which code, of which bytes, with how many threads, in
    which run; empty cells where an earlier version did not say.

    Args:
        made_by: as `release_made_by` gave it.
    """
    lines = []
    for what, made in (("the release", made_by), ("its model", made_by.get("learned", {}))):
        code, data = made.get("code", {}), made.get("data") or {}
        changed = " with changes" if code.get("dirty") else ""
        lines.append({
            "what": what,
            "code": f"{code.get('commit') or code.get('wheel') or ''}{changed}",
            "snapshot": data.get("snapshot_md5") or "",
            "split": data.get("splits_md5") or "",
            "threads": str(made.get("threads", {}).get("torch") or ""),
            "seed": str(made.get("seed", "")),
            "run": made.get("run_id", ""),
        })  # fmt: skip
    return pd.DataFrame(lines)


def training_provenance(shop: Shop) -> dict[str, Any]:
    """`provenance`, and the code, libraries, seed and threads that trained the challenger."""
    made = shop.record("challenger").made_by
    if not made:
        return provenance(shop)
    # Not the run: the same bytes trained again by the same code have the same card. The release names it.
    told = {**made["code"], "libraries": made["libraries"], "seed": made["seed"]}
    threads = {f"threads_{name}": count for name, count in made["threads"].items()}
    return {
        **provenance(shop),
        **{f"trained_by_{name}": value for name, value in {**told, **threads}.items()},
    }
