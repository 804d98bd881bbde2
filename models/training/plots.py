"""Pictures of a training: how the losses fell."""

from io import BytesIO

import pandas as pd

__all__ = ["loss_curves"]

PARTS = {
    "label": "category",
    "alignment": "alignment",
    "unimodal": "category, one modality",
    "price": "price",
    "hierarchy": "category path",
    "contrastive": "supervised contrast",
    "nested_label": "category, nested",
    "nested_alignment": "alignment, nested",
    "distillation": "teacher",
    "reconstruction": "completion",
}


def loss_curves(history: pd.DataFrame) -> bytes:
    """Total loss, its parts, and validation accuracy over the epochs.

    Args:
        history: as `TrainingReport.history` gives it.

    Returns:
        a PNG picture.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4), layout="constrained")
    FigureCanvasAgg(figure)
    total, parts, accuracy = figure.subplots(1, 3)
    epochs = history["epoch"] + 1
    for side, style in (("train", "--"), ("validation", "-")):
        if f"{side}_loss" in history:
            total.plot(epochs, history[f"{side}_loss"], style, color="black", label=side)
        for number, (name, label) in enumerate(PARTS.items()):
            if f"{side}_{name}" in history:
                shown = label if side == "train" else None
                parts.plot(epochs, history[f"{side}_{name}"], style, color=f"C{number}", label=shown)
    if "validation_loss" in history:
        judge = "validation_calibrated" if "validation_calibrated" in history else "validation_loss"
        best = int(history[judge].to_numpy().argmin())
        total.axvline(epochs[best], color="grey", linewidth=0.8)
        total.annotate("kept", (epochs[best], history["validation_loss"][best]), ha="center", va="top")
    total.set(title="Total loss", xlabel="epoch")
    parts.set(title="Its parts (dashed: train)", xlabel="epoch")
    for axis in (total, parts):
        if axis.lines:
            axis.legend(frameon=False, fontsize=8)
    if "validation_accuracy" in history:
        accuracy.plot(epochs, history["validation_accuracy"], color="black")
        accuracy.set(title="Validation accuracy, all modalities", xlabel="epoch", ylim=(0, 1))
    else:
        accuracy.set_axis_off()
        accuracy.text(0.5, 0.5, "no labelled validation rows", ha="center")
    for axis in (total, parts, accuracy):
        axis.spines[["top", "right"]].set_visible(False)
        axis.xaxis.get_major_locator().set_params(integer=True)
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=110)
    return picture.getvalue()
