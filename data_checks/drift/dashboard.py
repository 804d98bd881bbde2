"""The Evidently workspace: a project that says what moved, and one a question beside it; one run a check.

The workspace is plain JSON files; nothing has to run for a run to be added. Every check adds a point, also
one that finds what the last one found. Evidently's page draws no tabs, so a question is a project of its own.
"""

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from filelock import FileLock

from data_checks.drift.check import said
from data_checks.drift.questions import SALES
from data_checks.drift.verdict import Verdict
from shelfspace.telemetry import quiet_telemetry

if TYPE_CHECKING:
    from evidently.sdk.models import DashboardPanelPlot, PanelMetric
    from evidently.ui.workspace import Workspace

__all__ = ["add_check_run", "kept_runs", "project_id"]

KEPT_RUNS = 400
"""Runs kept a project: the UI reads them all to draw a panel. Of days before the last two one is kept."""
WHOLE_DAYS = 2
SHOWN = 6
"""Monitors that one panel draws: Evidently has six colours, and gives a seventh line the first one again."""
STATES = {
    "quiet": 1, "provisional: quiet": 1, "suspected": 2, "provisional: moved": 3,
    "moved": 4, "moved, gradually": 4,
}  # fmt: skip
"""Verdict to the number that a counter shows; what was not judged has none."""
LEGEND = "1 quiet, 2 over in one window, 3 moved by provisional limits, 4 moved"
SHOWN_BY_EVENTS = (SALES, "traffic clicks")
"""Questions of traffic that events answer, not the request log."""
OVERVIEW = "What moved, since when, does it matter; one question each below."
WORST, STATE = "farthest from its limit", "verdict"
ACTIONS = {
    "retrain": "It matters: a retraining is asked for",
    "refresh_ranking": "It matters for the ranking, which is learned anew",
    "alert": "To be looked at by a person; nothing is trained",
    "none": "Nothing has to be done",
}


def add_check_run(
    verdicts: Sequence[Verdict],
    summary: Mapping[str, Any],
    time: pd.Timestamp,
    workspace: Path,
    project: str,
) -> None:
    """Add one check to every project's runs and bring the dashboards up to date.

    Args:
        verdicts: one a question.
        summary: `data_checks.drift.check.summary` of them.
        time: of the check, with a zone.
        workspace: folder of the Evidently workspace.
        project: the catalogue's name.
    """
    quiet_telemetry()
    from data_checks.drift.evidently_files import open_workspace

    decision = summary["decision"]
    facts = {verdict.question: f"{said(verdict)}: {verdict.cause}" for verdict in verdicts}
    follows = {"decision": f"{decision['action']}: {decision['reason']}"}
    workspace.mkdir(parents=True, exist_ok=True)
    with FileLock(workspace / ".shelfspace.lock"):
        place = open_workspace(workspace)
        home = _project(place, project, "", OVERVIEW, 0)
        scores = {name: value for verdict in verdicts for name, value in _scores(verdict, ()).items()}
        _add(place, home, "Now", scores, {**follows, **facts}, _now(verdicts, summary, time), time)
        for number, verdict in enumerate(verdicts, 1):
            compared = summary["compared"][verdict.question]
            of = _project(place, project, verdict.question, compared["title"], number)
            told = {verdict.question: facts[verdict.question], **follows}
            panels, shown = _of_question(verdict, compared), _scores(verdict, _ratios(verdict))
            _add(place, of, _titled(verdict.question), shown, told, panels, time)


def _add(
    place: "Workspace",
    home: uuid.UUID,
    title: str,
    scores: Mapping[str, float],
    facts: Mapping[str, str],
    panels: "list[DashboardPanelPlot]",
    time: pd.Timestamp,
) -> None:
    """One run, and the board made anew: what it says is of the latest check."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.sdk.models import DashboardModel, DashboardTabModel

    from data_checks.drift.scores import ScoreBoard

    columns = list(scores)
    if columns:
        definition = DataDefinition(numerical_columns=columns)
        table = Dataset.from_pandas(pd.DataFrame([scores]), data_definition=definition)
        board = ScoreBoard(columns, {name: value[:80] for name, value in facts.items()})
        when, name = time.to_pydatetime(), f"check of {time:%Y-%m-%d %H:%M}"
        run = Report([board]).run(table, None, timestamp=when, metadata=dict(facts), name=name)
        place.add_run(home, run, include_data=False)
        runs = place.list_runs(home)
        for old in set(runs) - set(kept_runs(runs)):
            place.delete_run(home, old)
    tab = DashboardTabModel(id=uuid.uuid5(home, title), title=title, panels=[panel.id for panel in panels])
    place.save_dashboard(home, DashboardModel(tabs=[tab], panels=panels))


def project_id(name: str, question: str = "") -> uuid.UUID:
    """Id of a catalogue's project, or of one question's; it follows from the names: two workspaces agree."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"shelfspace:{name}" + (f":{question}" if question else ""))


def _project(place: "Workspace", name: str, question: str, asked: str, number: int) -> uuid.UUID:
    """The project of a catalogue's question, or of none, the one that says what moved; its id.

    Args:
        asked: what it answers, which the list of projects shows.
        number: its place in that list, from 0.
    """
    from data_checks.drift.evidently_files import ListedProject

    identity = project_id(name, question)
    title = f"{name}: {_titled(question)}" if question else name
    created = pd.Timestamp(0, unit="s") + pd.Timedelta(days=1000 - number)
    place.update_project(
        ListedProject(id=identity, name=title, description=asked, created_at=created.isoformat())
    )
    return identity


