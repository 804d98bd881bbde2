"""When a drift verdict asks for a retraining."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from dagster_project.automation.needs import Attempt, Need

__all__ = ["drift_need", "open_attempts"]


def drift_need(
    verdict: Mapping[str, Any] | None, attempts: Sequence[Attempt], now: datetime, cooldown: timedelta
) -> Need | str:
    """Whether a drift verdict asks for a retraining.

    It has been acted on when its retraining came to an end, its challenger promoted or refused by the
    gate; a run that failed has not acted, and the cool-down counts from one that has.

    Args:
        verdict: what `latest_verdict` gave.
        attempts: runs that drift asked for, oldest first.
        now: present time, with a zone.
        cooldown: least time between two retrainings started by drift.

    Returns:
        the need, or why there is none.
    """
    if verdict is None:
        return "no drift report yet; the monitoring job writes one"
    if not verdict["drifted"]:
        return "the last drift report found no drift"
    key = f"drift-{verdict['key']}"
    acted = [run for run in attempts if run.success]
    if any(run.need == key for run in acted):
        return "this drift report has been acted on"
    if acted and acted[-1].ended is not None and now - acted[-1].ended < cooldown:
        until = acted[-1].ended + cooldown
        return f"drift, but the cool-down lasts until {until:%Y-%m-%d %H:%M} UTC: {verdict['cause']}"
    return Need(key, "drift", "drift sensor", verdict["cause"], "retrain")


def open_attempts(attempts: Sequence[Attempt], now: datetime, cooldown: timedelta) -> list[Attempt]:
    """Runs that drift asked for since a retraining last succeeded, of a cool-down's time, a day at least.

    Of any verdict: each hour's report has other figures, and that must not begin the count anew.
    """
    since = now - max(cooldown, timedelta(days=1))
    done = max((number for number, run in enumerate(attempts, 1) if run.success), default=0)
    return [run for run in attempts[done:] if run.ended is None or run.ended >= since]
