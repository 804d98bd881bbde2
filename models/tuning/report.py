"""What a study found: its trials as a table, the best values, and which settings mattered."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import indent
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import yaml

from shelfspace.errors import InputError
from shelfspace.settings import Settings

if TYPE_CHECKING:
    import optuna

__all__ = ["MAXIMISED", "TuningReport", "catalogue_snippet", "nested_values", "report_of"]

MAXIMISED = ("accuracy",)
"""Metrics of which more is better."""

ENOUGH = 5
"""Whole trials below which nothing is said about importances."""


@dataclass(frozen=True)
class TuningReport:
    """What a study found.

    Attributes:
        study: its name, a hash of data and space.
        metric: what was judged; `accuracy` is maximised, the losses are minimised.
        trials: one row a trial, also the failed ones: trial, state (complete, pruned, failed),
            value (at the kept epoch; NaN unless complete), accuracy, best_epoch, epochs, seconds,
            reason, and a column for each searched setting.
        best_values: searched setting to the best value found.
        best_value: the metric at the best values.
        present_value: the metric at the settings as they were; None where they lie outside the space
            or their trial was stopped.
        importances: setting to its share of the metric's variance (fANOVA, Hutter 2014, ICML), summing
            to 1, largest first; empty where `importances_absent` says why.
        found: finished trials that were there before this call.
    """

    study: str
    metric: str
    trials: pd.DataFrame
    best_values: dict[str, Any]
    best_value: float
    present_value: float | None
    importances: dict[str, float]
    importances_absent: str
    found: int

    @property
    def maximised(self) -> bool:
        return self.metric in MAXIMISED

    @property
    def counts(self) -> dict[str, int]:
        """Trials by state."""
        states = self.trials["state"].value_counts()
        return {state: int(states.get(state, 0)) for state in ("complete", "pruned", "failed")}


def report_of(study: "optuna.Study", settings: Settings, names: Sequence[str], found: int) -> TuningReport:
    """Read a study.

    Args:
        names: the searched settings.
        found: finished trials that were there before.

    Raises:
        InputError: every trial diverged.
    """
    import optuna

    whole = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    if not whole:
        remedy = "every trial diverged; narrow tuning.space, a smaller training.learning_rate first"
        raise InputError("tuning.space", sorted(names), remedy)
    best = study.best_trial
    as_they_were = [t.value for t in whole if t.user_attrs.get("settings_as_they_were")]
    importances, absent = _importances(study, whole, settings.seed)
    return TuningReport(
        study=study.study_name,
        metric=settings.tuning.metric,
        trials=_table(study.get_trials(deepcopy=False), names),
        best_values={name: best.params[name] for name in names},
        best_value=float(study.best_value),
        present_value=as_they_were[0] if as_they_were else None,
        importances=importances,
        importances_absent=absent,
        found=found,
    )


def _table(trials: "Sequence[optuna.trial.FrozenTrial]", names: Sequence[str]) -> pd.DataFrame:
    states = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}
    rows = []
    for trial in trials:
        took, failed = trial.duration, trial.state.name == "FAIL"
        rows.append(
            {
                "trial": trial.number,
                "state": states.get(trial.state.name, trial.state.name.lower()),
                "value": trial.value if trial.state.name == "COMPLETE" else np.nan,
                "accuracy": trial.user_attrs.get("accuracy", np.nan),
                "best_epoch": trial.user_attrs.get("best_epoch", np.nan),
                "epochs": len(trial.intermediate_values),
                # A dead process closes its trial when the study is next opened: that is no duration.
                "seconds": np.nan if took is None or failed else round(took.total_seconds(), 1),
                # Only a process that died leaves none: every other end is told with its reason.
                "reason": trial.user_attrs.get("reason", "its process died" if failed else ""),
                **{name: trial.params.get(name) for name in names},
            }
        )
    return pd.DataFrame(rows)


def _importances(
    study: "optuna.Study", whole: "Sequence[optuna.trial.FrozenTrial]", seed: int
) -> tuple[dict[str, float], str]:
    import optuna

    if len(whole) < ENOUGH:
        return {}, f"{len(whole)} whole trials are too few to tell; {ENOUGH} are needed"
    if len({trial.value for trial in whole}) == 1:
        return {}, "every trial ended with the same score"
    judge = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    found = optuna.importance.get_param_importances(study, evaluator=judge)
    return {name: float(share) for name, share in found.items()}, ""


def nested_values(best_values: dict[str, Any]) -> str:
    """Best values as YAML, section by section, as `params.yaml` holds them."""
    sections: dict[str, dict[str, Any]] = {}
    for name, value in best_values.items():
        section, field = name.split(".")
        sections.setdefault(section, {})[field] = value
    return yaml.safe_dump(sections, sort_keys=True)


def catalogue_snippet(best_values: dict[str, Any]) -> str:
    """Best values as the YAML that `catalog.yaml` takes."""
    return "params:\n" + indent(nested_values(best_values), "  ")
