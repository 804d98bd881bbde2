"""What a training refuses before it starts."""

import numpy as np

from models.encoders import ENCODERS
from models.features.table import FeatureTable
from models.training.objective import ALIGNED
from models.training.strategies import STRATEGY
from shelfspace.errors import InputError, SettingsError
from shelfspace.settings import Settings

__all__ = ["check_lengths", "check_settings", "check_targets", "learnable"]


def check_settings(settings: Settings) -> None:
    """Refuse a strategy that does not go with the rest, vectors longer than they are, or pretrained weights
    that would be unlearned.

    Raises:
        SettingsError: names the setting.
    """
    STRATEGY[settings.training.strategy].check(settings)
    longer = [size for size in settings.training.nested_dims if size > settings.model.dim]
    if longer:
        raise SettingsError(
            "training.nested_dims", longer, f"give lengths up to model.dim, {settings.model.dim}"
        )
    for modality in settings.model.modalities:
        name = getattr(settings.model, modality)
        if ENCODERS[modality][name].finetuned and settings.training.layer_decay == 1:
            remedy = f"set it below 1, such as 0.5, for {name}: at one rate its layers unlearn what they know"
            raise SettingsError("training.layer_decay", settings.training.layer_decay, remedy)


def check_lengths(
    features: FeatureTable, labels: np.ndarray, log_price: np.ndarray, splits: np.ndarray
) -> None:
    """Refuse arrays that are not as long as the table.

    Raises:
        InputError: names the array.
    """
    for name, array in (("labels", labels), ("log_price", log_price), ("splits", splits)):
        if len(array) != len(features):
            raise InputError(name, len(array), f"give one for each of the {len(features)} products")


def check_targets(
    table: FeatureTable, labels: np.ndarray, log_price: np.ndarray, rows: np.ndarray, settings: Settings
) -> None:
    """Refuse a training that has no rows, or no target to learn from.

    Args:
        rows: the training rows.

    Raises:
        InputError: says what there is too little of.
    """
    if len(rows) < 2:
        raise InputError(
            "splits", f"{len(rows)} training rows", "give at least two training rows with a modality"
        )
    if learnable(table, labels, rows) or any(name in ALIGNED for name in table.modalities):
        return
    if not settings.training.price_weight or np.isfinite(log_price[rows]).sum() < 2:
        raise InputError(
            "products",
            f"{', '.join(table.modalities)} alone",
            "give texts, photos or sounds; or two categories or prices to learn from",
        )


def learnable(table: FeatureTable, labels: np.ndarray, rows: np.ndarray) -> bool:
    """Whether training rows can teach the product vector: two categories, or two modalities that agree."""
    seen = [table.modalities[name].present[rows] for name in ALIGNED if name in table.modalities]
    pairs = int((np.sum(seen, axis=0) > 1).sum()) if seen else 0
    return len(np.unique(labels[rows][labels[rows] >= 0])) > 1 or pairs > 1
