"""What became of deliveries, as the table of losses shows it: files taken, refused, and why."""

from pathlib import Path

from catalog.cleaning.losses import Reason, TableLoss
from catalog.deliveries.ledger import State, read_ledger

__all__ = ["delivery_losses"]

KEPT = (State.TAKEN, State.DONE)


def delivery_losses(state: Path) -> TableLoss:
    """Files that came into the inbox: taken, and those refused or held, each with its reason.

    Args:
        state: folder of the workspace; without a ledger nothing has come.

    Raises:
        ArtifactError: the ledger is damaged.
    """
    entries = [entry for entry in read_ledger(state).entries.values() if entry.kind != "source"]
    refused = [entry for entry in entries if entry.state is State.REFUSED]
    told = [entry for entry in entries if entry.state in (State.REFUSED, State.HELD)]
    return TableLoss(
        "deliveries",
        len(entries),
        sum(entry.state in KEPT for entry in entries),
        len(refused),
        tuple(Reason(str(e.state), e.reason, 1, str(e.arrival), e.name) for e in reversed(told)),
    )
