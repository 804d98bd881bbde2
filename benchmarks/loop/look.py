"""The look at new data: how often it holds what is sound, and finds what is poisoned.

Deliveries of 20, 50 and 200 products are drawn from products that the champion has never seen (new ones) or
knows (restated ones). Each kind of poison is laid over a share of the products that are drawn; what is sound
is left as it is, or changed as shops change things. A delivery is judged as `releases.look.delivery` does.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.loop.look_shop import LookShop, contents, look_shop
from benchmarks.loop.results import Figure
from releases.look import changed_rows, look
from releases.look.evidence import Evidence

SIZES = (20, 50, 200)
SHARES = (0.1, 0.25, 0.5, 1.0)
TRIALS = 60
SEEDS = {"sample": (0,), "flipkart": (0,)}
ENOUGH = 10
"""Poisoned products that a delivery has at least where it counts for the headline."""
NEW = pd.DataFrame(columns=["label", "text_hash", "image_hash"])

Drawn = tuple[Evidence, pd.DataFrame, set[str]]
"""A delivery, what is there of its products, labels that some product still has."""


class Deliveries:
    """Draws deliveries of a shop.

    Args:
        shop: see `look_shop`.
        seed: of what is drawn.
    """

    def __init__(self, shop: LookShop, seed: int) -> None:
        self.shop, self.rng = shop, np.random.default_rng(seed)
        self.there = contents(shop.products)
        self.labels = set(shop.products.table["label"]) - {""}
        self.reference = shop.products.take(shop.holdout)

    def draw(self, rows: np.ndarray, n: int) -> Evidence:
        return self.shop.products.take(self.rng.permutation(rows)[:n])

    def new(self, n: int) -> Drawn:
        return self.draw(self.shop.fresh, n), NEW, self.labels

    def restated(self, n: int) -> Drawn:
        return self.draw(self.shop.known, n), self.there, self.labels

    def new_category(self, n: int) -> Drawn:
        tenth = max(n // 10, 1)
        rows = [
            self.rng.permutation(self.shop.fresh)[: n - tenth],
            self.rng.permutation(self.shop.strange)[:tenth],
        ]
        return self.shop.products.take(np.concatenate(rows)), NEW, self.labels

    def new_kind(self, n: int) -> Drawn:
        """A tenth are of a kind that the champion never saw, under the name of the likest known category."""
        fresh, before, labels = self.new_category(n)
        given = fresh.table["label"].to_numpy().copy()
        given[~np.isin(given, fresh.labels)] = self.likest
        return relabelled(fresh, given), before, labels

    @cached_property
    def likest(self) -> str:
        """The category whose texts are most like those of the one that the champion never learned."""
        text, labels = self.shop.products.text, self.shop.products.table["label"].to_numpy()
        known = {
            name: text[self.shop.known][labels[self.shop.known] == name] for name in self.shop.products.labels
        }
        strange = text[self.shop.strange].mean(axis=0)
        return max(known, key=lambda name: float(known[name].mean(axis=0) @ strange))

    def one_category(self, n: int) -> Drawn:
        labels = self.shop.products.table["label"].to_numpy()[self.shop.fresh]
        return self.draw(self.shop.fresh[labels == self.rng.choice(labels)], n), NEW, self.labels

    def renamed(self, n: int) -> Drawn:
        fresh, before, labels = self.restated(n)
        name = self.rng.choice(fresh.table["label"].to_numpy())
        given = fresh.table["label"].mask(fresh.table["label"] == name, f"{name}, as it is called now")
        return relabelled(fresh, given.to_numpy()), before, {*given, *labels} - {name}

    def better_photos(self, n: int) -> Drawn:
        known = self.shop.products.table["product_id"].iloc[self.shop.known]
        rows = np.flatnonzero(self.shop.better.table["product_id"].isin(known))
        return self.shop.better.take(self.rng.permutation(rows)[:n]), self.there, self.labels

    def poisoned(self, drawn: Drawn, how: Callable[..., Evidence], share: float) -> Drawn:
        fresh, before, labels = drawn
        n = len(fresh.table)
        rows = self.rng.permutation(n)[: max(2, round(share * n))]
        return how(fresh, rows, self.rng), before, labels

    def held(self, drawn: Drawn) -> bool:
        """Whether the look holds it; what is as it was before is not looked at."""
        fresh, before, labels = drawn
        fresh = fresh.take(np.flatnonzero(changed_rows(fresh.table, before)))
        return bool(look("", fresh, self.reference, before, labels).held)


def relabelled(fresh: Evidence, labels: np.ndarray) -> Evidence:
    return replace(fresh, table=fresh.table.assign(label=labels))


def shuffled(fresh: Evidence, rows: np.ndarray, rng: np.random.Generator) -> Evidence:
    labels = fresh.table["label"].to_numpy().copy()
    labels[rows] = labels[rng.permutation(rows)]
    return relabelled(fresh, labels)


def rotated(fresh: Evidence, rows: np.ndarray, rng: np.random.Generator) -> Evidence:
    """Each category gets the name of the next one."""
    labels, names = fresh.table["label"].to_numpy().copy(), sorted(fresh.labels)
    following = dict(zip(names, [*names[1:], names[0]], strict=True))
    labels[rows] = [following.get(one, one) for one in labels[rows]]
    return relabelled(fresh, labels)


def swapped(fresh: Evidence, rows: np.ndarray, rng: np.random.Generator) -> Evidence:
    """Photos change places among the rows that have one."""
    rows = rows[fresh.photo[rows].any(axis=1)]
    photo, hashes = fresh.photo.copy(), fresh.table["image_hash"].to_numpy().copy()
    photo[rows], hashes[rows] = photo[np.roll(rows, 1)], hashes[np.roll(rows, 1)]
    return replace(fresh, photo=photo, table=fresh.table.assign(image_hash=hashes))


SOUND: dict[str, Callable[[Deliveries, int], Drawn]] = {
    "new products": Deliveries.new,
    "restated products, prices changed": Deliveries.restated,
    "a new category, 10%": Deliveries.new_category,
    "a new kind under the likest name, 10%": Deliveries.new_kind,
    "new products of one category": Deliveries.one_category,
    "a category renamed": Deliveries.renamed,
    "better photos": Deliveries.better_photos,
}
POISON: dict[str, dict[str, Callable[..., Evidence]]] = {
    "labels": {"labels shuffled": shuffled, "labels rotated": rotated},
    "photos": {"photos swapped": swapped},
}


def measure(shop: LookShop, seed: int, trials: int = TRIALS) -> pd.DataFrame:
    """One row a delivery: catalogue, what (sound, labels, photos), kind, size, share, held."""
    deliveries, rows = Deliveries(shop, seed), []

    def add(what: str, kind: str, n: int, share: float, held: bool) -> None:
        rows.append((shop.name, what, kind, n, share, max(2, round(share * n)) if share else 0, held))

    for n in SIZES:
        for _ in range(trials):
            for kind, draw in SOUND.items():
                add("sound", kind, n, 0.0, deliveries.held(draw(deliveries, n)))
            for what, hows in POISON.items():
                for kind, how in hows.items():
                    for whose, draw in (("new", Deliveries.new), ("restated", Deliveries.restated)):
                        for share in SHARES:
                            drawn = deliveries.poisoned(draw(deliveries, n), how, share)
                            add(what, f"{kind}, {whose} products", n, share, deliveries.held(drawn))
    return pd.DataFrame(rows, columns=["catalogue", "what", "kind", "size", "share", "poisoned", "held"])


def figures() -> Iterator[Figure]:
    """False holds, and poison found, of both catalogues together."""
    began, tables = time.perf_counter(), []
    for name, seeds in SEEDS.items():
        for seed in seeds:
            folder = Path(tempfile.mkdtemp(prefix="look-"))
            try:
                tables.append(measure(look_shop(name, seed, folder), seed))
            finally:
                shutil.rmtree(folder)
    table, seconds = pd.concat(tables), round(time.perf_counter() - began, 1)
    yield from rows_of(table, seconds)


def rows_of(table: pd.DataFrame, seconds: float) -> Iterator[Figure]:
    """The figures of `measure`'s tables."""
    catalogues = "; ".join(dict.fromkeys(table["catalogue"]))
    of_all = {"catalogue": catalogues, "seeds": sorted({s for seeds in SEEDS.values() for s in seeds})}
    sound = table[table["what"] == "sound"]
    yield Figure(
        "look_false_holds", "sound deliveries that the look holds", share(sound), 0.02,
        trials=len(sound), least=True, interval=bounds(sound["held"]),
        parts=list(parts(sound)),
        reason="deliveries are drawn from the same products: the interval is of the drawing alone",
        seconds=seconds, **of_all,
    )  # fmt: skip
    for what, words in (("labels", "shuffled or rotated labels"), ("photos", "swapped photos")):
        every = table[table["what"] == what]
        enough = every[every["poisoned"] >= ENOUGH]
        yield Figure(
            f"look_found_{what}", f"deliveries with {words} that are held", share(enough), 0.95,
            trials=len(enough), interval=bounds(enough["held"]), parts=list(parts(every)),
            reason=f"of deliveries with at least {ENOUGH} poisoned products; of all of them, down to two of "
            f"twenty, {every['held'].mean():.3f}",
            seconds=seconds, **of_all,
        )  # fmt: skip


def share(table: pd.DataFrame) -> float:
    return float(table["held"].mean())


def bounds(held: pd.Series) -> tuple[float, float]:
    """95% interval of a share, Clopper and Pearson's."""
    from scipy.stats import beta

    k, n = int(held.sum()), len(held)
    low = 0.0 if k == 0 else float(beta.ppf(0.025, k, n - k + 1))
    return low, 1.0 if k == n else float(beta.ppf(0.975, k + 1, n - k))


def parts(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """One line a catalogue, kind and share, a column a size."""
    for (catalogue, kind, part), rows in table.groupby(["catalogue", "kind", "share"], sort=False):
        held = rows.groupby("size")["held"].mean()
        poisoned = {"poisoned": f"{part:.0%}"} if part else {}
        sizes = {f"held of {n:>3}": float(held[n]) for n in SIZES}  # in this order also once sorted
        yield {"catalogue": str(catalogue).partition(",")[0], "delivery": kind, **poisoned, **sizes}
