"""What `make demo` ends with: what was lost, how good the model is, how long it took, what to type next."""

import os
from pathlib import Path
from typing import Any

import dagster as dg
from tabulate import tabulate

from assets.lib.kept_rows import kept_rows
from catalog.cleaning.losses import LOSSES, losses_table, read_losses
from catalog.deliveries.losses import delivery_losses
from dagster_project.graph import STAGES
from data_checks.validation.pages import QUARANTINE
from releases.champion import champion
from shelfspace.files import read_json
from shelfspace.workspace import Workspace

__all__ = ["lost", "stage_seconds", "summary"]


def summary(workspace: Workspace) -> str:
    """What was lost, the metrics, the stage times of the last run and the next commands, as text."""
    parts = [lost(workspace), ""]
    judged = workspace.evaluation / "holdout" / "evaluation.json"
    if judged.exists():
        parts += [metrics_table(read_json(judged)), ""]
    if verdict := gate_said(workspace):
        parts += [verdict, ""]
    chosen = workspace.prepared / "encoders"
    if (chosen / "choice.json").exists():
        from models.choice import Choice

        said = Choice.load(chosen).by_modality.items()
        lines = [f"  {modality}: {one.name} ({one.why})" for modality, one in said]
        parts += ["Encoders chosen (`auto`), and why:", *lines, ""] if lines else []
    seconds = stage_seconds()
    if seconds:
        parts += [
            "Wall time of the last run, by stage:",
            tabulate([[k, f"{v:.1f} s"] for k, v in seconds.items()], tablefmt="plain"),
            "",
        ]
    return "\n".join([*parts, next_steps(workspace)]).lstrip()


def gate_said(workspace: Workspace, since: float = 0.0) -> str:
    """What the gate decided of the last challenger, and why; "" where it has judged none.

    Args:
        since: s since the epoch; what it decided before is not told.
    """
    gate = workspace.evaluation / "gate" / "verdict.json"
    if not gate.exists() or gate.stat().st_mtime < since:
        return ""
    verdict = read_json(gate)
    word = "let the challenger through" if verdict["promoted"] else "refused the challenger"
    return "\n".join([f"The gate {word}:", *(f"  {reason}" for reason in verdict["reasons"])])


def lost(workspace: Workspace) -> str:
    """What the last cleaning lost of each table and why, and where the refused rows stand; "" before one."""
    cleaned = workspace.prepared / "catalogue"
    if not (cleaned / LOSSES).exists():
        return ""
    table = losses_table([*read_losses(cleaned), delivery_losses(workspace.state)])
    page = workspace.validation / QUARANTINE
    told = warned(workspace)
    told += [f"  {name}: {said}" for name, said in kept_rows(workspace.prepared).items()]
    told += [f"  refused rows, one by one: {_shown(page)}"] if page.exists() else []
    return "\n".join(["Rows that came, and what became of them:", "", table, "", *told])


def warned(workspace: Workspace) -> list[str]:
    """What the last checks of the counts and the media found wrong, a line each."""
    results = [workspace.validation / "results" / f"{name}.json" for name in ("balance", "media_probes")]
    findings = [f for path in results if path.exists() for f in read_json(path)["findings"]]
    failed = {f["rule"]: f for f in findings if not f["success"]}
    return [
        f"  {f['severity']}: {f['expectation']}; {str(f['observed']).partition(':')[0]}"
        for f in failed.values()
    ]


def metrics_table(judged: dict[str, Any]) -> str:
    """Holdout metrics by what the model may see, and the simple baseline beside them."""
    from models.evaluation.headline import summary_rows

    rows = summary_rows(judged)
    shown = tabulate(rows, headers="keys", floatfmt=".3f", tablefmt="simple")
    return (
        f"On the holdout ({judged['rows']:,} products no training saw), by what the model may see:\n\n{shown}"
    )


def stage_seconds() -> dict[str, float]:
    """Seconds per stage of the last finished run in this Dagster home, the whole last; empty without one."""
    if "DAGSTER_HOME" not in os.environ:
        return {}
    instance = dg.DagsterInstance.get()
    runs = instance.get_run_records(limit=1)
    if not runs or runs[0].start_time is None or runs[0].end_time is None:
        return {}
    from dagster_project.definitions import defs

    took = dict.fromkeys(STAGES, 0.0)
    assets = [made for made in defs.resolve_asset_graph().assets_defs if made.is_executable]
    group = {made.op.name: spec.group_name or "" for made in assets for spec in made.specs}
    group |= {spec.key.to_user_string(): spec.group_name or "" for made in assets for spec in made.specs}
    for step in instance.get_run_step_stats(runs[0].dagster_run.run_id):
        name = step.step_key
        stage = group.get(name) or group.get(name.split("__")[0]) or _checked(name, group)
        if step.start_time is not None and step.end_time is not None:
            took[stage] = took.get(stage, 0.0) + step.end_time - step.start_time
    shown = {stage: seconds for stage, seconds in took.items() if seconds > 0}
    return {**shown, "all": runs[0].end_time - runs[0].start_time}


def _checked(step: str, group: dict[str, str]) -> str:
    """The stage of an asset check, whose step key begins with its asset's name."""
    found = [asset for asset in group if step.startswith(asset)]
    return group[max(found, key=len)] if found else "other"


def next_steps(workspace: Workspace) -> str:
    """Exactly what to type next."""
    from releases import current_id

    live = current_id(workspace.root)
    if live is None:
        return unreleased(workspace)
    reigning = champion(workspace)
    crowned = f", model of {reigning['crowned']}" if reigning else ""
    example = 'curl -s -H "content-type: application/json" -d \'{"query": {"text": "red clock"}, "k": 5}\' '
    return "\n".join(
        [
            f"Release {live} is current{crowned}. Next:",
            f"  {workspace.command('ui')}      the Dagster UI with its daemon, http://127.0.0.1:3001",
            f"  {workspace.command('serve')}   the service, http://127.0.0.1:3000; then, for instance:",
            f"               {example}http://127.0.0.1:3000/search",
            f"  {workspace.command('drift')}   the drift dashboard, http://127.0.0.1:3002",
            f"  card         {_shown(workspace.evaluation / 'model_card' / 'model_card.md')}",
        ]
    )


def unreleased(workspace: Workspace) -> str:
    """Why there is no release, and what to do."""
    gate, demo = workspace.evaluation / "gate" / "verdict.json", workspace.command("demo")
    if not gate.exists() or read_json(gate)["promoted"]:
        return f"Nothing is released yet in workspace {workspace.name}; run: {demo}"
    return "\n".join(
        [
            f"Nothing is released in workspace {workspace.name}: the gate refused its first model, for the",
            "reasons above. What helps, the likeliest first; then again: " + demo,
            "  categories   a lower label_level in catalog.yaml, or more products in the small ones",
            "  texts        titles, descriptions or photos that tell the categories apart",
            "  training     more training.epochs under params in catalog.yaml, or "
            + workspace.command("run tune"),
            "  the floor    gate.min_lift under params in catalog.yaml; 0 asks for no more than a guess",
        ]
    )


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
