"""The merchandising rules that the service obeys, read again whenever their file changes."""

import logging
from pathlib import Path
from typing import Any

from retrieval.filters.columns import Columns
from retrieval.filters.rules import Rules, read_rules
from shelfspace.errors import ShelfspaceError

__all__ = ["RulesFile"]

logger = logging.getLogger("shelfspace.rules")


class RulesFile:
    """Rules of one file; a broken file leaves the rules before it in force.

    Args:
        path: of the YAML file, which need not be there; None has no rules.

    Attributes:
        rules: in force.
        problem: what is wrong with the file; "" where nothing is.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.rules = Rules()
        self.problem = ""
        self._seen: object = None

    def refresh(self) -> None:
        """Read the file if it is another than last time."""
        if self.path is None:
            return
        try:
            stat = self.path.stat()
            seen: object = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except FileNotFoundError:
            seen = "absent"
        except OSError as error:
            seen = str(error)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self.rules = read_rules(self.path)
        except (ShelfspaceError, OSError) as error:
            self.problem = f"the rules before it stay in force: {error}"
            logger.error("%s", self.problem)  # noqa: TRY400 - the sentence says it; no trace needed
            return
        self.problem = ""
        logger.info("%d merchandising rules of %s are in force", len(self.rules.rules), self.path)

    def describe(self, columns: Columns) -> dict[str, Any]:
        """How many rules there are, and which of their products the release lacks."""
        return {"rules": len(self.rules.rules), "unknown_products": self.rules.unknown_products(columns)}
