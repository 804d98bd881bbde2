"""What a route promises, and a request that keeps to it.

Parsing, forms and the OpenAPI document read a `Contract`; `bentos.endpoints` adds what answers it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, create_model

from bentos.api.items import Files
from bentos.api.limits import Limits
from bentos.api.requests import Request
from bentos.api.responses import EXAMPLE_RELEASE
from catalog.product import ProductInput
from retrieval.query import SearchOptions, SearchQuery

__all__ = ["Contract", "Form", "ParsedRequest"]

RELEASE = (str, Field(description="Identifier of the release that answered."))
SEQUENCE = (int, Field(0, description="Number of the last change of the catalogue that is in the answer."))


@dataclass(frozen=True)
class Form:
    """The fields of a multipart form, by name: text, number, integer, object (as JSON) or file.

    Attributes:
        item: those that become fields of one item.
        top: those that are fields of the body.
        within: the body's field that holds the item, which also takes what neither names; "" for the body.
    """

    item: Mapping[str, str] = field(default_factory=dict)
    top: Mapping[str, str] = field(default_factory=dict)
    within: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """All fields, in the order they are described."""
        return {**self.item, **self.top}


Read = Callable[["Contract", Any, list[Any], bool, Limits, Files | None], "ParsedRequest"]
"""From the checked body, its items, and whether they came alone, to what is answered."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Contract:
    """What one route takes and gives.

    Attributes:
        name: the path without its first slash.
        summary: one sentence for the OpenAPI document.
        names: the body's field of a single item, and of several.
        item: the model of one.
        options: what else is in the body.
        most: items of one request at most; 0 for `service.max_items`.
        most_bytes: of one body; 0 for `service.max_body_bytes`.
        alone: a field of it that needs no item beside it; "" where there is none.
        read: makes the parsed request.
        result: the model of one item's answer.
        example: of it.
        sequenced: whether the answer says which changes it knows of.
        examples: bodies that are accepted, by what they show.
        form: how a form stands for a body.
        names_products: whether a request names products, which may not be there (404).
        by_get: whether GET asks it as well, the fields of the form in the query string.
    """

    name: str
    summary: str
    names: tuple[str, str]
    item: Any
    options: type[Request] = Request
    most: int = 0
    most_bytes: int = 0
    alone: str = ""
    read: Read
    result: type[BaseModel] | None = None
    example: JsonValue = None
    sequenced: bool = True
    examples: Mapping[str, dict[str, JsonValue]]
    form: Form = Form(within="item")
    names_products: bool = False
    by_get: bool = False

    @property
    def path(self) -> str:
        """The path that it is asked by."""
        return f"/{self.name}"

    @property
    def function(self) -> str:
        """The name that BentoML's client calls it by: `get_products` of products/get."""
        return "_".join(reversed(self.name.split("/")))

    @cached_property
    def request_model(self) -> type[Request]:
        """The body: one item in one field, or several in another, and the options."""
        one, many = self.names
        item: Any = self.item
        fields: dict[str, Any] = {one: (item | None, None), many: (list[item] | None, None)}
        return create_model(self._titled("Request"), __base__=self.options, **fields)

    @cached_property
    def answer_model(self) -> type[BaseModel]:
        """The answer: `result` for one item, `results` for several."""
        one, many = self.names
        result: Any = self.result
        browsing = " or for browsing" if self.alone else ""
        known, sequence = ({"sequence": 0}, {"sequence": SEQUENCE}) if self.sequenced else ({}, {})
        sample: Any = {"release": EXAMPLE_RELEASE, **known, "result": self.example}
        fields: dict[str, Any] = {"release": RELEASE, **sequence}
        return create_model(
            self._titled("Answer"),
            __config__=ConfigDict(json_schema_extra={"example": sample}),
            __doc__=f"`result` for `{one}`{browsing}, `results` for `{many}`.",
            **fields,
            result=(result | None, None),
            results=(list[result] | None, None),
        )

    def _titled(self, kind: str) -> str:
        return self.name.rpartition("/")[2].title() + kind


@dataclass(frozen=True)
class ParsedRequest:
    """A request that passed every check which needs no release.

    Attributes:
        contract: of its route.
        single: whether the answer is `result` rather than `results`.
        items: what to encode (empty for similar, change and delete); of a search, the parts of its
            queries, one after the other.
        product_ids: per item, the caller's identifier ("" without); else the products. Of a search,
            "" for each query.
        k: hits per item; 0 where none are asked for.
        parts: the items of a write as they were sent, checked.
        queries, options: of a search, and how they are answered.
        modality: what /similar goes by alone; "" for all.
        texts: of /suggest: what was typed.
        updated_at: of /products/delete: when it was true; None for now.
        events: of /events: what was sent, none of it checked.
        body: of a route asked by identifiers: all of it, checked, for options of its own.
    """

    contract: Contract
    single: bool
    items: tuple[ProductInput, ...]
    product_ids: tuple[str, ...]
    k: int = 0
    parts: tuple[BaseModel, ...] = ()
    queries: tuple[SearchQuery, ...] = ()
    options: SearchOptions = field(default_factory=SearchOptions)
    modality: str = ""
    texts: tuple[str, ...] = ()
    updated_at: datetime | None = None
    events: tuple[dict[str, Any], ...] = ()
    body: BaseModel | None = None

    def __len__(self) -> int:
        return len(self.product_ids)

    @property
    def endpoint(self) -> str:
        """The name of its route."""
        return self.contract.name

    def item_place(self, number: int) -> str:
        """How item `number` of `items` is called in messages; of a search, the query it is part of."""
        owners = [n for n, query in enumerate(self.queries) for _ in query.parts]
        return f"{self.place(owners[number] if owners else number)}."

    def place(self, number: int) -> str:
        """How item `number` is called in messages: `item`, `queries[3]`."""
        return self.contract.names[0] if self.single else f"{self.contract.names[1]}[{number}]"
