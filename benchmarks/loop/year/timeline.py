"""What was decided in a half year: noted after each step, and as people read it."""

from typing import Any

from benchmarks.loop.year.platform import Platform
from catalog.deliveries.ledger import State, read_ledger
from dagster_project.tags import CAUSE, DECISION, TRAINED
from releases import history
from shelfspace.alerts import read_book
from shelfspace.files import read_json

__all__ = ["Notes", "lines"]


class Notes:
    """Looks at a platform again and again, and gives what is new since the last step."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._runs: set[str] = set()
        self._moves, self._report = 0, 0.0
        self._drift: list[dict[str, Any]] = []
        self._held: set[tuple[int, str]] = set()
        self._alerts: set[tuple[str, str]] = set()
        self.trainings = 0
        self.step()
        self.trainings = 0

    def look(self) -> None:
        """Note a drift report that is new: the next one takes its place."""
        path = self._platform.workspace.monitoring / "drift_report" / "verdict.json"
        if path.exists() and (at := path.stat().st_mtime) != self._report:
            self._report, said = at, read_json(path)
            self._drift.append({"champion": said["champion"], "drifted": said["drifted"], **said["decision"]})

    def step(self) -> dict[str, Any]:
        """What happened since the last call."""
        self.look()
        drift, self._drift = self._drift, []
        runs = self._new_runs()
        trained = [run for run in runs if run["trained"]]
        self.trainings += len(trained)
        return {
            "runs": runs,
            "trainings": self.trainings,
            "drift": drift,
            "gate": [self._gate()] if trained else [],
            "held": self._new_held(),
            "alerts": self._new_alerts(),
            "promotions": self._new_moves(),
        }

    def _new_runs(self) -> list[dict[str, Any]]:
        found = []
        for record in self._platform.instance.get_run_records(limit=50, ascending=False):
            run = record.dagster_run
            if run.run_id in self._runs or not run.is_finished:
                continue
            self._runs.add(run.run_id)
            shop: Any = run.run_config.get("resources", {}).get("shop", {}).get("config", {})
            seconds = (record.end_time or 0) - (record.start_time or 0)
            found.append({
                "run": run.run_id, "job": run.job_name, "status": run.status.value,
                "kind": run.tags.get(CAUSE, ""), "decision": run.tags.get(DECISION, ""),
                "cause": shop.get("cause", ""), "trained": run.tags.get(TRAINED) == "yes",
                "seconds": round(seconds, 1),
            })  # fmt: skip
        return found[::-1]

    def _gate(self) -> dict[str, Any]:
        path = self._platform.workspace.evaluation / "gate" / "verdict.json"
        if not path.exists():
            return {"promoted": False, "reasons": ["no verdict: the run ended before the gate"]}
        said = read_json(path)
        return {"promoted": said["promoted"], "reasons": list(said["reasons"])}

    def _new_held(self) -> list[dict[str, Any]]:
        held = [e for e in read_ledger(self._platform.workspace.state).entries.values()
                if e.state in (State.HELD, State.REFUSED)]  # fmt: skip
        new = [e for e in held if (e.arrival, e.state) not in self._held]
        self._held |= {(e.arrival, e.state) for e in new}
        return [
            {"delivery": e.name, "number": e.arrival, "state": str(e.state), "why": e.reason} for e in new
        ]

    def _new_alerts(self) -> list[dict[str, str]]:
        book = read_book(self._platform.workspace.state)
        every = [*book.open.values(), *book.over]
        new = [one for one in every if (one.name, one.since) not in self._alerts]
        self._alerts |= {(one.name, one.since) for one in new}
        return [{"kind": one.kind, "said": one.said} for one in new]

    def _new_moves(self) -> list[dict[str, Any]]:
        moves = history(self._platform.workspace.root)
        new, self._moves = moves[self._moves :], len(moves)
        return [dict(move) for move in new]


def lines(step: dict[str, Any]) -> list[str]:
    """One step as people read it."""
    head = f"day {step['day']:>3}  step {step['number']:>2}  {step['release']}  trained {step['trainings']}"
    made = [f"{head}  {step['seconds']:.0f} s"]
    made += [f"planted: {what}" for what in step["planted"]]
    made += [
        f"run: {run['job']} {run['status'].lower()} in {run['seconds']:.0f} s ({run['kind']}): {run['cause']}"
        for run in step["runs"]
    ]
    made += [f"drift: {one['action']}: {one['reason']}" for one in step["drift"] if one["action"] != "none"]
    made += [
        f"gate: {'promoted' if one['promoted'] else 'refused'}: {'; '.join(one['reasons'])}"
        for one in step["gate"]
    ]
    made += [f"{one['state']}: {one['delivery']}: {one['why']}" for one in step["held"]]
    made += [f"alert: {one['kind']}: {one['said']}" for one in step["alerts"]]
    made += [f"person: {said}" for said in step["acts"]]
    if step["unrest"]:
        made.append(f"not at rest in time: {step['unrest']}")
    return [made[0], *("      " + shortened(line) for line in made[1:])]


def shortened(line: str, most: int = 300) -> str:
    """At most so many characters."""
    return line if len(line) <= most else line[: most - 1] + "…"
