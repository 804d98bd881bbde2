"""What a question's comparison concludes."""

from dataclasses import asdict, dataclass
from typing import Any

import orjson

from shelfspace.errors import ArtifactError
from shelfspace.files import json_bytes

__all__ = ["Move", "Verdict"]


@dataclass(frozen=True)
class Move:
    """One monitor that is over its limit.

    Attributes:
        monitor: its name (`data_checks.drift.monitors`).
        distance, limit: in the latest window that is over.
        since: ISO 8601 start of the first window from which on it is over; "" without times.
        confirmed: in two of the last three windows.
        said: what moved, from what to what.
    """

    monitor: str
    distance: float
    limit: float
    since: str
    confirmed: bool
    said: str


@dataclass(frozen=True)
class Verdict:
    """Whether a question's latest windows differ from its reference, and by what.

    Attributes:
        question: `catalogue`, `traffic <endpoint>` or `events`.
        drifted: a monitor has moved, confirmed; of limits that are the shop's own.
        provisional: the limits are the defaults, so this calls for an alert and for nothing else.
        judged: False where there is no complete window yet.
        moves: monitors over their limit, farthest first; unconfirmed ones are only suspected.
        kind: one of `causes.KINDS`; "" where nothing is confirmed.
        cause: one sentence for people.
        since: ISO 8601; "" where nothing is confirmed.
        gradual: the distance grew from window to window rather than at once.
        distances, limits: of the latest window, by monitor.
        rows: `current` and `reference`.
        windows: complete windows that were looked at.
    """

    question: str
    drifted: bool
    provisional: bool
    judged: bool
    moves: tuple[Move, ...]
    kind: str
    cause: str
    since: str
    gradual: bool
    distances: dict[str, float]
    limits: dict[str, float]
    rows: dict[str, int]
    windows: int

    def to_json(self) -> str:
        """One JSON object; `from_json` reads it back."""
        return json_bytes(asdict(self)).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> "Verdict":
        """Read what `to_json` gave.

        Raises:
            ArtifactError: the text is no such verdict.
        """
        try:
            said: dict[str, Any] = orjson.loads(text)
            said["moves"] = tuple(Move(**move) for move in said["moves"])
            return cls(**said)
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise ArtifactError(f"a drift verdict is damaged: {error}; compare again") from error
