"""What answers are made of: errors, categories, hits. Each route's own answer stands with the route."""

from pydantic import BaseModel, ConfigDict, Field, JsonValue

__all__ = ["EXAMPLE_HIT", "EXAMPLE_RELEASE", "Classification", "ErrorAnswer", "Hit", "Hits"]

EXAMPLE_HIT: dict[str, JsonValue] = {
    "product_id": "p00017",
    "score": 0.87,
    "title": "Trail shoe, blue",
    "brand": "Northpeak",
    "category": "Shoes > Running",
    "price": 79.0,
    "currency": "EUR",
    "photo": "photos/p00017-1.jpg",
    "sound": "",
    "on_hand": 12.0,
    "why": {"words": ["blue", "trail"], "modality": "image"},
    "pinned": False,
    "marks": [[13, 17]],
    "variants": ["p00018"],
}
EXAMPLE_RELEASE = "000007-3fa9c1d2"


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


class Why(BaseModel):
    """Why a product was found."""

    words: list[str] = Field(default_factory=list, description="Words of the query that the listing has.")
    modality: str = Field(
        "", description="The product's modality nearest to the query; empty where that is not known."
    )


class Hit(BaseModel):
    """A product of the catalogue that answers the query."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE_HIT})

    product_id: str
    score: float = Field(
        description="/search: how sure the hit answers, 0 to 1, never above the hit before; where the "
        "release does not tell (see /release), what ranks it says; a boost of the "
        "merchandising rules is in it, up to 1; 0 for what has the words and was not ranked. "
        "/similar: cosine similarity, -1 to 1. "
        "bought_together: shrunk cosine of the baskets."
    )
    title: str
    brand: str = ""
    category: str
    price: float | None
    currency: str
    photo: str = Field(description="Media key of the first photo; empty without one.")
    sound: str = Field("", description="Media key of the first sound; empty without one.")
    on_hand: float | None = Field(None, description="Pieces in stock; null where the shop does not say.")
    why: Why = Field(default_factory=Why)
    pinned: bool = Field(False, description="Placed here by a merchandising rule.")
    marks: list[tuple[int, int]] = Field(
        default_factory=list,
        description="Ranges of the title, from one character to before another, that a word of the query "
        "matched; /search alone.",
    )
    variants: list[str] = Field(
        default_factory=list,
        description="Products that were found as well and stand behind this hit, as variants of it "
        "(`collapse`); /search alone.",
    )


class Hits(BaseModel):
    """Hits of one query, best first."""

    hits: list[Hit]


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
