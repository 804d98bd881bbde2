"""Choosing encoders by what is installed, by size, and by a quick cross-validation on training rows.

The judge is a linear model on what a candidate's encoder sees before any training: seconds, where training
each would take minutes. A candidate replaces a simpler one where it is right more often by more than chance
(`shelfspace.paired`); on ties the simple one stays. What is computed for it is kept by content, so of the
chosen encoder nothing is computed twice.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from models.choice.candidates import Candidate, candidates, dense, texts_rows
from models.choice.chosen import Choice, Chosen, auto_modalities
from models.features.catalogue import Catalogue, modality_features
from models.features.featurizer import Featurizer
from models.features.table import ModalityFeatures
from shelfspace.paired import compare
from shelfspace.settings import Settings

__all__ = ["choose_encoders"]

FEWEST = 100
"""Labelled training rows below which nothing is compared."""
ROWS = 600
"""Labelled training rows that are compared at most."""
FOLDS = 3
GLANCE = 200
"""Rows that are looked at first: what is not ahead on them is not looked at further. It would have to win by
more than chance on all, after not even leading on a third."""


def choose_encoders(
    catalogue: Catalogue,
    labels: np.ndarray,
    groups: np.ndarray,
    train: np.ndarray,
    too_large: Collection[str] = (),
) -> Choice:
    """Choose an encoder for every modality whose setting is `auto`.

    Args:
        catalogue: n products, and the settings.
        labels: (n,) int64, -1 where unknown.
        groups: (n,) duplicate group of each: those of one group stay on one side.
        train: (n,) bool, rows that may be looked at.
        too_large: frozen encoders that the gate refuses for their size: with one of them no challenger
            would ever pass, whatever it has learned.
    """
    texts, products = catalogue.texts["text"], catalogue.products
    there = {"text": (texts != "").to_numpy(), "image": (products["photos"].map(len) > 0).to_numpy()}
    made = {}
    for modality in auto_modalities(catalogue.settings):
        rows = np.flatnonzero(train & there[modality])
        known = rows[labels[rows] >= 0]
        every = candidates(modality, len(known))
        able = [one for one in every if one.frozen not in too_large]
        chosen = _choose(modality, able, catalogue, known, labels, groups)
        if passed_over := [one.name for one in every if one not in able]:
            said = f"{', '.join(passed_over)} is too large beside the champion (gate.times_larger)"
            chosen = replace(chosen, why=f"{chosen.why}; {said}", passed_over=passed_over)
        made[modality] = chosen
    return Choice(made)


def _choose(
    modality: str,
    able: Sequence[Candidate],
    catalogue: Catalogue,
    known: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
) -> Chosen:
    if len(able) == 1:
        why = f"nothing else is installed that may be chosen; {len(known):,} labelled rows"
        return _chosen(able[0], catalogue, why)
    rows = _judged(known, labels, ROWS)
    if len(rows) < FEWEST or len(np.unique(labels[rows])) < 2:
        why = f"{len(rows):,} labelled training rows, under {FEWEST}: pretrained weights without a comparison"
        return _chosen(next(one for one in able if one.frozen), catalogue, why)

    def right_on(one: Candidate, some: np.ndarray) -> np.ndarray:
        return _right(modality, one, catalogue.take(some), labels[some], groups[some])

    glance = _judged(rows, labels, GLANCE) if len(rows) > GLANCE else rows[:0]
    right = {able[0].name: right_on(able[0], rows)}
    best, said, why = able[0], [], f"{able[0].name} is the simplest"
    for one in able[1:]:
        if len(glance) >= FEWEST:
            first, before = (round(float(right_on(other, glance).mean()), 4) for other in (one, best))
            if first <= before:
                why = (
                    f"{best.name} stays: on {len(glance)} training rows it is right on {before:.3f}, "
                    f"{one.name} on {first:.3f}, which was looked at no further"
                )
                said.append({"candidate": one.name, "first": [first, before], "rows": len(glance)})
                continue
        right[one.name] = right_on(one, rows)
        found = compare(right[one.name], {best.name: right[best.name]}, FEWEST)
        said.append({"candidate": one.name, **found.describe()})
        low, high = found.interval
        simple = right[best.name].mean()
        figures = f"{found.learned:.3f} of {len(rows)} training rows right, {best.name} {simple:.3f}"
        spread = f"{found.by:+.3f}, 95% interval {low:+.3f} to {high:+.3f}"
        if found.learned_wins:
            best, why = one, f"{one.name}: {figures} ({spread})"
        else:
            why = f"{best.name} stays: {one.name} is ahead by no more than chance, {figures} ({spread})"
    shares = {name: round(float(each.mean()), 4) for name, each in right.items()}
    return _chosen(best, catalogue, why, {"right": shares, "rows": len(rows), "compared": said})


def _judged(known: np.ndarray, labels: np.ndarray, most: int) -> np.ndarray:
    """Up to so many of them, of labels that every fold can have; the same rows give the same."""
    values, counts = np.unique(labels[known], return_counts=True)
    kept = known[np.isin(labels[known], values[counts >= FOLDS])]
    if len(kept) <= most:
        return kept
    return np.sort(np.random.default_rng(0).choice(kept, most, replace=False))


def _right(
    modality: str, candidate: Candidate, catalogue: Catalogue, labels: np.ndarray, groups: np.ndarray
) -> np.ndarray:
    """(n,) 1.0 where a linear model on a candidate names the label of a row that it was not fitted on."""
    from sklearn.model_selection import StratifiedGroupKFold

    seen = _seen(modality, candidate, catalogue)
    texts = list(catalogue.texts["text"])
    right = np.zeros(len(labels))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    for fit, test in folds.split(labels, labels, groups):
        if modality == "text":
            sentences = seen.values["sentence"] if candidate.beside else None
            rows = texts_rows(candidate, texts, sentences, fit)
        else:
            rows = dense(candidate, seen)
        right[test] = _predicted(rows, labels, fit, test) == labels[test]
    return right


def _seen(modality: str, candidate: Candidate, catalogue: Catalogue) -> ModalityFeatures:
    """The candidate's features of all rows; words are read from the texts themselves."""
    given = catalogue.settings
    if modality == "text" and not candidate.beside:
        return ModalityFeatures({}, np.ones(len(catalogue.products), dtype=bool))
    encoder = candidate.frozen or "histograms"
    model = {"modalities": (modality,), modality: encoder}
    settings = given.model_copy(
        update={
            "model": given.model.model_copy(update=model),
            "preprocessing": given.preprocessing.model_copy(update={"max_photos": 1}),
            "features": given.features.model_copy(
                update={"arrays": (), "colour": False, f"{modality}_encoder": None}
            ),
            "tuning": given.tuning.model_copy(update={"space": {}}),
        }
    )
    featurizer = Featurizer.fit([], np.array([1.0]), settings)
    return modality_features(modality, catalogue, featurizer)[0]


def _predicted(rows: Any, labels: np.ndarray, fit: np.ndarray, test: np.ndarray) -> np.ndarray:
    from scipy import sparse
    from sklearn.linear_model import RidgeClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    if sparse.issparse(rows):
        model: Any = LinearSVC(C=1.0, random_state=0)
    else:
        # As many numbers as rows: shrunk by as much as they are.
        model = make_pipeline(StandardScaler(), RidgeClassifier(alpha=float(rows.shape[1])))
    return np.asarray(model.fit(rows[fit], labels[fit]).predict(rows[test]))


def _chosen(
    candidate: Candidate, catalogue: Catalogue, why: str, figures: Mapping[str, Any] | None = None
) -> Chosen:
    weights = _weights(candidate, catalogue.settings) if candidate.frozen else ""
    return Chosen(candidate.encoder, candidate.beside, weights, why, dict(figures or {}))


def _weights(candidate: Candidate, settings: Settings) -> str:
    """Fingerprint of its frozen encoder."""
    from models.pretrained.text_and_image import load_frozen_image, load_frozen_text

    load = load_frozen_text if candidate.frozen == "minilm" else load_frozen_image
    return str(load(candidate.frozen).fingerprint)
