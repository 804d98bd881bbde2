"""/release: the manifest of the release in use, and how it answers."""

import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bentos.endpoints.facts import Facts
from bentos.serving.backend import Backend
from bentos.serving.index_backend import said
from releases.waiting import waiting
from shelfspace.errors import ArtifactError

__all__ = ["RELEASE", "manifest", "waits"]

logger = logging.getLogger("shelfspace.release")


def manifest(backend: Backend) -> dict[str, Any]:
    """The manifest of the release in use, without its file list and without the shop's settings.

    Raises:
        RequestError: 503 while there is none.
    """
    loaded = backend.engine.require()
    columns, rules = loaded.catalogue().columns, backend.rules
    files = (backend.rules_file.problem, backend.synonyms_file.problem)
    problems = (backend.engine.problem, *files, *loaded.unserved.values())
    counted = {name: len(table) for name, table in loaded.insights.items()}
    return {
        "release": loaded.id,
        "labels": list(loaded.encoder.labels),
        "modalities": list(loaded.encoder.modalities),
        "manifest": {k: v for k, v in loaded.manifest.items() if k not in ("files", "made_by")},
        "metrics": loaded.release.metrics,
        "index": said(loaded, backend.config.settings.service.index),
        "search": loaded.catalogues.parts.describe() | {"bought_together": counted.get("bought_together", 0)},
        "insights": counted,
        "newer_insights": {name: pair.version for name, pair in loaded.pairs.items()},
        "encoder": None if loaded.choice is None else loaded.choice.describe(),
        "media": backend.media.describe(loaded),
        "rules": {"rules": len(rules.rules), "unknown_products": rules.unknown_products(columns)},
        "synonyms": len(backend.synonyms_file.content.others),
        "waits": waits(backend.config.releases),
        "shadow": asdict(backend.shadow.status()),
        "problem": "; ".join(problem for problem in problems if problem),
    }


def waits(workspace: Path | None) -> dict[str, str] | None:
    """The release that waits until a person lets it go live, and since when; None without one."""
    try:
        found = None if workspace is None else waiting(workspace)
    except ArtifactError as error:
        logger.warning("%s", error)
        return None
    return None if found is None else {"release": found.release, "since": found.since}


RELEASE = Facts("/release", manifest)
