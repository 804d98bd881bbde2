"""Tuning: an Optuna study over settings, judged on the validation rows of the frozen split.

Each trial is one training. The tree-structured Parzen estimator (Bergstra 2011, NIPS 24) proposes,
and a trial whose score falls behind the median of the others at the same epoch is stopped (Golovin
2017, KDD, the median stopping rule). The study lives in one SQLite file and is taken up after a
kill: proposals depend on the finished trials alone, so that the interrupted trial is tried again
with the same values, goes on from its own checkpoint, and the study ends as an unbroken one does.
"""

import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock, Timeout

from models.features.table import FeatureTable
from models.tuning.report import MAXIMISED, TuningReport, report_of
from shelfspace.errors import BusyError, InputError
from shelfspace.hashing import content_hash, fingerprint
from shelfspace.progress import progress_bar
from shelfspace.settings import Settings
from shelfspace.settings.dimension import Dimension
from shelfspace.settings.search_space import (
    check_space,
    current_values,
    fixed_settings,
    with_values,
)

if TYPE_CHECKING:
    import optuna

__all__ = ["tune"]

CODE = "1"
"""Changes when a trial of the same values would be judged otherwise."""

COLUMNS = {
    "log_loss": "validation_calibrated",
    "accuracy": "validation_accuracy",
    "loss": "validation_loss",
}
"""Metric to the column of the training history that holds it."""

ATTEMPTS = 3
"""Times that values are tried whose trial took the process down, before others are drawn."""


def tune(
    features: FeatureTable,
    labels: np.ndarray,
    label_names: Sequence[str],
    log_price: np.ndarray,
    splits: np.ndarray,
    settings: Settings,
    folder: Path,
    progress: bool = True,
) -> TuningReport:
    """Run the study of these data and this space until it has `tuning.trials` finished trials.

    The holdout is never judged, and its labels and prices are blanked before anything reads them.

    Args:
        features, labels, label_names, log_price, splits: as `models.training.train.train` takes them.
        settings: `tuning` says what is searched; the first trial has the settings' own values.
        folder: keeps studies.db and the scratch of the running trial.
        progress: say how far it is (`shelfspace.progress`).

    Raises:
        SettingsError: a searched name or value that does not exist.
        InputError: no validation rows to judge by, or no trial that could be judged.
        BusyError: another process tunes in this folder.
    """
    space = check_space(settings)
    _check_names(space)
    held = splits == "test"
    labels = np.where(held, -1, labels)
    log_price = np.where(held, np.nan, log_price)
    _check_judges(features, labels, splits, settings)
    name = _study_name(features, labels, label_names, log_price, splits, settings)

    def judge(trial: "optuna.Trial", chosen: Settings) -> float:
        from models.training.train import train

        watch = _Watch(trial, settings.tuning.metric)
        report = train(
            features,
            labels,
            label_names,
            log_price,
            splits,
            chosen,
            featurizer_dir=None,
            out=folder / "scratch" / "model",
            scratch=folder / "scratch",
            progress=False,
            on_epoch=watch,
        )
        kept = report.history.iloc[report.best_epoch]
        trial.set_user_attr("best_epoch", report.best_epoch)
        if "validation_accuracy" in kept:
            trial.set_user_attr("accuracy", float(kept["validation_accuracy"]))
        return float(kept[COLUMNS[settings.tuning.metric]])

    with _opened(folder, name, settings) as study:
        found = _finished(study)
        _fail_stale(study)
        wanted = settings.tuning.trials
        done = min(found, wanted)
        with progress_bar(None, "tuning", total=wanted, initial=done, unit="trial", progress=progress) as bar:
            while (slot := _finished(study)) < wanted:
                _one_trial(study, slot, space, settings, judge)
                bar.update(1)
        shutil.rmtree(folder / "scratch", ignore_errors=True)
        return report_of(study, settings, list(space), found)


class _Watch:
    """Report each epoch's score to a trial, and stop the training that falls behind or diverges."""

    def __init__(self, trial: "optuna.Trial", metric: str) -> None:
        self.trial = trial
        self.column = COLUMNS[metric]

    def __call__(self, row: Mapping[str, float]) -> None:
        import optuna

        epoch, score = int(row["epoch"]), float(row[self.column])
        if not math.isfinite(score):
            self.trial.set_user_attr("reason", f"diverged in epoch {epoch}")
            raise optuna.TrialPruned
        self.trial.report(score, epoch)
        if self.trial.should_prune():
            self.trial.set_user_attr("reason", f"behind the median after epoch {epoch}")
            raise optuna.TrialPruned


