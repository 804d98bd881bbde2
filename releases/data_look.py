"""The look at new data itself, before anything learns from it or a release shows it.

The champion, as long as it is good, is a witness that the delivery has not written: its judgement of products
that are new or changed is compared with its judgement of the holdout, which it has not learned from either.

- *Labels.* Where the champion is sure, how often does it contradict the category that is given? New products
  are compared with the holdout (Fisher's exact test). A product that changes its category is compared with
  itself: does the champion keep to the one before, or to the one that is given now (sign test)?
- *Photos.* Among the texts of the holdout, how far up does a product's own text stand when its photo is
  asked? A photo that lies lower than nearly all of the holdout's own is a misfit; their share is compared.

What the champion cannot know is no evidence: a category that it never learned, one that merely got another
name, products that it is not sure of. Where too little is left to judge, the look says so and lets pass.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from releases.look_evidence import Evidence

__all__ = ["Looked", "changed_rows", "fits", "look", "moved_labels"]

SURE = 0.8
"""Probability from which the champion's word counts."""
LEAST_REFERENCE = 30
"""Rows of the holdout that a comparison needs."""
LEAST = 8
"""Rows of a delivery that a comparison needs."""
CHANCE = 0.003
"""Probability of so much disagreement by chance, below which a delivery is held."""
LEAST_SHARE = 0.05
"""By so much of its rows it has to disagree more than the holdout does."""
MISFIT = 0.02
"""Share of the holdout's own photos that count as misfits; a new category lies among the lowest twentieth."""
LEAST_RIGHT = 0.8
"""Share of the holdout's own labels that the champion, where it is sure, has to agree with."""
LEAST_FIT = 0.7
"""Mean standing of the holdout's own texts, below which the champion is no judge of photos (chance: 0.5)."""
EXAMPLES = 5
SHOWN = 3
"""Examples in a sentence."""
MOVED = 0.005
"""Chance, below which products that change their category against the champion are held."""


@dataclass(frozen=True)
class Looked:
    """What a look at one delivery found.

    Attributes:
        name: of the delivery.
        rows: new or changed products that were looked at.
        held: why it is held, in sentences; "" where nothing speaks against it.
        figures: what was compared, by name.
        notes: what could not be judged, and why.
        examples: products that speak against it, a sentence each.
    """

    name: str
    rows: int
    held: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """Why it is held, with an example or two; "" where it is not."""
        return "; ".join([self.held, *self.examples[:SHOWN]]) if self.held else ""

    def because(self, reasons: Sequence[str]) -> Self:
        """The same, held for these reasons."""
        return replace(self, held="; ".join(reasons))

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


def look(
    name: str, fresh: Evidence, reference: Evidence, before: pd.DataFrame, there: Collection[str]
) -> Looked:
    """Judge the products that a delivery brings or changes.

    Args:
        name: of the delivery.
        fresh: the champion's evidence of those products, as they would be.
        reference: the champion's evidence of its holdout.
        before: label, text_hash and image_hash of the products that are there now, by product_id.
        there: labels that some product would still have.
    """
    made = Looked(name, len(fresh.table))
    reasons = [
        *_labels(made, fresh, reference, before["label"], there),
        *_photos(made, fresh, reference, before["image_hash"]),
    ]
    return made.because(reasons)


def changed_rows(fresh: pd.DataFrame, before: pd.DataFrame) -> np.ndarray:
    """(n,) bool: products that are new, or of which label, text or photo differ.

    Args:
        fresh: product_id, label, text_hash, image_hash as they would be.
        before: the same of the products that are there now, by product_id.
    """
    columns = ["label", "text_hash", "image_hash"]
    known = before[columns].reindex(fresh["product_id"])
    return np.asarray((fresh[columns].to_numpy() != known.to_numpy()).any(axis=1))


def _labels(
    made: Looked, fresh: Evidence, reference: Evidence, before: pd.Series, there: Collection[str]
) -> list[str]:
    table, own = fresh.table, reference.table
    known = set(fresh.labels)
    if len(known) < 2:
        made.notes.append("labels are not judged: the champion knows no categories")
        return []
    own = own[own["label"].isin(known) & own["sure"].ge(SURE)]
    if len(own) < LEAST_REFERENCE:
        made.notes.append(
            f"labels are not judged: of its holdout the champion is sure of {len(own)} products with a "
            f"category, {LEAST_REFERENCE} are needed"
        )
        return []
    wrong = int((own["label"] != own["named"]).sum())
    made.figures["holdout"] = {"sure": len(own), "contradicted": wrong}
    if wrong > (1 - LEAST_RIGHT) * len(own):
        made.notes.append(
            f"labels are not judged: the champion is no good witness, it contradicts {wrong} of {len(own)} "
            "products of its holdout that it is sure of"
        )
        return []
    was = table["product_id"].map(before).fillna("")
    strange = table["label"].ne("") & ~table["label"].isin(known)
    if strange.any():
        names = ", ".join(sorted(set(table["label"][strange]))[:EXAMPLES])
        made.notes.append(
            f"{strange.sum()} products are of categories that the champion never learned: {names}"
        )
    moved = was.ne("") & was.ne(table["label"])
    judged = table["label"].isin(known) & table["sure"].ge(SURE)
    return [
        *_new_labels(made, table[judged & ~moved], len(own), wrong),
        *moved_labels(made, table[moved].assign(was=was[moved]), known, there),
    ]


