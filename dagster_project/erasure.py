"""An erasure from its command to its report: tombstones first, then the steps, the run among them."""

from collections.abc import Callable, Sequence
from functools import partial

from tabulate import tabulate

from assets.lib.erasure.record import PAGE, begin, end, note, requests, row, unfinished, write
from assets.lib.erasure.search import Needles
from assets.lib.erasure.steps import erase as steps_of
from assets.lib.erasure.traces import forget_traces, traces_of
from assets.lib.erasure.work import Done, Work
from assets.lib.shop import settings_of
from bentos.gone import drop_bentos
from catalog.erasure.again import collect_anew
from catalog.erasure.tombstones import Kind, Tombstone, Tombstones
from catalog.snapshot.user_key import pseudonym, user_key
from catalog.sources.open import open_catalog
from releases.pointer import current_id
from shelfspace.clock import minute, now
from shelfspace.errors import InputError, ShelfspaceError
from shelfspace.workspace import Workspace

__all__ = ["allow", "erase", "status_table"]

JOB = "renew"


def erase(
    workspace: Workspace,
    products: Sequence[str],
    shoppers: Sequence[str],
    who: str,
    why: str,
    say: Callable[[str], None],
) -> None:
    """Erase products and shoppers, and say what was removed and what stays.

    Args:
        workspace: prepared by `environment.prepare`.
        products, shoppers: ids as the shop writes them; none: whatever has a tombstone and still lies here.
        who, why: for the record.

    Raises:
        InputError: the reason names what it is about.
        ShelfspaceError: a step refused its work; the same command goes on where it was.
    """
    if Needles.of([*products, *shoppers]).within(why.encode()):
        raise InputError(
            "why", "(not repeated)", "give a reason that does not name what is erased: it is kept"
        )
    source = open_catalog(workspace.catalog, cache=workspace.state / "source")
    settings = settings_of(source)
    key = user_key(workspace.state, settings.service.user_key_file)
    stones = Tombstones.open(workspace.state)
    put = [stones.add(kind, one, now(), why) for kind, one in named(products, shoppers, key)]
    request = begin(workspace.state, put or list(stones.stones.values()), who, why)
    traces = traces_of(workspace, source, stones, products, shoppers, key)
    if products and not traces.texts and not traces.media:
        say("no table has such a product, or only without texts; its tombstone keeps it out")
    again, drop = partial(run, workspace, request.number), partial(drop_bentos, workspace)
    work = Work(workspace, source, settings, stones, traces, key, again, drop)
    for step, done in steps_of(work, lambda step: say(f"  {step.said}"), say):
        note(workspace.state, request, step.name, done)
    end(workspace.state, request)
    forget_traces(workspace)
    write(workspace)
    say("")
    say(removed_table(request.removed))
    for left in request.remains:
        say(f"stays: {left.where}, since {left.why}, until {left.until}")
    for sentence in request.said:
        say(sentence)
    say(f"the page of erasures is {workspace.root / PAGE}")


def named(products: Sequence[str], shoppers: Sequence[str], key: bytes) -> list[tuple[Kind, str]]:
    """What tombstones are made of."""
    return [*(("product", one) for one in products), *(("shopper", pseudonym(one, key)) for one in shoppers)]


def run(workspace: Workspace, number: int) -> Done:
    """Make everything anew from what is left, and release it.

    Raises:
        ShelfspaceError: the run failed; says why.
    """
    from dagster_project.cli.jobs import told
    from dagster_project.launch import launch_job

    outcome = launch_job(workspace, JOB, cause=f"erasure {number}")
    if not outcome.success:
        raise ShelfspaceError(
            f"{told(workspace, JOB, outcome)}\nThe erasure goes on when you run the same again."
        )
    return Done(said=(f"release {current_id(workspace.root)} is live, made of what is left",))


def removed_table(removed: dict[str, int]) -> str:
    rows = [(place, f"{number:,}") for place, number in removed.items()]
    head = ("removed from", "rows or files")
    return (
        tabulate(rows, headers=head, colalign=("left", "right"), disable_numparse=True) if rows else "nothing"
    )


def allow(workspace: Workspace, products: Sequence[str], shoppers: Sequence[str]) -> list[str]:
    """Take tombstones away; a sentence for each, and what brings them back."""
    settings = settings_of(open_catalog(workspace.catalog, cache=workspace.state / "source"))
    key = user_key(workspace.state, settings.service.user_key_file)
    stones = Tombstones.open(workspace.state)
    with workspace.lock(0, holder="forget --allow-again"):
        gone: list[Tombstone | None] = [
            stones.remove(kind, one) for kind, one in named(products, shoppers, key)
        ]
        if any(gone):
            collect_anew(workspace.snapshot)
    brings = f"where the catalogue has it, {workspace.command('run refresh')} brings it"
    return [
        f"the {stone.kind} erased on {minute(stone.when)} may come again; {brings}"
        if stone
        else "no tombstone stands for it"
        for stone in gone
    ]


def status_table(workspace: Workspace) -> str:
    """All erasures, and what stays."""
    every = requests(workspace.state)
    if not every:
        return f"nothing was erased from {workspace.name}"
    open_ones = {one.number for one in unfinished(workspace.state)}
    rows = [row(one, stopped=one.number in open_ones) for one in every]
    left = [
        {"no.": one.number, "where": r.where, "why": r.why, "until": r.until}
        for one in every
        for r in one.remains
    ]
    shown = tabulate(rows, headers="keys", disable_numparse=True, maxcolwidths=40)
    return shown if not left else f"{shown}\n\nwhat stays:\n{tabulate(left, headers='keys', maxcolwidths=50)}"
