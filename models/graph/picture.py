"""One picture of a refiner: what it finds beside the vectors as they were, and how training went."""

from models.graph.training import Trained
from shelfspace.drawing import COLOURS, INK, QUIET, canvas, png, title

__all__ = ["graph_picture"]

WORDS = {"all": "all products", "bought_before": "bought before", "never_bought": "never bought before"}


def graph_picture(trained: Trained, encoder: str) -> bytes:
    """Recall@20 of next co-purchases by group of products, unrefined and refined, as PNG bytes."""
    before, after = trained.figures["unrefined"], trained.figures["refined"]
    groups = [name for name in WORDS if before[name] is not None]
    figure, axes = canvas(7.2, 3.6)
    for number, (name, figures, colour) in enumerate(
        (("unrefined", before, QUIET), ("refined", after, COLOURS[0]))
    ):
        places = [g + 0.36 * (number - 0.5) for g in range(len(groups))]
        axes.barh(places, [figures[g] for g in groups], height=0.34, color=colour, label=name)
        for place, group in zip(places, groups, strict=True):
            axes.text(figures[group], place, f" {figures[group]:.3f}", va="center", fontsize=8, color=INK)
    axes.set_yticks(range(len(groups)), [f"{WORDS[g]} ({after['products'][g]})" for g in groups])
    axes.invert_yaxis()
    axes.set_xlabel("recall@20 of next co-purchases")
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    if groups:
        said = f"Recall {before['all']:.3f} unrefined, {after['all']:.3f} with {encoder}"
    else:
        said = "No later basket to judge by"
    epochs = len(trained.history)
    detail = f"half of the latest baskets; {epochs - 1} epochs" if epochs else "half of the latest baskets"
    title(figure, said, f"{detail}, the other half chose the epoch" if epochs else detail)
    return png(figure)
