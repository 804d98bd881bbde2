"""What is written down of each challenger that the gate judged."""

from typing import TYPE_CHECKING

import pandas as pd

from assets.lib.presentation import table_fact
from assets.lib.provenance import challenger_made_by, provenance
from assets.lib.record import Facts
from assets.lib.shop import Shop
from shelfspace.files import read_json

if TYPE_CHECKING:
    from releases.gate import Verdict

__all__ = ["note_judged"]

SHOWN = 10


def note_judged(shop: Shop, fingerprint: str, verdict: "Verdict") -> Facts:
    """Note the challenger as an experiment, and write the page; what the asset shows of the last ones."""
    from releases.experiments import PAGE, experiment_rows, experiments, note_experiment, write_page

    judged = shop.folder("evaluation")
    history = shop.folder("challenger") / "history.csv"
    table = pd.read_csv(history) if history.is_file() else pd.DataFrame()
    note_experiment(
        shop.workspace,
        fingerprint,
        promoted=verdict.promote,
        reasons=verdict.reasons,
        cause=shop.cause,
        evaluation=read_json(judged / "evaluation.json"),
        metrics=read_json(judged / "metrics.json"),
        made_by=challenger_made_by(shop),
        data=provenance(shop),
        epochs=[{str(name): known(value) for name, value in row.items()} for _, row in table.iterrows()],
    )
    write_page(shop.workspace)
    rows = pd.DataFrame(experiment_rows(experiments(shop.workspace))[:SHOWN])
    return {"experiments": table_fact(rows, SHOWN, 120), "experiments_page": str(shop.workspace.root / PAGE)}


def known(value: float) -> float | None:
    """None for what was not measured."""
    return None if pd.isna(value) else float(value)
