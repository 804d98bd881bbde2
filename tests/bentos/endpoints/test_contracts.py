"""What every route keeps to, whatever it does: each record of the table, tried over a real release."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from jsonschema import Draft202012Validator
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bentos.api.limits import Limits
from bentos.api.parsing import read_call
from bentos.application import Application
from bentos.auth.keys import SCOPES
from bentos.config import ServiceConfig
from bentos.endpoints import ENDPOINTS, FACTS
from bentos.endpoints.endpoint import Endpoint
from bentos.errors import RequestError
from bentos.http.fast_path import FastPath
from bentos.http.guard import LISTED, needed, route_of
from bentos.http.openapi import openapi
from bentos.http.served import Running
from catalog.sample import build_sample
from shelfspace.settings import Settings
from tests.bentos.house import House, error_of
from tests.bentos.market import Market

LIMITS = Limits.of(Settings())
EVERY = [pytest.param(endpoint, id=name) for name, endpoint in ENDPOINTS.items()]
EXAMPLES = [
    pytest.param(endpoint, body, id=f"{name}: {shows}")
    # What deletes products comes after what asks for them.
    for name, endpoint in sorted(ENDPOINTS.items(), key=lambda item: item[0] == "products/delete")
    for shows, body in endpoint.examples.items()
]


def of_the_market(value: Any, market: Market) -> Any:
    """An example with products that the market has, the second of which is one that is left there."""
    if isinstance(value, dict):
        return {name: of_the_market(inner, market) for name, inner in value.items()}
    if isinstance(value, list):
        return [of_the_market(inner, market) for inner in value]
    ids = market.release.product_ids
    return {"p00017": ids[1], "p00004": ids[2]}.get(value, value) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def writable(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A service whose changes other tests do not see."""
    place = tmp_path_factory.mktemp("contracts")
    config = ServiceConfig(
        Settings(), releases=place, baked_release=market.release.folder, live=place / "live"
    )
    application = Application(config)
    application.engine.refresh()
    yield TestClient(FastPath(Starlette(), running=Running(application), spec=dict))
    application.close()


@pytest.mark.parametrize(("endpoint", "body"), EXAMPLES)
def test_an_example_is_accepted(endpoint: Endpoint, body: dict) -> None:
    assert len(read_call(endpoint, body, LIMITS)) >= 1


@pytest.mark.parametrize(("endpoint", "body"), EXAMPLES)
def test_an_answer_fits_its_model(
    endpoint: Endpoint, body: dict, writable: TestClient, market: Market
) -> None:
    answer = writable.post(endpoint.path, json=of_the_market(body, market))
    if endpoint.name == "products/delete" and answer.status_code == 404:
        return  # the example before has deleted it
    assert answer.status_code == 200, answer.text
    found = endpoint.answer_model.model_validate(answer.json())
    unsaid = set(answer.json()) - set(type(found).model_fields)
    assert not unsaid, "the answer holds what its model does not describe"
    assert answer.json()["release"] == market.release.id


@pytest.mark.parametrize("endpoint", EVERY)
def test_one_and_several_are_fields_of_the_request(endpoint: Endpoint) -> None:
    fields = endpoint.request_model.model_fields
    assert {endpoint.names[0], endpoint.names[1]} <= set(fields)
    assert not endpoint.alone or endpoint.alone in fields
    assert not any(field.is_required() for field in fields.values())


@pytest.mark.parametrize("endpoint", EVERY)
def test_every_field_of_its_form_is_one_of_its_request(endpoint: Endpoint) -> None:
    fields = endpoint.request_model.model_fields
    assert set(endpoint.form.top) <= set(fields)
    assert not endpoint.form.within or not endpoint.form.fields or endpoint.form.within == endpoint.names[0]
    if endpoint.form.item:
        part = next(a for a in fields[endpoint.names[0]].annotation.__args__ if inspect.isclass(a))
        inner = set(part.model_fields) | {name.rstrip("s") for name in part.model_fields}
        assert set(endpoint.form.item) <= inner


@pytest.mark.parametrize("endpoint", EVERY)
@pytest.mark.parametrize("body", [None, [], "text", {}, {"nonsense": 1}])
def test_what_is_no_request_is_refused_with_field_and_remedy(endpoint: Endpoint, body: object) -> None:
    with pytest.raises(RequestError) as caught:
        read_call(endpoint, body, LIMITS)
    assert caught.value.status == 422
    assert caught.value.field
    assert caught.value.remedy


@pytest.mark.parametrize(("endpoint", "body"), EXAMPLES)
def test_a_field_that_is_unknown_is_named(endpoint: Endpoint, body: dict) -> None:
    with pytest.raises(RequestError) as caught:
        read_call(endpoint, {**body, "colour": "blue"}, LIMITS)
    assert (caught.value.status, caught.value.field) == (422, "colour")


