"""The BentoML service: routes with schema, lifecycle, and the layer that answers them first.

Importing this file loads no model: `bentoml build` reads it for the schema and the image, and a
serving process begins to load its release once the service object is made.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal, cast

import bentoml
import orjson
from bentoml.exceptions import BentoMLException, InvalidArgument, NotFound, ServiceUnavailable

from bentos.api import requests as schemas
from bentos.api import responses as answers
from bentos.config import BAKED, read_config
from bentos.errors import RequestError
from bentos.http.connection import use_guarded_connections
from bentos.http.fast_path import HotRoutes
from bentos.http.guard import Guard

if TYPE_CHECKING:
    from bentos.application import Application

__all__ = ["Shelfspace"]

_running: "list[Application]" = []


def application() -> "Application | None":
    """The application of this process, once the service object exists."""
    return _running[-1] if _running else None


def image() -> bentoml.images.Image:
    """What a container of the Bento installs: the versions it was built and tried with.

    Packages are not locked again at build time, since locking asks a package index.
    """
    built = bentoml.images.Image(python_version="3.11", lock_python_packages=False)
    requirements = BAKED / "requirements.txt"
    pins = requirements.read_text().split() if requirements.is_file() else []
    return built.python_packages(*pins) if pins else built


@bentoml.service(
    name="shelfspace",
    image=image(),
    workers=1,
    # Above what service.body_seconds and service.answer_seconds can be, whose errors say more.
    traffic={"timeout": 400},
    http={"host": "127.0.0.1", "port": 3000},
    logging={"access": {"enabled": False}},
)
class Shelfspace:
    """Product vectors, categories and search over one catalogue, from one release at a time."""

    def __init__(self) -> None:
        from bentos.application import Application  # torch and faiss: not in the build, not in the supervisor

        logging.getLogger("shelfspace").setLevel(logging.INFO)  # BentoML shows warnings of others alone
        self.application = Application(read_config())
        self.application.start()
        _running.append(self.application)

    @bentoml.on_shutdown
    def stop(self) -> None:
        """Finish what was accepted and write the rest of the request log."""
        _running.remove(self.application)
        self.application.close()

    def __is_ready__(self) -> bool:
        return self.application.ready

    @bentoml.api(route="/embed")
    async def embed(
        self, item: schemas.ProductItem | None = None, items: list[schemas.ProductItem] | None = None
    ) -> answers.EmbedAnswer:
        """The vector of one product (`item`) or of several (`items`)."""
        return answers.EmbedAnswer.model_validate(await self._answer("embed", item=item, items=items))

    @bentoml.api(route="/classify")
    async def classify(
        self, item: schemas.ProductItem | None = None, items: list[schemas.ProductItem] | None = None
    ) -> answers.ClassifyAnswer:
        """The category of one product (`item`) or of several (`items`), with probabilities."""
        return answers.ClassifyAnswer.model_validate(await self._answer("classify", item=item, items=items))

    @bentoml.api(route="/search")
    async def search(
        self,
        query: schemas.Query | None = None,
        queries: list[schemas.Query] | None = None,
        k: int = 10,
        page: int = 1,
        sort: schemas.Sort = "relevance",
        filters: schemas.SearchFilters | None = None,
        facets: bool = False,
    ) -> answers.SearchAnswer:
        """Products that answer words, a photo, a sound, a product, or a mixture of them."""
        answer = await self._answer(
            "search", query=query, queries=queries, k=k, page=page, sort=sort, filters=filters, facets=facets
        )
        return answers.SearchAnswer.model_validate(answer)

    @bentoml.api(route="/similar")
    async def similar(
        self,
        product_id: str | None = None,
        product_ids: list[str] | None = None,
        k: int = 10,
        modality: Literal["", "text", "image", "audio"] = "",
    ) -> answers.SimilarAnswer:
        """Products of the catalogue nearest to one of its products, which is left out."""
        answer = await self._answer(
            "similar", product_id=product_id, product_ids=product_ids, k=k, modality=modality
        )
        return answers.SimilarAnswer.model_validate(answer)

    @bentoml.api(route="/products/get")
    async def get_products(
        self, product_id: str | None = None, product_ids: list[str] | None = None
    ) -> answers.GetAnswer:
        """All that is known of one product (`product_id`) or of several (`product_ids`)."""
        answer = await self._answer("products/get", product_id=product_id, product_ids=product_ids)
        return answers.GetAnswer.model_validate(answer)

    @bentoml.api(route="/products/put")
    async def put_products(
        self, item: schemas.PutItem | None = None, items: list[schemas.PutItem] | None = None
    ) -> answers.WriteAnswer:
        """Add or replace products; the next search finds them."""
        return answers.WriteAnswer.model_validate(await self._write("products/put", item=item, items=items))

    @bentoml.api(route="/products/change")
    async def change_products(
        self, change: schemas.ProductChange | None = None, changes: list[schemas.ProductChange] | None = None
    ) -> answers.WriteAnswer:
        """Change price or stock; the next answer shows it."""
        answer = await self._write("products/change", change=change, changes=changes)
        return answers.WriteAnswer.model_validate(answer)

    @bentoml.api(route="/products/delete")
    async def delete_products(
        self, product_id: str | None = None, product_ids: list[str] | None = None
    ) -> answers.WriteAnswer:
        """Take products out; no later answer holds them."""
        answer = await self._write("products/delete", product_id=product_id, product_ids=product_ids)
        return answers.WriteAnswer.model_validate(answer)

    async def _write(self, endpoint: str, **fields: Any) -> dict[str, Any]:
        return await self._call(self.application.write, endpoint, fields)

    async def _answer(self, endpoint: str, **fields: Any) -> dict[str, Any]:
        return await self._call(self.application.answer, endpoint, fields)

    async def _call(
        self, work: Callable[[str, Any], Awaitable[dict[str, Any]]], endpoint: str, fields: dict[str, Any]
    ) -> dict[str, Any]:
        body = {name: plain(value) for name, value in fields.items() if value is not None}
        try:
            answer = await work(endpoint, body)
        except RequestError as refusal:
            raise as_bentoml(refusal) from refusal
        return orjson.loads(orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY))


def plain(value: Any) -> Any:
    """A parameter as the JSON values it came from."""
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value.model_dump(exclude_none=True, mode="json") if isinstance(value, schemas.Request) else value


def as_bentoml(refusal: RequestError) -> BentoMLException:
    """The BentoML error of a refusal, for callers that use the service object directly."""
    if refusal.status == 404:
        return NotFound(str(refusal))
    if refusal.status in {429, 503}:
        return ServiceUnavailable(str(refusal))
    return InvalidArgument(str(refusal))


def openapi_spec() -> dict[str, Any]:
    """BentoML's OpenAPI document of the declared routes."""
    return cast(Any, Shelfspace).openapi_spec.asdict()


cast(Any, Shelfspace).add_asgi_middleware(Guard, application=application)
cast(Any, Shelfspace).add_asgi_middleware(HotRoutes, application=application, spec=openapi_spec)
use_guarded_connections()