def _new_labels(made: Looked, judged: pd.DataFrame, rows: int, wrong: int) -> list[str]:
    """Products that are new, or keep their category while something else of them changes."""
    against = judged["label"] != judged["named"]
    made.figures["labels"] = {"sure": len(judged), "contradicted": int(against.sum())}
    if len(judged) < LEAST:
        made.notes.append(
            f"labels of new products are not judged: the champion is sure of {len(judged)}, {LEAST} are "
            "needed"
        )
        return []
    if not _more(int(against.sum()), len(judged), wrong, rows):
        return []
    _show(made, judged[against])
    return [
        f"the champion contradicts the category of {against.sum()} of {len(judged)} products that it is sure "
        f"of, and of {wrong} of {rows} in its holdout"
    ]


def moved_labels(
    made: Looked, moved: pd.DataFrame, known: Collection[str], there: Collection[str]
) -> list[str]:
    """Why products that change their category speak against it; each is compared with itself.

    Args:
        made: takes figures, notes and examples.
        moved: product_id, was, label, named and sure of those products.
        known: categories that the champion knows.
        there: labels that some product has afterwards.
    """
    renamed = ~moved["was"].isin(list(there))
    if renamed.any():
        gone = ", ".join(sorted(set(moved["was"][renamed]))[:EXAMPLES])
        made.notes.append(
            f"{renamed.sum()} products change the name of their category: none is left in {gone}"
        )
    judged = moved[~renamed & moved["label"].isin(list(known)) & moved["sure"].ge(SURE)]
    keeps = int((judged["named"] == judged["was"]).sum())
    follows = int((judged["named"] == judged["label"]).sum())
    made.figures["moved"] = {"sure": len(judged), "keeps_the_old": keeps, "follows_the_new": follows}
    if len(judged) < LEAST:
        if len(judged):
            made.notes.append(f"{len(judged)} products change their category: {LEAST} are needed to judge it")
        return []
    from scipy.stats import binom

    if keeps <= follows or binom.sf(keeps - 1, keeps + follows, 0.5) > MOVED:
        return []
    _show(made, judged[judged["named"] != judged["label"]])
    return [
        f"{len(judged)} products change their category against the champion: it keeps to the old one of "
        f"{keeps} and follows the new one of {follows}"
    ]


def _show(made: Looked, against: pd.DataFrame) -> None:
    """Note how the contradictions run, and some of them."""
    pairs = Counter(zip(against["named"], against["label"], strict=True))
    made.figures["confusions"] = [
        {"champion": named, "given": label, "products": count}
        for (named, label), count in pairs.most_common(EXAMPLES)
    ]
    shown = against.sort_values("sure", ascending=False, kind="stable").head(EXAMPLES)
    made.examples.extend(
        f"{product} is given as {label} and looks like {named}"
        for product, label, named in shown[["product_id", "label", "named"]].itertuples(index=False)
    )


def _photos(made: Looked, fresh: Evidence, reference: Evidence, before: pd.Series) -> list[str]:
    ours = reference.take(np.flatnonzero(reference.pairs))
    if len(ours.table) < LEAST_REFERENCE:
        made.notes.append(
            f"photos are not judged: {len(ours.table)} products of the champion's holdout have a photo and a "
            f"text that it reads, {LEAST_REFERENCE} are needed"
        )
        return []
    usual = fits(ours.photo, ours.text, ours.text, itself=True)
    if usual.mean() < LEAST_FIT:
        made.notes.append(
            f"photos are not judged: to the champion a photo of its holdout is more like its own text than "
            f"like {usual.mean():.0%} of the others only"
        )
        return []
    new = (fresh.table["image_hash"] != fresh.table["product_id"].map(before)).to_numpy()
    theirs = fresh.take(np.flatnonzero(fresh.pairs & new))
    if len(theirs.table) < LEAST:
        if len(theirs.table):
            made.notes.append(f"{len(theirs.table)} new photos: {LEAST} are needed to judge them")
        return []
    limit = float(np.quantile(usual, MISFIT))
    found = fits(theirs.photo, theirs.text, ours.text)
    misfits, theirs_too = int((found < limit).sum()), int((usual < limit).sum())
    made.figures["photos"] = {
        "rows": len(found),
        "misfits": misfits,
        "mean_fit": round(float(found.mean()), 4),
        "holdout_rows": len(usual),
        "holdout_misfits": theirs_too,
        "holdout_mean_fit": round(float(usual.mean()), 4),
    }
    if not _more(misfits, len(found), theirs_too, len(usual)):
        return []
    worst = np.argsort(found, kind="stable")[:EXAMPLES]
    made.examples.extend(
        f"the photo of {theirs.table['product_id'].iloc[row]} is less like its own text than like "
        f"{1 - found[row]:.0%} of other texts"
        for row in worst
    )
    return [
        f"{misfits} of {len(found)} new photos do not fit their texts, and {theirs_too} of {len(usual)} in "
        "the champion's holdout: photos may be swapped"
    ]


def fits(photo: np.ndarray, text: np.ndarray, others: np.ndarray, *, itself: bool = False) -> np.ndarray:
    """(n,) share of m other texts that n photos are less like than their own.

    Args:
        photo, text: (n, d) vectors of each product.
        others: (m, d) texts to compare with.
        itself: the others are the products themselves; none is compared with its own.
    """
    own = np.einsum("nd,nd->n", photo, text)
    below = (photo @ others.T < own[:, None] - 1e-6).sum(axis=1)
    return np.asarray(below / max(len(others) - itself, 1))


def _more(k: int, n: int, other_k: int, other_n: int) -> bool:
    """Whether k of n is more than other_k of other_n, by more than chance and by more than a trifle."""
    from scipy.stats import hypergeom

    if k / n - other_k / other_n < LEAST_SHARE:
        return False
    return bool(hypergeom.sf(k - 1, n + other_n, k + other_k, n) < CHANCE)
