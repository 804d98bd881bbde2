"""What answers look like: the models behind the schema and the client."""

from pydantic import BaseModel, ConfigDict, Field

from bentos.api.responses_catalogue import (
    EXAMPLE_RELEASE,
    Classification,
    GetAnswer,
    Hit,
    SearchAnswer,
    SimilarAnswer,
)

__all__ = [
    "ClassifyAnswer",
    "EmbedAnswer",
    "ErrorAnswer",
    "GetAnswer",
    "Hit",
    "SearchAnswer",
    "SimilarAnswer",
    "WriteAnswer",
]


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
