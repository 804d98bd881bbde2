"""/release/overview: what the release page shows, figures of the model and the last drift verdict.

Read from the release and, where the service watches a workspace, from the files that its runs
leave there; a part that is not there is null, and the page says so.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from bentos.endpoints.facts import Facts
from bentos.endpoints.people import DATA
from bentos.endpoints.release import waits
from bentos.errors import RequestError
from bentos.serving.backend import Backend
from bentos.serving.loaded_release import LoadedRelease
from releases.contents import GRAPH
from releases.shadow.kept import PAGE

__all__ = ["OVERVIEW", "SHADOW", "overview", "shadow_page"]

logger = logging.getLogger("shelfspace.overview")

SHADOW = f"{DATA}/{PAGE}"
"""Where the page of what another release would change is; it names products and what was asked."""
SUBSET_FIGURES = ("accuracy", "macro_f1", "recall_at_10", "map", "rows")


def overview(backend: Backend) -> dict[str, Any]:
    """What the release in use is and how good, as JSON values.

    Raises:
        RequestError: 503 while there is none.
    """
    loaded = backend.engine.require()
    service = backend.config.settings.service
    changes = loaded.view().delta
    return {
        **lasting(loaded, backend.config.releases),
        "media": backend.media.describe(loaded),
        "problem": backend.engine.problem,
        "waits": waits(backend.config.releases),
        "shadow": on_the_side(backend),
        "changes": {"sequence": changes.sequence, "products": len(changes.entries) + len(changes.gone)},
        "drift": drift(backend.config.releases),
        "links": {"dagster": service.dagster_url, "evidently": service.evidently_url},
    }


def on_the_side(backend: Backend) -> dict[str, Any] | None:
    """The release that answers on the side, and whether what it would change has a page; None without."""
    status, root = backend.shadow.status(), backend.config.releases
    if not status.release:
        return None
    said = {name: getattr(status, name) for name in ("release", "share", "state", "problem")}
    page = root is not None and (root / PAGE).is_file()
    return {**said, "answered": status.counts["answered"], "page": page}


def shadow_page(backend: Backend) -> bytes:
    """The workspace's page of what another release would change.

    Raises:
        RequestError: 404 where nobody has written it yet.
    """
    path = (backend.config.releases or Path()) / PAGE
    if not path.is_file():
        raise RequestError(404, "path", PAGE, "write it with: shelfspace shadow --report")
    return path.read_bytes()


def lasting(loaded: LoadedRelease, workspace: Path | None) -> dict[str, Any]:
    """What does not change while a release answers."""
    manifest = loaded.manifest
    judged = judged_of(loaded, workspace)
    search = loaded.catalogues.parts.describe()
    return {
        "release": loaded.id,
        "created_at": manifest["provenance"].get("created_at", ""),
        "provenance": manifest["provenance"],
        "rows": manifest["rows"],
        "dim": manifest["dim"],
        "index": manifest["index"],
        "labels": list(loaded.encoder.labels),
        "modalities": list(loaded.encoder.modalities),
        "coverage": coverage(loaded),
        "metrics": loaded.release.metrics,
        "evaluation": None if judged is None else evaluation(judged),
        "encoders": encoders(loaded, workspace),
        "comparisons": comparisons(search, judged or {}, read(loaded.release.folder / GRAPH) or {}),
        "search": search,
    }


def comparisons(
    search: Mapping[str, Any], judged: Mapping[str, Any], graph: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Who won, learned or simple, as `shelfspace.paired.Comparison.describe` has it.

    Args:
        search: what /release says of the search.
        judged: the evaluation of the model.
        graph: what the release says of vectors refined by co-purchases.

    Returns:
        `search.<kind of query>`, `labels`, `text`, `completion`, `temperature` and `graph`, where compared.
    """
    found = {f"search.{kind}": said.get("compared") for kind, said in search["kinds_of_query"].items()}
    found |= {
        "labels": judged.get("labels_compared"),
        "text": judged.get("retrieval", {}).get("known_item", {}).get("compared"),
        "completion": judged.get("completion_compared"),
        "temperature": judged.get("temperature_compared"),
        "graph": graph.get("compared"),
    }
    return {name: compared for name, compared in found.items() if compared}


def coverage(loaded: LoadedRelease) -> dict[str, int]:
    """How many products have a photo, a sound, a price, a description."""
    products = loaded.release.products
    counts: dict[str, int] = {}
    for name in ("photos", "sounds"):
        if name in products:
            counts[name] = sum(keys is not None and len(keys) > 0 for keys in products[name])
    for name in ("title", "description", "price"):
        if name in products:
            column = products[name]
            counts[name] = int((column.notna() & (column.astype(str).str.strip() != "")).sum())
    return counts


def encoders(loaded: LoadedRelease, workspace: Path | None) -> dict[str, dict[str, str]]:
    """The encoder of each modality, and why it was chosen where the chain chose it."""
    model = read(loaded.release.folder / "model" / "encoder.json")["model"]
    chosen = (workspace and read(workspace / "prepared" / "encoders" / "choice.json")) or {}
    said = {}
    for modality in loaded.encoder.modalities:
        one = chosen.get(modality, {})
        own = one.get("encoder") == model[modality]  # else the choice is a later model's
        beside = f" + {one['beside']}" if own and one["beside"] else ""
        said[modality] = {"encoder": model[modality] + beside, "why": one["why"] if own else ""}
    return said


def judged_of(loaded: LoadedRelease, workspace: Path | None) -> dict[str, Any] | None:
    """The evaluation of the model on the holdout, from the release, else from its workspace."""
    judged = read(loaded.release.folder / "evaluation.json")
    champion = loaded.manifest["provenance"].get("champion", "")
    if judged is None and workspace is not None and champion.isalnum():
        judged = read(workspace / "state" / "champions" / f"{champion}.evaluation.json")
    return None if judged is None else dict(judged)


def evaluation(judged: Mapping[str, Any]) -> dict[str, Any]:
    """Figures beyond the headline."""
    subsets = {
        name: {figure: found.get(figure) for figure in SUBSET_FIGURES}
        for name, found in judged.get("by_subset", {}).items()
    }
    return {
        "rows": judged.get("rows"),
        "labels": judged.get("labels", {}).get("known", []),
        "confusion": judged.get("overall", {}).get("confusion"),
        "intervals": judged.get("intervals", {}),
        "baseline": judged.get("baseline"),
        "by_category": judged.get("by_category", {}),
        "by_subset": subsets,
    }


def drift(workspace: Path | None) -> dict[str, Any] | None:
    """The last drift verdict of the workspace, when it was given, and when somebody last looked; None without
    one. A look that finds what it was given before unchanged leaves the verdict as it is."""
    if workspace is None:
        return None
    path = workspace / "monitoring" / "drift_report" / "verdict.json"
    verdict = read(path)
    if verdict is None:
        return None
    given, looked = written(path), written(workspace / "state" / "drift" / "looked.json")
    # A report of an earlier version decided nothing.
    return {"drifted": verdict["drifted"], "cause": verdict["cause"], "at": given, "looked": looked or given,
            "decision": verdict.get("decision"), "compared": verdict["compared"]}  # fmt: skip


def written(path: Path) -> str:
    """When a file was written, ISO 8601 in UTC; "" where it is not there."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
    except FileNotFoundError:
        return ""


def read(path: Path) -> Any:
    """A JSON file; None where it is not there, or (with a line in the log) not readable."""
    try:
        return orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, orjson.JSONDecodeError) as error:
        logger.warning("%s cannot be read: %s", path, error)
        return None


OVERVIEW = Facts("/release/overview", overview)
