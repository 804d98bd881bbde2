"""What a collection does beside Dagster: take in what lies there, and say what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assets.lib import dvc as data_versions
from assets.lib.presentation import table_fact
from assets.lib.record import Facts
from assets.lib.shop import Shop
from catalog.deliveries.collect import Collected, collect, note_taken
from catalog.erasure.inbox import erase_deliveries
from catalog.erasure.tombstones import Tombstones
from catalog.snapshot.compare import changed_since
from catalog.snapshot.shards import read_manifest, read_raw_events, read_raw_products, read_raw_stock
from catalog.snapshot.user_key import user_key
from catalog.snapshot.write import SnapshotReport
from catalog.sources.watch import note_collected, source_state
from releases.look.delivery import DeliveryLook
from releases.look.looked import Looked
from releases.look.since import hold_together
from shelfspace.workspace import Workspace

__all__ = ["TakenIn", "erased_rows", "looks_say", "raw_facts", "take_in"]

READERS = {"raw_products": read_raw_products, "raw_events": read_raw_events, "raw_stock": read_raw_stock}


@dataclass(frozen=True)
class TakenIn:
    """What came of a collection.

    Attributes:
        report: of the snapshot.
        version: that DVC gave it.
        said: what a person should hear, a sentence each.
        facts: shown of every raw asset.
    """

    report: SnapshotReport
    version: str
    said: Sequence[str]
    facts: Facts


def take_in(shop: Shop) -> TakenIn:
    """Snapshot the source and its inbox, `dvc add` it and push it; nothing new writes nothing.

    Raises:
        CatalogError: a table of the source is not usable.
        ArtifactError: the snapshot or the ledger is damaged.
    """
    workspace, settings = shop.workspace, shop.settings
    lies_there = source_state(shop.source)
    key = user_key(workspace.state, settings.service.user_key_file)
    look, stones = DeliveryLook(workspace, shop.source, settings), Tombstones.open(workspace.state)
    stood = read_manifest(workspace.snapshot)
    first, version = _collect(shop, key, stones, look)
    report, heard, taken = first.report, first.said, {*first.read}
    # What is certain only together with what came before is seen once it is in: then it is taken out again.
    if not report.unchanged and hold_together(look):
        second, version = _collect(shop, key, stones, look)
        heard, taken = heard + second.said, (taken | {*second.read}) - second.withdrawn
        told = changed_since(workspace.snapshot, stood, shop.source.reading("products"))
        report = replace(second.report, **told)
    look.save()
    note_collected(workspace.state, lies_there)
    said = list(dict.fromkeys([*shop.source.notes, *heard]))
    facts: Facts = {
        "deliveries": len(taken),
        **({"said": {"md": "\n".join(f"- {sentence}" for sentence in said)}} if said else {}),
        "dvc_md5": version,
        "cause": shop.cause or "asked for",
        **({"erased_rows_passed_over": sum(first.erased.values())} if first.erased else {}),
    }
    return TakenIn(report, version, said, facts)


def _collect(shop: Shop, key: bytes, stones: Tombstones, look: DeliveryLook) -> tuple[Collected, str]:
    """One collection, its version told to DVC and to the ledger; erased rows leave what was delivered."""
    workspace, settings = shop.workspace, shop.settings
    found = collect(workspace, shop.source, settings, user_key=key, stones=stones, look=look)
    version = data_versions.keep(
        workspace.snapshot,
        "manifest.json",
        workspace.state / "snapshot.noted",
        push_too=settings.collection.push,
    )
    note_taken(workspace, found, version)
    if found.erased:
        erase_deliveries(workspace, shop.source, stones, key, media=(), arrivals=found.erased)
    return found, version


def raw_facts(shop: Shop, asset: str, taken: TakenIn) -> Facts:
    """What is shown of one raw asset."""
    if asset == "raw_media":
        media = shop.media
        return {
            "dagster/row_count": len(media),
            "megabytes": round(sum(map(media.size, media.keys())) / 1e6, 1),
            "missing_media": taken.report.missing_media,
            **taken.facts,
        }
    table, report = READERS[asset](shop.workspace.snapshot), taken.report
    facts = {"dagster/row_count": len(table), "preview": table_fact(table, 5), **taken.facts}
    if asset == "raw_products":
        facts |= {"added": report.added, "changed": report.changed, "removed": report.removed}
    return facts


def looks_say(looks: Sequence[Looked]) -> str:
    """What was held of what came in, else what could not be judged, else that all is well."""
    held = [f"{looked.name}: {looked.sentence}" for looked in looks if looked.held]
    notes = [f"{looked.name}: {note}" for looked in looks for note in looked.notes]
    well = "nothing speaks against what came in" if looks else "no product came in or changed"
    return "; ".join(held or notes or [well])


def erased_rows(workspace: Workspace, stones: Tombstones) -> dict[str, int]:
    """Raw table to its rows of erased products and shoppers, where it has any."""
    tables = READERS.items() if stones.count() else ()
    rows = {name: int(stones.rows(read(workspace.snapshot)).sum()) for name, read in tables}
    return {name: number for name, number in rows.items() if number}
