"""What the gate compares of two models: figures of the same products, each of any weighting of them.

A figure is a function of weights over products, so that a bootstrap over products is one product of matrices.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from releases.gate.floors import guessing
from shelfspace.paired import LEAST_ROWS
from shelfspace.settings import Gate

__all__ = ["WORDS", "Figure", "aligned", "figures"]

Both = tuple[np.ndarray, np.ndarray]
BINS = 15
WORDS = {"accuracy": "accuracy", "recall_at_10": "same-category recall@10"}
KNOWN = "recall@10 of a listing by its title"
ACROSS = "same-product recall@10 across modalities"


@dataclass(frozen=True)
class Figure:
    """One figure of two models.

    Attributes:
        words: what people read.
        family: `overall` is what must be shown not to be worse; others veto: `large category`,
            `small category`, `view`.
        rows: how many products it is taken of.
        of: (draws, n) weights to (draws,) of the challenger and of the champion; NaN where a draw has none
            of its products. The higher is better.
        sums: where both are means, (n, 3): the challenger's outcomes, the champion's, which products count.
    """

    words: str
    family: str
    rows: int
    of: Callable[[np.ndarray], Both]
    sums: np.ndarray | None = None


def aligned(challenger: pd.DataFrame, champion: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Outcomes of the products that either could read, in one order.

    A product that only one of them reads, or whose class only one of them learned, is one that the other has
    wrong; every other figure is of the products that both have it of.
    """
    ids = sorted({*challenger["product_id"], *champion["product_id"]})
    ours, theirs = (table.set_index("product_id").reindex(ids) for table in (challenger, champion))
    for mine, other in ((ours, theirs), (theirs, ours)):
        for column in ("label", "group"):
            mine[column] = mine[column].fillna(other[column])
        if "accuracy" in mine and "accuracy" in other:
            mine["accuracy"] = mine["accuracy"].where(mine["accuracy"].notna(), other["accuracy"] * 0)
    return ours, theirs


def figures(ours: pd.DataFrame, theirs: pd.DataFrame, settings: Gate) -> Iterator[Figure]:
    """All that both can be compared by.

    Args:
        ours, theirs: what `aligned` gave.
        settings: what makes a category large, and a view worth judging.
    """
    shared = [name for name in ours.columns if name in theirs.columns]
    pairs = [name for name in shared if "->" in name]
    overall = [name for name in WORDS if name in shared]
    for name in overall:
        yield mean(ours[name], theirs[name], WORDS[name], "overall")
    titles = "known_item" in shared
    if titles:
        yield mean(ours["known_item"], theirs["known_item"], KNOWN, "view" if overall else "overall")
    if pairs and not overall and not titles:
        yield mean(ours[pairs].mean(axis=1), theirs[pairs].mean(axis=1), ACROSS, "overall")
    if "accuracy" in overall:
        yield macro_f1(ours, theirs)
        yield calibration(ours, theirs)
    for name in shared:
        figure, within, subset = name.partition(" in ")
        if within and _useful(theirs, name, settings.min_lift):
            yield mean(ours[name], theirs[name], f"{WORDS[figure]} with {subset} only", "view")
    for name in pairs:
        asked, answered = name.removeprefix("recall_at_10 ").split("->")
        words = f"same-product recall@10 from {asked} to {answered}"
        yield mean(ours[name], theirs[name], words, "view")
    if "accuracy" in overall:
        labels = ours["label"].to_numpy()
        counts = ours.loc[ours["accuracy"].notna(), "label"].value_counts()
        for category, rows in sorted(counts[counts >= LEAST_ROWS].items()):
            own, other = (table["accuracy"].where(labels == category) for table in (ours, theirs))
            size = "large" if rows >= settings.category_min_rows else "small"
            yield mean(own, other, f"recall of {category} ({rows} products)", f"{size} category")


def _useful(champion: pd.DataFrame, name: str, lift: float) -> bool:
    """Whether the champion itself gets so far from guessing by these modalities, as `floors` asks overall."""
    values = champion[name].to_numpy()
    there = ~np.isnan(values)
    sizes = np.unique(champion["label"].to_numpy()[there].astype(str), return_counts=True)[1].tolist()
    chance = guessing(name.partition(" in ")[0], sizes, max(int(there.sum()), 1))
    return bool(there.any() and values[there].mean() >= chance + lift * (1 - chance))


def mean(ours: pd.Series, theirs: pd.Series, words: str, family: str) -> Figure:
    """The mean of the products that both have an outcome of."""
    both = np.stack([ours.to_numpy(np.float32), theirs.to_numpy(np.float32)], axis=1)
    there = ~np.isnan(both).any(axis=1)
    values = np.concatenate([np.where(there[:, None], both, 0), there[:, None]], axis=1, dtype=np.float32)

    def of(weights: np.ndarray) -> Both:
        own, other, rows = (weights @ values).T
        with np.errstate(invalid="ignore"):
            return own / rows, other / rows

    return Figure(words, family, int(there.sum()), of, values)


def macro_f1(ours: pd.DataFrame, theirs: pd.DataFrame) -> Figure:
    """Mean F1 of the categories that occur."""
    there = ours["accuracy"].notna().to_numpy()
    labels = pd.Categorical(ours["label"].where(there))
    truth = one_hot(labels.codes, len(labels.categories))

    def f1(table: pd.DataFrame) -> Callable[[np.ndarray], np.ndarray]:
        codes = pd.Categorical(table["predicted"].where(there), labels.categories).codes
        named = one_hot(codes, len(labels.categories))
        right = named * truth

        def of(weights: np.ndarray) -> np.ndarray:
            actual = weights @ truth
            both = actual + weights @ named
            scores = np.divide(2 * (weights @ right), both, out=np.zeros_like(both), where=both > 0)
            return np.asarray(scores.sum(axis=1) / np.maximum((actual > 0).sum(axis=1), 1))

        return of

    own, other = f1(ours), f1(theirs)
    return Figure("macro F1", "view", int(there.sum()), lambda weights: (own(weights), other(weights)))


def calibration(ours: pd.DataFrame, theirs: pd.DataFrame) -> Figure:
    """1 - the expected calibration error (Guo 2017) of the products that both read."""
    there = (ours["confidence"].notna() & theirs["confidence"].notna() & ours["accuracy"].notna()).to_numpy()

    def error(table: pd.DataFrame) -> Callable[[np.ndarray], np.ndarray]:
        confidence = table["confidence"].where(there, 0).to_numpy(np.float32)
        gap = np.where(there, table["accuracy"] - confidence, 0).astype(np.float32)
        bins = np.where(there, np.minimum((confidence * BINS).astype(int), BINS - 1), -1)
        gaps, rows = gap[:, None] * one_hot(bins, BINS), there.astype(np.float32)

        def of(weights: np.ndarray) -> np.ndarray:
            with np.errstate(invalid="ignore"):
                return np.asarray(1 - np.abs(weights @ gaps).sum(axis=1) / (weights @ rows))

        return of

    own, other = error(ours), error(theirs)
    words = "calibration (1 - expected calibration error)"
    return Figure(words, "view", int(there.sum()), lambda weights: (own(weights), other(weights)))


def one_hot(codes: np.ndarray, width: int) -> np.ndarray:
    """(n, width) float32; a negative code is a row of zeros."""
    made = np.zeros((len(codes), width), dtype=np.float32)
    rows = np.flatnonzero(np.asarray(codes) >= 0)
    made[rows, np.asarray(codes)[rows]] = 1
    return made
