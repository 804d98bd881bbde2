"""Sections of what follows the training: judging, releasing, serving and watching a model."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from shelfspace.settings.section import Positive, PositiveFloat, Section, Share

__all__ = ["Evaluation", "Gate", "Graph", "Monitoring", "ReleaseSettings", "Service"]


class Evaluation(Section):
    """How a model is judged."""

    bootstrap: Positive = Field(200, description="Resamples behind each confidence interval.")
    recall_at: tuple[int, ...] = Field((1, 5, 10), description="Cut-offs of retrieval recall.")
    ranked_rows: Positive = Field(
        5000,
        description="Most holdout products that are ranked among one another for retrieval figures; of a "
        "larger holdout these, chosen by hash of their ids.",
    )


class Gate(Section):
    """When a challenger replaces the champion."""

    min_lift: Share = Field(
        0.25,
        description="How far from guessing to always right accuracy, macro F1 and same-category recall@10 "
        "must get on the holdout, to within their 95% intervals; 0 asks for no more than guessing gives.",
    )
    min_accuracy: Share | None = Field(
        None, description="An absolute floor in its place; 0 for none, null for `min_lift`."
    )
    min_macro_f1: Share | None = Field(None, description="The same.")
    min_recall_at_10: Share | None = Field(None, description="The same, for same-category recall@10.")
    margin: Annotated[float, Field(gt=0, le=1)] = Field(
        0.05,
        description="How much lower than the champion accuracy and same-category recall@10 may be: the 90% "
        "interval of the difference over the holdout's products must lie above it.",
    )
    power: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.8,
        description="How often an equal challenger must pass by chance alone; a holdout on which it passes "
        "less often is too small to tell.",
    )
    undecided: Literal["keep", "promote"] = Field(
        "keep",
        description="What follows where the holdout is too small to tell: keep the champion, or promote.",
    )
    false_vetoes: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.03,
        description="How often modality subsets, pairs of modalities, large categories, macro F1 and "
        "calibration may refuse an equal challenger, all together; each one's margin follows from it.",
    )
    tolerance: Share = Field(
        0.02, description="A loss up to this refuses by none of them, however many products show it."
    )
    category_min_rows: Positive = Field(
        100,
        description="Holdout products that make a category large; a smaller one of 30 or more refuses where "
        "it breaks down.",
    )
    times_larger: Annotated[float, Field(ge=1)] = Field(
        3.0, description="How many times as large as the champion's the challenger's folder may be."
    )
    times_slower: Annotated[float, Field(ge=1)] = Field(
        3.0, description="How many times as long as the champion it may take to read a product."
    )


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
    """The index, what search learns anew, and how many releases stay on disk."""

    exact_up_to: Positive = Field(20_000, description="Vectors up to which the index is exact.")
    min_recall: Share = Field(
        0.99, description="Recall@10 an approximate index must reach, or exact is used."
    )
    relearn_share: Share = Field(
        0.05,
        description="Share of the products that are new, gone or changed, from which on the fusion of words "
        "and vectors is learned anew under the same model; 0 learns at every change.",
    )
    keep: Positive = Field(
        5,
        description="Releases that stay on disk; the live one, the one before it, pinned ones and the "
        "one that waits are never deleted.",
    )
    promotion: Literal["automatic", "ask"] = Field(
        "automatic",
        description="Whether a release goes live by itself, or waits until a person approves it; the "
        "first one goes live in any case.",
    )


class Service(Section):
    """The limits of `bentoml serve`."""

    host: str = Field("127.0.0.1")
    port: Positive = Field(3000)
    threads: Positive = Field(1, description="torch threads of one service process.")
    encoder: Literal["auto", "eager", "onnx", "traced", "bfloat16", "compiled"] = Field(
        "auto",
        description="How the encoder is run; `auto` measures all but `compiled` at each release and takes "
        "the quickest that agrees with eager float32. `onnx` needs the extra of that name.",
    )
    encoder_seconds: PositiveFloat = Field(
        10, description="Seconds after which that measuring tries nothing more."
    )
    query_cache: int = Field(
        4096,
        ge=0,
        description="Queries of words whose encoding is kept, those asked last; 0 encodes every one.",
    )
    max_items: Positive = Field(64, description="Items in one request.")
    max_body_bytes: Positive = Field(32_000_000)
    max_results: Positive = Field(100, description="Largest k of a search.")
    max_concurrency: Positive = Field(64, description="Requests in flight before 429.")
    delta_products: Positive = Field(
        10_000, description="Products that may be added, changed or deleted before a refresh is due."
    )
    delta_bytes: Positive = Field(
        256_000_000, description="Size of the log of those changes, their photos and sounds included."
    )
    index: Literal["release", "postgresql"] = Field(
        "release",
        description="Searched: the index inside the release, or one in PostgreSQL that the service fills; "
        "its address is SHELFSPACE_DATABASE in the environment (docs/vector-index.md).",
    )
    index_seconds: PositiveFloat = Field(
        1.0,
        description="postgresql: seconds a search may take there before the release's own index answers.",
    )
    log_every_seconds: PositiveFloat = Field(5)
    log_query_text: bool = Field(False, description="Keep query texts in the request log.")
    dagster_url: str = Field(
        "http://127.0.0.1:3001",
        pattern=r"^(https?://\S+)?$",
        description="Where the release page links to for Dagster; empty for no link.",
    )
    evidently_url: str = Field(
        "http://127.0.0.1:3002",
        pattern=r"^(https?://\S+)?$",
        description="The same for the drift dashboard.",
    )
    access_log: bool = Field(
        True, description="One JSON line a request beside the request log, without shopper data."
    )
    request_log_rows: int = Field(
        500_000,
        ge=1000,
        description="Rows that the request log keeps, some 1.5 kB each; the oldest beyond are deleted.",
    )
    access_log_bytes: Positive = Field(100_000_000, description="Size of the access log that is kept.")
    shadow_share: Share = Field(
        0.1,
        description="Share of the live requests that a release which waits for a person answers on the side "
        "(docs/shadow.md); 0 for none.",
    )
    shadow_megabytes: int = Field(
        4000, ge=500, description="Memory that the process on the side may ask for before it is switched off."
    )
    shadow_rows: Positive = Field(10_000, description="Answers on the side that are kept, the newest.")
    max_photo_megapixels: PositiveFloat = Field(
        24,
        description="Largest PNG or WebP in a request; a JPEG, decoded at a reduced scale, may be larger.",
    )
    body_seconds: float = Field(20, gt=0, le=60, description="Seconds a request's body may take before 408.")
    answer_seconds: float = Field(
        30, gt=0, le=300, description="Seconds an answer may take, once the body is there, before 504."
    )
    bento_media_megabytes: float = Field(
        500,
        ge=0,
        description="Photos and sounds that travel inside the Bento, in MB; over it the first photo of each "
        "product does, over it still none. 0 for none.",
    )
    user_key_file: str = Field(
        "",
        description="File with the 32 secret bytes that turn shopper ids into keyed hashes, the same for "
        "collection and service; empty for `state/user.key` of the workspace. Never inside a Bento.",
    )
    host_names: tuple[str, ...] = Field(
        (), description="Names the service is asked by, beside localhost and loopback addresses (proxy, DNS)."
    )


class Monitoring(Section):
    """What drift is judged by: windows of what came since, against a reference that stays."""

    window_rows: Positive = Field(
        500, description="Rows of a window: requests, sales, or products that came or changed."
    )
    window_days: float = Field(
        1.0, ge=0, description="Least days that a window of traffic covers; sales are cut into weeks."
    )
    min_requests: Positive = Field(
        50, description="Least rows of a window of the catalogue, where the catalogue is small."
    )
    new_category_rows: Positive = Field(
        10,
        description="A category that the champion never learned calls for a retraining at once when more "
        "products than this carry it, and",
    )
    new_category_share: Share = Field(
        0.01,
        description="more than this share of all products that have a category.",
    )
    sample_rows: Positive = Field(2000, description="Rows a side that a question's page draws at most.")

    @model_validator(mode="before")
    @classmethod
    def _without_shares(cls, given: Any) -> Any:
        gone = sorted({"drift_share", "embedding_threshold"} & set(given)) if isinstance(given, dict) else []
        if gone:
            raise ValueError(
                f"{' and '.join(gone)}: leave it out; limits now come from the shop's own past windows"
            )
        return given
