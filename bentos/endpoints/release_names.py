"""/release/names: what the shop calls its categories, by language."""

from typing import Any

from bentos.endpoints.facts import Facts
from bentos.serving.backend import Backend

__all__ = ["NAMES", "names"]


def names(backend: Backend) -> dict[str, Any]:
    """Category paths of the release in use to language to names, the first of which is shown.

    Raises:
        RequestError: 503 while there is none.
    """
    loaded = backend.engine.require()
    known = loaded.catalogues.parts.lexical.categories
    return {"release": loaded.id, "categories": {path: dict(named) for path, named in known.items()}}


NAMES = Facts("/release/names", names)
