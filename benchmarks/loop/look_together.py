"""The look at deliveries together: poison spread over thirty small ones, and sound ones that are held.

Each trial is a sequence of thirty deliveries of one to five products. After each, those since the champion
learned are looked at alone and together, as collection does; what is held stays in the sums as held. Sound
sequences are those of `benchmarks.loop.look`; others have a poison in every delivery, or in every other.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.loop.look import SOUND, Deliveries, Drawn, bounds, relabelled, rotated
from benchmarks.loop.look_shop import LookShop, look_shop
from benchmarks.loop.results import Figure
from releases.look import changed_rows, look
from releases.look.evidence import Evidence
from releases.look.together import Came, together

DELIVERIES = 30
SIZES = (1, 3, 5)
TRIALS = 1
SEEDS = (0,)
EVERY = (1, 2)
"""Every one of the deliveries is poisoned, or every other."""


@dataclass(frozen=True)
class Trial:
    """One sequence: its sound and poisoned deliveries, those held in the end, and the first hold.

    Attributes:
        first: how many poisoned deliveries had come when something was held first; 0 where nothing was.
    """

    sound: int
    poisoned: int
    held_sound: int
    held_poisoned: int
    first: int


def sequence(deliveries: Deliveries, drawn: list[Drawn], poisoned: list[bool]) -> Trial:
    """Look at deliveries as they come, each alone and all together."""
    came: list[Came] = []
    parts: list[Evidence] = []
    arrivals: list[int] = []
    held: set[int] = set()
    first = 0
    for number, (whole, before, labels) in enumerate(drawn, 1):
        fresh = whole.take(np.flatnonzero(changed_rows(whole.table, before)))
        if look("", fresh, deliveries.reference, before, labels).held:
            held.add(number)
            first = first or sum(poisoned[:number])
            continue
        came.append(Came(number, f"shop-{number}.csv"))
        parts.append(fresh)
        arrivals += [number] * len(fresh.table)
        if len(came) < 2 or not len(fresh.table):
            continue
        every, of = _last_of_each(parts, np.array(arrivals))
        marked = [Came(one.arrival, one.name, one.arrival in held) for one in came]
        _, guilty = together(marked, of, every, deliveries.reference, before, labels)
        held |= {one.arrival for one in guilty}
        first = first or (sum(poisoned[:number]) if guilty else 0)
    bad = [number in held for number, one in enumerate(poisoned, 1) if one]
    good = [number in held for number, one in enumerate(poisoned, 1) if not one]
    return Trial(len(good), len(bad), sum(good), sum(bad), first)


def _last_of_each(parts: list[Evidence], arrivals: np.ndarray) -> tuple[Evidence, np.ndarray]:
    """What deliveries make of products, by the last that touches each."""
    table = pd.concat([part.table for part in parts], ignore_index=True)
    kept = np.flatnonzero(~table["product_id"].duplicated(keep="last"))
    photo, text = (np.concatenate([getattr(p, name) for p in parts])[kept] for name in ("photo", "text"))
    every = Evidence(table.iloc[kept].reset_index(drop=True), photo, text, parts[0].labels)
    return every, arrivals[kept]


def drawn_labels(deliveries: Deliveries, fresh: Evidence) -> Evidence:
    """Each product gets the category of another one."""
    given = deliveries.shop.products.table["label"].to_numpy()[deliveries.shop.known]
    return relabelled(fresh, deliveries.rng.choice(given, len(fresh.table)))


def turned_labels(deliveries: Deliveries, fresh: Evidence) -> Evidence:
    return rotated(fresh, np.arange(len(fresh.table)), deliveries.rng)


def others_photos(deliveries: Deliveries, fresh: Evidence) -> Evidence:
    """Each product that has a photo gets that of another one."""
    products = deliveries.shop.products
    pictured = np.flatnonzero(products.photo.any(axis=1))
    rows = deliveries.rng.choice(pictured, len(fresh.table))
    own = fresh.photo.any(axis=1)
    photo = np.where(own[:, None], products.photo[rows], fresh.photo)
    hashes = np.where(own, products.table["image_hash"].to_numpy()[rows], fresh.table["image_hash"])
    return replace(fresh, photo=photo, table=fresh.table.assign(image_hash=hashes))


SPREAD: dict[str, Callable[[Deliveries, Evidence], Evidence]] = {
    "labels of other products": drawn_labels,
    "labels rotated": turned_labels,
    "photos of other products": others_photos,
}


def measure(shop: LookShop, seed: int, trials: int = TRIALS) -> pd.DataFrame:
    """One row a sequence: catalogue, kind, every how many deliveries are poisoned (0: none), and `Trial`."""
    deliveries, rows = Deliveries(shop, seed), []

    def add(kind: str, every: int, draw: Callable[[Deliveries, int], Drawn], how: Any = None) -> None:
        sizes = deliveries.rng.choice(SIZES, DELIVERIES)
        drawn = [draw(deliveries, int(n)) for n in sizes]
        bad = [bool(every) and number % every == 0 for number in range(DELIVERIES)]
        drawn = [
            (how(deliveries, fresh), before, labels) if one else (fresh, before, labels)
            for (fresh, before, labels), one in zip(drawn, bad, strict=True)
        ]
        trial = sequence(deliveries, drawn, bad)
        rows.append({"catalogue": shop.name, "kind": kind, "every": every, **vars(trial)})

    for _ in range(trials):
        for kind, draw in SOUND.items():
            add(kind, 0, draw)
        for kind, how in SPREAD.items():
            for whose, draw in (("new", Deliveries.new), ("restated", Deliveries.restated)):
                for every in EVERY:
                    add(f"{kind}, {whose} products", every, draw, how)
    return pd.DataFrame(rows)


def figures() -> Iterator[Figure]:
    """False holds, and poison found, of both catalogues together."""
    began, tables = time.perf_counter(), []
    for name in ("sample", "flipkart"):
        folder = Path(tempfile.mkdtemp(prefix="look-"))
        try:
            shop = look_shop(name, 0, folder)
        finally:
            shutil.rmtree(folder)
        tables += [measure(shop, seed) for seed in SEEDS]
    yield from rows_of(pd.concat(tables), round(time.perf_counter() - began, 1))


def rows_of(table: pd.DataFrame, seconds: float) -> Iterator[Figure]:
    """The figures of `measure`'s tables."""
    of_all = {"catalogue": "; ".join(dict.fromkeys(table["catalogue"])), "seeds": SEEDS, "seconds": seconds}
    said = f"sequences of {DELIVERIES} deliveries of {', '.join(map(str, SIZES))} products"
    sound = table[table["every"] == 0]
    held = np.repeat([True, False], [sound["held_sound"].sum(), (sound["sound"] - sound["held_sound"]).sum()])
    yield Figure(
        "look_together_false_holds", "sound small deliveries that the looks hold, alone or together",
        float(held.mean()), 0.002, trials=len(held), least=True, interval=bounds(pd.Series(held)),
        parts=list(_parts(sound)), reason=f"{said}; few, so the interval counts", **of_all,
    )  # fmt: skip
    spread = table[table["every"] > 0]
    found = spread["first"] > 0
    yield Figure(
        "look_together_found", f"poison spread over {DELIVERIES} small deliveries that is found",
        float(found.mean()), 0.95, trials=len(found), interval=bounds(found),
        parts=list(_parts(spread)), reason=f"{said}; looked at after each", **of_all,
    )  # fmt: skip


def _parts(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """One line a catalogue, kind and share of poisoned deliveries."""
    for (catalogue, kind, every), rows in table.groupby(["catalogue", "kind", "every"], sort=False):
        found = rows[rows["first"] > 0]
        poisoned = {
            "poisoned": "all" if every == 1 else f"every {every}nd",
            "found": float((rows["first"] > 0).mean()),
            "after (median)": float(found["first"].median()) if len(found) else None,
            "poisoned held": float(rows["held_poisoned"].sum() / max(rows["poisoned"].sum(), 1)),
        }
        sound = rows["sound"].sum()
        yield {
            "catalogue": str(catalogue).partition(",")[0],
            "deliveries": kind,
            **(poisoned if every else {}),
            "sound held": float(rows["held_sound"].sum() / sound) if sound else None,
        }
