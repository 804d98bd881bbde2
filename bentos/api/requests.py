"""What requests look like: the models behind the schema, the client and the checks.

Requests forbid unknown fields, so a misspelt name is an error and not a silent default. A field
given as null counts as not given: `bentos.api.parsing` takes it out. Limits that depend on settings
(items, k, text length, bytes) are checked in `bentos.api.limits`, not here.
"""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

__all__ = [
    "EXAMPLE_ITEM", "Price", "ProductId", "ProductItem", "Query", "Request", "SearchFilters",
    "SearchRequest", "Sort", "Stock", "Time", "Weights",
]  # fmt: skip

Media = Annotated[str, Field(description="A file as base64, or a data: URL. No web address is fetched.")]
AttributeValue = str | int | float | bool

EXAMPLE_ITEM: dict[str, JsonValue] = {
    "title": "Trail running shoe",
    "brand": "Northpeak",
    "description": "Light shoe with a grippy sole for wet paths.",
    "attributes": {"colour": "blue", "size": "42"},
    "price": 89.9,
}


class Request(BaseModel):
    """A request body or part of one: no unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


Weight = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]


class Weights(Request):
    """How much each part of a query counts; only their ratios matter, and 0 leaves a part out."""

    text: Weight = 1.0
    photo: Weight = 1.0
    sound: Weight = 1.0
    product: Weight = 1.0


class Query(Request):
    """What to search for: words, a photo, a sound, a product, or any mixture of them."""

    model_config = ConfigDict(json_schema_extra={"example": {"text": "blue trail running shoe"}})

    text: str = ""
    photo: Media = ""
    sound: Media = ""
    product_id: str = Field("", max_length=200, description="A product of the catalogue: more like it.")
    weights: Weights = Field(
        default_factory=Weights,
        description="Of the parts given. Words, photo and sound that count the same are read together.",
    )
    literal: bool = Field(
        False,
        description="The words are looked for as they are: nothing in them is understood as a price or a "
        "choice, corrected or expanded.",
    )
    ignore: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=20)] = Field(
        default_factory=list,
        description="What the shopper took back of an answer's `understood`, each by its `text`.",
    )


Choice = Annotated[str, Field(min_length=1, max_length=500)]
Choices = Annotated[list[Choice], Field(max_length=100)]
Amount = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


class SearchFilters(Request):
    """What may be found; a field left out allows everything, several values of one allow any of them."""

    category: Choices = Field(
        default_factory=list, description="Paths, each with all below: Home allows Home > Lamps."
    )
    brand: Choices = Field(default_factory=list, description="In any case.")
    language: Choices = Field(default_factory=list, description="Codes such as en and zh.")
    price_from: Amount | None = Field(None, description="Inclusive; products without a price do not pass.")
    price_to: Amount | None = Field(None, description="Inclusive; products without a price do not pass.")
    in_stock: bool | None = Field(None, description="True: known to be in stock.")
    has_photo: bool | None = None
    without: Choices = Field(
        default_factory=list,
        description="Words; what has one in title, brand, category or attributes is left out.",
    )


Sort = Literal["relevance", "price_up", "price_down"]


class SearchRequest(Request):
    """What a search says beside its queries; with `filters` and no query, all that pass them."""

    k: int = Field(10, ge=1, strict=True, description="Hits a page.")
    page: int = Field(1, ge=1, le=1_000_000, strict=True, description="Counted from 1.")
    sort: Sort = Field(
        "relevance",
        description="By price, a query answers with what is relevant enough: all that has every word, and "
        "the ranked whose score reaches the learned floor. Products without a price come last.",
    )
    filters: SearchFilters | None = None
    facets: bool = Field(False, description="Also count what each further choice would leave.")
    collapse: bool = Field(
        True,
        description="Show variants of one product as one hit, which names the others; browsing shows all.",
    )


ProductId = Annotated[str, Field(min_length=1, max_length=200)]


def written_out(time: Any) -> Any:
    """A time as text; a bare number would be read as seconds since 1970, whatever it was meant as."""
    if isinstance(time, str) and "-" in time:
        return time
    raise ValueError("give a time such as 2026-05-01T10:00:00Z (ISO 8601 with its zone), or leave it out")


Time = Annotated[
    AwareDatetime | None,
    BeforeValidator(written_out),
    Field(
        description="When it was true, ISO 8601 with its zone; default now. The later of two statements "
        "about a product counts, in whatever order they come; of equal times, the one that comes last."
    ),
]
Price = Annotated[
    float,
    Field(gt=0, le=1e12, allow_inf_nan=False, description="In the catalogue's currency; above zero."),
]
Stock = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False, description="Pieces in stock.")]
