"""What a training refuses before it starts."""

import numpy as np

from models.features.table import FeatureTable
from models.training.strategies import STRATEGY
from shelfspace.errors import InputError, SettingsError
from shelfspace.settings import Settings

__all__ = ["check_lengths", "check_settings", "check_targets"]


def check_settings(settings: Settings) -> None:
    """Refuse a strategy that does not go with the rest, or vectors longer than they are.

    Raises:
        SettingsError: names the setting.
    """
    STRATEGY[settings.training.strategy].check(settings)
    longer = [size for size in settings.training.nested_dims if size > settings.model.dim]
    if longer:
        raise SettingsError(
            "training.nested_dims", longer, f"give lengths up to model.dim, {settings.model.dim}"
        )


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
    classes = len(np.unique(labels[rows][labels[rows] >= 0]))
    pairs = (table.present()[rows].sum(axis=1) > 1).sum()
    prices = np.isfinite(log_price[rows]).sum() if settings.training.price_weight else 0
    if classes < 2 and pairs < 2 and prices < 2:
        raise InputError(
            "labels", f"{classes} categories", "give two categories, products with two modalities, or prices"
        )
