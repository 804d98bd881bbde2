"""`@insight`: a stage that is an application, what a shop does with its vectors and events."""

from functools import partial

from assets.lib.stage import stage

__all__ = ["insight"]

insight = partial(stage, group="insights", owners=["team:shop"])
"""`stage` of the group that a release carries and a daily run brings up to date.

An application without enough to go by returns the fact `skipped`, a sentence that says what it lacks, and
leaves tables without rows; it never fails for that. Equal inputs must give equal bytes: a release that
carries others is another release.
"""
