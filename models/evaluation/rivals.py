"""Who won, what was learned or its simple rival, in sentences."""

from collections.abc import Mapping
from typing import Any

__all__ = ["rival_sentences"]


def rival_sentences(evaluation: Mapping[str, Any]) -> list[str]:
    """What was learned beside its simple rival: labels by a linear model, texts by the frozen encoder."""
    lines: list[str] = []
    labels = evaluation.get("labels_compared")
    if labels:
        who = {0.0: "the linear model", 1.0: "the network"}.get(labels["share"], "both together")
        lines.append(
            f"Categories are named by {who} (chosen on validation products): {labels['used']:.3f} of "
            f"{labels['rows']} holdout products right. Network {labels['learned']:.3f}, linear model on the "
            f"same inputs {labels['rivals']['linear']:.3f}: {difference(labels)}."
        )
    known = evaluation["retrieval"].get("known_item", {})
    if "compared" in known:
        lines.append(
            f"A title finds the rest of its listing at a mean reciprocal rank of {known['mrr']:.3f} by the "
            f"product's vectors and {known['frozen']['mrr']:.3f} by the frozen text encoder's: "
            f"{difference(known['compared'])}."
        )
    filled = evaluation.get("completion_compared")
    if filled:
        lines.append(
            f"Of products that lack a modality the network names {filled['learned']:.3f} right with its "
            f"completion and {filled['rivals']['mean']:.3f} with the mean filled in: {difference(filled)}."
        )
    calibrated = evaluation.get("temperature_compared")
    if calibrated:
        lines.append(
            f"The network's true labels have a mean log-likelihood of {calibrated['learned']:.3f} calibrated "
            f"and {calibrated['rivals']['uncalibrated']:.3f} as they are: {difference(calibrated)}."
        )
    return lines


def difference(compared: Mapping[str, Any]) -> str:
    """Learned less the rival, with the interval and who wins."""
    low, high = ("–" if end is None else f"{end:+.3f}" for end in compared["interval"])
    won = "the learned one wins" if compared["winner"] == "learned" else "the simple one stays"
    return f"{compared['by']:+.3f} (paired 95% interval {low} to {high}, {compared['rows']} rows; {won})"
