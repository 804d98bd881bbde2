"""The records of experiments: `state/experiments/<fingerprint>.json`, one a challenger, the newest kept.

A model's folder goes when the next one is trained; what it was made of and how it did stays here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from shelfspace.clock import now
from shelfspace.errors import InputError
from shelfspace.files import read_artifact, write_sealed_json
from shelfspace.workspace import Workspace

__all__ = ["FOLDER", "KEPT", "Experiment", "experiments", "named", "note_experiment"]

FOLDER = "experiments"
"""Of the state folder."""
KEPT = 200
"""Experiments kept, the newest: some 20 kB each."""


@dataclass(frozen=True)
class Experiment:
    """A challenger that the gate judged.

    Attributes:
        fingerprint: of the model.
        judged: when, ISO 8601 in UTC; of one judged again, the last time.
        promoted: whether it became champion.
        reasons: the gate's sentences.
        cause: why it was trained.
        holdout: what identifies the products it was judged on: figures of different ones do not compare.
        metrics: of the holdout, by name (`metrics.json`).
        intervals: 95% intervals of some of them, [low, high].
        made_by: code, libraries, settings, seed, threads and run (`shelfspace.provenance.made_by`).
        data: data versions.
        epochs: of the training, one mapping an epoch (`history.csv`).
    """

    fingerprint: str
    judged: str
    promoted: bool
    reasons: list[str]
    cause: str = ""
    holdout: str = ""
    metrics: dict[str, float | None] = field(default_factory=dict)
    intervals: dict[str, list[float]] = field(default_factory=dict)
    made_by: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    epochs: list[dict[str, float | None]] = field(default_factory=list)

    @property
    def short(self) -> str:
        """The beginning of the fingerprint, as people name it."""
        return self.fingerprint[:8]


def note_experiment(
    workspace: Workspace,
    fingerprint: str,
    *,
    promoted: bool,
    reasons: Sequence[str],
    cause: str,
    evaluation: Mapping[str, Any],
    metrics: Mapping[str, float | None],
    made_by: Mapping[str, Any],
    data: Mapping[str, Any],
    epochs: Sequence[Mapping[str, float | None]],
) -> Experiment:
    """Write down a challenger that was judged; one judged before is written anew.

    Args:
        evaluation: what `evaluate` gave; its intervals and holdout are kept.
        epochs: rows of `history.csv`, None for what an epoch did not measure.
        others: see `Experiment`.
    """
    intervals = evaluation.get("intervals", {})
    noted = Experiment(
        fingerprint,
        now(),
        promoted,
        [*reasons],
        cause,
        str(evaluation.get("holdout", "")),
        dict(metrics),
        {name: [*pair] for name, pair in intervals.items() if isinstance(pair, list | tuple)},
        dict(made_by),
        dict(data),
        [dict(row) for row in epochs],
    )
    folder = workspace.state / FOLDER
    write_sealed_json(folder / f"{fingerprint}.json", asdict(noted))
    for old in experiments(workspace)[:-KEPT]:
        (folder / f"{old.fingerprint}.json").unlink()
    return noted


def experiments(workspace: Workspace) -> list[Experiment]:
    """All that are kept, the oldest first.

    Raises:
        ArtifactError: one is damaged; names it.
    """
    folder = workspace.state / FOLDER
    files = sorted(folder.glob("*.json")) if folder.is_dir() else []
    found = [
        read_artifact(path, "records of an experiment", lambda said: Experiment(**said)) for path in files
    ]
    return sorted(found, key=lambda experiment: (experiment.judged, experiment.fingerprint))


def named(known: Sequence[Experiment], name: str) -> Experiment:
    """The experiment whose fingerprint begins so; `last` is the newest, `champion` the last one promoted.

    Raises:
        InputError: there is none, or more than one.
    """
    if name == "last" and known:
        return known[-1]
    if name == "champion":
        promoted = [experiment for experiment in known if experiment.promoted]
        if promoted:
            return promoted[-1]
    found = [experiment for experiment in known if experiment.fingerprint.startswith(name)]
    if len(found) != 1 or not name:
        there = ", ".join(experiment.short for experiment in known[-5:]) or "none"
        what = "is the beginning of several" if found and name else "is none"
        raise InputError("experiment", name, f"{what}; the last ones are {there}; also last, champion")
    return found[0]
