"""The typed form of params.yaml: frozen, checked once, and the same for every caller.

`load_settings` reads params.yaml, lays a catalogue's overrides over it and refuses what it does
not know with the name, the value and the remedy. Each class is one section; each field says what
it means and in which unit.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalog.errors import SettingsError
from catalog.hashing import fingerprint
from catalog.search_space import Dimension, check_space

__all__ = ["Settings", "load_settings", "merge"]

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0)]
Modality = Literal["text", "image", "audio", "tabular"]


class Section(BaseModel):
    """A frozen section that refuses unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def fingerprint(self) -> str:
        """Hash of the section's values; equal settings give equal fingerprints."""
        return fingerprint(self.model_dump())


class Collection(Section):
    """How a source becomes a snapshot."""

    shard_rows: Positive = Field(5000, description="Rows in one Parquet shard.")
    media_shard_megabytes: Positive = Field(64, description="Size of one media shard, in MB.")
    max_delete_share: Share = Field(
        0.2, description="A full delivery that would remove more than this share of products stops and asks."
    )
    push: bool = Field(True, description="Push the snapshot to the DVC remote after it is written.")


class Media(Section):
    """What may be decoded; checked before any decoder runs."""

    photo_formats: tuple[str, ...] = Field(("JPEG", "PNG", "WEBP"), description="Pillow format names.")
    max_photo_megapixels: PositiveFloat = Field(100, description="Largest photo, in millions of pixels.")
    max_photo_bytes: Positive = Field(20_000_000, description="Largest photo file, in bytes.")
    sound_formats: tuple[str, ...] = Field(("WAV", "FLAC", "OGG", "MP3"), description="libsndfile formats.")
    max_sound_seconds: PositiveFloat = Field(120, description="Longest sound, in seconds.")
    max_sound_bytes: Positive = Field(20_000_000, description="Largest sound file, in bytes.")
    video_formats: tuple[str, ...] = Field(("MP4", "WEBM"), description="MP4 (and MOV), WEBM (and Matroska).")
    max_video_seconds: PositiveFloat = Field(120, description="Longest video, in seconds.")
    max_video_bytes: Positive = Field(100_000_000, description="Largest video file, in bytes.")
    video_frames: Positive = Field(3, description="Frames of a video that become photos, evenly spread.")


class Validation(Section):
    """What the data must satisfy for the chain to go on."""

    min_rows: Positive = Field(50, description="A catalogue with fewer products stops the run.")
    max_bad_share: Share = Field(0.1, description="Largest share of refused products before the run stops.")


class Preprocessing(Section):
    """Model-ready inputs and the frozen split."""

    max_text_characters: Positive = Field(8000, description="Longer texts are cut, in characters.")
    image_size: Positive = Field(96, description="Side of the letterboxed photo, in pixels.")
    max_photos: Positive = Field(
        1, description="Photos of a product that are read, the first ones; several are pooled by attention."
    )
    sample_rate: Positive = Field(16_000, description="Sounds are resampled to this rate, in Hz.")
    sound_seconds: PositiveFloat = Field(2.0, description="Sounds are cut or padded to this length, in s.")
    vocabulary: Positive = Field(6000, description="Entries of the subword vocabulary.")
    text_length: Positive = Field(96, description="Tokens kept of one product's text.")
    word_vocabulary: Positive = Field(
        20_000, description="Words told apart at most, by the text encoders that read whole words."
    )
    word_length: Positive = Field(256, description="Words kept of one product's text.")
    test_share: Share = Field(0.2, description="Share of duplicate groups in the holdout.")
    validation_share: Share = Field(0.1, description="Share of duplicate groups used for early stopping.")
    group_by_brand: bool = Field(False, description="Keep products of one brand on one side of the split.")


class Features(Section):
    """What frozen encoders compute."""

    device: str = Field("auto", description="auto, cpu or cuda.")
    batch_size: Positive = Field(64, description="Products in one encoder call.")
    text_encoder: str | None = Field(
        None,
        description="Sentence vectors beside the text encoder's own: minilm, "
        "sentence-transformers:<name or folder>, transformers:<CLIP folder>, or null.",
    )
    image_encoder: str | None = Field(
        None,
        description="transformers:<name or folder>, timm:<name>, open_clip:<name>/<weights>, or null; "
        "follows model.image where that names one.",
    )
    audio_encoder: str | None = Field(
        None,
        description="transformers:<name or folder>, or null; follows model.audio where that names one.",
    )
    histograms: bool = Field(
        False,
        description="Also compute the photo statistics that model.image: histograms reads; that name turns "
        "it on.",
    )
    timbre: bool = Field(
        False, description="Also compute the numbers that model.audio: timbre reads; that name turns it on."
    )
    details: bool = Field(
        False, description="Read brand and attributes as table values; model.tabular: details turns it on."
    )
    n_mels: Positive = Field(64, description="Mel bands of the log-mel spectrogram.")
    n_mfcc: Positive = Field(20, description="Mel-frequency cepstral coefficients kept.")