def _one_trial(
    study: "optuna.Study", slot: int, space: Mapping[str, Dimension], settings: Settings, judge: Any
) -> None:
    """Draw values and judge them; a stopped trial is told as such, an error as failed and raised."""
    import optuna

    failed = [t for t in study.get_trials(deepcopy=False) if t.user_attrs.get("slot") == slot]
    draw = len(failed) // ATTEMPTS
    # A sampler of its own for each trial: what it draws does not depend on what a killed process drew.
    study.sampler = optuna.samplers.TPESampler(
        seed=int(fingerprint([settings.seed, slot, draw])[:8], 16),
        n_startup_trials=settings.tuning.startup_trials,
        multivariate=True,
        constant_liar=False,
    )
    first = slot == 0 and draw == 0
    if first and not study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.WAITING,)):
        now = current_values(settings, space)
        study.enqueue_trial({name: value for name, value in now.items() if space[name].holds(value)})
    trial = study.ask()
    trial.set_user_attr("slot", slot)
    values = {name: _suggest(trial, name, dimension) for name, dimension in space.items()}
    trial.set_user_attr("settings_as_they_were", values == current_values(settings, space))
    try:
        score = judge(trial, with_values(settings, values))
    except optuna.TrialPruned:
        study.tell(trial, state=optuna.trial.TrialState.PRUNED)
    except Exception as error:
        trial.set_user_attr("reason", f"{type(error).__name__}: {error}")
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
        raise
    else:
        study.tell(trial, score)


def _suggest(trial: "optuna.Trial", name: str, dimension: Dimension) -> Any:
    if dimension.choices is not None:
        return trial.suggest_categorical(name, dimension.choices)
    draw: Any = trial.suggest_int if dimension.whole else trial.suggest_float
    return draw(name, dimension.low, dimension.high, log=bool(dimension.log))


@contextmanager
def _opened(folder: Path, name: str, settings: Settings) -> Iterator["optuna.Study"]:
    """The study of that name in studies.db, held by this process alone."""
    import optuna

    folder.mkdir(parents=True, exist_ok=True)
    guard = FileLock(folder / "tuning.lock")
    try:
        guard.acquire(timeout=0)
    except Timeout:
        raise BusyError(f"another process tunes in {folder}; wait for it, or stop it") from None
    said = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = optuna.storages.RDBStorage(f"sqlite:///{folder / 'studies.db'}")
    try:
        yield optuna.create_study(
            storage=storage,
            study_name=name,
            load_if_exists=True,
            direction="maximize" if settings.tuning.metric in MAXIMISED else "minimize",
            pruner=optuna.pruners.MedianPruner(
                n_startup_trials=settings.tuning.prune_after_trials,
                n_warmup_steps=settings.tuning.prune_after_epochs,
            ),
        )
    finally:
        storage.remove_session()
        storage.engine.dispose()
        optuna.logging.set_verbosity(said)
        guard.release()


def _fail_stale(study: "optuna.Study") -> None:
    """Mark the trial that a killed process left running as failed; its values will be drawn again."""
    import optuna

    for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)


def _finished(study: "optuna.Study") -> int:
    """Trials that count: judged, or stopped early."""
    import optuna

    states = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
    return len(study.get_trials(deepcopy=False, states=states))


def _study_name(
    features: FeatureTable,
    labels: np.ndarray,
    label_names: Sequence[str],
    log_price: np.ndarray,
    splits: np.ndarray,
    settings: Settings,
) -> str:
    """The study's name: a hash of data, space and all that its trials share.

    The number of trials is left out: more of them go on with the same study.
    """
    arrays = [np.ascontiguousarray(array).astype("U").tobytes() for array in (labels, log_price, splits)]
    how = settings.tuning.model_dump(mode="json", exclude={"trials", "apply", "space"})
    space = {name: dimension.model_dump() for name, dimension in check_space(settings).items()}
    data = content_hash(features.content(), *label_names, *arrays)
    return f"study-{fingerprint([CODE, data, how, space, fixed_settings(settings)])[:16]}"


def _check_names(space: Mapping[str, Dimension]) -> None:
    """Refuse registry names that nobody registered, before an hour of trials finds them.

    Raises:
        SettingsError: names those there are.
    """
    from models.encoders import ENCODERS
    from models.fusion import FUSION

    registries: dict[str, Any] = {f"model.{modality}": entries for modality, entries in ENCODERS.items()}
    registries["model.fusion"] = FUSION
    for name in space.keys() & registries.keys():
        for choice in space[name].choices or ():
            registries[name][str(choice)]


def _check_judges(features: FeatureTable, labels: np.ndarray, splits: np.ndarray, settings: Settings) -> None:
    """Refuse data whose validation rows cannot judge by the chosen metric."""
    seen = [part.present for name, part in features.modalities.items() if name in settings.model.modalities]
    rows = (splits == "validation") & (np.any(seen, axis=0) if seen else np.zeros(len(features), dtype=bool))
    if not rows.any():
        remedy = "tuning is judged by validation rows; raise preprocessing.validation_share"
        raise InputError("splits", "no validation row with a modality", remedy)
    if settings.tuning.metric != "loss" and not (labels[rows] >= 0).any():
        remedy = "no validation row has a label; set it to loss"
        raise InputError("tuning.metric", settings.tuning.metric, remedy)
