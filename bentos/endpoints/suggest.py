"""/suggest: what somebody may be about to type, while they type it."""

import asyncio
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from bentos.api.contract import Contract, Form, ParsedRequest
from bentos.api.items import Files
from bentos.api.limits import Limits
from bentos.api.requests import Request
from bentos.endpoints.endpoint import NOTHING, Asked, Outcome, Reading
from retrieval.suggest import suggest

__all__ = ["SUGGEST"]

EXAMPLE: JsonValue = {
    "prefix": "shoe",
    "suggestions": [
        {
            "kind": "category",
            "text": "Shoes",
            "marks": [[0, 4]],
            "path": "Shoes",
            "product_id": "",
            "photo": "",
            "count": 31,
        },
        {
            "kind": "title",
            "text": "Trail shoe, blue",
            "marks": [[6, 10]],
            "path": "",
            "product_id": "p00017",
            "photo": "photos/p00017-1.jpg",
            "count": None,
        },
    ],
}


class SuggestOptions(Request):
    """How many suggestions."""

    k: int = Field(8, ge=1, le=50, strict=True, description="Suggestions a prefix.")


class Suggestion(BaseModel):
    """A category, a brand or a title of the catalogue; or a query of others, which found something."""

    kind: Literal["query", "category", "brand", "title"]
    text: str = Field(description="What is shown, and asked for when it is chosen.")
    marks: list[tuple[int, int]] = Field(
        default_factory=list, description="Ranges of the text, to before another character, that were typed."
    )
    path: str = Field("", description="Of a category: its whole path, to filter by.")
    product_id: str = Field("", description="Of a title: the product.")
    photo: str = Field("", description="Of a title: media key of the product's photo; empty without one.")
    count: int | None = Field(None, description="Of a category or brand: its products.")


class Suggestions(BaseModel):
    """Suggestions for one prefix: queries of others, categories, brands, then titles, each the best first."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    prefix: str
    suggestions: list[Suggestion]


def read_prefixes(
    contract: Contract,
    request: SuggestOptions,
    parts: list[str],
    single: bool,
    limits: Limits,
    files: Files | None,
) -> ParsedRequest:
    """The call of a route that completes what is typed."""
    del files
    for number, prefix in enumerate(parts):
        limits.check_text("prefix" if single else f"prefixes[{number}]", prefix)
    return ParsedRequest(contract, single, (), ("",) * len(parts), request.k, texts=tuple(parts))


async def suggested(asked: Asked) -> Outcome:
    """What is suggested, in a thread of its own: neither encoder nor decoding of photos holds it up."""
    return await asyncio.to_thread(found, asked)


def found(asked: Asked) -> Outcome:
    """Suggestions for each prefix, from one state of the catalogue."""
    view = asked.loaded.view()
    catalogue = asked.loaded.catalogue(view)
    rules = asked.backend.rules
    banned = rules.valid(frozenset(), ()).banned(catalogue.columns)
    call, past = asked.call, asked.loaded.application("past_queries")
    results = [
        {"prefix": text, "suggestions": suggest(catalogue, text, call.k, banned, past)} for text in call.texts
    ]
    return Outcome(NOTHING, view=view, results=results)


SUGGEST = Reading(
    name="suggest",
    summary="Queries, categories, brands, titles that begin as was typed; also GET /suggest?prefix=...&k=8.",
    names=("prefix", "prefixes"),
    item=str,
    options=SuggestOptions,
    read=read_prefixes,
    result=Suggestions,
    example=EXAMPLE,
    examples={"one": {"prefix": "sho", "k": 8}, "several": {"prefixes": ["sho", "lea"]}},
    form=Form(top={"prefix": "text", "k": "integer"}),
    by_get=True,
    logged=False,
    run=suggested,
)
