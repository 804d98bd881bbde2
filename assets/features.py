"""Features: what frozen encoders and front-ends see, computed once per content hash."""

from pathlib import Path

import dagster as dg

from assets.lib.learning import read_catalogue
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

        values, counts = modality_features(modality, read_catalogue(shop), fitted(shop))
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
        settings=lambda shop: [fitted(shop).fingerprints.get(modality, ""), fitted(shop).fingerprint],
        group="features",
        owners=["team:representation"],
        kinds={"torch", "numpy"},
        code_version="1",
        description=description,
    )(features)


WHAT = {
    "text": "The arrays of texts that the text encoder reads: subwords, words or sentence vectors.",
    "image": "The arrays of photos that the image encoder reads: pixels, statistics or frozen vectors.",
    "audio": "The arrays of sounds that the audio encoder reads: spectra, statistics or frozen vectors.",
    "tabular": "The table values that the tabular encoder reads: the scaled price, brand and attributes.",
}
text_features = _feature_asset("text", "texts", WHAT["text"])
image_features = _feature_asset("image", "images", WHAT["image"])
audio_features = _feature_asset("audio", "sounds", WHAT["audio"])
tabular_features = _feature_asset("tabular", "products", WHAT["tabular"])
