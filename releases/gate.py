"""The gate: a challenger becomes champion when it passes the floors and is not worse than the champion.

Every figure is judged on the same frozen holdout. A figure that does not exist (a catalogue without
labels has no accuracy) is not judged, and the verdict says so; it is never taken as zero.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from releases.floors import FIGURES, Finding, beside_baseline, figure, floors
from shelfspace.paired import LEAST_ROWS
from shelfspace.settings import Gate

__all__ = ["Verdict", "decide"]


@dataclass(frozen=True)
class Verdict:
    """What the gate decided.

    Attributes:
        promote: whether the challenger becomes champion.
        reasons: one sentence per rule judged, refusals first; each with both figures.
        refusals: the sentences that refuse; empty when promoted.
        notes: what could not be judged, and why.
    """

    promote: bool
    reasons: list[str]
    refusals: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return asdict(self)


KNOWN_ITEM = "recall@10 of a listing by its title"


def decide(challenger: dict[str, Any], champion: dict[str, Any] | None, settings: Gate) -> Verdict:
    """Judge a challenger's evaluation, beside the champion's of the same holdout.

    Rules, in order: the floors (`releases.floors`); not lower than the champion by more than `tolerance`
    overall, by more than `subset_tolerance` in any modality subset both were judged on, by more than
    `category_tolerance` in the recall of any category with `category_min_rows` holdout rows, and by more
    than `subset_tolerance` in same-product recall@10 across modalities or in the recall@10 of listings by
    their titles (all a catalogue without labels can be judged by). Without labels the model must also find
    listings by their titles as well as its frozen sentence encoder does, to within the paired 95% interval.

    Args:
        challenger: what `evaluate` gave.
        champion: the same for the champion, taken on the same holdout; None when there is none.
        settings: floors and tolerances.
    """
    findings = [*floors(challenger, settings), *by_titles(challenger)]
    notes = [found.sentence for found in findings if found.passed is None]
    findings = [found for found in findings if found.passed is not None]
    notes += [
        f"{FIGURES[name]} is not judged: the holdout gives no such figure"
        for name in FIGURES
        if figure(challenger, name) is None
    ]
    if below := beside_baseline(challenger):
        notes.append(below)
    if champion is None:
        notes.append("there is no champion to compare with")
    elif challenger["holdout"] != champion["holdout"]:
        findings.append(
            Finding(
                False,
                f"the challenger was judged on {challenger['rows']} products and the champion on another "
                f"holdout of {champion['rows']}; judge both on the same products",
            )
        )
    else:
        compared = list(against(challenger, champion, settings))
        findings += compared
        notes += unlike(challenger, champion)
        if not compared:
            findings.append(
                Finding(
                    False, "no figure exists that both models have, so the champion stays (0 of 0 compared)"
                )
            )
    if champion is None and not findings:
        notes.append("nothing could be measured: the first model becomes champion unjudged")
    refusals = [f.sentence for f in findings if not f.passed]
    passed = [f.sentence for f in findings if f.passed]
    return Verdict(not refusals, [*refusals, *passed, *notes], refusals, notes)


def by_titles(challenger: dict[str, Any]) -> Iterator[Finding]:
    """Without labels, how a challenger finds listings by their titles, beside its frozen encoder."""
    found = known_item(challenger)
    if figure(challenger, "accuracy") is None and "compared" in found:
        # Where no category judges it, a model has to find what the frozen encoder finds.
        ours, theirs, compared = found["mrr"], found["frozen"]["mrr"], found["compared"]
        low, high = compared["interval"]
        passed = compared["rows"] < LEAST_ROWS or high >= 0
        verb = "is not below" if passed else "is below"
        yield Finding(
            passed,
            f"mean reciprocal rank of a listing by its title: {ours:.3f} {verb} the frozen encoder's "
            f"{theirs:.3f} (difference {low:+.3f} to {high:+.3f}, {compared['rows']} listings)",
        )


def known_item(evaluation: dict[str, Any]) -> dict[str, Any]:
    """How listings are found by their titles; empty where it was not measured."""
    return dict(evaluation["retrieval"].get("known_item", {}))


def against(challenger: dict[str, Any], champion: dict[str, Any], settings: Gate) -> Iterator[Finding]:
    """The challenger beside the champion, wherever both have a figure."""
    for name, words in FIGURES.items():
        mine, other = figure(challenger, name), figure(champion, name)
        if mine is None and other is not None:
            yield Finding(False, f"{words}: the champion reaches {other:.3f} and the challenger gives none")
        yield from compare(words, mine, other, settings.tolerance)
    for subset in sorted(challenger["by_subset"].keys() & champion["by_subset"].keys()):
        ours, theirs = challenger["by_subset"][subset], champion["by_subset"][subset]
        for name in ("accuracy", "recall_at_10"):
            words = f"{FIGURES[name]} with {subset} only"
            yield from compare(words, ours.get(name), theirs.get(name), settings.subset_tolerance)
    for category in sorted(challenger["by_category"].keys() & champion["by_category"].keys()):
        ours, theirs = challenger["by_category"][category], champion["by_category"][category]
        if ours["rows"] >= settings.category_min_rows:
            words = f"recall of {category} ({ours['rows']} products)"
            yield from compare(words, ours["recall"], theirs["recall"], settings.category_tolerance)
    ours, theirs = challenger["retrieval"].get("across", {}), champion["retrieval"].get("across", {})
    for pair in sorted(ours.keys() & theirs.keys()):
        asked, answered = pair.split("->")
        words = f"same-product recall@10 from {asked} to {answered}"
        figures = ours[pair].get("recall_at_10"), theirs[pair].get("recall_at_10")
        yield from compare(words, *figures, settings.subset_tolerance)
    both = (known_item(challenger).get("recall_at_10"), known_item(champion).get("recall_at_10"))
    yield from compare(KNOWN_ITEM, *both, settings.subset_tolerance)


def compare(words: str, ours: float | None, theirs: float | None, tolerance: float) -> Iterator[Finding]:
    """One figure of both; nothing where one of them does not have it."""
    if ours is None or theirs is None:
        return
    # The figures are counts over rows: a difference of exactly the tolerance passes despite rounding.
    passed = ours >= theirs - tolerance - 1e-9
    if ours >= theirs:
        yield Finding(passed, f"{words}: {ours:.3f} is not below the champion's {theirs:.3f}")
        return
    verdict = "within" if passed else "more than"
    yield Finding(
        passed,
        f"{words}: {ours:.3f} is {theirs - ours:.3f} below the champion's {theirs:.3f}, "
        f"{verdict} the allowed {tolerance:.3f}",
    )


def unlike(challenger: dict[str, Any], champion: dict[str, Any]) -> list[str]:
    """What one of the two could not be judged on."""
    notes = []
    for subset in sorted(champion["by_subset"].keys() - challenger["by_subset"].keys()):
        notes.append(f"{subset}: the challenger does not read it, so it is not compared")
    ours, theirs = challenger["labels"]["scored_rows"], champion["labels"]["scored_rows"]
    if ours != theirs:
        notes.append(
            f"the challenger knows the class of {ours} products and the champion of {theirs}: "
            "each is scored on its own"
        )
    return notes
