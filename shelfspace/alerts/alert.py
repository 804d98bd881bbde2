"""One thing that is wrong."""

from dataclasses import dataclass

__all__ = ["KINDS", "Alert"]

KINDS = {
    "run": "a run failed",
    "delivery": "a delivery waits for a person",
    "waits": "a release waits for a person",
    "gate": "a release was refused",
    "shadow": "answering on the side failed",
    "drift": "drift",
    "stale": "the data is stale",
    "sensor": "a sensor or schedule fails",
    "disk": "the disk is nearly full",
    "look": "something cannot be looked at",
    "webhook": "the webhook does not work",
}
"""Kinds of alerts, as people read them."""


@dataclass(frozen=True)
class Alert:
    """Something that is wrong now.

    Attributes:
        kind: one of `KINDS`.
        key: what identifies it among those of its kind; the same at each look until it is mended.
        said: what is wrong and what to do, in a sentence.
    """

    kind: str
    key: str
    said: str

    @property
    def name(self) -> str:
        """What it is filed under."""
        return f"{self.kind}:{self.key}"
