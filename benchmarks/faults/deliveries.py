"""Deliveries in pieces: cut, written slowly, renamed, replaced while read; runs killed that take them.

Each ends with the whole delivery sent, or sent again, and a refresh: what one undisturbed delivery leaves.
"""

import gzip
import io
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from benchmarks.faults.fault import Fault
from benchmarks.faults.kills import kill_at
from benchmarks.faults.world import Ended, World, run
from catalog.deliveries.ledger import State, read_ledger

__all__ = ["NAME", "PHOTO", "csv", "deliver", "deliveries", "first_lines", "photo", "place", "refreshed"]

NAME, PHOTO = "news.csv", "new.png"
FORK = multiprocessing.get_context("fork")


def table(prices: float = 7.0) -> pd.DataFrame:
    """Two new products, one of them with a photo, and four that change."""
    rows = [
        {
            "product_id": f"n{number}" if number < 2 else f"p{number:03d}",
            "title": f"violet lamp switch {number}",
            "description": f"lamp bulb shade bright switch {number} as delivered",
            "category": "Home > Lamps",
            "photos": PHOTO if not number else "",
            "currency": "EUR",
            "price": f"{prices + number:.2f}",
            "updated_at": "2026-04-01T00:00:00Z",
        }
        for number in range(6)
    ]
    return pd.DataFrame(rows)


def csv(prices: float = 7.0) -> bytes:
    return table(prices).to_csv(index=False).encode()


def photo() -> bytes:
    pixels = np.random.default_rng(5).integers(0, 200, (24, 24, 3)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    return buffer.getvalue()


def formats() -> dict[str, bytes]:
    """The delivery by the name of its file, in every format that is read."""
    parquet = io.BytesIO()
    table().to_parquet(parquet)
    lines = table().to_json(orient="records", lines=True).encode()
    return {
        NAME: csv(),
        "news.jsonl": lines,
        "news.parquet": parquet.getvalue(),
        "news.csv.gz": gzip.compress(csv()),
    }


def first_lines() -> bytes:
    """The whole lines of the first half of the JSONL."""
    lines = formats()["news.jsonl"]
    return lines[: len(lines) // 2].rpartition(b"\n")[0] + b"\n"


def place(world: World, name: str, data: bytes) -> Path:
    """Put a file into the inbox at one stroke."""
    file = world.workspace.inbox / name
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    part.write_bytes(data)
    os.replace(part, file)
    return file


def deliver(world: World) -> None:
    """The whole delivery: a table and a photo that it names."""
    place(world, f"media/{PHOTO}", photo())
    place(world, NAME, csv())


def refreshed(world: World) -> Ended:
    """A refresh; refused where it refused the last file that came, with the reason."""
    ended = world.run("refresh")
    entries = list(read_ledger(world.workspace.state).entries.values())
    if ended.how == "done" and entries and entries[-1].state is State.REFUSED:
        return Ended("refused", entries[-1].reason)
    return ended


def sent_again(world: World) -> Ended:
    deliver(world)
    return world.run("refresh")


def while_running(writer: Callable[[World], None], world: World) -> Ended:
    """Refresh while another process writes; what that leaves is left."""
    place(world, f"media/{PHOTO}", photo())
    other = FORK.Process(target=writer, args=(world,))
    other.start()
    time.sleep(0.3)
    ended = world.run("refresh")
    other.join()
    return ended


def cut(name: str, data: bytes, world: World) -> Ended:
    """A file whose writer was killed half-way."""
    place(world, f"media/{PHOTO}", photo())

    def write(world: World) -> None:
        with (world.workspace.inbox / name).open("wb") as stream:
            stream.write(data[: len(data) // 2])
            stream.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    writer = FORK.Process(target=write, args=(world,))
    writer.start()
    writer.join()
    return refreshed(world)


def half_a_photo(world: World) -> Ended:
    place(world, f"media/{PHOTO}", photo()[: len(photo()) // 2])
    place(world, NAME, csv())
    return world.run("refresh")


def slowly(world: World) -> None:
    """One handle, held open for longer than the run waits."""
    with (world.workspace.inbox / NAME).open("wb") as stream:
        for part in range(0, len(csv()), 60):
            stream.write(csv()[part : part + 60])
            stream.flush()
            time.sleep(0.6)


def in_pieces(world: World) -> None:
    """Opened anew for each piece."""
    for part in range(0, len(csv()), 200):
        with (world.workspace.inbox / NAME).open("ab") as stream:
            stream.write(csv()[part : part + 200])
        time.sleep(0.4)


def renamed(world: World) -> None:
    part = world.workspace.inbox / f"{NAME}.part"
    part.write_bytes(csv()[:300])
    time.sleep(8)
    part.write_bytes(csv())
    part.rename(part.with_suffix(""))


def replaced(world: World) -> None:
    """Replaced again and again, with other prices in between; the right ones come last."""
    until = time.monotonic() + 8
    while time.monotonic() < until:
        place(world, NAME, csv(9.0))
        time.sleep(0.02)
        place(world, NAME, csv())
        time.sleep(1.1)
    place(world, NAME, csv())


def from_the_future(world: World) -> Ended:
    """The clock was set back after the files came: they are of next year."""
    deliver(world)
    ahead = time.time() + 365 * 86400
    for file in (*world.workspace.root.rglob("*"), *world.workspace.inbox.rglob("*")):
        if file.is_file():
            os.utime(file, (ahead, ahead))
    return refreshed(world)


def killed_at(number: int, world: World) -> Ended:
    deliver(world)
    return world.run("refresh", kill_at(number, ("replace", "fsync", "rename"), str(world.workspace.root)))


def twice(world: World) -> Ended:
    """The same files again, when they have been taken."""
    deliver(world)
    first = world.run("refresh")
    deliver(world)
    return first if first.how != "done" else world.run("refresh")


def deliveries() -> list[Fault]:
    """Faults of deliveries; all leave what the undisturbed delivery leaves."""
    again = sent_again
    refresh = partial(run, "refresh")
    made = [
        *(
            ("delivery cut in the middle", name, partial(cut, name, data), again, ("refused", "done"))
            for name, data in formats().items()
        ),
        ("delivery cut in the middle", "a photo", half_a_photo, again, ("done", "refused")),
        ("delivery written slowly", "held open", partial(while_running, slowly), refresh, ("done",)),
        ("delivery written slowly", "in pieces", partial(while_running, in_pieces), refresh, ("done",)),
        ("delivery renamed when ready", NAME, partial(while_running, renamed), refresh, ("done",)),
        ("delivery replaced while it is read", NAME, partial(while_running, replaced), refresh, ("done",)),
        ("delivery sent twice", NAME, twice, refresh, ("done",)),
        ("clock set back after files came", "refresh with a delivery", from_the_future, refresh, ("done",)),
        *(
            (
                f"kill -9 at write {number}",
                "refresh with a delivery",
                partial(killed_at, number),
                refresh,
                ("killed",),
            )
            for number in (1, 4, 8, 14, 22, 40)
        ),
    ]
    leaves = {"news.jsonl": "delivered half first", "a photo": "delivered photo later"}
    return [
        Fault(name, where, happen, back, ends, leaves.get(where, "delivered"))
        for name, where, happen, back, ends in made
    ]
