"""What shoppers did on the shop's page: collected from the service like a delivery of events.

They stand in the group of the insights, which are brought up to date daily, and in no release: sessions
and shoppers never leave the workspace.
"""

from pathlib import Path

import pandas as pd

from assets.lib.checks import suite_check
from assets.lib.presentation import table_fact
from assets.lib.record import Facts
from assets.lib.refused_page import show_refused
from assets.lib.shop import Shop
from assets.lib.stage import stage
from catalog.interactions.clean import clean_interactions, shopper_events
from catalog.interactions.orders import hash_orders
from catalog.interactions.reading import read_interactions, state_of
from catalog.snapshot.user_key import user_key
from shelfspace.files import write_table
from shelfspace.hashing import file_hash

__all__ = ["CHECKS", "click_judgements", "interactions"]

TABLES = {
    "interactions": "Impressions, clicks, carts and purchases that the service took, each once.",
    "interactions_quarantine": "Events that were refused, by the service or here, with field and reason.",
    "shopper_events": "The shop's own events and those of its page; a purchase that both have counts once.",
}


def _of_one_table(name: str, facts: Facts) -> Facts:
    """What is shown of one of the tables that are written together."""
    shown: Facts = {"dagster/row_count": facts["rows"][name], "preview": facts["previews"][name]}
    if name == "shopper_events":
        return {**shown, "in_the_sales_log_too": facts["both"]}
    return {**shown, **({"kinds": facts["kinds"]} if name == "interactions" else {"why": facts["why"]})}


@stage(
    folder="state/interactions",
    group="insights",
    owners=["team:shop"],
    deps=["products", "events"],
    also=lambda shop: {"events of the service": state_of(shop.workspace.live)},
    kinds={"parquet", "pandas"},
    code_version="2",
    description=TABLES,
    each=_of_one_table,
    op="collect_interactions",
)
def interactions(shop: Shop, folder: Path) -> Facts:
    """Take over what the service took of shoppers; what is refused goes to a quarantine with its reason."""
    workspace = shop.workspace
    hash_orders(workspace.live, user_key(workspace.state, shop.settings.service.user_key_file))
    taken, refused = read_interactions(shop.workspace.live)
    cleaned = clean_interactions(taken, refused, shop.table("products")["product_id"])
    events, both = shopper_events(shop.table("events"), cleaned.kept)
    tables = {
        "interactions": cleaned.kept,
        "interactions_quarantine": cleaned.refused,
        "shopper_events": events,
    }
    paths = {name: write_table(folder / f"{name}.parquet", table) for name, table in tables.items()}
    kinds, why = cleaned.kept["kind"].value_counts(), cleaned.refused["reason"].value_counts()
    return {
        "versions": {name: file_hash(path) for name, path in paths.items()},
        "rows": {name: len(table) for name, table in tables.items()},
        "previews": {name: table_fact(table.tail(6), 6) for name, table in tables.items()},
        "kinds": {"json": {str(kind): int(count) for kind, count in kinds.items()}},
        "why": {"json": {str(reason): int(count) for reason, count in why.items()}},
        "both": both,
    }


@stage(
    folder="state/click_judgements",
    group="insights",
    owners=["team:shop"],
    deps=["interactions"],
    settings=lambda shop: [shop.settings.events.click_sessions, shop.settings.events.click_weight],
    kinds={"scipy", "parquet"},
    code_version="1",
    description="Which products the clicks of many visits judge as answers of a query, beside their places.",
)
def click_judgements(shop: Shop, folder: Path) -> Facts:
    """Judge by clicks; without texts of searches there is nothing to judge."""
    from insights.signals import click_judgements as judged

    settings = shop.settings.events
    interactions = shop.table("interactions")
    table = judged(
        interactions if settings.click_weight else interactions.head(0),
        settings.click_sessions,
        settings.click_weight,
    )
    write_table(folder / "click_judgements.parquet", table)
    return {
        "dagster/row_count": len(table),
        "queries": int(table["query"].nunique()),
        "judged": table_fact(table.head(20), 20),
    }


def _collected(shop: Shop) -> pd.DataFrame:
    """What was collected; what was refused of it stands on the quarantine page from now on."""
    show_refused(shop)
    return shop.table("interactions")


CHECKS = [
    suite_check(
        "interactions",
        "interactions",
        "Each event once, of a known kind and product, its time and place possible.",
        _collected,
    )
]
