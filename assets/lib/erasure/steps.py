"""The steps of an erasure, in their order: what lives first, then the run that makes the rest anew."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

from assets.lib.erasure.counts import blot_counts, is_count
from assets.lib.erasure.logs import erase_changes, erase_requests, hide
from assets.lib.erasure.past import bentos, releases, versions
from assets.lib.erasure.redact import cut_folder, describe, redact
from assets.lib.erasure.search import holds, search
from assets.lib.erasure.stores import sweep_stores
from assets.lib.erasure.work import Done, Remains, Step, Work
from assets.lib.record import RECORD
from catalog.erasure.fetched import forget_fetched
from catalog.erasure.inbox import erase_deliveries
from catalog.erasure.interactions import blot_interactions, erase_interactions
from catalog.erasure.snapshot import erase_media, erase_rows
from catalog.snapshot.shards import read_manifest
from releases.erasure import split_without
from releases.shadow.kept import forget_answers
from shelfspace.files import SEAL, read_parquet, write_table
from shelfspace.workspace import Workspace

__all__ = ["STEPS", "erase"]

WAIT_SECONDS = 6 * 3600.0
"""As long as a run waits for another."""
OF_PEOPLE = ("rules.yaml", "synonyms.yaml", "judgements")
"""What people write, in the workspace's folder."""
KEPT = ("reference", "look", "drift", "search_fusion", "product_embeddings", "market")
"""Below `state/`: what drift and new data are compared with, and what a run takes over from the last one."""
OTHERS = ("state/bentoml/bentos", "state/erasure")
"""What other steps look after."""
COUNTS = "counts of servers of an earlier version (state/bentoml)"
NAMES_ANEW = (
    "a server of an earlier version counted by name what it was asked for: if one still runs, here or in "
    "another container, start it again"
)


def erase(
    work: Work, told: Callable[[Step], None], waiting: Callable[[str], None]
) -> Iterator[tuple[Step, Done]]:
    """Do all steps, one after the other.

    Args:
        told: is told of each step before it is done.
        waiting: is told who is waited for.
    """
    for step in STEPS:
        told(step)
        held = work.workspace.lock(WAIT_SECONDS, holder="an erasure", waiting=waiting)
        with held if step.alone else nullcontext():
            yield step, step.run(work)


def out_of_service(work: Work) -> Done:
    """The running service answers with them no more."""
    return Done({"answers of the running service": hide(work.workspace, work.traces.products)})


def logs(work: Work) -> Done:
    """What the service keeps."""
    workspace = work.workspace
    # The vectors of a request are known by those of the changes, which go next.
    asked = erase_requests(workspace, work.stones, work.needles)
    events = erase_interactions(workspace.live, work.stones)
    # Words of others' searches: what is made of them in the run would say it again.
    words = blot_interactions(workspace.live, work.needles.blotted)
    return Done(
        {
            "events of shoppers (live/interactions.db)": events,
            "words of searches (live/interactions.db)": words,
            "changes since releases (delta)": erase_changes(workspace, work.stones, but_deletions=True),
            "query texts (live/requests.log)": asked,
            "answers on the side (live/shadow)": forget_answers(workspace.root, workspace.live),
        }
    )


def stores(work: Work) -> Done:
    """Features and vectors by content; of shoppers there are none."""
    if not work.traces.products:
        return Done()
    taken = sweep_stores(work.workspace, work.stones)
    return Done({f"stored {name} (state/{name})": rows for name, rows in taken.items()})


def kept(work: Work) -> Done:
    """Tables that no run makes anew: the frozen split, what drift and new data are compared with."""
    state = work.workspace.state
    taken = {"the frozen split (state/splits.parquet)": split(work)}
    for name in KEPT:
        folders = sorted({file.parent for file in (state / name).rglob("*.parquet")})
        taken[f"state/{name}"] = sum(cut_folder(folder, work.needles, work.stones) for folder in folders)
    return Done(taken)


def split(work: Work) -> int:
    """Take products out of the frozen split; a group that bears the name of one gets another member's."""
    file = work.workspace.state / "splits.parquet"
    if not file.exists():
        return 0
    table = read_parquet(file)
    left = split_without(table, work.stones)
    if not left.equals(table):
        write_table(file, left)
    return len(table) - len(left)


def deliveries(work: Work) -> Done:
    """Delivered files, and what was fetched from addresses that only these products name."""
    found = erase_deliveries(work.workspace, work.source, work.stones, work.user_key, work.traces.media)
    stay = tuple(
        Remains(
            f"inbox/{work.needles.blotted(name)}",
            "it cannot be written row by row",
            "you take them out of it, and deliver it again",
        )
        for name in found.stay
    )
    removed = {
        "rows of delivered files (inbox)": found.rows,
        "delivered files (inbox)": found.deleted,
        "fetched photos and sounds": forget_fetched(work.source, work.traces.media),
    }
    return Done(removed, stay)


