"""When a drift report is asked for, and when the last one asks for a run."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from dagster_project.automation.needs import Attempt, Need
from shelfspace.hashing import fingerprint

__all__ = ["drift_need", "open_attempts", "report_need"]

JOBS = {"retrain": "retrain", "refresh_ranking": "refresh"}
"""Job of each decision that asks for a run; an alert asks for none. A refresh learns the ranking anew where
clicks or judgements have come."""


def report_need(unseen: Mapping[str, str]) -> Need | None:
    """A drift report, where a release or a champion is newer than the last one.

    A run of its own: what it fails of says nothing of the release, and it is asked for until it is done.

    Args:
        unseen: what `not_looked_at` gave.
    """
    if not unseen:
        return None
    cause = f"no drift report yet of release {unseen['release']} and model {unseen['champion'][:8]}"
    return Need(f"report-{fingerprint(dict(unseen))}", "monitoring", "drift sensor", cause, "monitoring")


def drift_need(
    verdict: Mapping[str, Any] | None,
    champion: str,
    attempts: Sequence[Attempt],
    now: datetime,
    cooldown: timedelta,
    gone_back: str = "",
) -> Need | str:
    """What the decision of the last drift report asks for.

    It has been acted on when the run that it asked for came to an end, its challenger promoted or refused by
    the gate; a run that failed has not acted. The same movers and the same data ask once. The cool-down
    counts from a run that has trained: one that found nothing new to learn from begins none.

    Args:
        verdict: what `latest_verdict` gave.
        champion: fingerprint of the model that is champion now; "" where there is none.
        attempts: runs that drift asked for, oldest first.
        now: present time, with a zone.
        cooldown: least time between two retrainings started by drift.
        gone_back: the rollback that made it champion again, in a clause; "" where none did.

    Returns:
        the need, or why there is none.
    """
    if verdict is None:
        return "no drift report yet; the monitoring job writes one"
    earlier = "version" if "decision" not in verdict else "champion"
    if "decision" not in verdict or verdict["champion"] != champion:
        return f"the last drift report is of an earlier {earlier}; the next one decides"
    action, reason = verdict["decision"]["action"], verdict["decision"]["reason"]
    if action not in JOBS:
        return f"{action}: {reason}"
    key = f"drift-{verdict['key']}"
    acted = [run for run in attempts if run.success]
    if any(run.need == key for run in acted):
        return f"acted on, and nothing new has come since: {reason}"
    trained = [run.ended for run in acted if run.trained and run.ended is not None]
    if action == "retrain" and trained and now - trained[-1] < cooldown:
        until = trained[-1] + cooldown
        return f"drift, but the cool-down lasts until {until:%Y-%m-%d %H:%M} UTC: {reason}"
    if action == "retrain" and gone_back:
        reason = f"{reason}; data have come since {gone_back}"
    return Need(key, "drift", "drift sensor", reason, JOBS[action], decision=action)


def open_attempts(attempts: Sequence[Attempt], now: datetime, cooldown: timedelta) -> list[Attempt]:
    """Runs that drift asked for since a retraining last succeeded, of a cool-down's time, a day at least.

    Of any verdict: each hour's report has other figures, and that must not begin the count anew.
    """
    since = now - max(cooldown, timedelta(days=1))
    done = max((number for number, run in enumerate(attempts, 1) if run.success), default=0)
    return [run for run in attempts[done:] if run.ended is None or run.ended >= since]
