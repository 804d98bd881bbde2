"""Tuning: seeded, resumable after kill -9, stopped by the median, blind to the holdout."""

import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest
import torch
import yaml
from filelock import FileLock

from models.training.train import train
from models.tuning import tune as tuning
from models.tuning.plots import slices_picture, tuning_pictures
from models.tuning.report import TuningReport, catalogue_snippet
from models.tuning.tune import tune
from shelfspace.errors import BusyError, InputError, SettingsError
from shelfspace.settings import Settings, load_settings
from shelfspace.settings.search_space import with_values
from tests.conftest import PROJECT
from tests.models.learning import CLASSES, features_table, quick_settings, splits_of

LIGHT = ("text", "tabular")
ROWS = 80
SPACE = {
    **dict.fromkeys(load_settings().tuning.space),
    "training.learning_rate": {"low": 0.0001, "high": 0.01, "log": True},
    "training.batch_size": {"low": 8, "high": 32},
    "model.fusion": {"choices": ["concat", "weighted", "attention"]},
}


def settings_for(trials: int = 4, space: dict | None = None, **changes: object) -> Settings:
    search = {
        "trials": trials,
        "startup_trials": 2,
        "prune_after_trials": 2,
        "prune_after_epochs": 1,
        "space": SPACE if space is None else {**dict.fromkeys(SPACE), **space},
        **changes,
    }
    return quick_settings(tuning=search)


def run(folder: Path, settings: Settings, **changes: object) -> TuningReport:
    features, labels, log_price = features_table(ROWS, LIGHT)
    given = {
        "features": features,
        "labels": labels,
        "label_names": list(CLASSES),
        "log_price": log_price,
        "splits": splits_of(ROWS),
        "settings": settings,
        "folder": folder,
        "progress": False,
    }
    return tune(**{**given, **changes})


def found(report: TuningReport) -> pd.DataFrame:
    """Values and scores of the trials that count, without their numbers and times."""
    rows = report.trials[report.trials["state"] != "failed"]
    return rows.drop(columns=["trial", "seconds"]).reset_index(drop=True)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> TuningReport:
    return run(tmp_path_factory.mktemp("unbroken"), settings_for(6))


def test_a_study_reports_trials_values_importances_and_pictures(unbroken: TuningReport) -> None:
    assert unbroken.counts["complete"] + unbroken.counts["pruned"] == 6
    assert unbroken.counts["failed"] == 0
    whole = unbroken.trials[unbroken.trials["state"] == "complete"]
    assert unbroken.best_value == whole["value"].min()
    best = whole.loc[whole["value"].idxmin()]
    assert unbroken.best_values == {name: best[name] for name in unbroken.best_values}
    # The first trial has the settings' own values.
    first = unbroken.trials.iloc[0]
    assert (first["training.learning_rate"], first["training.batch_size"]) == (0.002, 16)
    assert first["model.fusion"] == "attention"
    assert unbroken.present_value == first["value"]
    assert unbroken.best_value <= unbroken.present_value
    if unbroken.importances:
        assert sum(unbroken.importances.values()) == pytest.approx(1)
        assert set(unbroken.importances) == set(unbroken.best_values)
    else:
        assert "too few" in unbroken.importances_absent
    pictures = tuning_pictures(unbroken)
    assert {"history", "slices"} <= set(pictures)
    assert all(picture.startswith(b"\x89PNG") for picture in pictures.values())
    snippet = yaml.safe_load(catalogue_snippet(unbroken.best_values))
    assert snippet["params"]["model"] == {"fusion": unbroken.best_values["model.fusion"]}
    assert load_settings(overrides=snippet["params"]).training.batch_size == best["training.batch_size"]


