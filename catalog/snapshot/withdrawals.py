"""What of a snapshot does not count any more: deliveries, and changes of the source, that are held since.

Their rows stay in the shards; the manifest says which do not count. Said again, it changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.contract import TABLES

__all__ = ["SourceCut", "Withdrawals", "withdraw"]


@dataclass(frozen=True)
class SourceCut:
    """A change of the source that was taken and is held since.

    Attributes:
        arrival: number of its entry in the ledger.
        digest: hash of what the source held with it; while the source is that, it is held.
        back_to: the same before it.
        shards: how many shards each table had before it.
        reason: why it is held, for people.
        waits: a person has not decided yet, and the source is still that.
    """

    arrival: int
    digest: str
    back_to: str
    shards: Mapping[str, int]
    reason: str
    waits: bool = True


@dataclass(frozen=True)
class Withdrawals:
    """What a collection leaves out from now on, and what counts again.

    Attributes:
        deliveries: arrival numbers that do not count.
        restored: those of the manifest that count again.
        source: changes of the source that do not count.
        media: digests of the deliveries of photos and sounds among `deliveries`.
        media_restored: the same of those that count again.
    """

    deliveries: frozenset[int] = frozenset()
    restored: frozenset[int] = frozenset()
    source: tuple[SourceCut, ...] = field(default_factory=tuple)
    media: frozenset[str] = frozenset()
    media_restored: frozenset[str] = frozenset()

    @property
    def arrivals(self) -> frozenset[int]:
        """Numbers of all that does not count."""
        return self.deliveries | {cut.arrival for cut in self.source}

    def holds(self, digest: str) -> str:
        """Why the source as it is now is held; "" where it is not."""
        return next((cut.reason for cut in self.source if cut.waits and cut.digest == digest), "")


def withdraw(manifest: Mapping[str, Any], withdrawn: Withdrawals) -> dict[str, Any]:
    """A manifest that does not count what is withdrawn."""
    manifest = dict(manifest)
    out = sorted((set(manifest.pop("withdrawn", [])) | withdrawn.deliveries) - withdrawn.restored)
    cuts = dict(manifest.get("source_cuts", {}))
    for cut in withdrawn.source:
        if str(cut.arrival) not in cuts:
            cuts[str(cut.arrival)] = {name: [cut.shards[name], len(manifest[name])] for name in TABLES}
            manifest["source"] = cut.back_to
    return {**manifest, **({"withdrawn": out} if out else {}), **({"source_cuts": cuts} if cuts else {})}
