"""What requests look like: the models behind the schema, the client and the checks.

Requests forbid unknown fields, so a misspelt name is an error and not a silent default. A field
given as null counts as not given. Limits that depend on settings (items, k, text length, bytes)
are checked in `bentos.limits`, not here.
"""

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, model_validator

__all__ = [
    "EXAMPLES",
    "ChangeRequest",
    "DeleteRequest",
    "EmbedRequest",
    "ProductChange",
    "ProductItem",
    "PutItem",
    "PutRequest",
    "Query",
    "Request",
    "SearchRequest",
    "SimilarRequest",
]

Media = Annotated[str, Field(description="A file as base64, or a data: URL. No web address is fetched.")]
AttributeValue = str | int | float | bool

EXAMPLE_ITEM: dict[str, JsonValue] = {
    "title": "Trail running shoe",
    "brand": "Northpeak",
    "description": "Light shoe with a grippy sole for wet paths.",
    "attributes": {"colour": "blue", "size": "42"},
    "price": 89.9,
}
EXAMPLES: dict[str, dict[str, dict[str, JsonValue]]] = {
    "/embed": {"one": {"item": EXAMPLE_ITEM}, "several": {"items": [EXAMPLE_ITEM, {"title": "Leather bag"}]}},
    "/classify": {"one": {"item": EXAMPLE_ITEM}, "several": {"items": [{"title": "Leather bag"}]}},
    "/search": {
        "one": {"query": {"text": "blue trail running shoe"}, "k": 5},
        "several": {"queries": [{"text": "leather bag"}, {"text": "rain jacket"}], "k": 3},
    },
    "/similar": {
        "one": {"product_id": "P00017", "k": 5},
        "several": {"product_ids": ["P00017", "P00004"], "k": 3},
    },
    "/products/put": {
        "one": {"item": {"product_id": "P90001", **EXAMPLE_ITEM, "category": "Shoes", "currency": "EUR"}}
    },
    "/products/change": {
        "one": {"change": {"product_id": "P00017", "price": 69.0, "on_hand": 0}},
        "several": {"changes": [{"product_id": "P00017", "on_hand": 3}]},
    },
    "/products/delete": {"one": {"product_id": "P00017"}, "several": {"product_ids": ["P00017", "P00004"]}},
}
"""Bodies that each route accepts, by path."""


class Request(BaseModel):
    """A request body or part of one: no unknown fields, null means absent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        if isinstance(value, dict) and None in value.values():
            return {k: v for k, v in value.items() if v is not None}
        return value


class ProductItem(Request):
    """One product; any part may be missing, at least one must be there."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE_ITEM})

    product_id: str = Field("", description="Your identifier; repeated in the answer.", max_length=200)
    title: str = ""
    description: str = Field("", description="HTML is allowed.")
    brand: str = ""
    attributes: dict[str, AttributeValue] = Field(default_factory=dict, description="Name to value.")
    price: float | None = Field(
        None, ge=0, le=1e12, allow_inf_nan=False, strict=True, description="In the catalogue's currency."
    )
    photos: list[Media] = Field(
        default_factory=list, description="JPEG, PNG or WebP files; the encoder looks at the first."
    )
    sounds: list[Media] = Field(
        default_factory=list, description="WAV, FLAC, OGG or MP3 files; the encoder listens to the first."
    )


class Query(Request):
    """What to search for: words, a photo, a sound, or any mixture of them."""

    model_config = ConfigDict(json_schema_extra={"example": {"text": "blue trail running shoe"}})

    text: str = ""
    photo: Media = ""
    sound: Media = ""


class EmbedRequest(Request):
    """One product in `item`, or several in `items`."""

    item: ProductItem | None = None
    items: list[ProductItem] | None = None


class SearchRequest(Request):
    """One query in `query`, or several in `queries`."""

    query: Query | None = None
    queries: list[Query] | None = None
    k: int = Field(10, ge=1, strict=True, description="Hits per query.")


class SimilarRequest(Request):
    """One product of the catalogue in `product_id`, or several in `product_ids`."""

    product_id: str | None = None
    product_ids: list[str] | None = None
    k: int = Field(10, ge=1, strict=True, description="Hits per product, itself left out.")


ProductId = Annotated[str, Field(min_length=1, max_length=200)]
Time = Annotated[
    AwareDatetime | None,
    Field(description="When it was true, ISO 8601 with its zone; default now. The later of two wins."),
]
Price = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Stock = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False, description="Pieces in stock.")]


class PutItem(ProductItem):
    """One product of the catalogue, whole: what is not given is not there any more."""

    product_id: ProductId
    category: str = Field("", max_length=500)
    currency: str = Field("", max_length=10)
    on_hand: Stock | None = None
    updated_at: Time = None


class PutRequest(Request):
    """A product to add or replace in `item`, or several in `items`."""

    item: PutItem | None = None
    items: list[PutItem] | None = None


class ProductChange(Request):
    """A new price or stock of one product; what is not given stays."""

    product_id: ProductId
    price: Price | None = None
    on_hand: Stock | None = None
    updated_at: Time = None

    @model_validator(mode="after")
    def _says_something(self) -> "ProductChange":
        if self.price is None and self.on_hand is None:
            raise ValueError("give price or on_hand")
        return self


class ChangeRequest(Request):
    """One product's change in `change`, or several in `changes`."""

    change: ProductChange | None = None
    changes: list[ProductChange] | None = None


class DeleteRequest(Request):
    """A product to take out in `product_id`, or several in `product_ids`."""

    product_id: ProductId | None = None
    product_ids: list[ProductId] | None = None