class Model(Section):
    """Encoders, fusion and widths, by registry name."""

    modalities: tuple[Modality, ...] = Field(("text", "image", "audio", "tabular"))
    text: str = Field(
        "lstm",
        description="Text encoder: lstm, transformer, tfidf, word2vec, glove, glove:<vectors file>, minilm "
        "or sentence-transformers:<name or folder>.",
    )
    image: str = Field(
        "cnn",
        description="Image encoder: cnn, histograms, transformers:<...>, timm:<...> or open_clip:<...>.",
    )
    audio: str = Field("mfcc", description="Audio encoder: mfcc, timbre, logmel_cnn or transformers:<...>.")
    tabular: str = Field("price", description="Tabular encoder: price or details.")
    fusion: str = Field("attention", description="Fusion: concat, weighted, attention or hybrid.")
    completion: str = Field(
        "token",
        description="Absent modalities: token (left to the fusion; none is the same), mean, nearest, or "
        "adversarial (with training.strategy adversarial).",
    )
    width: Positive = Field(128, description="Hidden width of encoders and fusion.")
    dim: Positive = Field(256, description="Length of the product vector.")
    dropout: Share = Field(0.2, description="Dropout probability.")


class Training(Section):
    """The optimisation of the fusion model."""

    strategy: str = Field("joint", description="Strategy: joint, transfer or adversarial.")
    epochs: Positive = Field(25)
    batch_size: Positive = Field(64)
    learning_rate: PositiveFloat = Field(0.002)
    layer_decay: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Learning rate of an encoder's layer, as a share of the layer's above it.",
    )
    weight_decay: float = Field(0.02, ge=0)
    average: Literal["none", "ema", "swa"] = Field(
        "none",
        description="Weights that are judged and kept: the last (none), their exponential moving average "
        "(ema), or the mean of the run's second half (swa).",
    )
    modality_dropout: Share = Field(0.3, description="Probability of hiding a present modality.")
    word_dropout: Share = Field(0.2, description="Share of a text's words hidden in each step.")
    name_only: Share = Field(0.0, description="Probability of cutting a text back to the product's name.")
    label_weight: float = Field(1.0, ge=0, description="Weight of the category loss on the fused vector.")
    alignment_weight: float = Field(0.3, ge=0, description="Weight of the cross-modal contrastive loss.")
    unimodal_label_weight: float = Field(0.3, ge=0, description="Weight of the category loss per modality.")
    price_weight: float = Field(0.1, ge=0, description="Weight of the log-price regression.")
    hierarchy_weight: float = Field(
        0.0, ge=0, description="Weight of the category loss of each shorter category path; 0 is off."
    )
    contrastive_weight: float = Field(
        0.0, ge=0, description="Weight of the supervised contrastive loss; 0 is off."
    )
    nested_dims: tuple[Positive, ...] = Field(
        (),
        description="Lengths the product vector may be cut to, as in [64, 128]; prefixes carry the category "
        "and alignment losses too. Empty is off.",
    )
    label_smoothing: Share = Field(0.05)
    class_balance: Literal["none", "sqrt", "effective"] = Field(
        "sqrt", description="Category weights: none, 1 / sqrt(rows), or by the effective number of rows."
    )
    teacher: str = Field(
        "auto",
        description="Strategy transfer: the modality that teaches the others. auto takes frozen vectors "
        "(text, then image) where there are any, else the best of text, image and audio trained alone.",
    )
    transfer_share: Share = Field(
        0.3, description="Strategy transfer: share of the epochs spent on the teacher's vectors alone."
    )
    distillation_weight: float = Field(
        1.0, ge=0, description="Strategy transfer: weight of agreement with the teacher, in those epochs."
    )
    adversarial_weight: float = Field(
        0.1, ge=0, description="Strategy adversarial: weight of deceiving the discriminator."
    )
    reconstruction_weight: float = Field(
        1.0, ge=0, description="Strategy adversarial: weight of the distance to hidden true vectors."
    )
    patience: Positive = Field(8, description="Epochs without a better validation loss before stopping.")
    device: str = Field("auto", description="auto, cpu or cuda.")
    precision: str = Field("32-true", description="A Lightning precision name.")


