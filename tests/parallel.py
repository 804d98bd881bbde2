"""How `pytest -n` divides the tests over processes: whole files, the longest first.

A process that takes a whole file makes what its tests share once. The tests that work in turn on the one
tiny chain of tests/end_to_end/conftest.py count as one file: the chain is not run twice. So do those of the
storefront, which share one served Bento and one browser.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

__all__ = ["WholeFiles", "place"]

JOURNEY = "tests/end_to_end/"
STOREFRONT = "tests/bentos/storefront/"
APART = (JOURNEY + "test_side_jobs.py", JOURNEY + "test_readme.py")
"""Files of that folder with a workspace of their own, or none."""


def unit(nodeid: str) -> str:
    """What one process does from its first test to its last: a file, the journey, or the storefront."""
    file = nodeid.split("::", 1)[0]
    if file.startswith(STOREFRONT):
        return STOREFRONT
    return JOURNEY if file.startswith(JOURNEY) and file not in APART else file


def place(item: pytest.Item) -> tuple[bool, bool, bool]:
    """Sort key: the journey, then what is marked slow, then training; what is quick fills the end."""
    return (
        unit(item.nodeid) != JOURNEY,
        item.get_closest_marker("slow") is None,
        not item.nodeid.startswith("tests/models/"),
    )


class WholeFiles(LoadScopeScheduling):
    """Hands out one unit after another, in the order of collection."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False  # it would begin with many tests, not with long ones
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)
