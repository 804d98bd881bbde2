"""The gate: a challenger becomes champion when it passes the floors and is not worse than the champion.

Both are judged on the same frozen holdout, product by product. Two questions are apart:

not worse   Accuracy and same-category recall@10 (without labels: what can be measured in their place) must be
            shown to be no more than `gate.margin` lower: the lower end of the 90% interval of the paired
            difference lies above it (non-inferiority). A holdout too small to show that of an equal
            challenger says so, and `gate.undecided` decides.
vetoes      Subsets of modalities, pairs of them, large categories, macro F1 and calibration refuse where they
            are lower by more than chance can make them: each has its own margin, which is said, and
            together they refuse one equal challenger in a hundred `gate.false_vetoes`.

A figure that does not exist (a catalogue without labels has no accuracy) is not judged, and the verdict says
so; it is never taken as zero.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pandas as pd

from releases.gate.compare import Line, compare
from releases.gate.cost import Cost, affordable
from releases.gate.figures import WORDS
from releases.gate.floors import FIGURES, Finding, beside_baseline, figure, floors
from shelfspace.paired import LEAST_ROWS
from shelfspace.settings import Gate

__all__ = ["Judged", "Verdict", "decide"]

OVERALL = ("not worse", "worse", "cannot tell")


@dataclass(frozen=True)
class Judged:
    """One model's judgement.

    Attributes:
        evaluation: figures, as `models.evaluation.evaluate` gives them.
        outcomes: one row a product (`models.evaluation.outcomes`).
        cost: what it costs to serve; None where it was not measured.
    """

    evaluation: dict[str, Any]
    outcomes: pd.DataFrame
    cost: Cost | None = None


@dataclass(frozen=True)
class Verdict:
    """What the gate decided.

    Attributes:
        promote: whether the challenger becomes champion.
        reasons: one sentence per rule judged, refusals first; each with both figures.
        refusals: the sentences that refuse; empty when promoted.
        notes: what could not be judged, and why.
        lines: every figure that was compared.
        undecided: whether the holdout was too small to tell.
    """

    promote: bool
    reasons: list[str]
    refusals: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    undecided: bool = False

    def noting(self, more: Sequence[str]) -> "Verdict":
        """The same, with more notes."""
        return replace(self, reasons=[*self.reasons, *more], notes=[*self.notes, *more])

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return asdict(self)


def decide(challenger: Judged, champion: Judged | None, settings: Gate) -> Verdict:
    """Judge a challenger, beside the champion on the same holdout.

    Args:
        champion: judged on the same holdout as the challenger; None when there is none.
        settings: floors, margins, and what follows where the holdout is too small to tell.
    """
    said = challenger.evaluation
    findings = [*floors(said, settings), *by_titles(said)]
    notes = [found.sentence for found in findings if found.passed is None]
    findings = [found for found in findings if found.passed is not None]
    notes += [
        f"{FIGURES[name]} is not judged: the holdout gives no such figure"
        for name in FIGURES
        if figure(said, name) is None
    ]
    if below := beside_baseline(said):
        notes.append(below)
    lines: list[Line] = []
    undecided = False
    if champion is None:
        notes.append("there is no champion to compare with")
        if not findings:
            notes.append("nothing could be measured: the first model becomes champion unjudged")
    else:
        findings += [
            Finding(False, f"{words}: the champion has it and the challenger does not")
            for name, words in WORDS.items()
            if name in champion.outcomes and name not in challenger.outcomes
        ]
        compared = compare(challenger.outcomes, champion.outcomes, settings)
        findings += [one.finding for one in compared if one.finding.sentence]
        if challenger.cost is not None and champion.cost is not None:
            findings += affordable(challenger.cost, champion.cost, settings)
        lines = [one.line for one in compared]
        undecided = any(one.undecided for one in compared)
        notes += unlike(said, champion.evaluation, lines)
        if not any(line.verdict in OVERALL for line in lines):
            findings.append(
                Finding(
                    False, "no figure exists that both models have, so the champion stays (0 of 0 compared)"
                )
            )
    refusals = [f.sentence for f in findings if not f.passed]
    passed = [f.sentence for f in findings if f.passed]
    return Verdict(not refusals, [*refusals, *passed, *notes], refusals, notes, lines, undecided)


def by_titles(challenger: dict[str, Any]) -> Iterator[Finding]:
    """Without labels, how a challenger finds listings by their titles, beside its frozen encoder."""
    found = challenger["retrieval"].get("known_item", {})
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


def unlike(challenger: dict[str, Any], champion: dict[str, Any], lines: list[Line]) -> Iterator[str]:
    """What one of the two could not be judged on, and how much was compared without a veto."""
    quiet = sum(line.verdict == "no veto" for line in lines)
    if quiet:
        yield (
            f"of {quiet} subsets of modalities, pairs of them, large categories and the like none is lower "
            "than chance makes it"
        )
    for subset in sorted(champion["by_subset"].keys() - challenger["by_subset"].keys()):
        yield f"{subset}: the challenger does not read it, so it is not compared"
    ours, theirs = challenger["labels"]["scored_rows"], champion["labels"]["scored_rows"]
    if ours != theirs:
        yield (
            f"the challenger knows the class of {ours} products and the champion of {theirs}: "
            "a class that one never learned counts as wrong"
        )
