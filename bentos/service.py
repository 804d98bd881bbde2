"""The BentoML service: routes with schema, lifecycle, and the layer that answers them first.

Importing this file loads no model: `bentoml build` reads it for the schema and the image, and a
serving process begins to load its release once the service object is made.
"""

import logging
import os
from inspect import Parameter, Signature
from pathlib import Path
from typing import Any, TypeVar, cast

import bentoml
import orjson
from bentoml.exceptions import BentoMLException, InvalidArgument, NotFound, ServiceUnavailable
from pydantic import BaseModel

from bentos.api.forms import body_of
from bentos.api.items import Files
from bentos.api.requests import Request
from bentos.config import BAKED, SERVER, read_config
from bentos.endpoints import ENDPOINTS
from bentos.endpoints.endpoint import Endpoint
from bentos.errors import RequestError
from bentos.http.connection import use_guarded_connections
from bentos.http.fast_path import FastPath
from bentos.http.guard import Guard, count_by_route
from bentos.http.served import Running
from bentos.telemetry.metrics import METRICS
from shelfspace.parent import end_with_parent

__all__ = ["Shelfspace"]

Service = TypeVar("Service")
FORM_KINDS: dict[str, tuple[Any, Any]] = {
    "text": (str, ""),
    "number": (float | None, None),
    "integer": (int | None, None),
    "object": (dict[str, Any] | None, None),
    "file": (Path, None),
}
"""Kind of a form's field to the annotation and default of a parameter."""
MEDIA = {"photo", "sound"}
RUNNING = Running()


def image() -> bentoml.images.Image:
    """What a container of the Bento installs: the versions it was built and tried with.

    Packages are not locked again at build time, since locking asks a package index.
    """
    built = bentoml.images.Image(python_version="3.11", lock_python_packages=False)
    requirements = BAKED / "requirements.txt"
    pins = requirements.read_text().split() if requirements.is_file() else []
    return built.python_packages(*pins) if pins else built


def declared(endpoint: Endpoint) -> Any:
    """The route as BentoML declares it: its parameters are the fields of the request's model and its form."""

    async def call(self: Any, **given: Any) -> BaseModel:
        said = {name: value for name, value in given.items() if value is not None}
        body = {name: plain(value) for name, value in said.items() if name in fields or value != ""}
        media = {name: (body.pop(name).read_bytes(),) for name in MEDIA & body.keys()}
        try:
            body = body_of(endpoint, body) if body.keys() - fields.keys() or media else body
            files = Files(media.get("photo", ()), media.get("sound", ())) if media else None
            answer = await self.application.answer(endpoint.name, body, files)
        except RequestError as refusal:
            raise as_bentoml(refusal) from refusal
        finally:
            METRICS.fold()
        written = orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)
        return endpoint.answer_model.model_validate_json(written)

    fields = endpoint.request_model.model_fields
    parameters = [
        Parameter(
            name,
            Parameter.KEYWORD_ONLY,
            default=Parameter.empty
            if field.is_required()
            else field.get_default(call_default_factory=True, validated_data={}),
            annotation=field.annotation,
        )
        for name, field in sorted(fields.items(), key=lambda pair: pair[0] not in endpoint.names)
    ]
    # What a form may say of its one item: a client gives a file as a path.
    parameters += [
        Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, kind in endpoint.form.fields.items()
        if name not in fields
        for annotation, default in [FORM_KINDS[kind]]
    ]
    itself = Parameter("self", Parameter.POSITIONAL_OR_KEYWORD)
    call.__name__, call.__doc__ = endpoint.function, endpoint.summary
    cast(Any, call).__signature__ = Signature([itself, *parameters], return_annotation=endpoint.answer_model)
    return bentoml.api(route=endpoint.path)(call)


def plain(value: Any) -> Any:
    """A parameter as the JSON values it came from."""
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value.model_dump(exclude_none=True, mode="json") if isinstance(value, Request) else value


def as_bentoml(refusal: RequestError) -> BentoMLException:
    """The BentoML error of a refusal, for callers that use the service object directly."""
    if refusal.status == 404:
        return NotFound(str(refusal))
    if refusal.status in {429, 503}:
        return ServiceUnavailable(str(refusal))
    return InvalidArgument(str(refusal))


def with_routes(service: type[Service]) -> type[Service]:
    """The class with a method for every route."""
    for endpoint in ENDPOINTS.values():
        setattr(service, endpoint.function, declared(endpoint))
    return service


@bentoml.service(
    name="shelfspace",
    image=image(),
    workers=1,
    # Above what service.body_seconds and service.answer_seconds can be, whose errors say more.
    traffic={"timeout": 400},
    http={"host": "127.0.0.1", "port": 3000},
    logging={"access": {"enabled": False}},
)
@with_routes
class Shelfspace:
    """Product vectors, categories and search over one catalogue, from one release at a time."""

    def __init__(self) -> None:
        from bentos.application import Application

        if server := os.environ.get(SERVER):
            end_with_parent(int(server))
        logging.getLogger("shelfspace").setLevel(logging.INFO)  # BentoML shows warnings of others alone
        self.application = Application(read_config())
        self.application.start()
        RUNNING.application = self.application

    @bentoml.on_shutdown
    def stop(self) -> None:
        """Finish what was accepted and write the rest of the request log."""
        RUNNING.application = None
        self.application.close()

    def __is_ready__(self) -> bool:
        return self.application.ready


def openapi_spec() -> dict[str, Any]:
    """BentoML's OpenAPI document of the declared routes."""
    return cast(Any, Shelfspace).openapi_spec.asdict()


cast(Any, Shelfspace).add_asgi_middleware(Guard, running=RUNNING)
cast(Any, Shelfspace).add_asgi_middleware(FastPath, running=RUNNING, spec=openapi_spec)
use_guarded_connections()
count_by_route()
