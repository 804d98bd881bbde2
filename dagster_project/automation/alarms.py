"""What is wrong with a workspace now: plain looks at Dagster's records, the ledger, verdicts and the disk."""

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorTick, TickStatus
from dagster._core.storage.dagster_run import RunRecord

from assets.monitoring import latest_verdict
from catalog.deliveries.attention import attention
from catalog.deliveries.ledger import State, read_ledger
from dagster_project.graph import JOBS
from dagster_project.outcome import why_failed
from dagster_project.tags import WORKSPACE
from releases.shadow.kept import read_status
from releases.waiting import waits_for_a_person
from shelfspace.alerts import Alert
from shelfspace.clock import minute
from shelfspace.errors import ShelfspaceError
from shelfspace.files import read_json
from shelfspace.hashing import fingerprint
from shelfspace.settings.alerts import Alerts
from shelfspace.workspace import Workspace

__all__ = ["REFUSED", "present_alerts"]

REFUSED = "it cannot look: "
"""What the skip reason of a tick begins with where an error of ours kept the sensor from its work."""

FAILED_TICKS = 3
"""Ticks in a row that fail before a sensor is said to: one may meet a file that is just being written."""
RUNS = 200
"""Runs looked at, the newest."""
LONGEST = 1000


def present_alerts(
    instance: dg.DagsterInstance, workspace: Workspace, settings: Alerts, now: datetime
) -> list[Alert]:
    """All that is wrong now; what cannot be looked at is wrong as well, and hides nothing else.

    Args:
        now: with a zone.
    """
    records = [
        record
        for record in instance.get_run_records(limit=RUNS)
        if record.dagster_run.tags.get(WORKSPACE, workspace.name) == workspace.name
        and record.dagster_run.is_finished
    ]
    stuck, stale = now - timedelta(hours=settings.stuck_hours), now - timedelta(days=settings.stale_days)
    looks: dict[str, Callable[[], Iterable[Alert]]] = {
        "runs": lambda: failed_runs(instance, records),
        "deliveries": lambda: waiting_deliveries(workspace, stuck),
        "releases": lambda: waiting_releases(workspace),
        "gate": lambda: refused_release(workspace),
        "side": lambda: failed_side(workspace),
        "drift": lambda: drifted(workspace),
        "data": lambda: stale_data(records, workspace, stale),
        "sensors": lambda: failing_sensors(instance),
        "disk": lambda: full_disk(workspace.root, settings.disk_free),
    }
    return [alert for name, look in looks.items() for alert in _looked(name, look)]


def _looked(name: str, look: Callable[[], Iterable[Alert]]) -> list[Alert]:
    try:
        return [*look()]
    except (ShelfspaceError, OSError) as error:
        return [Alert("look", name, str(error)[:LONGEST])]


def failed_runs(instance: dg.DagsterInstance, records: list[RunRecord]) -> Iterator[Alert]:
    """Jobs whose last run failed, unless a later run did all that it would have done.

    Args:
        records: finished runs, the newest first.
    """
    done: list[set[str]] = []
    seen: set[str] = set()
    for record in records:
        run = record.dagster_run
        groups = set(JOBS.get(run.job_name, (run.job_name,)))
        if run.is_success:
            done.append(groups)
        elif run.is_failure and run.job_name not in seen and not any(groups <= other for other in done):
            why = why_failed(instance, run.run_id)[:LONGEST] or "its log does not say why"
            said = f"the last run of {run.job_name}, {run.run_id[:8]}, failed: {why}"
            yield Alert("run", run.job_name, said)
        seen.add(run.job_name)


def waiting_deliveries(workspace: Workspace, since: datetime) -> Iterator[Alert]:
    """Deliveries that wait for a person, and those that nothing holds and no run has taken since then."""
    for said in attention(workspace):
        yield Alert("delivery", fingerprint(said)[:12], said)
    for entry in read_ledger(workspace.state).unfinished(State.WAITING):
        if entry.arrived and datetime.fromisoformat(entry.arrived) < since:
            said = f"{entry.name} waits since {minute(entry.arrived)} UTC and no run has taken it"
            yield Alert("delivery", f"stuck-{entry.arrival}", f"{said}; see the last ticks of inbox_sensor")


