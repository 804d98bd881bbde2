"""The banner above the drift report."""

from collections.abc import Mapping
from html import escape

__all__ = ["drift_banner"]

CALM, UNSURE, MOVED = ("#1a7f4b", "#e5f5ec"), ("#8a5a00", "#fff4dc"), ("#b3261e", "#fde8e6")


def drift_banner(title: str, verdict: str, cause: str, rows: Mapping[str, int], beside: str = "") -> str:
    """The question and its verdict as a strip that stands above Evidently's page.

    Args:
        verdict: in a word or two, as `data_checks.drift.check.said` has it.
        rows: of the latest window, `current`, and of the `reference`.
        beside: what Evidently's page does not show, as a sentence.
    """
    ink, back = MOVED if verdict.startswith("moved") else CALM if verdict.endswith("quiet") else UNSURE
    counts = f"{rows['current']:,} rows of the latest window against {rows['reference']:,} of the reference"
    return (
        f'<div style="font:15px/1.5 system-ui,sans-serif;padding:14px 24px;color:#1c2430;background:{back};'
        f'border-bottom:2px solid {ink}">{escape(title)} <b style="color:{ink}">{escape(verdict)}</b>'
        f'<span style="color:#5c6675"> &middot; {counts}</span><div>{escape(cause)}</div>'
        f'<div style="color:#5c6675">{escape(beside)}</div></div>'
    )
