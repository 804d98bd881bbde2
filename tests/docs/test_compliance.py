"""Each line of docs/COMPLIANCE.md points at a test that is there."""

import re

import pytest

from tests.conftest import PROJECT

LINES = [
    line for line in (PROJECT / "docs" / "COMPLIANCE.md").read_text().splitlines() if re.match(r"\| \d", line)
]
LAWS = {"12", "14", "15", "26", "72", "5", "17", "25", "32"}


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.split("|")[1].strip()[:12])
def test_each_line_is_held_by_a_test(line: str) -> None:
    held = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", line)
    assert held, "it points at no test"
    for file, name in held:
        assert f"def {name}(" in (PROJECT / file).read_text(), f"{file} has no {name}"


def test_every_article_has_a_line() -> None:
    assert {re.findall(r"\d+", line)[0] for line in LINES} == LAWS
