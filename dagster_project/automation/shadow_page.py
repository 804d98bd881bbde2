"""The release on the side as an asset of the Dagster UI: what it would change."""

from typing import Any

import dagster as dg

from assets.lib.presentation import service_page, shown_table
from releases.shadow.kept import PAGE
from releases.shadow.page import figure_rows, write_page
from releases.shadow.report import LEAST, shadow_report
from shelfspace.hashing import fingerprint
from shelfspace.settings import Service
from shelfspace.workspace import Workspace

__all__ = ["SHADOW", "shadow_events"]

SHADOW = dg.AssetSpec(
    "shadow",
    description="What a release would change that answers a share of the live requests on the side: a "
    "difference, not a win. The shadow sensor keeps it up to date while one does; no run makes it.",
    group_name="monitoring",
    owners=["team:serving"],
)


def shadow_events(
    workspace: Workspace, service: Service, before: str | None
) -> tuple[list[dg.AssetMaterialization], str]:
    """The report as the asset's page shows it, and written as a page; [] where there is little new.

    Args:
        service: its settings, for a link to the page there.
        before: what the last look gave.

    Returns:
        the events, and what identifies what they show: anew with every `LEAST` answers.

    Raises:
        ArtifactError: what the service keeps is damaged.
    """
    report = shadow_report(workspace.root, workspace.live)
    status = report.status
    if status is None or not (report.kinds or status.release):
        return [], before or ""
    answers = sum(kind.answers for name, kind in report.kinds.items() if name in ("hits", "categories"))
    seen = fingerprint([report.live, report.shadow, status.state, status.problem, answers // LEAST])
    if seen == before:
        return [], seen
    write_page(workspace, report)
    rows = figure_rows(report)
    columns = list(rows[0]) if rows else []
    page: dict[str, Any] = {
        "dagster/row_count": answers,
        "side": status.state,
        "live": report.live,
        "on_the_side": report.shadow,
        **{
            f"{name}_the_same": kind.figures[figure].mean
            for name, figure in (("hits", "overlap"), ("categories", "label"))
            if (kind := report.kinds.get(name)) is not None and kind.figures
        },
        **(
            {"figures": shown_table(columns, [[row[name] for name in columns] for row in rows])}
            if rows
            else {}
        ),
        "page": dg.MetadataValue.path(str(workspace.root / PAGE)),
        "in_the_service": dg.MetadataValue.url(service_page(service, f"insights/{PAGE}")["url"]),
    }
    return [dg.AssetMaterialization("shadow", metadata=page, description="\n".join(report.sentences))], seen
