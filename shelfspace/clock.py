"""Times as the platform writes them down, and as it shows them to people."""

from datetime import UTC, datetime

__all__ = ["minute", "now"]


def now() -> str:
    """This moment to the second, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def minute(at: str) -> str:
    """A time that `now` gave, as people read it: `2026-03-01 04:45`; "" stays so. UTC is said beside it."""
    return at[:16].replace("T", " ")
