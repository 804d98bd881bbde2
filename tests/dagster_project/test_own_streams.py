"""A run that fails while its output goes elsewhere still lets the process speak."""

import os
from pathlib import Path

import pytest

from dagster_project.launch import own_streams


def a_step_that_ends_badly(elsewhere: int) -> None:
    with own_streams():
        os.dup2(elsewhere, 1)
        os.dup2(elsewhere, 2)
        os.write(2, b"in the step")
        raise OSError("the disk is full")


def test_output_that_was_sent_elsewhere_comes_back_after_a_failure(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    elsewhere = os.open(tmp_path / "of_the_step", os.O_CREAT | os.O_WRONLY)
    with pytest.raises(OSError, match="full"):
        a_step_that_ends_badly(elsewhere)
    os.close(elsewhere)
    os.write(1, b"out again")
    os.write(2, b"said again")
    assert capfd.readouterr() == ("out again", "said again")
    assert (tmp_path / "of_the_step").read_bytes() == b"in the step"
