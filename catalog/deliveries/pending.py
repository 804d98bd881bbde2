"""What of a workspace's deliveries still asks for a run."""

from dataclasses import dataclass

from catalog.deliveries.ledger import State, read_ledger
from catalog.deliveries.settle import files_in
from shelfspace.hashing import fingerprint
from shelfspace.workspace import Workspace

__all__ = ["Pending", "pending"]


@dataclass(frozen=True)
class Pending:
    """A delivery that is not done.

    Attributes:
        key: stays the same however often it is tried; a file that changed or came again has another.
        name: of the file.
        state: `waiting` (to be collected) or `taken` (collected; no release, for events and stock no
            clean table, has it yet).
        said: why it asks for a run, in a sentence.
    """

    key: str
    name: str
    state: State
    said: str


def pending(workspace: Workspace, quiet_seconds: float) -> list[Pending]:
    """Deliveries that a run has to be asked for, in the order they came; reads only, and hashes nothing.

    Left out are files that have not settled, and deliveries that are held until somebody approves them.
    Ask again as long as a key is returned: what a failed or killed run left behind is returned again,
    also when the run had collected it.

    Args:
        quiet_seconds: `collection.quiet_seconds`.

    Raises:
        ArtifactError: the ledger is damaged.
    """
    ledger = read_ledger(workspace.state)
    asked: dict[str, Pending] = {}
    for entry in ledger.unfinished(State.TAKEN, State.HELD):
        key = fingerprint([entry.name, entry.seen])
        if entry.state is State.HELD and entry.approved:
            asked[key] = Pending(key, entry.name, State.WAITING, f"{entry.name} was held and is approved")
        elif entry.state is State.TAKEN:
            asked[f"{entry.arrival}"] = Pending(
                key, entry.name, State.TAKEN, f"{entry.name} is collected and in no release yet"
            )
    held = {(entry.name, entry.seen) for entry in ledger.unfinished(State.HELD)}
    for file in files_in(workspace.inbox):
        if file.settled(quiet_seconds) and (file.name, file.seen) not in held:
            asked[file.key] = Pending(file.key, file.name, State.WAITING, f"{file.name} lies in the inbox")
    media = [
        file
        for file in files_in(workspace.inbox / "media", deep=True)
        if file.settled(quiet_seconds) and ledger.unnamed.get(file.name) != file.seen
    ]
    if media:
        key = fingerprint(sorted(file.key for file in media))
        name = f"{len(media)} media files" if len(media) > 1 else f"media/{media[0].name}"
        asked[key] = Pending(key, name, State.WAITING, f"{name} wait in the inbox")
    return list(asked.values())
