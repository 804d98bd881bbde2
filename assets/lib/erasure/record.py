"""What was asked to be forgotten, and what came of it: a log of the workspace, its table and its page.

None of it says who: an id is known by its tombstone alone.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from assets.lib.erasure.work import Done, Remains
from catalog.erasure.tombstones import FOLDER, Tombstone
from shelfspace.clock import minute, now
from shelfspace.page import table, write_page
from shelfspace.sealed_lines import append_lines, read_lines
from shelfspace.workspace import Workspace

__all__ = ["PAGE", "Request", "begin", "end", "note", "requests", "unfinished", "write"]

FILE = "requests.jsonl"
PAGE = "erasures.html"


@dataclass
class Request:
    """One erasure.

    Attributes:
        number: from 1.
        marks: of the tombstones that it put up, or found.
        products, shoppers: how many.
        begun, ended: ISO 8601 in UTC; ended is "" while it is under way, or was stopped.
        who, why: as the person gave them.
        removed: place to how many rows or files.
        remains: what stays where until when.
        said: sentences.
    """

    number: int
    marks: tuple[str, ...]
    products: int
    shoppers: int
    begun: str
    who: str
    why: str
    ended: str = ""
    removed: dict[str, int] = field(default_factory=dict)
    remains: list[Remains] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def begin(state: Path, stones: Sequence[Tombstone], who: str, why: str) -> Request:
    """Write down that an erasure begins."""
    (state / FOLDER).mkdir(parents=True, exist_ok=True)
    marks = tuple(sorted(stone.mark for stone in stones))
    products = sum(stone.kind == "product" for stone in stones)
    begun = Request(len(requests(state)) + 1, marks, products, len(stones) - products, now(), who, why)
    facts = {
        name: getattr(begun, name)
        for name in ("number", "marks", "products", "shoppers", "begun", "who", "why")
    }
    append_lines(state / FOLDER / FILE, [{"event": "begun", **facts}])
    return begun


def note(state: Path, request: Request, step: str, done: Done) -> None:
    """Write down what a step did; of places where it found nothing, nothing."""
    did = {**asdict(done), "removed": {place: number for place, number in done.removed.items() if number}}
    line = {"event": "step", "number": request.number, "step": step, "when": now(), **did}
    append_lines(state / FOLDER / FILE, [line])
    _add(request, line)


def end(state: Path, request: Request) -> None:
    """Write down that all steps are done."""
    request.ended = now()
    append_lines(state / FOLDER / FILE, [{"event": "ended", "number": request.number, "when": request.ended}])


def requests(state: Path) -> list[Request]:
    """All erasures, the oldest first.

    Raises:
        ArtifactError: the log is damaged.
    """
    found: dict[int, Request] = {}
    for line in read_lines(state / FOLDER / FILE):
        event, number = line.pop("event"), line["number"]
        if event == "begun":
            found[number] = Request(**{**line, "marks": tuple(line["marks"])})
        elif event == "step":
            _add(found[number], line)
        else:
            found[number].ended = line["when"]
    return list(found.values())


def _add(request: Request, line: dict[str, Any]) -> None:
    for place, number in line["removed"].items():
        request.removed[place] = request.removed.get(place, 0) + number
    request.remains += [one if isinstance(one, Remains) else Remains(**one) for one in line["remains"]]
    request.said += line["said"]


def unfinished(state: Path) -> list[Request]:
    """Erasures that were stopped and that no later one of the same has ended."""
    every = requests(state)
    done = {request.marks: request.number for request in every if request.ended}
    return [one for one in every if not one.ended and done.get(one.marks, 0) < one.number]


def write(workspace: Workspace) -> None:
    """Write the page of a workspace's erasures."""
    every, open_ones = requests(workspace.state), {one.number for one in unfinished(workspace.state)}
    rows = [row(one, stopped=one.number in open_ones) for one in reversed(every)]
    stays = [
        {"no.": str(one.number), "where": left.where, "why": left.why, "until": left.until}
        for one in reversed(every)
        for left in one.remains
    ]
    told = (
        f"{len(every)} so far. Nothing here says of whom: what was erased is known by a keyed hash alone."
        if every
        else "Nothing has been erased yet."
    )
    body = [table(rows), "<h2>What stays, where and until when</h2>", table(stays)] if rows else []
    write_page(workspace.root / PAGE, f"Erasures of {workspace.name}", told, *body)


def row(one: Request, *, stopped: bool) -> dict[str, str]:
    """An erasure as people read it."""
    what = [f"{one.products} products"] if one.products else []
    what += [f"{one.shoppers} shoppers"] if one.shoppers else []
    removed = "; ".join(f"{place}: {number:,}" for place, number in one.removed.items())
    return {
        "no.": str(one.number),
        "begun": minute(one.begun),
        "ended": minute(one.ended)
        or ("was stopped: run the same again" if stopped else "taken up again later"),
        "what": " and ".join(what),
        "who": one.who,
        "why": one.why,
        "removed": removed,
    }