def waiting_releases(workspace: Workspace) -> Iterator[Alert]:
    """Releases that a person is waited for."""
    for said in waits_for_a_person(workspace):
        yield Alert("waits", fingerprint(said)[:12], said)


def refused_release(workspace: Workspace) -> Iterator[Alert]:
    """The last challenger, where the gate refused it."""
    path = workspace.evaluation / "gate" / "verdict.json"
    if path.exists() and not (verdict := read_json(path))["promoted"]:
        reasons = "; ".join(verdict["reasons"])[:LONGEST]
        yield Alert("gate", str(verdict.get("fingerprint", ""))[:12], f"the champion stays: {reasons}")


def failed_side(workspace: Workspace) -> Iterator[Alert]:
    """A release that answered on the side, where it was switched off after failures."""
    status = read_status(workspace.live)
    if status is not None and status.state == "failed":
        again = workspace.command("shadow", RELEASE=status.release)
        said = f"release {status.release} answers nothing on the side any more: {status.problem[:LONGEST]}"
        yield Alert("shadow", status.release, f"{said}; to try again: {again}")


def drifted(workspace: Workspace) -> Iterator[Alert]:
    """What the last look at drift calls for, where it calls for anything."""
    verdict = latest_verdict(workspace)
    decision = (verdict or {}).get("decision", {"action": "none"})
    if verdict is not None and decision["action"] != "none":
        yield Alert("drift", str(verdict["champion"])[:12], str(decision["reason"])[:LONGEST])


def stale_data(records: list[RunRecord], workspace: Workspace, since: datetime) -> Iterator[Alert]:
    """No collection has come to its end since then; quiet in a workspace that never had one.

    Args:
        records: finished runs, the newest first.
    """
    ends = [
        record.end_time
        for record in records
        if record.dagster_run.is_success and "collection" in JOBS.get(record.dagster_run.job_name, ())
    ]
    last = next((datetime.fromtimestamp(end, UTC) for end in ends if end), None)
    if last is not None and last < since:
        said = f"the last collection that came to its end was {last:%Y-%m-%d %H:%M} UTC"
        yield Alert("stale", "collection", f"{said}; run: {workspace.command('run refresh')}")


def failing_sensors(instance: dg.DagsterInstance) -> Iterator[Alert]:
    """Sensors and schedules that are switched on and whose last ticks all failed."""
    for state in instance.all_instigator_state():
        if not state.is_running:
            continue
        ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=FAILED_TICKS)
        why = [wrong(tick) for tick in ticks]
        if len(why) == FAILED_TICKS and all(why):
            said = f"{state.name} failed {FAILED_TICKS} times in a row: {why[0][:LONGEST]}"
            yield Alert("sensor", state.name, said)


def wrong(tick: InstigatorTick) -> str:
    """Why a tick failed, by an exception or a refusal of ours; "" of one that did not."""
    if tick.status is TickStatus.FAILURE:
        return " ".join(tick.error.message.split()) if tick.error is not None else "its ticks do not say why"
    reason = tick.skip_reason or ""
    return reason.removeprefix(REFUSED) if reason.startswith(REFUSED) else ""


def full_disk(folder: Path, least: float) -> Iterator[Alert]:
    """The workspace's disk, where less than that share of its room, or of its places for files, is free."""
    disk = os.statvfs(folder)
    remedy = "free some room, or nothing can be collected or released"
    if disk.f_bavail < least * disk.f_blocks:
        free, whole = (amount(blocks * disk.f_frsize) for blocks in (disk.f_bavail, disk.f_blocks))
        yield Alert("disk", "workspace", f"{free} of {whole} are free where {folder} lies; {remedy}")
    if disk.f_favail < least * disk.f_files:  # a file system that counts none has 0 of 0
        said = f"{disk.f_favail:,} of {disk.f_files:,} files (inodes) are left where {folder} lies"
        yield Alert("disk", "files", f"{said}; {remedy}")


def amount(size: float) -> str:
    """Bytes as people read them."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
