"""The banner above the drift report."""

from html import escape

__all__ = ["drift_banner"]


def drift_banner(name: str, drifted: bool, cause: str, rows: dict[str, int]) -> str:
    """The verdict as a strip that stands above Evidently's page."""
    ink, back, word = ("#b3261e", "#fde8e6", "Drift") if drifted else ("#1a7f4b", "#e5f5ec", "No drift")
    counts = f"{rows['current']:,} current rows against {rows['reference']:,} of the reference"
    said = cause.removeprefix("no drift: ")
    return (
        f'<div style="font:15px/1.5 system-ui,sans-serif;padding:14px 24px;color:#1c2430;background:{back};'
        f'border-bottom:2px solid {ink}"><b style="color:{ink}">{word}: {escape(name)}</b>'
        f'<span style="color:#5c6675"> &middot; {counts}</span><div>{escape(said)}</div></div>'
    )
