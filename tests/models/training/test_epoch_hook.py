"""A caller sees each epoch once its figures stand, and may end the training."""

from pathlib import Path

import pytest

from models.inference.product_encoder import ProductEncoder
from tests.models.learning import quick_settings
from tests.models.training.test_train import run


class Enough(Exception):
    pass


def test_every_row_of_the_history_is_told_in_order(tmp_path: Path) -> None:
    told: list[dict] = []
    report = run(tmp_path, on_epoch=lambda row: told.append(dict(row)))
    assert told == report.history.to_dict("records")
    assert [row["epoch"] for row in told] == [0, 1, 2]
    assert "validation_calibrated" in told[0]


def test_what_it_raises_ends_the_training_and_the_next_call_hears_of_all_epochs(tmp_path: Path) -> None:
    settings = quick_settings(training={"epochs": 4, "patience": 4})

    def stop(row: dict) -> None:
        if row["epoch"] == 1:
            raise Enough

    with pytest.raises(Enough):
        run(tmp_path / "a", settings, on_epoch=stop)
    assert not (tmp_path / "a" / "model").exists()
    told: list[int] = []
    resumed = run(tmp_path / "a", settings, on_epoch=lambda row: told.append(int(row["epoch"])))
    assert resumed.resumed_from == 2
    assert told == [0, 1, 2, 3], "the epochs of the interrupted run come first"
    run(tmp_path / "b", settings)
    prints = {ProductEncoder.load(tmp_path / name / "model").fingerprint for name in "ab"}
    assert len(prints) == 1, "being watched changes nothing"
