"""Features: what frozen encoders and front-ends see, computed once per content hash."""

from pathlib import Path

import dagster as dg

from assets.lib.record import Facts
from assets.lib.shop import Shop
from assets.lib.stage import stage
from assets.model_inputs import fitted

__all__ = ["audio_features", "image_features", "tabular_features", "text_features"]


def _feature_asset(modality: str, source: str, description: str) -> dg.AssetsDefinition:
    """The features of one modality."""

    def features(shop: Shop, folder: Path) -> Facts:
        """Compute the rows whose content is new; take the others from the store."""
        from models.features.catalogue import modality_features

        values, counts = modality_features(
            modality,
            shop.table("products"),
            shop.media,
            fitted(shop),
            shop.workspace.state / "features",
            shop.settings,
        )
        values.save(folder / "features")
        return {
            "dagster/row_count": len(values),
            "present": int(values.present.sum()),
            "arrays": {"json": {k: [str(v.dtype), *v.shape] for k, v in values.values.items()}},
            "computed_rows": counts.computed,
            "reused_rows": counts.reused,
        }

    features.__name__ = f"{modality}_features"
    return stage(
        folder=f"features/{modality}",
        deps=list(dict.fromkeys((source, "featurizer", "raw_media", "texts", "products"))),
        # Decoders and frozen weights belong to what is computed, beside the settings.
        settings=lambda shop: [fitted(shop).fingerprints[modality], fitted(shop).fingerprint],
        group="features",
        owners=["team:representation"],
        kinds={"torch", "numpy"},
        code_version="1",
        description=description,
    )(features)


text_features = _feature_asset(
    "text", "texts", "Subword tokens, and sentence vectors of a frozen encoder where one is configured."
)
image_features = _feature_asset(
    "image", "images", "Pixel tensors, and vectors of a frozen image encoder where one is configured."
)
audio_features = _feature_asset("audio", "sounds", "Log-mel spectrograms and MFCC statistics.")
tabular_features = _feature_asset("tabular", "products", "Scaled price and other table values.")
