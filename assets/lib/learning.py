"""What tuning, cross-validation and training read: features, targets, the frozen split, the settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assets.lib.shop import Shop
from releases.champion import champion, champion_model
from shelfspace.errors import ArtifactError
from shelfspace.files import read_json, read_parquet, read_yaml
from shelfspace.hashing import fingerprint
from shelfspace.settings import Settings
from shelfspace.settings.search_space import with_values

__all__ = [
    "FEATURES",
    "BestValues",
    "Learning",
    "best_values",
    "chosen_beside_champion",
    "chosen_settings",
    "labels_version",
    "learning",
    "model_settings",
    "read_catalogue",
    "read_features",
    "too_large",
]

FEATURES = ("text_features", "image_features", "audio_features", "tabular_features")


@dataclass(frozen=True)
class Learning:
    """Features and targets of all products, in the order of the products table.

    Attributes:
        catalogue: a `models.features.catalogue.Catalogue` of all products.
        features: a `models.features.table.FeatureTable` of the configured modalities.
        targets: a `models.features.catalogue.Targets`.
        splits, groups: (n,) str side and duplicate group.
    """

    catalogue: Any
    features: Any
    targets: Any
    splits: np.ndarray
    groups: np.ndarray


def read_catalogue(shop: Shop, ids: Sequence[str] | None = None) -> Any:
    """What features are computed from (a `models.features.catalogue.Catalogue`).

    Args:
        ids: products, in the wanted order; None: all, as the products table has them.
    """
    from catalog.snapshot.media_store import MediaStore
    from models.features.catalogue import Catalogue

    products = shop.table("products")
    texts = read_parquet(shop.folder("texts") / "texts.parquet")
    if ids is not None:
        products, texts = (t.set_index("product_id").loc[list(ids)].reset_index() for t in (products, texts))
    media = MediaStore.open(shop.workspace.snapshot)
    return Catalogue(products, texts, media, shop.workspace.state, shop.settings)


def read_features(shop: Shop, products: Any, modalities: Sequence[str]) -> Any:
    """Features of the modalities (a `models.features.table.FeatureTable`), row by row of the products."""
    from models.features.catalogue import load_features

    for name in modalities:
        shop.folder(f"{name}_features")  # compares its bytes with its record
    return load_features(shop.workspace.features, products, modalities)


def learning(shop: Shop) -> Learning:
    """Read what the stages before training left."""
    from models.features.catalogue import targets

    catalogue = read_catalogue(shop)
    products = catalogue.products
    features = read_features(shop, products, shop.settings.model.modalities)
    split = shop.split().loc[list(features.product_ids)]
    return Learning(
        catalogue,
        features,
        targets(products, shop.source.label_level),
        split["split"].to_numpy(dtype=str),
        split["group"].to_numpy(dtype=str),
    )


def labels_version(shop: Shop) -> str:
    """Hash of what training reads of the products: ids, categories and prices, in order."""
    products = shop.table("products")
    return fingerprint(products[["product_id", "category", "price"]].astype(str).to_numpy().tolist())


@dataclass(frozen=True)
class BestValues:
    """What tuning found: dotted setting name to value, and the study they come from."""

    study: str
    values: dict[str, Any]


def best_values(shop: Shop) -> BestValues | None:
    """The values that `tuning.apply` lays over the settings; None while it is off.

    Raises:
        ArtifactError: it is on, and nothing has been tuned.
    """
    if not shop.settings.tuning.apply:
        return None
    folder = shop.folder("tuning")
    if not (folder / "best_params.yaml").exists():
        raise ArtifactError(
            f"tuning.apply is on, but workspace {shop.workspace.name} has no best_params.yaml; "
            "run the tune job first, or switch it off"
        )
    nested = read_yaml(folder / "best_params.yaml")
    values = {f"{section}.{name}": v for section, part in nested.items() for name, v in part.items()}
    return BestValues(read_json(folder / "tuning.json")["study"], values)


def chosen_settings(shop: Shop) -> Settings:
    """The settings with the chosen encoders in the place of `auto`.

    Raises:
        ArtifactError: nothing was chosen yet.
    """
    from models.choice import Choice, auto_modalities

    if not auto_modalities(shop.settings):
        return shop.settings
    return Choice.load(shop.folder("encoder_choice")).settings(shop.settings)


def chosen_beside_champion(shop: Shop) -> dict[str, str]:
    """Settings by dotted name that `auto` came to because a champion reigned (`Choice.named`)."""
    from models.choice import Choice, auto_modalities

    if not auto_modalities(shop.settings):
        return {}
    return Choice.load(shop.folder("encoder_choice")).named()


def too_large(shop: Shop) -> list[str]:
    """Frozen encoders with which a challenger is larger than the gate lets pass beside the champion."""
    from models.choice import larger_than
    from releases.gate.cost import megabytes

    if champion(shop.workspace) is None:
        return []
    try:
        model = champion_model(shop.workspace)
    except ArtifactError:
        return []  # the gate has nothing to hold a challenger's size against either
    return larger_than(shop.settings.gate.times_larger * megabytes(model))


def model_settings(shop: Shop) -> Settings:
    """The settings a challenger is trained with: the best values laid over them where `tuning.apply` is on.

    Raises:
        ArtifactError: see `best_values`.
        SettingsError: a best value is not usable any more.
    """
    best, settings = best_values(shop), chosen_settings(shop)
    return settings if best is None else with_values(settings, best.values)
