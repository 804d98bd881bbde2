"""What a drift comparison concludes, and the sentence that says why."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from shelfspace.errors import ArtifactError
from shelfspace.files import json_bytes

__all__ = ["ColumnDrift", "DriftVerdict", "Move", "Verdict", "cause_of"]

METHODS = {"wasserstein": "wasserstein", "jensenshannon": "Jensen-Shannon"}


@dataclass(frozen=True)
class ColumnDrift:
    """One column: its method, its score, the limit it is held against and whether it exceeds that."""

    method: str
    score: float
    limit: float
    drifted: bool


@dataclass(frozen=True)
class DriftVerdict:
    """Whether the current period differs from the reference, and by what.

    Attributes:
        name: what was compared, such as `catalogue` or `traffic search`.
        drifted: enough columns drifted, or the vectors did.
        judged: False when either side has fewer rows than `min_requests`; then nothing was computed.
        share: share of the compared columns that drifted.
        columns: column to its scores.
        embedding_score: ROC AUC of telling the periods apart, 0.5 is chance; None without vectors.
        embedding_limit: what it is held against.
        rows: `current` and `reference` rows compared.
        html: the report; None when not judged.
        cause: one sentence naming columns and scores.
    """

    name: str
    drifted: bool
    judged: bool
    share: float
    columns: dict[str, ColumnDrift]
    embedding_score: float | None
    embedding_limit: float | None
    rows: dict[str, int]
    html: Path | None
    cause: str

    def metadata(self) -> dict[str, Any]:
        """All fields, JSON-able."""
        return {**asdict(self), "html": str(self.html) if self.html else None}

    def to_json(self) -> str:
        """One JSON object; `from_json` reads it back."""
        return json_bytes(self.metadata()).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> "DriftVerdict":
        """Read what `to_json` gave.

        Raises:
            ArtifactError: the text is no such verdict.
        """
        try:
            value = orjson.loads(text)
            value["columns"] = {k: ColumnDrift(**v) for k, v in value["columns"].items()}
            value["html"] = Path(value["html"]) if value["html"] else None
            return cls(**value)
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise ArtifactError(f"a drift verdict is damaged: {error}; compare again") from error


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


def cause_of(
    columns: dict[str, ColumnDrift],
    score: float | None,
    limit: float | None,
    drift_share: float,
    drifted: bool,
) -> str:
    """One sentence: what moved, by how much, against which limit."""
    seen = f"embeddings: ROC AUC {score:.2f}" if score is not None and limit is not None else ""
    apart = bool(seen) and score > limit  # type: ignore[operator]
    moved = sorted(((c, d) for c, d in columns.items() if d.drifted), key=lambda p: -p[1].score / p[1].limit)
    parts = [f"{seen} > {limit:.2f}"] if apart else []
    parts += [f"{c}: {METHODS[d.method]} {d.score:.2f} > {d.limit:.2f}" for c, d in moved]
    count = f"{len(moved)} of {len(columns)} columns drifted"
    if drifted:
        return f"{'; '.join(parts)} ({count})"
    quiet = f"no drift: {count}, a share of {drift_share:.0%} would count"
    if seen:
        quiet += f"; {seen}, limit {limit:.2f}"
    return quiet + (f"; moved: {'; '.join(parts)}" if parts else "")