@pytest.mark.parametrize("endpoint", EVERY)
def test_one_and_several_at_once_are_refused(endpoint: Endpoint) -> None:
    one = next(body for body in endpoint.examples.values() if endpoint.names[0] in body)
    both = {**one, endpoint.names[1]: [one[endpoint.names[0]]]}
    with pytest.raises(RequestError, match=f"either {endpoint.names[0]} or {endpoint.names[1]}"):
        read_call(endpoint, both, LIMITS)


@pytest.mark.parametrize("endpoint", EVERY)
def test_a_list_is_bounded(endpoint: Endpoint) -> None:
    for count, status in ((0, 422), ((endpoint.most or LIMITS.items) + 1, 413)):
        with pytest.raises(RequestError) as caught:
            read_call(endpoint, {endpoint.names[1]: [None] * count}, LIMITS)
        assert (caught.value.status, caught.value.field) == (status, endpoint.names[1])


@pytest.mark.parametrize("endpoint", EVERY)
def test_a_key_needs_its_scope(endpoint: Endpoint, keyed: House) -> None:
    assert needed(endpoint.path) == endpoint.scope
    assert keyed.client(endpoint.scope).post(endpoint.path, json={}).status_code == 422
    for other in (scope for scope in SCOPES if scope != endpoint.scope):
        answer = keyed.client(other).post(endpoint.path, json={})
        if endpoint.open:
            assert answer.status_code == 422
        else:
            assert error_of(answer, 403)["value"] == f"'{endpoint.scope}'"
    assert keyed.client().post(endpoint.path, json={}).status_code == (422 if endpoint.open else 401)


@pytest.mark.parametrize("endpoint", EVERY)
def test_it_is_asked_by_post_and_known_to_the_access_log(endpoint: Endpoint, opened: House) -> None:
    assert error_of(opened.client().put(endpoint.path), 405)["remedy"] == f"use POST {endpoint.path}"
    if endpoint.by_get:
        assert error_of(opened.client().get(endpoint.path), 422)
    else:
        assert error_of(opened.client().get(endpoint.path), 405)
    assert route_of(endpoint.path) == endpoint.path


@pytest.mark.parametrize("path", FACTS)
def test_facts_are_read_by_get(path: str, opened: House, keyed: House) -> None:
    client = opened.client()
    assert client.get(path).json()
    assert client.head(path).content == b""
    assert error_of(client.post(path, json={}), 405)
    assert path in LISTED
    assert keyed.client(FACTS[path].scope).get(path).json()
    other = "write" if FACTS[path].scope != "write" else "read"
    assert error_of(keyed.client(other).get(path), 403)["value"] == f"'{FACTS[path].scope}'"


def test_the_document_describes_every_route() -> None:
    from bentos.service import openapi_spec

    document = openapi(openapi_spec())
    for endpoint in ENDPOINTS.values():
        operation = document["paths"][endpoint.path]["post"]
        assert ("get" in document["paths"][endpoint.path]) == endpoint.by_get
        assert operation["description"] == endpoint.summary or operation["summary"]
        content = operation["requestBody"]["content"]
        described = content["application/json"]["schema"]["properties"]
        assert set(described) == set(endpoint.request_model.model_fields)
        assert set(content["application/json"]["examples"]) == set(endpoint.examples)
        form = content.get("multipart/form-data", {"schema": {"properties": {}}})["schema"]["properties"]
        assert set(form) == set(endpoint.form.fields)
        assert ("404" in operation["responses"]) == endpoint.names_products
        assert ("507" in operation["responses"]) == endpoint.writes


def test_the_document_s_schemas_are_those_of_its_version() -> None:
    """OpenAPI 3.1 takes its schemas from JSON Schema 2020-12; in 3.0 `exclusiveMinimum: 0` is no schema."""
    from bentos.service import openapi_spec

    document = openapi(openapi_spec())
    assert document["openapi"].startswith("3.1.")
    schemas = document["components"]["schemas"]
    for endpoint in ENDPOINTS.values():
        operation = document["paths"][endpoint.path]["post"]
        answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
        asked = operation["requestBody"]["content"]["application/json"]["schema"]
        assert all(part.get("default", "") is not None for part in answer["properties"].values())
        schemas |= {f"{endpoint.name} asked": asked, f"{endpoint.name} answered": answer}
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    assert any("exclusiveMinimum" in str(schema) for schema in schemas.values())


def named(value: Any) -> set[str]:
    """Products that an example names."""
    if isinstance(value, list):
        return set().union(*map(named, value))
    if not isinstance(value, dict):
        return set()
    own = {value["product_id"]} if "product_id" in value else set()
    return own.union(value.get("product_ids", ()), *map(named, value.values()))


def test_examples_name_products_that_the_sample_has(tmp_path: Path) -> None:
    """'Try it out' on the released sample answers, and does not say that there is no such product."""
    build_sample(tmp_path / "sample", products=120)
    known = set(pd.read_csv(tmp_path / "sample" / "products.csv", dtype=str)["product_id"])
    asked = {name: named(list(one.examples.values())) for name, one in ENDPOINTS.items()}
    assert {
        product for name, products in asked.items() if name != "products/put" for product in products
    } <= known
    assert asked["products/get"] == {"p00017", "p00004"}
