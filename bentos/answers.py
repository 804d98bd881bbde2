"""What answers look like: the models behind the schema and the client."""

from pydantic import BaseModel, ConfigDict, Field, JsonValue

__all__ = [
    "ClassifyAnswer",
    "EmbedAnswer",
    "ErrorAnswer",
    "Hit",
    "SearchAnswer",
    "SimilarAnswer",
    "WriteAnswer",
]

EXAMPLE_HIT: dict[str, JsonValue] = {
    "product_id": "P00017",
    "score": 0.87,
    "title": "Trail shoe, blue",
    "category": "Shoes > Running",
    "price": 79.0,
    "currency": "EUR",
    "photo": "photos/P00017.jpg",
    "on_hand": 12.0,
}
EXAMPLE_RELEASE = "000007-3fa9c1d2"


class WriteAnswer(BaseModel):
    """What was written; every answer with this sequence or a later one knows of it."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"release": EXAMPLE_RELEASE, "sequence": 42, "product_ids": ["P00017"]}}
    )

    release: str
    sequence: int = Field(description="Number of the last change; it goes on across releases.")
    product_ids: list[str]


class Embedding(BaseModel):
    """The product vector: length 1, comparable within one release only."""

    product_id: str = ""
    vector: list[float] = Field(description="L2-normalised; its length is the release's `dim`.")


class EmbedAnswer(BaseModel):
    """`result` for `item`, `results` for `items`."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"release": EXAMPLE_RELEASE, "result": {"product_id": "", "vector": [0.06, -0.11]}}
        }
    )

    release: str = Field(description="Identifier of the release that answered.")
    result: Embedding | None = None
    results: list[Embedding] | None = None


class LabelScore(BaseModel):
    """A category and its calibrated probability."""

    label: str
    score: float


class Classification(BaseModel):
    """The most probable category, and the best few with their probabilities."""

    product_id: str = ""
    label: str
    score: float
    labels: list[LabelScore]


class ClassifyAnswer(BaseModel):
    """`result` for `item`, `results` for `items`."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "release": EXAMPLE_RELEASE,
                "result": {
                    "product_id": "",
                    "label": "Shoes",
                    "score": 0.94,
                    "labels": [{"label": "Shoes", "score": 0.94}, {"label": "Bags", "score": 0.03}],
                },
            }
        }
    )

    release: str
    result: Classification | None = None
    results: list[Classification] | None = None


class Hit(BaseModel):
    """A product of the catalogue and its cosine similarity to the query."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE_HIT})

    product_id: str
    score: float = Field(description="Cosine similarity, -1 to 1.")
    title: str
    category: str
    price: float | None
    currency: str
    photo: str = Field(description="Media key of the first photo; empty without one.")
    on_hand: float | None = Field(None, description="Pieces in stock; null where the shop does not say.")


class Hits(BaseModel):
    """Hits of one query, best first."""

    hits: list[Hit]


class SearchAnswer(BaseModel):
    """`result` for `query`, `results` for `queries`."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"release": EXAMPLE_RELEASE, "result": {"hits": [EXAMPLE_HIT]}}}
    )

    release: str
    sequence: int = Field(0, description="Number of the last change of the catalogue that is in the answer.")
    result: Hits | None = None
    results: list[Hits] | None = None


class SimilarHits(Hits):
    """Hits of one product, best first, without the product itself."""

    product_id: str


class SimilarAnswer(BaseModel):
    """`result` for `product_id`, `results` for `product_ids`."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "release": EXAMPLE_RELEASE,
                "result": {"product_id": "P00004", "hits": [EXAMPLE_HIT]},
            }
        }
    )

    release: str
    sequence: int = Field(0, description="Number of the last change of the catalogue that is in the answer.")
    result: SimilarHits | None = None
    results: list[SimilarHits] | None = None


class ErrorDetail(BaseModel):
    """What was wrong, with what, and what to do instead."""

    field: str
    value: str
    remedy: str
    message: str


class ErrorAnswer(BaseModel):
    """The body of every 4xx and 5xx answer."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "error": {
                    "field": "k",
                    "value": "5000",
                    "remedy": "ask for 1 to 100 hits",
                    "message": "k = 5000: ask for 1 to 100 hits",
                }
            }
        }
    )

    error: ErrorDetail