class Tuning(Section):
    """The search for better settings (`make tune`), judged on the validation rows of the frozen split."""

    trials: Positive = Field(20, description="Finished trials of a study; those stopped early count.")
    metric: Literal["log_loss", "accuracy", "loss"] = Field(
        "log_loss",
        description="`log_loss` of the category at its best temperature, `accuracy`, or `loss`: "
        "the whole objective, for catalogues without labels.",
    )
    startup_trials: Positive = Field(8, description="Trials drawn at random before the sampler learns.")
    prune_after_trials: Positive = Field(5, description="Whole trials before any is stopped early.")
    prune_after_epochs: Positive = Field(
        6, description="Epochs a trial gets before the median of the others may stop it."
    )
    apply: bool = Field(False, description="Lay the best values found over the challenger's settings.")
    space: dict[str, Dimension | None] = Field(
        {
            "training.learning_rate": Dimension(low=0.0005, high=0.01, log=True),
            "training.batch_size": Dimension(choices=(32, 64, 128)),
            "training.weight_decay": Dimension(low=0.001, high=0.1, log=True),
            "training.modality_dropout": Dimension(low=0.0, high=0.5),
            "model.dropout": Dimension(low=0.0, high=0.5),
            "model.fusion": Dimension(choices=("concat", "weighted", "attention")),
            "model.width": Dimension(choices=(64, 128, 256)),
        },
        description="Searched settings by dotted name (`model.*`, `training.*`): `{low, high, log}` or "
        "`{choices}`; null takes a name out.",
    )


class CrossValidation(Section):
    """How far the figures move with the rows and the seed (`make cross-validate`)."""

    folds: int = Field(5, ge=2, description="Parts of the products; duplicate groups stay whole.")
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        (0,), min_length=1, description="One division and one training seed each."
    )
    holdout: bool = Field(
        False, description="Divide the holdout too; whoever then chooses by the figures has seen it."
    )


class Augmentation(Section):
    """Random changes of photos and sounds while training; none when a product is embedded."""

    photo_strength: float = Field(
        1.0, ge=0, le=2, description="Crop, shift, mirror and brightness of cnn's photos; 0 is none."
    )
    sound_gain: float = Field(0.0, ge=0, description="Largest change of a log-mel's level, in deviations.")
    sound_noise: float = Field(0.0, ge=0, description="Noise on a log-mel, in deviations.")
    time_mask: Share = Field(0.0, description="Longest stretch of a log-mel that is hidden, as a share.")
    frequency_mask: Share = Field(0.0, description="Widest band of a log-mel that is hidden, as a share.")


class Evaluation(Section):
    """How a model is judged."""

    bootstrap: Positive = Field(200, description="Resamples behind each confidence interval.")
    recall_at: tuple[int, ...] = Field((1, 5, 10), description="Cut-offs of retrieval recall.")


class Gate(Section):
    """When a challenger replaces the champion."""

    min_accuracy: Share = Field(0.5)
    min_macro_f1: Share = Field(0.4)
    min_recall_at_10: Share = Field(0.2, description="Same-category recall@10 on the holdout.")
    tolerance: Share = Field(0.01, description="How much lower than the champion overall metrics may be.")
    subset_tolerance: Share = Field(0.03, description="The same, per modality subset.")
    category_tolerance: Share = Field(0.15, description="The same, for the recall of a large category.")
    category_min_rows: Positive = Field(30, description="Holdout rows that make a category large.")


class Graph(Section):
    """Products bought together refine the product vector; off by default (see docs/graph.md)."""

    encoder: str = Field(
        "none", description="none, lightgcn or graphsage; the last two need the extra `graph`."
    )
    together: Literal["basket", "shopper"] = Field(
        "basket",
        description="What makes two products bought together: one order (a shopper's day where orders have "
        "no number), or one shopper.",
    )
    neighbours: Positive = Field(20, description="Strongest co-purchase neighbours a product names.")
    shrinkage: float = Field(
        10.0, ge=0, description="Baskets' worth of doubt in a pair's weight; few shared baskets weigh little."
    )
    max_basket: int = Field(
        100, ge=2, description="Baskets of more distinct products (wholesalers) are left out."
    )
    layers: Positive = Field(2, description="Steps along the graph that a vector gathers from.")
    width: Positive = Field(256, description="graphsage: hidden width.")
    holdout_share: float = Field(
        0.1, gt=0, le=0.5, description="Share of the baskets, the latest, that training is judged by."
    )
    epochs: Positive = Field(30, description="graphsage: largest number of epochs.")
    patience: Positive = Field(5, description="graphsage: epochs without better recall before stopping.")
    batch_size: Positive = Field(512, description="graphsage: pairs in one step.")
    learning_rate: PositiveFloat = Field(0.001, description="graphsage: learning rate.")
    weight_decay: float = Field(0.0001, ge=0, description="graphsage: weight decay.")
    temperature: PositiveFloat = Field(0.1, description="graphsage: temperature of the contrast.")
    edge_dropout: Share = Field(
        0.3, description="graphsage: share of the pairs taken out of the graph while they are learned."
    )
    isolation: Share = Field(
        0.3, description="graphsage: share of products trained as if nobody had bought them."
    )
    anchor_weight: float = Field(
        0.5, ge=0, description="graphsage: weight of staying near the vector that is refined."
    )


