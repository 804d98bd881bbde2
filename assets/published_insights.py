"""What applications said since the release: put beside it, where the service takes it up."""

from pathlib import Path

import pandas as pd

from assets.insights import INSIGHTS
from assets.lib.insight import insight
from assets.lib.presentation import table_fact
from assets.lib.record import Facts
from assets.lib.shop import Shop
from catalog.deliveries.withdraw import still_there
from releases import current, current_id
from releases.pairs import publish, published, restore, withdraw
from shelfspace.files import write_json

__all__ = ["published_insights"]

OF_THE_RELEASE, NEWER = "as the release packs it", "newer than the release"
OTHER, HELD = "of other vectors", "of deliveries that are held"
AGAIN = "as last published for the release"


def _live(shop: Shop) -> dict[str, str]:
    held = ",".join(str(entry.arrival) for entry in still_there(shop.workspace))
    return {
        "live release": current_id(shop.workspace.root) or "",
        "vectors": _vectors(shop),
        **({"held": held} if held else {}),
    }


def _vectors(shop: Shop) -> str:
    return shop.record("product_embeddings").files.get("embeddings.npy", "")


def _there(shop: Shop, facts: Facts) -> bool:
    """Whether the pointers are where they were put; a person may have taken them away."""
    return sorted(published(shop.workspace.root)) == sorted(facts["newer"]["json"])


@insight(
    folder="state/published_insights",
    deps=["release", *INSIGHTS],
    inputs=INSIGHTS,
    also=_live,
    there=_there,
    kinds={"python"},
    code_version="2",
    description="Applications that know more than the live release packs, each served with it from now on.",
)
def published_insights(shop: Shop, folder: Path) -> Facts:
    """Move each application's pointer, where it was computed of the live release's own vectors.

    What a rollback holds lies in the tables until the next collection: nothing computed of it is served.
    """
    root = shop.workspace.root
    live = current(root, verify=False)
    if live is None:
        write_json(folder / "published.json", {})
        return {"skipped": "no release is live yet; the release job makes one", "newer": {"json": []}}
    other = "" if live.manifest["files"]["embeddings.npy"] == _vectors(shop) else OTHER
    kept = other or (HELD if still_there(shop.workspace) else "")
    states = {}
    for name in INSIGHTS:
        prefix = f"insights/{name}/"
        packed = {
            k.removeprefix(prefix): v for k, v in live.manifest["files"].items() if k.startswith(prefix)
        }
        record = shop.record(name)
        if not kept and packed != record.files:
            publish(root, name, shop.folder(name), live.id, record.data_version)
            states[name] = NEWER
        elif kept and restore(root, name, live.id) is not None:
            states[name] = AGAIN
        else:
            withdraw(root, name)
            states[name] = kept or OF_THE_RELEASE
    write_json(folder / "published.json", {"release": live.id, "applications": states})
    shown = pd.DataFrame(states.items(), columns=["application", "state"])
    reasons = {
        OTHER: "the workspace holds vectors of another release",
        HELD: f"held deliveries lie in the tables still; run: {shop.workspace.command('run refresh')}",
    }
    why = {"kept": f"what {live.id} packs or was last told, since {reasons[kept]}"} if kept else {}
    return {
        "dagster/row_count": len(states),
        "release": live.id,
        "newer": {"json": [name for name, state in states.items() if state in (NEWER, AGAIN)]},
        "applications": table_fact(shown, len(shown)),
        **why,
    }