def _scores(verdict: Verdict, ratios: Mapping[str, float] | tuple[()]) -> dict[str, float]:
    """Column of the run to what it shows: the verdict, the farthest monitor, and each that is given."""
    if not verdict.judged:
        return {}
    worst = max(_ratios(verdict).values(), default=0.0)
    # Evidently shows "no value" where a counter is 0.
    own = {STATE: float(STATES[said(verdict)]), WORST: max(worst, 0.01), **dict(ratios)}
    return {_column(verdict.question, name): value for name, value in own.items()}


def _ratios(verdict: Verdict) -> dict[str, float]:
    """Each monitor's distance over its limit; above 1 it is over."""
    limits = verdict.limits
    return {name: value / limits[name] for name, value in verdict.distances.items() if limits.get(name)}


def _column(question: str, name: str) -> str:
    return f"{question}: {name}"


def kept_runs(runs: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Of runs those that stay: all of the last days, and the last one of each day before."""
    ordered = sorted(runs, key=str)  # ids sort by the time of making
    days = [(run.int >> 80) // 86_400_000 for run in ordered]  # since 1970, RFC 9562 version 7
    last_of_day = dict(zip(days, ordered, strict=True))
    recent = days[-1] - WHOLE_DAYS if days else 0
    kept = [r for r, day in zip(ordered, days, strict=True) if day > recent or last_of_day[day] == r]
    return kept[-KEPT_RUNS:]


def _titled(question: str) -> str:
    """A question's short title: traffic's endpoint first."""
    return question.removeprefix("traffic ").capitalize()


def _now(
    verdicts: Sequence[Verdict], summary: Mapping[str, Any], time: pd.Timestamp
) -> "list[DashboardPanelPlot]":
    """What moved, since when, does it matter: the whole on one screen."""
    from evidently.sdk.panels import counter_panel, line_plot_panel, text_panel

    decision = summary["decision"]
    moved = [v for v in verdicts if v.kind]
    what = "; ".join(f"{_titled(v.question)} since {_day(v.since)}: {_kind(v)}" for v in moved)
    judged, quiet = [v for v in verdicts if v.judged], [v for v in verdicts if not v.judged]
    still = f"{len(quiet)} of {len(verdicts)} questions cannot be judged yet"
    title = f"Moved. {what}" if moved else f"Nothing has moved{f'; {still}' if quiet else ''}"
    reason = decision["reason"][:1].upper() + decision["reason"][1:]
    checked = f"Checked {time:%Y-%m-%d %H:%M} UTC"
    panels = [text_panel(title, f"{checked}. {ACTIONS[decision['action']]}. {reason}.")]
    for verdict in judged:
        state = [_metric(verdict.question, STATE, said(verdict))]
        asked = summary["compared"][verdict.question]["title"]
        panels.append(counter_panel(asked, state, LEGEND, size="half"))
    if judged:
        worst = [_metric(v.question, WORST, _titled(v.question)) for v in judged]
        panels.append(
            line_plot_panel("Each question's farthest monitor, times its limit: above 1 it moved", worst)
        )
    waits = [f"{_titled(v.question)}: {v.cause}." for v in quiet]
    if not any(name.startswith("traffic ") and name not in SHOWN_BY_EVENTS for name in summary["compared"]):
        waits.append("Searches and the like: the service has answered none.")
    if waits:
        panels.append(text_panel("Not judged yet", " ".join(waits)))
    return panels


def _of_question(verdict: Verdict, compared: Mapping[str, Any]) -> "list[DashboardPanelPlot]":
    """The verdict, then the course of what moved, then of everything else."""
    from evidently.sdk.panels import counter_panel, line_plot_panel, text_panel

    rows = verdict.rows
    since = f" since {_day(verdict.since)}" if verdict.since else ""
    notes = "".join(f" {note.capitalize()}." for note in compared["notes"])
    cause = f"{verdict.cause[:1].upper()}{verdict.cause[1:]}."
    title = f"{compared['title']} {said(verdict).capitalize()}{since}"
    if not verdict.judged:
        return [text_panel(title, f"{cause}{notes}")]
    against = (
        f" {rows['current']:,} rows of the latest window against {rows['reference']:,} of the reference."
    )
    panels = [text_panel(title, f"{cause}{against}{notes}")]
    ratios = _ratios(verdict)
    order = sorted((name for name in ratios if ratios[name] > 0), key=lambda name: -ratios[name])
    state = [_metric(verdict.question, STATE, said(verdict))]
    worst = [_metric(verdict.question, WORST, _shown(order[0]) if order else "all as it was")]
    panels += [
        counter_panel("Latest verdict", state, LEGEND, size="half"),
        counter_panel("Farthest monitor, times its limit", worst, "above 1 it is over", size="half"),
    ]
    for first in range(0, len(order), SHOWN):
        lines = [_metric(verdict.question, name, _shown(name)) for name in order[first : first + SHOWN]]
        if not first:
            panels.append(
                line_plot_panel(
                    "Nearest to their limits or beyond: distance over limit, above 1 has moved", lines
                )
            )
        else:
            panels.append(line_plot_panel("Next ones: distance over limit", lines, size="half"))
    return panels


def _metric(question: str, name: str, legend: str) -> "PanelMetric":
    from evidently.sdk.models import PanelMetric

    labels = {"column": _column(question, name)}
    return PanelMetric(legend=legend, metric="MeanValue", metric_labels=labels)


def _shown(monitor: str) -> str:
    """A monitor's name as sentences have it."""
    return monitor.removeprefix("log_").replace("_", " ")


def _kind(verdict: Verdict) -> str:
    provisional = " (provisional)" if verdict.provisional else ""
    return f"{verdict.kind.replace('_', ' ')}{provisional}"


def _day(since: str) -> str:
    """A time as a day; "the last check" where none is known."""
    return pd.Timestamp(since).strftime("%-d %b %Y") if since else "the last check"
