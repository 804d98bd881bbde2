"""The holdout as it was when the champion was crowned, beside what deliveries have made of it since.

A model is judged by rows that nobody must rewrite unseen: of each the category is kept, with what the
champion says of it (`releases.look.evidence`). Rewritten ones are judged by that witness, apart from those
that are as they were and from new ones. What a person has approved is left out.
"""

import pandas as pd

from catalog.cells import stripped
from catalog.deliveries.ledger import Entry, read_ledger
from catalog.deliveries.withdraw import TAKEN, hold_taken, taken_since
from catalog.snapshot.shards import operations_of, read_manifest
from releases.champion import champion
from releases.look.evidence import Evidence, kept_evidence
from releases.look.labels import moved_labels
from releases.look.looked import Looked
from shelfspace.workspace import Workspace

__all__ = ["hold_rewriters", "judge_holdout"]

NAME = "the holdout"


def judge_holdout(workspace: Workspace, labels: pd.Series) -> Looked:
    """Compare the categories of the holdout's products with those that were kept.

    Args:
        labels: of the products as they are now, "" where unknown, by product_id.

    Raises:
        ArtifactError: what was kept is damaged.
    """
    reigning = champion(workspace)
    folder = None if reigning is None else kept_evidence(workspace, reigning["fingerprint"])
    if folder is None or not folder.is_dir():
        return Looked(NAME, 0, notes=["nothing is judged: no champion has kept a holdout yet"])
    frozen = Evidence.load(folder)
    table = frozen.table.assign(now=frozen.table["product_id"].map(labels))
    there = table[table["now"].notna()]
    changed = there[there["now"].ne(there["label"])]
    approved = _touched(workspace, [entry for entry in _since(workspace) if entry.approved])
    judged = changed[~changed["product_id"].isin(approved)]
    made = Looked(
        NAME,
        len(judged),
        figures={
            "kept": len(there) - len(changed),
            "rewritten": len(changed),
            "approved": len(changed) - len(judged),
            "gone": len(table) - len(there),
        },
    )
    moved = judged.assign(was=judged["label"], label=judged["now"])
    return made.because(moved_labels(made, moved[moved["was"].ne("")], frozen.labels, set(labels)))


def hold_rewriters(workspace: Workspace, labels: pd.Series, reason: str) -> list[Entry]:
    """Hold the deliveries that rewrote the holdout since the champion was crowned; those approved stay.

    Args:
        labels: see `judge_holdout`.
        reason: a sentence for people.

    Returns:
        those that are held by this.
    """
    reigning = champion(workspace)
    if reigning is None:
        return []
    kept = Evidence.load(kept_evidence(workspace, reigning["fingerprint"])).table
    frozen = kept.set_index("product_id")["label"]
    now = labels.reindex(frozen.index)
    changed = set(frozen.index[now.notna() & now.ne(frozen)])
    rewriters = [
        entry
        for entry in _since(workspace)
        if not entry.approved and entry.kind == "products" and changed & _touched(workspace, [entry])
    ]
    return hold_taken(workspace, [entry.arrival for entry in rewriters], reason)


def _since(workspace: Workspace) -> list[Entry]:
    """Deliveries and changes of the source that were taken since the champion's own snapshot."""
    snapshot = (champion(workspace) or {}).get("data", {}).get("snapshot_md5", "")
    ledger = read_ledger(workspace.state)
    if snapshot not in ledger.snapshots:
        return []
    own = [entry for entry in ledger.unfinished(*TAKEN) if entry.kind == "source"]
    return [*taken_since(workspace, snapshot), *(entry for entry in own if not ledger.has(snapshot, entry))]


def _touched(workspace: Workspace, entries: list[Entry]) -> set[str]:
    """Products whose category the rows of these entries may have written."""
    operations = operations_of(workspace.snapshot, read_manifest(workspace.snapshot), "products")
    arrivals = {entry.arrival for entry in entries if entry.kind != "source"}
    fields = operations["_fields"].str.split(",")
    said = operations["_fields"].eq("") | fields.map(lambda names: "category" in names)
    brought = operations["_layer"].eq("inbox") & operations["_arrival"].isin(arrivals) & said
    if any(entry.kind == "source" for entry in entries):
        brought |= operations["_layer"].eq("source")
    return set(stripped(operations["product_id"])[brought])
