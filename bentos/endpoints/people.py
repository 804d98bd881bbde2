"""The record of a page for the shop's people, and what pages there are.

A page lies at `/<name>`, its data at `/insights/<name>`, a table of it at `/insights/<name>/<table>.csv`; the
data need a key of the scope `insights`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bentos.api.sheets import LANGUAGES, Said, Sheet, Shown, said_json, sheet_json, table_csv
from bentos.errors import RequestError
from bentos.serving.backend import Backend
from bentos.serving.loaded_release import LoadedRelease

__all__ = ["DATA", "PeoplePage", "answer_csv", "answer_sheet", "lacking"]

DATA = "/insights"


@dataclass(frozen=True)
class PeoplePage:
    """One page.

    Attributes:
        name: of its address: letters, digits and hyphens.
        title, text: what it is called, and what it is good for.
        read: what it holds, of the release that answers; runs in a thread. It reads the application's folder
            (`loaded.insight_folder`) and says in `Sheet.lacks` what is not there.
        place: among the pages, the least first.
    """

    name: str
    title: Said
    text: Said
    read: Callable[[LoadedRelease], Sheet]
    place: int = 50


def lacking(loaded: LoadedRelease, application: str, without: Said) -> Sheet:
    """The page of an application that the release does not have: why it is not served, else `without`."""
    return Sheet(lacks=Said(*loaded.why_unserved(application, (without.en, without.zh))))


def titles(loaded: LoadedRelease) -> Shown:
    """Gives titles and first photos of what answers at this moment."""
    catalogue = loaded.catalogue()

    def shown(product: str) -> dict[str, Any]:
        place = catalogue.position_of(product)
        hit = {"title": "", "photo": ""} if place is None else catalogue.hit(place)
        return {"title": hit["title"], "photo": hit["photo"] or ""}

    return shown


def answer_sheet(page: PeoplePage, backend: Backend) -> dict[str, Any]:
    """A page's data.

    Raises:
        RequestError: 503 while there is no release.
    """
    loaded = backend.engine.require()
    said = {
        "release": loaded.id,
        "name": page.name,
        "title": said_json(page.title),
        "text": said_json(page.text),
    }
    return {**said, **sheet_json(page.read(loaded), titles(loaded))}


def answer_csv(page: PeoplePage, table: str, language: str, backend: Backend) -> bytes:
    """A table of a page, whole.

    Raises:
        RequestError: 404 for a table that the page does not have, 422 for another language, 503 while there
            is no release.
    """
    if language not in LANGUAGES:
        raise RequestError(422, "language", language[:20], f"ask for one of {', '.join(LANGUAGES)}")
    loaded = backend.engine.require()
    tables = {one.name: one for one in page.read(loaded).tables}
    if table not in tables:
        there = ", ".join(tables) or "none now"
        raise RequestError(404, "table", table[:80], f"name a table of {page.name}: {there}")
    return table_csv(tables[table], titles(loaded), language)
