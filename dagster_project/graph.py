"""Which assets each stage and each loop covers: the one list that Dagster, DVC and the Makefile share."""

from collections.abc import Mapping

__all__ = ["DVC_STAGES", "GROUPS", "LOOPS", "STAGES"]

STAGES: Mapping[str, tuple[str, ...]] = {
    "collection": ("raw_products", "raw_media", "raw_events", "raw_stock"),
    "validation": ("media_findings", "validation_report"),
    "preprocessing": (
        "products",
        "quarantine",
        "events",
        "stock",
        "splits",
        "texts",
        "featurizer",
        "images",
        "sounds",
    ),
    "features": ("text_features", "image_features", "audio_features", "tabular_features"),
    "training": ("challenger",),
    "evaluation": ("evaluation", "model_card", "champion"),
    "release": (
        "product_embeddings",
        "graph_vectors",
        "search_index",
        "lexical_index",
        "modality_vectors",
        "bought_together",
        "search_fusion",
        "release",
    ),
    "packaging": ("bento",),
    "monitoring": ("live_requests", "drift_report"),
}
"""Dagster group and job name to its assets, in the order of the chain."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    **STAGES,
    "tuning": ("tuning",),
    "cross_validation": ("cross_validation",),
}
"""Dagster group to its assets: the stages, and what is run on the side and feeds no stage by itself."""

DVC_STAGES = tuple(stage for stage in STAGES if stage not in ("collection", "monitoring"))
"""Stages that dvc.yaml describes: all that follows the snapshot and precedes live traffic."""

_CHAIN = tuple(asset for stage, assets in STAGES.items() if stage != "monitoring" for asset in assets)

LOOPS: Mapping[str, tuple[str, ...]] = {
    "chain": (*_CHAIN, *STAGES["monitoring"]),
    "retrain": _CHAIN,
    "refresh": (
        *STAGES["collection"],
        *STAGES["validation"],
        "products",
        "quarantine",
        "events",
        "stock",
        "texts",
        *STAGES["release"],
        *STAGES["packaging"],
    ),
    "tune": GROUPS["tuning"],
    "cross_validate": GROUPS["cross_validation"],
}
"""Jobs that are no stage: everything, ending with a first drift report; collect and train again; new
data under the same model; the two that run on the side."""
