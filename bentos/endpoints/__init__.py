"""The routes of the API: one file a route, one table of them.

How to add a route: a file here. It holds the models of its request and answer where no other route
shares them (what several share lies in `bentos.api.requests` and `bentos.api.responses`), the function
that answers, and the record: `Reading` (bentos.endpoints.endpoint) for a route that changes nothing,
`Writing` (bentos.endpoints.writing) for one that does. The record says name, models, examples, form, and
which function of `bentos.api.parsing` reads its items (`read_items` to encode them, `read_named` for
identifiers of products).

The table takes the records of all modules here. Parsing, forms, the OpenAPI document, BentoML's
declaration, the scope that a key needs, metrics, the access log and the fast path read it; nothing else is
to be told. The tests of tests/bentos/endpoints/test_contracts.py try every record: its examples are
accepted, unknown fields refused, its answers fit their model.

A page of facts that is asked by GET, with no body, is a function of the backend in FACTS.
"""

from importlib import import_module
from pkgutil import iter_modules

from bentos.endpoints.endpoint import Endpoint
from bentos.endpoints.release import manifest
from bentos.endpoints.release_map import vector_map
from bentos.endpoints.release_names import names
from bentos.endpoints.release_overview import overview

__all__ = ["ENDPOINTS", "FACTS"]

ENDPOINTS: dict[str, Endpoint] = {
    record.name: record
    for module in sorted(found.name for found in iter_modules(__path__))
    for record in vars(import_module(f"{__name__}.{module}")).values()
    if isinstance(record, Endpoint)
}
"""By name."""
FACTS = {
    "/release": manifest,
    "/release/overview": overview,
    "/release/map": vector_map,
    "/release/names": names,
}
"""Pages of facts by path."""
