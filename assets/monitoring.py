"""Monitoring: what the service was asked, and whether the world has moved since the champion."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from assets.lib.presentation import table_fact
from assets.lib.record import Facts, read_record
from assets.lib.shop import FOLDERS, Shop
from assets.lib.stage import stage
from assets.lib.watch import watched
from assets.lib.watched import there
from releases.champion import champion, champion_model
from shelfspace.files import read_json, write_json, write_table, write_text
from shelfspace.workspace import Workspace

__all__ = ["drift", "drift_report", "latest_verdict", "live_requests", "not_looked_at"]

monitoring = partial(stage, group="monitoring", owners=["team:serving"])


def _versions(shop: Shop) -> dict[str, str]:
    from data_checks.drift.reference import request_versions

    return request_versions(shop.workspace.live)


def _click_through(shop: Shop) -> Facts:
    """What of the products that the page showed was clicked lately; nothing before there are events."""
    from insights.signals import click_through

    if read_record(shop.workspace.root / FOLDERS["interactions"]) is None:
        return {}
    return dict(click_through(shop.table("interactions")))


@monitoring(
    folder="monitoring/live_requests",
    deps=["interactions"],
    inputs=[],
    also=_versions,
    shown=_click_through,
    kinds={"parquet"},
    code_version="2",
    description="Requests the service answered, from its log: statistics and vectors, no shopper data.",
)
def live_requests(shop: Shop, folder: Path) -> Facts:
    """Gather the service's request log into one table."""
    from data_checks.drift.reference import read_requests

    requests = read_requests(shop.workspace.live)
    write_table(folder / "requests.parquet", requests)
    counts = requests["endpoint"].value_counts() if len(requests) else pd.Series(dtype=int)
    return {
        "dagster/row_count": len(requests),
        "files": len(_versions(shop)),
        "passed_over": requests.attrs["passed_over"],
        "by_endpoint": {"json": {str(k): int(v) for k, v in counts.items()}},
    }


BESIDE = ("quarantine", "media_findings", "modality_vectors", "events", "interactions", "click_judgements")
"""What the questions read beside catalogue and requests, where it was ever computed."""
HISTORY = "history.parquet"
LOOKED = "looked.json"
"""Beside the history: the release and the champion that the last report looked at."""


def _beside(shop: Shop) -> dict[str, str]:
    return shop.versions(*there(shop, BESIDE))


def _noted(shop: Shop) -> Facts:
    """Note the verdicts in the history, a point at every check, also where nothing was computed anew."""
    from data_checks.drift.dashboard import add_check_run
    from data_checks.drift.history import add_check, check_rows
    from data_checks.drift.verdict import Verdict

    said = read_json(shop.folder("drift_report") / "verdict.json")
    names = [name.replace(" ", "-") for name in said["compared"]]
    files = [shop.folder("drift_report") / f"{name}.json" for name in names]
    verdicts = [Verdict.from_json(file.read_bytes()) for file in files]
    now = pd.Timestamp.now(tz="UTC").floor("s")
    add_check(shop.workspace.state / "drift" / HISTORY, check_rows(verdicts, said["champion"], now))
    add_check_run(verdicts, said, now, shop.workspace.state / "evidently", shop.workspace.name)
    write_json(shop.workspace.state / "drift" / LOOKED, _present(shop.workspace))
    return _dashboards(shop, said["compared"])


def _dashboards(shop: Shop, questions: Iterable[str]) -> Facts:
    """Pages of the Evidently UI, which `make drift` serves: what moved, and one a question."""
    from data_checks.drift.dashboard import project_id

    address = shop.settings.service.evidently_url.rstrip("/")
    if not address:
        return {"dashboard": "make drift"}
    # Short names: the longest one takes its width from the sentences beside it.
    short = {name: name.removeprefix("traffic ").replace(" ", "_") for name in questions}
    pages = {"dashboard": "", **{f"page_{said}": name for name, said in short.items()}}
    name = shop.workspace.name
    return {shown: {"url": f"{address}/projects/{project_id(name, of)}"} for shown, of in pages.items()}