def snapshot(work: Work) -> Done:
    """The snapshot itself; DVC is told by the run that follows."""
    workspace = work.workspace
    # Whatever changes now, its manifest need not: the next collection has to look at every file.
    (workspace.state / "snapshot.noted").unlink(missing_ok=True)
    if not read_manifest(workspace.snapshot)["written"]:
        return Done()
    media = erase_media(workspace.snapshot, work.traces.media)
    rows = erase_rows(workspace.snapshot, work.stones)
    return Done({**{f"snapshot, {name}": n for name, n in rows.items()}, "snapshot, media": media})


def rebuild(work: Work) -> Done:
    """Make everything anew."""
    return work.rebuild()


def rest(work: Work) -> Done:
    """Whatever else says it: reports, Dagster's records, pages. What cannot be changed is named."""
    workspace = work.workspace
    taken = {
        "changes since releases (delta)": erase_changes(workspace, work.stones, but_deletions=False),
        COUNTS: blot_counts(workspace, work.needles),
        "Bentos that were never ended (state/bentoml)": drop_unfinished(workspace),
    }
    said = (NAMES_ANEW,) if taken[COUNTS] else ()
    for file in search(
        workspace.root, work.needles, lambda path: passed(work, path) or of_people(work, path)
    ):
        name = file.relative_to(workspace.root).as_posix()
        if not file.is_relative_to(workspace.snapshot) and redact(file, work.needles, work.stones):
            taken[place_of(name)] = taken.get(place_of(name), 0) + 1
            describe_around(file, workspace.root)
    return Done(taken, (*left_over(work), *always(work)), said)


def drop_unfinished(workspace: Workspace) -> int:
    """Delete what builds of Bentos that were killed or failed left; how many. A run that holds the workspace
    alone builds any."""
    left = sorted((workspace.state / "bentoml" / "tmp").glob("bentoml_bento_*"))
    for folder in left:
        shutil.rmtree(folder)
    return len(left)


def left_over(work: Work) -> Iterator[Remains]:
    """What still holds it, found by reading every byte."""
    workspace = work.workspace
    for file in search(workspace.root, work.everything, lambda path: passed(work, path)):
        name = work.needles.blotted(file.relative_to(workspace.root).as_posix())
        if of_people(work, file):
            yield Remains(name, "people write it", "you take it out there")
        elif is_count(workspace, file):
            yield Remains(
                name, "a running server of an earlier version counts requests in it", "it is started again"
            )
        else:
            yield Remains(name, "it could not be changed now", "you run the same again, or delete it")


def always(work: Work) -> Iterator[Remains]:
    """What no search of the workspace can tell."""
    own = [work.source.table_file(name) for name in work.source.tables]
    for file in own:
        if holds(file, work.needles):
            yield Remains(
                str(file),
                "it is the catalogue's own file",
                "you take them out there; they are not collected again",
            )
    if (work.workspace.root / "champion.json").exists():
        yield Remains(
            "the weights of models", "they are not altered", "the next training, which never sees it"
        )
    if work.traces.short:
        yield Remains(
            "texts of reports and logs",
            "an id so short stands for anything, so they were not searched for it",
            "you have looked through validation/ and monitoring/",
        )


def passed(work: Work, path: Path) -> bool:
    """Whether another step looks after it."""
    root = work.workspace.root
    name = path.relative_to(root).as_posix()
    release = path.is_dir() and path.parent == work.workspace.releases
    own = path == work.source.folder  # of the sample, whose catalogue is made inside the workspace
    return release or own or name in OTHERS


def of_people(work: Work, path: Path) -> bool:
    return path.relative_to(work.workspace.root).parts[0] in OF_PEOPLE


def describe_around(file: Path, root: Path) -> None:
    """Bring the record or the seal up that a file lies under, if there is one."""
    for folder in file.parents:
        if folder == root:
            return
        if (folder / RECORD).exists() or (folder / SEAL).exists():
            describe(folder)
            return


def place_of(name: str) -> str:
    """A file's place as a report says it, which never holds what is erased: its first two folders."""
    return "/".join(name.split("/")[:2]) if name.count("/") > 1 else name.split("/", maxsplit=1)[0]


STEPS: tuple[Step, ...] = (
    Step("service", "the running service stops answering with it", out_of_service, alone=False),
    Step("logs", "what the service keeps", logs),
    Step("stores", "features and vectors by content", stores),
    Step("kept", "the frozen split, and what drift is compared with", kept),
    Step("deliveries", "delivered files", deliveries),
    Step("snapshot", "the snapshot", snapshot),
    Step("run", "a run makes everything anew from what is left", rebuild, alone=False),
    Step("releases", "earlier releases that hold it", releases),
    Step("bentos", "Bentos of releases that are gone", bentos, alone=False),
    Step("versions", "earlier versions of the data in DVC", versions),
    Step("rest", "whatever else says it is found by reading every file", rest),
)
"""Each may be killed anywhere: the same command does all of them again."""
