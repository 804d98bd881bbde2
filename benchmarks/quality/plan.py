"""What the quality benchmark runs: units of one training each, by experiment.

A unit is one model (or one simple baseline) on one fold with one seed. Where recipes compete
(CHOICES), each fold chooses among them on a quarter of its own training rows, so no test row has a
say. A model has no early stopping, so that all training rows of a fold teach it.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from shelfspace.hashing import fingerprint
from shelfspace.settings import merge

__all__ = [
    "AIMS",
    "BASE",
    "CHOICES",
    "EXPERIMENTS",
    "EXPERT",
    "PLAIN",
    "RIDGES",
    "TIMES_SCRATCH",
    "Unit",
    "overrides",
    "units",
]

FOLDS = 5
SEEDS = (0, 1)
SAMPLE_SEEDS = (0, 1, 2)

BASE: dict[str, Any] = {
    "preprocessing": {"image_size": 128, "sound_seconds": 5.0},
    "features": {"arrays": ["pixels", "histograms", "mfcc", "logmel", "timbre"]},
    "model": {"text": "tfidf", "image": "histograms", "audio": "timbre", "fusion": "weighted"},
    "training": {
        "device": "cpu",
        "epochs": 40,
        "patience": 1000,
        "learning_rate": 0.005,
        "price_weight": 0.0,
        "alignment_weight": 0.1,
        "nested_dims": [64, 128],
    },
}
"""Settings of every model: the fast encoders on cached features, so that ablations cost seconds."""

FUSIONS = ("concat", "weighted", "attention", "hybrid")
STRATEGIES = ("joint", "transfer", "adversarial")

ALIGNED = {"training": {"epochs": 30, "alignment_weight": 0.3, "nested_dims": []}}

RECIPES: dict[str, dict[str, Any]] = {
    "base": {},
    "plain": {},
    "fisher": {"model": {"image": "fisher"}},
    "fisher plain": {"model": {"image": "fisher"}},
    "price": {"training": {"price_weight": 1.0, "label_weight": 0.3, "unimodal_label_weight": 0.1}},
    # Without validation rows the product lets its linear expert name the category: that is what is shipped.
    "expert": {
        "model": {"image": "efficientnet_lite0:padded+squeezed+centre"},
        "features": {"arrays": []},
    },
    # Words and photos in one space, aligned as strongly as the product's default: with the packaged photo
    # encoder, and with one that learns from these photos alone (fewer epochs, as each takes seconds).
    "aligned": merge(ALIGNED, {"model": {"image": "efficientnet_lite0"}, "features": {"arrays": []}}),
    "aligned cnn": merge(
        ALIGNED,
        {
            "model": {"image": "cnn"},
            "features": {"arrays": ["pixels"]},
            "preprocessing": {"image_size": 96},
            "training": {"epochs": 12},
        },
    ),
    "cnn": {"model": {"image": "cnn"}, "preprocessing": {"image_size": 96}},
    "logmel_cnn": {"model": {"audio": "logmel_cnn"}},
    **{
        f"{fusion}/{strategy}": {
            "model": {"fusion": fusion, **({"completion": strategy} if strategy == "adversarial" else {})},
            "training": {"strategy": strategy},
        }
        for fusion in FUSIONS
        for strategy in STRATEGIES
    },
    **{
        f"complete/{way}": {
            "model": {"completion": way},
            "training": {"strategy": "adversarial"} if way == "adversarial" else {},
        }
        for way in ("token", "mean", "nearest", "adversarial")
    },
}
"""Recipe name to what it lays over BASE."""

EXPERT = "expert"
"""The recipe of what is shipped; a network beside it is reported as learned, apart."""

SAME_PHOTOS = {"linear_photo", "frozen_logistic", "frozen_rbf"}
"""Baselines on the photo vectors that the expert reads."""

RIDGES = ("kernel_ridge", "linear_ridge")
"""Regressions from sentence vectors to the photo vectors that `aligned` reads."""

PLAIN = {"plain", "fisher plain"}
"""Recipes that see no texture statistics: those of the baseline alone, colours and oriented gradients."""

DECIDING = {"preprocessing", "features", "model", "training", "augmentation"}
"""Sections of the settings that decide what a training learns."""

CHOICES: dict[str, tuple[str, ...]] = {
    "chosen photo": ("plain", "base", "fisher plain", "fisher"),
    "chosen fusion": tuple(f"{fusion}/joint" for fusion in FUSIONS),
    "chosen completion": ("complete/token", "complete/mean", "complete/nearest"),
}
"""Name to the recipes that compete under it, the simplest first; it wins a tie."""


@dataclass(frozen=True)
class Unit:
    """One training.

    Attributes:
        experiment: the row of the report it belongs to.
        data, target: data set, and its labels; target `price` is a regression.
        folds: `random` (StratifiedKFold, seed 0), `plain` (KFold, seed 0), a group name
            (StratifiedGroupKFold, seed 0), or `frozen` (the platform's own split).
        sees: modalities of the model.
        text: `full`, `name`, or `prose` (name and description, asking for its photo).
        recipe: key of RECIPES, of CHOICES, or of baselines.BASELINES, or one of RIDGES.
        sentence: whether MiniLM vectors go along with the words.
        share: of the training rows' labels that may be used.
    """

    experiment: str
    data: str
    target: str
    folds: str
    fold: int
    seed: int
    sees: tuple[str, ...]
    text: str = "full"
    recipe: str = "base"
    sentence: bool = True
    share: float = 1.0

    @property
    def key(self) -> str:
        """Identifies what is computed: experiments that ask for the same share one result."""
        asked = {k: v for k, v in asdict(self).items() if k not in ("experiment", "recipe")}
        return fingerprint([asked, [_content(r) for r in CHOICES.get(self.recipe, (self.recipe,))]])[:20]


def _content(recipe: str) -> Any:
    """The settings of a recipe, and what is not in them; for a baseline its name."""
    if recipe not in RECIPES:
        return recipe
    from shelfspace.settings import load_settings

    settings = load_settings(overrides=overrides(recipe))
    return [settings.model_dump(mode="json", include=DECIDING), recipe in PLAIN]


def overrides(recipe: str) -> dict[str, Any]:
    """The settings of a recipe, over the defaults of params.yaml."""
    same = EXPERT if recipe in SAME_PHOTOS else "aligned" if recipe in RIDGES else recipe
    return merge(BASE, RECIPES.get(same, {}))


AIMS: dict[str, tuple[str, float | None, float | None]] = {
    "flipkart_l1_all": ("accuracy", 0.972, 0.975),
    "flipkart_l1_name_photo_price": ("accuracy", 0.941, 0.955),
    "flipkart_l1_grouped": ("accuracy", 0.964, 0.970),
    "flipkart_l2_acc": ("accuracy", 0.954, 0.962),
    "flipkart_l2_f1": ("macro_f1", 0.917, 0.925),
    "flipkart_l1_photo_pretrained": ("accuracy", 0.868, 0.890),
    "flipkart_l2_photo_pretrained": ("accuracy", 0.794, 0.820),
    "fused_below_linear": ("below", None, 0),
    "flipkart_l1_photo": ("accuracy", 0.702, 0.760),
    "flipkart_l1_text_withheld_gap": ("gap", None, 0.02),
    "flipkart_price_r2": ("r2", 0.483, 0.560),
    "flipkart_text_to_photo_recall10": ("recall_at_10", None, None),
    "sounds_16": ("accuracy", 0.797, 0.880),
    "sounds_grouped": ("accuracy", 0.730, 0.820),
    "sample_fused_gain": ("gain", None, 0.10),
}
"""Row to (metric, strongest simple baseline published with the data, figure to reach).

Where no figure is named, what to reach is TIMES_SCRATCH times the network that starts from nothing."""

TIMES_SCRATCH = 5

MEDIA = ("text", "image", "tabular")
ALL = ("text", "image", "audio", "tabular")


def _folded(
    experiment: str, data: str, target: str, folds: str, sees: tuple[str, ...], **more: Any
) -> Iterator[Unit]:
    """All folds: the model with every seed, and its baseline once."""
    baseline = more.pop("baseline")
    seeds = more.pop("seeds", SEEDS)
    for fold in range(FOLDS):
        yield Unit(
            experiment, data, target, folds, fold, 0, sees, recipe=baseline, text=more.get("text", "full")
        )
    for seed in seeds:
        for fold in range(FOLDS):
            yield Unit(experiment, data, target, folds, fold, seed, sees, **more)


def _shipped(
    experiment: str,
    data: str,
    target: str,
    folds: str,
    sees: tuple[str, ...],
    baseline: str,
    text: str = "full",
) -> Iterator[Unit]:
    """What is shipped and its baseline on all folds; neither depends on a seed."""
    for recipe in (EXPERT, baseline):
        for fold in range(FOLDS):
            yield Unit(experiment, data, target, folds, fold, 0, sees, text=text, recipe=recipe)


def _aims() -> Iterator[Unit]:
    flip = ("flipkart", "l1", "random")
    yield from _folded("flipkart_l1_all", *flip, MEDIA, recipe="fisher", baseline="linear")
    yield from _folded("flipkart_l1_photo", *flip, ("image",), recipe="chosen photo", baseline="photo_svm")
    yield from _folded("sounds_16", "sounds", "family", "random", ("audio",), baseline="sound_svm")
    yield from _folded("sounds_grouped", "sounds", "family", "note", ("audio",), baseline="sound_svm")
    brands = ("flipkart", "l1", "brand")
    yield from _folded("flipkart_l1_grouped", *brands, MEDIA, baseline="linear")
    yield from _folded("flipkart_l2", "flipkart", "l2", "random", MEDIA, baseline="linear")
    yield from _folded(
        "flipkart_l1_name_photo_price", *flip, MEDIA, text="name", recipe="fisher", baseline="linear_photo"
    )
    yield from _folded(
        "flipkart_price_r2", "flipkart", "price", "plain", ("text", "image"), recipe="price", baseline="ridge"
    )
    text = ("flipkart_l1_all", "flipkart_l1_name_photo_price", "flipkart_l1_grouped", "flipkart_l2")
    for experiment in text:
        short = experiment.endswith("price")
        target, folds = (
            "l2" if experiment.endswith("l2") else "l1",
            "brand" if "grouped" in experiment else "random",
        )
        shipped = ("flipkart", target, folds, MEDIA)
        yield from _shipped(
            experiment, *shipped, "linear_photo" if short else "linear", "name" if short else "full"
        )
    photo = ("flipkart_l1_photo_pretrained", "flipkart", "l1", "random", ("image",))
    yield from _shipped(*photo, "frozen_logistic")
    photo = ("flipkart_l2_photo_pretrained", "flipkart", "l2", "random", ("image",))
    yield from _shipped(*photo, "frozen_rbf")
    photo = ("flipkart_text_to_photo_recall10", "flipkart", "l1", "random")
    for recipe in (*RIDGES, "aligned", "aligned cnn"):
        for fold in range(FOLDS):
            yield Unit(*photo, fold, 0, ("text", "image"), text="prose", recipe=recipe)
    yield from _folded("flipkart_l1_text", *flip, ("text",), baseline="linear", seeds=(0,))
    yield from _folded("flipkart_l1_name", *flip, ("text",), text="name", baseline="linear", seeds=(0,))


def _sample(experiment: str, recipe: str, sees: tuple[str, ...] = ALL, **more: Any) -> Iterator[Unit]:
    for seed in SAMPLE_SEEDS:
        yield Unit(
            experiment, "sample", "category", "frozen", 0, seed, sees, recipe=recipe, sentence=False, **more
        )


def _ablations() -> Iterator[Unit]:
    yield from _sample("sample_subsets", "chosen completion")
    yield from _sample("sample_fusion", "chosen fusion")
    yield Unit(
        "sample_subsets", "sample", "category", "frozen", 0, 0, ("text",), recipe="linear", sentence=False
    )
    for modality in ALL:
        yield from _sample("sample_alone", "base", (modality,))
    for way in ("token", "mean", "nearest", "adversarial"):
        yield from _sample("completion", f"complete/{way}")
    for strategy in STRATEGIES:
        for fusion in FUSIONS:
            yield from _sample("fusion_strategy", f"{fusion}/{strategy}")
    for share in (0.1, 0.3, 1.0):
        yield from _sample("label_share", "base", share=share)
        for fold in range(FOLDS):
            for recipe in ("base", "linear"):
                yield Unit(
                    "label_share", "flipkart", "l1", "random", fold, 0, MEDIA, recipe=recipe, share=share
                )


def _finalists() -> Iterator[Unit]:
    """End to end: networks on pixels and spectrograms, one seed."""
    for fold in range(FOLDS):
        yield Unit("flipkart_l1_photo", "flipkart", "l1", "random", fold, 0, ("image",), recipe="cnn")
        yield Unit("sounds_16", "sounds", "family", "random", fold, 0, ("audio",), recipe="logmel_cnn")


EXPERIMENTS = {"aims": _aims, "ablations": _ablations, "finalists": _finalists}


def units(parts: list[str]) -> list[Unit]:
    """The units of the named parts, each once, in order."""
    return list(dict.fromkeys(unit for part in parts for unit in EXPERIMENTS[part]()))
