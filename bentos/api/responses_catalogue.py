"""Answers about products of the catalogue: hits, facets, product pages."""

from pydantic import BaseModel, ConfigDict, Field, JsonValue

__all__ = ["EXAMPLE_RELEASE", "Classification", "GetAnswer", "Hit", "SearchAnswer", "SimilarAnswer"]

EXAMPLE_HIT: dict[str, JsonValue] = {
    "product_id": "P00017",
    "score": 0.87,
    "title": "Trail shoe, blue",
    "brand": "Northpeak",
    "category": "Shoes > Running",
    "price": 79.0,
    "currency": "EUR",
    "photo": "photos/P00017.jpg",
    "sound": "",
    "on_hand": 12.0,
    "why": {"words": ["blue", "trail"], "modality": "image"},
    "pinned": False,
}
EXAMPLE_FACETS: dict[str, JsonValue] = {
    "category": {"Shoes": 31, "Shoes > Running": 20},
    "brand": {"Northpeak": 12},
    "language": {"en": 31},
    "in_stock": 25,
    "has_photo": 30,
    "price": [{"from": 19.0, "to": 59.0, "count": 16}, {"from": 61.0, "to": 149.0, "count": 15}],
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
        description="/search: the gain to be expected of the hit, 0 to 1, where the release holds a learned "
        "fusion (see /release), else a sum of reciprocal ranks, which only orders; a boost of the "
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


class Hits(BaseModel):
    """Hits of one query, best first."""

    hits: list[Hit]


class PriceRange(BaseModel):
    """A range of prices, both ends included."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    from_: float = Field(alias="from")
    to: float
    count: int


class Facets(BaseModel):
    """How many products each further choice would leave; values by count, the most frequent first."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE_FACETS})

    category: dict[str, int] = Field(description="By path, at every level.")
    brand: dict[str, int]
    language: dict[str, int]
    in_stock: int
    has_photo: int
    price: list[PriceRange]


class FoundHits(Hits):
    """One page of what a query found."""

    total: int = Field(
        0,
        description="How many can be paged to: the ranked candidates and all that has every word of the "
        "query, as far as they pass; sorted by price, what of them is relevant enough; of browsing, all that "
        "pass.",
    )
    page: int = 1
    facets: Facets | None = Field(None, description="Where they were asked for.")


class SearchAnswer(BaseModel):
    """`result` for `query` or for browsing, `results` for `queries`."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "release": EXAMPLE_RELEASE,
                "sequence": 0,
                "result": {"hits": [EXAMPLE_HIT], "total": 57, "page": 1},
            }
        }
    )

    release: str
    sequence: int = Field(0, description="Number of the last change of the catalogue that is in the answer.")
    result: FoundHits | None = None
    results: list[FoundHits] | None = None


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


class ProductDetails(BaseModel):
    """All that is known of one product."""

    product_id: str
    title: str
    description: str
    brand: str
    attributes: dict[str, JsonValue]
    category: str
    language: str
    price: float | None
    currency: str
    on_hand: float | None = Field(description="Pieces in stock; null where the shop does not say.")
    photos: list[str] = Field(description="Media keys.")
    sounds: list[str] = Field(description="Media keys.")
    modalities: list[str] = Field(description="Those that /similar can go by.")
    guess: Classification | None = Field(
        description="The category that its vector speaks for; null where the release has no labels."
    )
    bought_together: list[Hit] = Field(description="Products of the same baskets; empty without events.")
    price_suggestion: dict[str, JsonValue] | None = Field(None, description="Null: no release holds one yet.")
    stock: dict[str, JsonValue] | None = Field(None, description="Null: no release holds one yet.")


class GetAnswer(BaseModel):
    """`result` for `product_id`, `results` for `product_ids`."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "release": EXAMPLE_RELEASE,
                "sequence": 0,
                "result": {
                    "product_id": "P00017",
                    "title": "Trail shoe, blue",
                    "description": "Light shoe with a grippy sole.",
                    "brand": "Northpeak",
                    "attributes": {"colour": "blue"},
                    "category": "Shoes > Running",
                    "language": "en",
                    "price": 79.0,
                    "currency": "EUR",
                    "on_hand": 12.0,
                    "photos": ["photos/P00017.jpg"],
                    "sounds": [],
                    "modalities": ["text", "image"],
                    "guess": {
                        "product_id": "P00017",
                        "label": "Shoes",
                        "score": 0.97,
                        "labels": [{"label": "Shoes", "score": 0.97}],
                    },
                    "bought_together": [],
                    "price_suggestion": None,
                    "stock": None,
                },
            }
        }
    )

    release: str
    sequence: int = Field(0, description="Number of the last change of the catalogue that is in the answer.")
    result: ProductDetails | None = None
    results: list[ProductDetails] | None = None
