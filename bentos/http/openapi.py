"""The OpenAPI document: BentoML's, completed with what it cannot know of our routes."""

from typing import Any

from bentos.api.responses import ErrorAnswer
from bentos.auth.access import COOKIE
from bentos.endpoints import ENDPOINTS
from bentos.endpoints.endpoint import Endpoint
from bentos.http.session import SESSION, session_paths

__all__ = ["openapi"]

REFUSALS = {
    "400": "The body is no JSON and no form.",
    "401": "No API key, or none that is valid; only where the service has keys.",
    "403": "The key lacks the scope, or another site's page sent the request.",
    "404": "No such product.",
    "408": "The body took too long.",
    "409": "The log of changes is full, or the service has no workspace to keep it in.",
    "410": "A product or shopper that was erased is named.",
    "413": "The body, a file or a list is too large.",
    "415": "Another Content-Type than JSON or a form.",
    "422": "A field is missing, unknown, of the wrong type or out of range.",
    "429": "Too many requests, of this key or in flight; see Retry-After.",
    "504": "The answer took longer than service.answer_seconds; a write may have been done all the same.",
    "507": "The disk is full; nothing was kept.",
    "503": "No release is loaded yet, or memory for bodies is used up; see Retry-After.",
}
VERSION = "3.1.0"
"""Whose schemas are JSON Schema 2020-12, as pydantic writes them; BentoML says 3.0.2, whose are not."""
INFO = {
    "title": "Shelfspace",
    "version": "1",
    "description": "Product vectors, categories and search over one catalogue. The shop is at `/`.",
}
"""In place of BentoML's own words, whose badges a browser would fetch from the network."""


def openapi(spec: dict[str, Any]) -> dict[str, Any]:
    """BentoML's document with examples, forms, error bodies and GET /release.

    Args:
        spec: what BentoML generated; changed in place and returned.
    """
    spec["openapi"], spec["info"] = VERSION, INFO
    schemas: dict[str, Any] = spec["components"]["schemas"]
    described = ErrorAnswer.model_json_schema(ref_template="#/components/schemas/{model}")
    for name, schema in described.pop("$defs", {}).items():
        schemas[name] = schema
    schemas["ErrorAnswer"] = described
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}
    for endpoint in ENDPOINTS.values():
        operation = spec["paths"][endpoint.path]["post"]
        content = operation["requestBody"]["content"]
        content["application/json"] = {"schema": body_schema(endpoint, schemas)}
        content["application/json"]["examples"] = {
            name: {"value": value} for name, value in endpoint.examples.items()
        }
        if endpoint.form.fields:
            content["multipart/form-data"] = {"schema": form_schema(endpoint.form.fields)}
        schemas.pop(f"{endpoint.function}__Input", None)  # BentoML's body, with a type that is none
        kept = {status: value for status, value in operation["responses"].items() if str(status) == "200"}
        for answer in kept.values():
            for part in answer["content"]["application/json"]["schema"]["properties"].values():
                if part.get("default", part) is None:  # left out of an answer, never null in one
                    del part["default"]
        refusals = {
            status: {"description": text, "content": error}
            for status, text in REFUSALS.items()
            if (status != "404" or endpoint.names_products)
            and (status not in {"409", "410", "507"} or endpoint.writes)
        }
        operation["responses"] = {**{str(k): v for k, v in kept.items()}, **refusals}
        if endpoint.by_get:
            spec["paths"][endpoint.path]["get"] = by_get(endpoint, operation)
    spec["paths"]["/release"] = {
        "get": {
            "tags": ["Service APIs"],
            "summary": "The release that answers",
            "description": "Its manifest: identifier, rows, index, provenance; labels, modalities, metrics, "
            "how it searches, which index answers, the merchandising rules, and what is wrong.",
            "operationId": "release",
            "responses": {
                "200": {
                    "description": "The manifest.",
                    "content": {"application/json": {"schema": {"type": "object"}}},
                },
                "503": {"description": REFUSALS["503"], "content": error},
            },
        }
    }
    spec["paths"][SESSION] = session_paths()
    for operation in spec["paths"][SESSION].values():
        operation["tags"] = ["Service APIs"]
        for status in ("400", "401", "403", "408", "413", "422", "429", "503"):
            operation["responses"][status] = {"description": REFUSALS[status], "content": error}
    spec["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
    }
    spec["security"] = [{}, {"bearer": []}, {"header": []}, {"cookie": []}]
    return spec


def body_schema(endpoint: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    """The schema of a route's JSON body; what it refers to joins `schemas`."""
    described = endpoint.request_model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(described.pop("$defs", {}))
    return described


def by_get(endpoint: Endpoint, posted: dict[str, Any]) -> dict[str, Any]:
    """The operation of a route that is asked by GET as well: the fields of its form as parameters."""
    asked = {name: value for name, value in posted.items() if name != "requestBody"}
    fields = form_schema(endpoint.form.fields)["properties"]
    return {
        **asked,
        "operationId": f"{posted.get('operationId', endpoint.function)}_by_get",
        "parameters": [{"name": name, "in": "query", "schema": kind} for name, kind in fields.items()],
    }


def form_schema(fields: dict[str, str]) -> dict[str, Any]:
    """The schema of a form: text fields and files."""
    kinds = {
        "file": {"type": "string", "format": "binary"},
        "number": {"type": "number"},
        "integer": {"type": "integer"},
        "text": {"type": "string"},
        "object": {"type": "string"},
    }
    return {"type": "object", "properties": {name: kinds[kind] for name, kind in fields.items()}}
