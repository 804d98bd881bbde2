"""The Evidently workspace: one project per catalogue, one tab per comparison, shown by `evidently ui`.

The workspace is plain JSON files; nothing has to run for a run to be added.
"""

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from data_checks.drift.columns import EMBEDDING_LIMIT, EMBEDDING_SCORE, SHARE, ratio_column
from shelfspace.telemetry import quiet_telemetry

if TYPE_CHECKING:
    from evidently.core.report import Snapshot as ReportSnapshot
    from evidently.sdk.models import DashboardModel
    from evidently.ui.workspace import Project, Workspace

    from data_checks.drift.verdict import DriftVerdict

__all__ = ["add_run", "project_id"]

KEPT_RUNS = 500
"""Runs kept per project: the UI reads them all to draw a panel."""


def add_run(snapshot: "ReportSnapshot", verdict: "DriftVerdict", workspace: Path, project: str) -> bool:
    """Add one report to the project's runs and bring its dashboard up to date.

    A verdict equal to the last one of the same name is not added again, so asking every minute
    about unchanged data adds no points. Returns whether it was added.
    """
    quiet_telemetry()
    from evidently.core.report import Snapshot
    from evidently.ui.workspace import Workspace

    workspace.mkdir(parents=True, exist_ok=True)
    with FileLock(workspace / ".shelfspace.lock"):
        place = Workspace.create(str(workspace))
        home = _project(place, project)
        facts = _facts(verdict)
        if _last_facts(place, home, verdict.name) == facts:
            return False
        told = Snapshot.load_model(snapshot.to_snapshot_model().copy(update={"metadata": facts}))
        place.add_run(home.id, told, include_data=False)
        for old in sorted(place.list_runs(home.id), key=str)[:-KEPT_RUNS]:
            place.delete_run(home.id, old)
        _update_dashboard(place, home, verdict)
    return True


def project_id(name: str) -> uuid.UUID:
    """Id of a catalogue's project; it follows from the name, so two workspaces agree."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"shelfspace:{name}")


def _project(place: "Workspace", name: str) -> "Project":
    """The project of that name."""
    from evidently.sdk.models import ProjectModel

    identity = project_id(name)
    found = place.get_project(identity)
    if found is not None:
        return found
    description = "The catalogue against the champion's training data; traffic against its first window."
    return place.add_project(ProjectModel(id=identity, name=name, description=description))


def _facts(verdict: "DriftVerdict") -> dict[str, Any]:
    scores = {c: f"{d.score:.6f}" for c, d in verdict.columns.items()}
    return {
        "verdict": "drift" if verdict.drifted else "no drift",
        "cause": verdict.cause,
        "rows": f"{verdict.rows['current']} against {verdict.rows['reference']}",
        "scores": ", ".join(f"{c} {s}" for c, s in sorted(scores.items())),
    }


def _last_facts(place: "Workspace", home: "Project", name: str) -> dict[str, Any] | None:
    """What was recorded with the newest run of that name; run ids sort by time of making."""
    for run in sorted(place.list_runs(home.id), key=str, reverse=True):
        model = place.get_run(home.id, run)
        if model is not None and model.name == name:
            return {k: v for k, v in model.metadata.items() if k in ("verdict", "cause", "rows", "scores")}
    return None


def _update_dashboard(place: "Workspace", home: "Project", verdict: "DriftVerdict") -> None:
    """Rebuild the tab of this comparison; panels of columns that came or went follow."""
    from evidently.sdk.models import DashboardTabModel

    board: DashboardModel = place.get_dashboard(home.id)
    gone = {p for tab in board.tabs if tab.title == verdict.name for p in tab.panels}
    panels = _panels(verdict)
    tab = DashboardTabModel(
        id=uuid.uuid5(home.id, verdict.name), title=verdict.name, panels=[p.id for p in panels]
    )
    board.panels = [p for p in board.panels if p.id not in gone] + panels
    # The workspace's own add_panel lists a panel twice when its tab exists already.
    others = [t for t in board.tabs if t.title != verdict.name]
    board.tabs = sorted([*others, tab], key=lambda t: t.title)
    place.save_dashboard(home.id, board)


def _panels(verdict: "DriftVerdict") -> list[Any]:
    """The course of the share of drifted columns, of the embeddings, and of each column."""
    from evidently.sdk.models import PanelMetric
    from evidently.sdk.panels import line_plot_panel

    def score(column: str, legend: str) -> PanelMetric:
        return PanelMetric(
            legend=legend, tags=[verdict.name], metric="MeanValue", metric_labels={"column": column}
        )

    share = [score(SHARE, "share")]
    # Lines, no counters: Evidently shows "no value" where a counter is 0.
    panels = [line_plot_panel("Share of drifted columns", share)]
    if verdict.embedding_score is not None:
        auc = score(EMBEDDING_SCORE, "ROC AUC")
        said = "ROC AUC of telling the current vectors from the reference; 0.5 is chance"
        panels.append(line_plot_panel("Embeddings told apart", [auc, score(EMBEDDING_LIMIT, "limit")], said))
    lines = [score(ratio_column(column), column) for column in sorted(verdict.columns)]
    if lines:
        said = "Distance to the reference over its limit: above 1 the column has drifted"
        panels.append(line_plot_panel("Drift of each column", lines, said))
    return panels
