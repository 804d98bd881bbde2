"""What tells experiments apart: the settings that differ, and their figures side by side."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from releases.experiments.record import Experiment
from shelfspace.clock import minute

__all__ = ["HEADLINE", "differing", "experiment_rows", "figure_rows"]

HEADLINE = ("accuracy", "macro_f1", "same_category_recall_at_10", "roc_auc")
"""Figures that people look for first, where a holdout gives them."""


def flat(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings by dotted name."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def made_of(experiment: Experiment) -> dict[str, Any]:
    """All that went into a challenger, by dotted name: settings, code, libraries, seed, threads, data."""
    made = experiment.made_by
    rest = {name: value for name, value in made.items() if name not in ("settings", "run_id")}
    return dict([*flat(made.get("settings", {})), *flat(rest), *flat(experiment.data, "data.")])


def differing(compared: Sequence[Experiment]) -> list[dict[str, str]]:
    """One row for each setting, version and hash that is not the same in all; nothing else.

    Returns:
        rows of `name` and one column an experiment, called by its short fingerprint.
    """
    made = [made_of(experiment) for experiment in compared]
    names = dict.fromkeys(name for values in made for name in values)
    rows = []
    for name in names:
        values = ["-" if name not in one else _said(one[name]) for one in made]
        if len(set(values)) > 1:
            shown = {e.short: value for e, value in zip(compared, values, strict=True)}
            rows.append({"name": name, **shown})
    return rows


def _said(value: Any) -> str:
    said = str(value)
    return said if len(said) <= 60 else said[:57] + "..."


def figure_rows(compared: Sequence[Experiment]) -> list[dict[str, str]]:
    """One row a figure that any has, with its 95% interval where it has one.

    Figures of another holdout than the last one's are marked by an asterisk: they do not compare.
    """
    names = dict.fromkeys(name for experiment in compared for name in experiment.metrics)
    ordered = [*(n for n in HEADLINE if n in names), *(n for n in sorted(names) if n not in HEADLINE)]
    return [
        {"figure": name, **{e.short: _figure(e, name, compared[-1].holdout) for e in compared}}
        for name in ordered
    ]


def _figure(experiment: Experiment, name: str, holdout: str) -> str:
    value = experiment.metrics.get(name)
    if value is None:
        return "-"
    said = (
        f"{value:.0f}"
        if isinstance(value, int) or (float(value).is_integer() and value > 1)
        else f"{value:.3f}"
    )
    pair = experiment.intervals.get(name.removeprefix("same_category_"))
    within = f" [{pair[0]:.3f}, {pair[1]:.3f}]" if pair else ""
    return f"{said}{within}{'' if experiment.holdout == holdout else ' *'}"


def experiment_rows(known: Sequence[Experiment]) -> list[dict[str, str]]:
    """One row an experiment, the newest first: when, who, what the gate said, the headline figures."""
    return [
        {
            "experiment": experiment.short,
            "judged": minute(experiment.judged),
            "promoted": "yes" if experiment.promoted else "no",
            **{
                name: _figure(experiment, name, known[-1].holdout)
                for name in HEADLINE
                if any(name in e.metrics for e in known)
            },
            "why": experiment.cause or "asked for",
            "the gate": "" if experiment.promoted else "; ".join(experiment.reasons)[:300],
        }
        for experiment in reversed(known)
    ]
