"""Do the categories of new and changed products agree with a champion that is good?"""

from collections import Counter
from collections.abc import Collection
from dataclasses import replace

import pandas as pd

from releases.look.evidence import Evidence, reads
from releases.look.looked import (
    EXAMPLES,
    LEAST,
    LEAST_REFERENCE,
    ONE_DELIVERY,
    Limits,
    Looked,
    chance,
)

__all__ = ["labels_against", "moved_labels"]

SURE = 0.9
"""Probability from which the champion's word counts. At less it errs more often about new products than about
its holdout, which holds relatives of what it learned: sound deliveries were held twice as often at 0.8."""
UNREAD = 0.5
"""By so much more than the holdout's the labels of texts in a language that is new to the champion have to be
contradicted: there it goes by photos and prices alone and errs more often. Shuffled ones are far beyond."""
OF_NEW = {"labels": "new products", "unread": "new products in a language that it never learned"}
LEAST_RIGHT = 0.8
"""Share of the holdout's own labels that the champion, where it is sure, has to agree with."""


def labels_against(
    made: Looked,
    fresh: Evidence,
    reference: Evidence,
    before: pd.Series,
    there: Collection[str],
    limits: Limits,
) -> list[str]:
    """Why the categories of a delivery speak against it, in sentences.

    Args:
        made: takes figures, notes and examples.
        before: label of the products that are there now, by product_id.
        others: as `releases.look.look` has them.
    """
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
    judged = table["label"].isin(known) & table["sure"].ge(SURE) & ~moved
    read = reads(table, reference.table)
    return [
        *_new_labels(made, table[judged & read], len(own), wrong, limits, "labels"),
        *(
            _new_labels(made, table[judged & ~read], len(own), wrong, replace(limits, share=UNREAD), "unread")
            if not read.all()
            else []
        ),
        *moved_labels(made, table[moved].assign(was=was[moved]), known, there, limits),
    ]


def _new_labels(
    made: Looked, judged: pd.DataFrame, rows: int, wrong: int, limits: Limits, name: str
) -> list[str]:
    """Products that are new, or keep their category while something else of them changes."""
    against = judged["label"] != judged["named"]
    made.figures[name] = {"sure": len(judged), "contradicted": int(against.sum())}
    if len(judged) < LEAST:
        made.notes.append(
            f"labels of {OF_NEW[name]} are not judged: the champion is sure of {len(judged)}, {LEAST} are "
            "needed"
        )
        return []
    by_chance = chance(int(against.sum()), len(judged), wrong, rows, limits.share)
    if by_chance >= limits.chance:
        return []
    made.speaks_against(by_chance, judged["product_id"], against)
    _show(made, judged[against])
    return [
        f"the champion contradicts the category of {against.sum()} of {len(judged)} products that it is sure "
        f"of, and of {wrong} of {rows} in its holdout"
    ]


def moved_labels(
    made: Looked,
    moved: pd.DataFrame,
    known: Collection[str],
    there: Collection[str],
    limits: Limits = ONE_DELIVERY,
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

    by_chance = float(binom.sf(keeps - 1, keeps + follows, 0.5))
    if keeps <= follows or by_chance > limits.moved:
        return []
    made.speaks_against(by_chance, judged["product_id"], judged["named"] == judged["was"])
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
