"""Do the photos of new and changed products fit their texts, to a champion that is a judge of that?"""

from functools import lru_cache

import numpy as np
import pandas as pd

from releases.look.evidence import Evidence, reads
from releases.look.looked import EXAMPLES, LEAST, LEAST_REFERENCE, Limits, Looked, chance

__all__ = ["fits", "photos_against"]

MISFIT = 0.02
"""Share of the holdout's own photos that count as misfits; a new category lies among the lowest twentieth."""
LEAST_FIT = 0.7
"""Mean standing of the holdout's own texts, below which the champion is no judge of photos (chance: 0.5)."""


def photos_against(
    made: Looked, fresh: Evidence, reference: Evidence, before: pd.Series, limits: Limits
) -> list[str]:
    """Why the photos of a delivery speak against it, in sentences.

    Args:
        made: takes figures, notes and examples.
        before: image_hash of the products that are there now, by product_id.
        others: as `releases.look.look` has them.
    """
    ours, usual = _paired(reference)
    if len(ours.table) < LEAST_REFERENCE:
        made.notes.append(
            f"photos are not judged: {len(ours.table)} products of the champion's holdout have a photo and a "
            f"text that it reads, {LEAST_REFERENCE} are needed"
        )
        return []
    if usual.mean() < LEAST_FIT:
        made.notes.append(
            f"photos are not judged: to the champion a photo of its holdout is more like its own text than "
            f"like {usual.mean():.0%} of the others only"
        )
        return []
    new = (fresh.table["image_hash"] != fresh.table["product_id"].map(before)).to_numpy()
    told = _read(made, fresh.table, ours.table) & _learned(made, fresh)
    theirs = fresh.take(np.flatnonzero(fresh.pairs & new & told))
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
    by_chance = chance(misfits, len(found), theirs_too, len(usual), limits.share)
    if by_chance >= limits.chance:
        return []
    made.speaks_against(by_chance, theirs.table["product_id"], found < limit)
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


def _read(made: Looked, table: pd.DataFrame, own: pd.DataFrame) -> np.ndarray:
    """(n,) bool: products whose text is in a language that the champion's holdout has, too.

    Of another one it understands nothing, so a photo that does not fit the text is no evidence.
    """
    read = reads(table, own)
    if not read.all():
        names = ", ".join(sorted(set(table["language"][~read])))
        made.notes.append(
            f"photos of {(~read).sum()} products are not judged: texts in {names} are new to it"
        )
    return read


def _learned(made: Looked, fresh: Evidence) -> np.ndarray:
    """(n,) bool: products of a category that the champion learned, or of none.

    What it never learned it has no picture of, so a photo that does not fit the text is no evidence.
    """
    label = fresh.table["label"]
    learned = np.asarray(label.eq("") | label.isin(fresh.labels)) | (len(fresh.labels) < 2)
    if not learned.all():
        made.notes.append(f"photos of {(~learned).sum()} products of categories new to it are not judged")
    return learned


@lru_cache(maxsize=1)
def _paired(reference: Evidence) -> tuple[Evidence, np.ndarray]:
    """Products with a photo and a text, and how well they fit; one holdout is asked for many deliveries."""
    ours = reference.take(np.flatnonzero(reference.pairs))
    return ours, fits(ours.photo, ours.text, ours.text, itself=True)


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