@monitoring(
    folder="monitoring/drift_report",
    deps=["live_requests", "product_embeddings", "products", "champion", "release", *BESIDE],
    inputs=["live_requests", "product_embeddings", "products", "champion"],
    also=_beside,
    settings=lambda shop: [shop.settings.monitoring.model_dump()],
    shown=_noted,
    kinds={"evidently"},
    code_version="3",
    description="Has the catalogue moved since the champion learned, has the traffic since promotion?",
)
def drift_report(shop: Shop, folder: Path) -> Facts:
    """Judge each question's latest windows against a reference that stays; decide what follows."""
    from data_checks.drift.categories import write_categories_page
    from data_checks.drift.check import judge_questions, summary, verdict_rows
    from data_checks.drift.decision import decide
    from data_checks.drift.history import read_history, since_when
    from data_checks.drift.report import comparison_page

    model = champion_model(shop.workspace).name
    watch = watched(shop)
    history = read_history(shop.workspace.state / "drift" / HISTORY)
    now = pd.Timestamp.now(tz="UTC").floor("s")
    judged = judge_questions(watch.questions, watch.kept)
    verdicts = [since_when(history, verdict, model, now) for verdict in judged]
    decision = decide(verdicts, watch.new_rows > 0, watch.new_labels > 0, watch.clicks)
    said = summary(verdicts, watch.questions, decision, model, shop.data_version("products"))
    for question, verdict in zip(watch.questions, verdicts, strict=True):
        stem = folder / verdict.question.replace(" ", "-")
        write_text(stem.with_suffix(".json"), verdict.to_json())
        if question.certain is not None:
            write_categories_page(stem.with_suffix(".html"), verdict)
        elif page := comparison_page(question, verdict, shop.settings.monitoring.sample_rows):
            write_text(stem.with_suffix(".html"), page)
    write_json(folder / "verdict.json", said)
    return {
        "drifted": said["drifted"],
        "decision": decision.action,
        "reason": decision.reason,
        "cause": said["cause"] or "nothing drifted",
        "new_rows": watch.new_rows,
        "new_labels": watch.new_labels,
        "questions": table_fact(verdict_rows(verdicts), 20, 300),
        **{
            f"report_{page.stem.removeprefix('traffic-')}": {"page": page.name}
            for page in sorted(folder.glob("*.html"))
        },
    }


@dg.asset_check(
    asset="drift_report",
    description="Catalogue and traffic look like what the champion knows. Drift stops nothing.",
)
def drift(shop: Shop) -> dg.AssetCheckResult:
    """Whether the last report found drift, what follows and why; quiet where little was there to judge."""
    verdict = read_json(shop.folder("drift_report") / "verdict.json")
    judged = sorted(name for name, found in verdict["compared"].items() if found["judged"])
    said = f"No drift in {', '.join(judged)}." if judged else "Nothing was judged: too few rows."
    decision = verdict.get("decision", {"action": "none", "reason": ""})
    follows = f"{decision['action'].replace('_', ' ')}: {decision['reason']}"
    return dg.AssetCheckResult(
        passed=not verdict["drifted"],
        severity=dg.AssetCheckSeverity.WARN,
        description=said if decision["action"] == "none" else follows,
        metadata={
            "judged": len(judged),
            "drifted": sum(found["drifted"] for found in verdict["compared"].values()),
            "decision": decision["action"],
            "reason": decision["reason"],
        },
    )


def _present(workspace: Workspace) -> dict[str, str]:
    """What a report would look at now: the release made last and the champion; {} before there are both."""
    made, reigning = read_record(workspace.root / FOLDERS["release"]), champion(workspace)
    if made is None or reigning is None:
        return {}
    return {"release": str(made.facts["release"]), "champion": str(reigning["fingerprint"])}


def not_looked_at(workspace: Workspace) -> dict[str, str]:
    """The release and the champion where one of them is newer than the last drift report, else {}."""
    path, present = workspace.state / "drift" / LOOKED, _present(workspace)
    return {} if path.exists() and read_json(path) == present else present


def latest_verdict(workspace: Workspace) -> dict[str, Any] | None:
    """The last drift verdict and the decision that follows, or None."""
    path = workspace.root / FOLDERS["drift_report"] / "verdict.json"
    return read_json(path) if path.exists() else None
