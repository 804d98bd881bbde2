"""The weekly report on the market, as its page reads it."""

from pathlib import Path

from bentos.serving.applications.opener import Opener
from insights.market.folder import Report, read_report
from releases.in_memory import InMemoryRelease

__all__ = ["MARKET"]


def open_market(folder: Path, release: InMemoryRelease) -> Report:
    """The report, read once."""
    del release
    return read_report(folder)


MARKET = Opener("market", open_market)