def test_slices_have_room_where_no_trial_was_stopped_early() -> None:
    values = {
        "training.learning_rate": (0.002, 0.005262324877320796, 0.0012178013715926873),
        "model.dropout": (0.2, 0.11363117777626824, 0.4045157971236977),
        "model.fusion": ("attention", "attention", "attention"),
        "model.width": (32, 16, 32),
    }
    scores = {"trial": range(3), "state": "complete", "value": (2.1, 2.2, 2.4), "accuracy": 0.3}
    best = {name: found[0] for name, found in values.items()}
    report = TuningReport("s", "log_loss", pd.DataFrame({**scores, **values}), best, 2.1, 2.1, {}, "few", 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a layout that cannot be kept is a warning
        assert slices_picture(report).startswith(b"\x89PNG")


def test_a_score_is_the_validation_score_of_training_with_those_values(
    unbroken: TuningReport, tmp_path: Path
) -> None:
    features, labels, log_price = features_table(ROWS, LIGHT)
    report = train(
        features,
        labels,
        list(CLASSES),
        log_price,
        splits_of(ROWS),
        with_values(settings_for(), unbroken.best_values),
        None,
        tmp_path / "model",
        tmp_path / "scratch",
        progress=False,
    )
    assert report.history["validation_calibrated"].min() == unbroken.best_value


CHILD = """
import os, signal, sys
from pathlib import Path
from models.tuning import tune as tuning
from tests.models.tuning.test_tune import run, settings_for

watch = tuning._Watch.__call__

def killed(self, row):
    watch(self, row)
    if self.trial.number == 3 and row["epoch"] == 0:
        os.kill(os.getpid(), signal.SIGKILL)

tuning._Watch.__call__ = killed
run(Path(sys.argv[1]), settings_for(6))
"""


def test_a_killed_study_is_taken_up_and_ends_as_an_unbroken_one(
    unbroken: TuningReport, tmp_path: Path
) -> None:
    """kill -9 in the midst of the fourth trial: it is marked failed, tried again, and the count holds."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path)],
        env={**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads()), "PYTHONPATH": str(PROJECT)},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    resumed = run(tmp_path, settings_for(6))
    assert resumed.found == 3
    assert resumed.counts["failed"] == 1
    assert resumed.counts["complete"] + resumed.counts["pruned"] == 6
    failed = resumed.trials[resumed.trials["state"] == "failed"].iloc[0]
    assert failed["trial"] == 3
    assert failed["reason"] == "its process died"
    names = list(SPACE.keys() & set(resumed.trials))
    again = resumed.trials.iloc[4]
    assert failed[names].tolist() == again[names].tolist(), "the same values are tried again"
    pd.testing.assert_frame_equal(found(resumed), found(unbroken), rtol=1e-4)
    assert resumed.best_values == unbroken.best_values


def test_a_finished_study_trains_nothing_and_more_trials_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(tmp_path, settings_for(2))
    with monkeypatch.context() as patch:
        patch.setattr("models.training.train.train", lambda *_, **__: pytest.fail("a finished study trained"))
        same = run(tmp_path, settings_for(2))
    pd.testing.assert_frame_equal(same.trials, first.trials)
    more = run(tmp_path, settings_for(3))
    assert more.study == first.study
    assert more.found == 2
    assert len(more.trials) == 3


def test_other_data_or_another_space_is_another_study(tmp_path: Path) -> None:
    settings = settings_for(1)
    first = run(tmp_path, settings)
    log_price = features_table(ROWS, LIGHT)[2]
    assert run(tmp_path, settings, log_price=log_price + 0.5).study != first.study
    space = {**SPACE, "training.batch_size": {"low": 8, "high": 40}}
    assert run(tmp_path, settings_for(1, space)).study != first.study
    # Best values written into the settings do not start again.
    changed = with_values(settings, {"training.learning_rate": 0.005})
    assert run(tmp_path, changed).study == first.study


def test_the_holdout_cannot_matter(tmp_path: Path) -> None:
    labels, log_price = features_table(ROWS, LIGHT)[1:]
    held = splits_of(ROWS) == "test"
    first = run(tmp_path / "a", settings_for(2))
    other = run(
        tmp_path / "b",
        settings_for(2),
        labels=np.where(held, (labels + 1) % 3, labels),
        log_price=np.where(held, log_price * 7, log_price),
    )
    assert other.study == first.study
    pd.testing.assert_frame_equal(found(other), found(first))


def test_a_hopeless_trial_is_stopped_by_the_median(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two good rates, then a draw that hardly learns: it gets the epochs of grace and no more."""
    drawn = iter([0.01, 0.008, 1e-7])

    def draw(trial: optuna.Trial, name: str, _: object) -> float:
        rate = next(drawn)
        return trial.suggest_float(name, rate, rate)

    monkeypatch.setattr(tuning, "_suggest", draw)
    space = {"training.learning_rate": {"low": 0.1, "high": 0.2}}
    settings = settings_for(3, space).model_copy(
        update={"training": quick_settings(training={"epochs": 6, "patience": 6}).training}
    )
    report = run(tmp_path, settings)
    assert report.trials["state"].tolist() == ["complete", "complete", "pruned"]
    assert report.trials["epochs"].tolist() == [6, 6, 2]
    assert "behind the median after epoch 1" in report.trials["reason"].iloc[2]


def test_a_diverged_trial_is_stopped_and_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = tuning._Watch.__call__

    def diverging(self: tuning._Watch, row: dict) -> None:
        watch(self, {**row, self.column: float("nan")} if self.trial.number == 1 else row)

    monkeypatch.setattr(tuning._Watch, "__call__", diverging)
    report = run(tmp_path, settings_for(2))
    assert report.trials["state"].tolist() == ["complete", "pruned"]
    assert report.trials["reason"].iloc[1] == "diverged in epoch 0"


def test_an_error_is_recorded_and_raised_and_other_values_follow_three_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("out of memory")

    with monkeypatch.context() as patch:
        patch.setattr("models.training.train.train", broken)
        for _ in range(3):
            with pytest.raises(RuntimeError, match="out of memory"):
                run(tmp_path, settings_for(1))
    report = run(tmp_path, settings_for(1))
    assert report.trials["state"].tolist() == ["failed"] * 3 + ["complete"]
    assert report.trials["reason"].iloc[0] == "RuntimeError: out of memory"
    rates = report.trials["training.learning_rate"].tolist()
    assert rates[0] == rates[1] == rates[2] != rates[3]


@pytest.mark.parametrize("metric", ["accuracy", "loss"])
def test_other_metrics(tmp_path: Path, metric: str) -> None:
    labels = {} if metric == "accuracy" else {"labels": np.full(ROWS, -1), "label_names": []}
    report = run(tmp_path, settings_for(2, metric=metric), **labels)
    values = report.trials["value"].dropna()
    assert report.best_value == (values.max() if metric == "accuracy" else values.min())
    assert report.maximised is (metric == "accuracy")


def test_what_cannot_be_judged_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="set it to loss"):
        run(tmp_path, settings_for(1), labels=np.full(ROWS, -1), label_names=[])
    with pytest.raises(InputError, match="validation_share"):
        run(tmp_path, settings_for(1), splits=np.full(ROWS, "train"))
    unknown = settings_for(1, {"model.fusion": {"choices": ["concat", "magic"]}})
    with pytest.raises(SettingsError, match="use one of"):
        run(tmp_path, unknown)
    assert not (tmp_path / "studies.db").exists()


def test_two_processes_do_not_tune_in_one_folder(tmp_path: Path) -> None:
    with FileLock(tmp_path / "tuning.lock"), pytest.raises(BusyError, match="another process tunes"):
        run(tmp_path, settings_for(1))


def test_optuna_says_what_it_said_before(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = optuna.logging.get_verbosity()
    run(tmp_path, settings_for(1))
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr() == ("", "")
