"""What shoppers did, as a request says it: each event is checked alone, and a bad one costs no other."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from bentos.api.contract import Contract, ParsedRequest
from bentos.api.items import Files
from bentos.api.limits import Limits
from bentos.api.requests import Price, ProductId, Request, Time

__all__ = ["MOST_EVENTS", "PAID", "EventFields", "ShopperEvent", "read_events"]

MOST_EVENTS = 500
PAID = frozenset({"cart", "purchase"})
"""Kinds that need a key of scope `events`: they say what is worth something."""


def printable(text: Any) -> Any:
    """An identifier: no control characters, no blanks around it."""
    if isinstance(text, str) and (not text.isprintable() or text != text.strip()):
        raise ValueError("give it without control characters, and without blanks around it")
    return text


Name = Annotated[str, BeforeValidator(printable), Field(max_length=100, strict=True)]
Needed = Annotated[Name, Field(min_length=1)]


class ShopperEvent(Request):
    """One thing that a shopper did or saw."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "event_id": "5f0c2b7e-1",
                "session": "b1946ac9",
                "kind": "click",
                "product_id": "p00017",
                "position": 3,
                "query_id": "9c1185a5",
            }
        }
    )

    event_id: Needed = Field(
        description="Yours, another one for each event; one that comes again counts once."
    )
    session: Needed = Field(description="Of the visit: random, of the page alone, nobody's name.")
    kind: Literal["impression", "click", "cart", "purchase"] = Field(
        description="`cart` and `purchase` need a key with the scope events."
    )
    product_id: ProductId
    position: int | None = Field(
        None, ge=1, le=10_000, strict=True, description="Place among what was shown, counted from 1."
    )
    query_id: Name = Field("", description="Yours, of the search that it was shown for.")
    query: str = Field(
        "",
        max_length=200,
        strict=True,
        description="Its words; kept only where service.log_query_text is on.",
    )
    release: Name = Field("", description="The `release` of the answer that was shown.")
    user_id: Annotated[str, BeforeValidator(printable), Field(max_length=200, strict=True)] = Field(
        "", description="Your identifier of the shopper; a keyed hash of it is kept."
    )
    time: Time = Field(None, description="When it happened, ISO 8601 with its zone; default now.")
    quantity: int = Field(1, ge=1, le=1_000_000, strict=True, description="Of a cart or purchase: pieces.")
    unit_price: Price | None = Field(None, description="Of a cart or purchase: of one piece.")
    order_id: Name = Field("", description="Of a purchase: shared by what was bought together.")


EventFields = Annotated[dict[str, Any], WithJsonSchema(ShopperEvent.model_json_schema())]
"""An event whose fields are looked at later, one event at a time."""


def read_events(
    contract: Contract,
    request: Request,
    parts: list[dict[str, Any]],
    single: bool,
    limits: Limits,
    files: Files | None,
) -> ParsedRequest:
    """The call of a route that takes events."""
    del request, limits, files
    return ParsedRequest(contract, single, (), ("",) * len(parts), events=tuple(parts))
