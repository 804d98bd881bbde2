"""The gate: floors, paired comparison with the champion, cost, and the verdict that puts them together."""

from releases.gate.verdict import Judged, Verdict, decide

__all__ = ["Judged", "Verdict", "decide"]
