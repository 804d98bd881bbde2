"""/release/names: what the storefront needs to know at its start."""

from typing import Any

from bentos.endpoints.facts import Facts
from bentos.serving.backend import Backend

__all__ = ["NAMES", "names"]


def names(backend: Backend) -> dict[str, Any]:
    """Category paths of the release in use to language to names, the first of which is shown; and whether
    pages tell what shoppers see and click.

    Raises:
        RequestError: 503 while there is none.
    """
    loaded = backend.engine.require()
    known = loaded.catalogues.parts.lexical.categories
    config = backend.config
    return {
        "release": loaded.id,
        "categories": {path: dict(named) for path, named in known.items()},
        "events": config.settings.events.storefront and config.live is not None,
    }


NAMES = Facts("/release/names", names)
