"""Long work says how far it is, with and without a terminal."""

import re
import time

import pytest

from shelfspace import progress
from shelfspace.progress import progress_bar


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No terminal, nobody who owns one, and a line every twentieth of a second."""
    monkeypatch.delenv("SHELFSPACE_PROGRESS", raising=False)
    monkeypatch.setattr(progress, "EVERY", 0.05)


def worked(capsys: pytest.CaptureFixture[str], **options: bool) -> list[str]:
    with progress_bar(None, "photos", total=40, initial=10, unit="photo", **options) as bar:
        for _ in range(30):
            time.sleep(0.01)
            bar.update(1)
    return capsys.readouterr().err.splitlines()


def test_without_a_terminal_lines_say_done_total_rate_and_time_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = worked(capsys)
    assert 3 <= len(lines) < 30
    done = [int(re.match(r"  photos: (\d+) of 40 photo ", line).group(1)) for line in lines]  # type: ignore[union-attr]
    assert done == sorted(set(done))
    assert all(re.search(r"\(\d+%\), [\d.,]+ photo/s, \d\d:\d\d left$", line) for line in lines)


def test_what_is_done_soon_and_what_is_hidden_say_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(progress_bar(range(3), "quick")) == [0, 1, 2]
    assert capsys.readouterr().err == ""
    assert worked(capsys, progress=False) == []
    monkeypatch.setenv("SHELFSPACE_PROGRESS", "0")
    assert worked(capsys) == []


def test_work_that_is_iterated_and_of_unknown_length_says_what_is_done(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for _ in progress_bar((time.sleep(0.02) for _ in range(10)), "trials", unit="trial"):
        pass
    assert re.search(r"^  trials: \d+ trial done, [\d.]+ trial/s$", capsys.readouterr().err, re.MULTILINE)


def test_whoever_owns_the_terminal_has_a_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELFSPACE_PROGRESS", "1")
    worked(capsys)
    assert type(progress_bar([], "none")) is progress.tqdm
