"""Features: what frozen encoders and front-ends see, computed once per content hash."""

from pathlib import Path

import dagster as dg

from assets.lib.learning import read_catalogue
from assets.lib.preconditions import require_checks
from assets.lib.presentation import result
from assets.lib.shop import Shop
from assets.lib.stage import Facts, build

__all__ = ["FEATURES"]

GROUP = "features"
OWNERS = ["team:representation"]
INPUTS = {"text": ("texts",), "image": ("images",), "audio": ("sounds",), "tabular": ("products",)}
WHAT = {
    "text": "The arrays of texts that the text encoder reads: subwords, words or sentence vectors.",
    "image": "The arrays of photos that the image encoder reads: pixels, statistics or frozen vectors.",
    "audio": "The arrays of sounds that the audio encoder reads: spectra, statistics or frozen vectors.",
    "tabular": "The table values that the tabular encoder reads: the scaled price, brand and attributes.",
}


def _feature_asset(modality: str) -> dg.AssetsDefinition:
    name = f"{modality}_features"
    sources = (*INPUTS[modality], "featurizer", "raw_media", "texts")
    unique = tuple(dict.fromkeys((*sources, "products")))

    @dg.asset(
        name=name,
        deps=list(unique),
        group_name=GROUP,
        owners=OWNERS,
        kinds={"torch", "numpy"},
        code_version="1",
        description=WHAT[modality],
    )
    def features(context: dg.AssetExecutionContext, shop: Shop) -> dg.MaterializeResult:
        inputs = shop.versions(*unique)
        require_checks(context.instance, inputs)

        work: Facts = {"computed_rows": 0, "reused_rows": 0}

        from models.features.featurizer import Featurizer

        featurizer = Featurizer.load(shop.folder("featurizer") / "featurizer")

        def compute(folder: Path) -> Facts:
            from models.features.catalogue import modality_features

            values, counts = modality_features(modality, read_catalogue(shop), featurizer)
            values.save(folder / "features")
            work.update(computed_rows=counts.computed, reused_rows=counts.reused)
            return {
                "dagster/row_count": len(values),
                "present": int(values.present.sum()),
                "arrays": {"json": {k: [str(v.dtype), *v.shape] for k, v in values.values.items()}},
            }

        record = build(
            shop.folder(name),
            inputs=inputs,
            code_version="1",
            # Decoders and frozen weights belong to what is computed, beside the settings.
            settings=[featurizer.fingerprints.get(modality, ""), featurizer.fingerprint],
            compute=compute,
        )
        return result(name, record, {**record.facts, **work})

    return features


FEATURES = [_feature_asset(modality) for modality in INPUTS]