class ReleaseSettings(Section):
    """The index and how many releases stay on disk."""

    exact_up_to: Positive = Field(20_000, description="Vectors up to which the index is exact.")
    min_recall: Share = Field(
        0.99, description="Recall@10 an approximate index must reach, or exact is used."
    )
    keep: Positive = Field(5, description="Releases kept for rollback.")


class Service(Section):
    """The limits of `bentoml serve`."""

    host: str = Field("127.0.0.1")
    port: Positive = Field(3000)
    threads: Positive = Field(1, description="torch threads of one service process.")
    max_items: Positive = Field(64, description="Items in one request.")
    max_body_bytes: Positive = Field(32_000_000)
    max_results: Positive = Field(100, description="Largest k of a search.")
    max_concurrency: Positive = Field(64, description="Requests in flight before 429.")
    log_every_seconds: PositiveFloat = Field(5)
    log_query_text: bool = Field(False, description="Keep query texts in the request log.")


class Monitoring(Section):
    """When live requests or a changed catalogue count as drifted."""

    min_requests: Positive = Field(50, description="Requests needed before a verdict is given.")
    drift_share: Share = Field(0.4, description="Share of drifted columns that makes a drift.")
    embedding_threshold: Share = Field(
        0.65, description="ROC AUC of the domain classifier that makes a drift."
    )
    sample_rows: Positive = Field(2000, description="Rows compared at most, per side.")


class Automation(Section):
    """Sensors and schedules."""

    weekly: str = Field("0 3 * * 1", description="Cron expression of the retraining schedule.")
    drift_interval_seconds: Positive = Field(60)
    inbox_interval_seconds: Positive = Field(30)
    cooldown_hours: float = Field(24, ge=0, description="Least time between two drift-started retrainings.")
    inbox_job: Literal["refresh", "retrain"] = Field("refresh", description="Job a new delivery starts.")


class Settings(Section):
    """All of params.yaml."""

    workspaces: tuple[str, ...] = ("sample",)
    seed: int = 0
    collection: Collection = Collection()
    media: Media = Media()
    validation: Validation = Validation()
    preprocessing: Preprocessing = Preprocessing()
    features: Features = Features()
    model: Model = Model()
    training: Training = Training()
    tuning: Tuning = Tuning()
    cross_validation: CrossValidation = CrossValidation()
    augmentation: Augmentation = Augmentation()
    evaluation: Evaluation = Evaluation()
    gate: Gate = Gate()
    graph: Graph = Graph()
    release: ReleaseSettings = ReleaseSettings()
    service: Service = Service()
    monitoring: Monitoring = Monitoring()
    automation: Automation = Automation()


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`base` with `over` laid over it, section by section; neither is changed."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def load_settings(path: Path | None = None, overrides: dict[str, Any] | None = None) -> Settings:
    """Read params.yaml (all defaults when `path` is None) with a catalogue's overrides on top.

    Raises:
        SettingsError: a file that is no YAML mapping, an unknown name, or a value out of range.
    """
    values: dict[str, Any] = {}
    if path is not None:
        try:
            loaded = yaml.safe_load(path.read_text()) or {}
        except (OSError, yaml.YAMLError) as error:
            raise SettingsError("params.yaml", str(path), f"give a readable YAML file ({error})") from error
        if not isinstance(loaded, dict):
            raise SettingsError(
                "params.yaml", str(path), "give a mapping of sections, as the shipped file does"
            )
        values = loaded
    try:
        settings = Settings.model_validate(merge(values, overrides or {}))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            name, first.get("input"), f"{first['msg']}; see docs/parameters.md for what it takes"
        ) from error
    check_space(settings)
    return settings
