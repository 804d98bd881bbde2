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

A page of facts that is asked by GET, with no body, is a record too: `Facts` (bentos.endpoints.facts), and so
is a page for the shop's people, of facts and tables: `PeoplePage` (bentos.endpoints.people).
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from bentos.api.sheets import said_json
from bentos.endpoints.endpoint import Endpoint
from bentos.endpoints.facts import Facts
from bentos.endpoints.people import DATA, PeoplePage
from bentos.serving.backend import Backend

__all__ = ["ENDPOINTS", "FACTS", "PEOPLE"]

RECORDS = [
    record
    for module in sorted(found.name for found in iter_modules(__path__))
    for record in vars(import_module(f"{__name__}.{module}")).values()
]
ENDPOINTS: dict[str, Endpoint] = {record.name: record for record in RECORDS if isinstance(record, Endpoint)}
"""By name."""
FACTS: dict[str, Facts] = {record.path: record for record in RECORDS if isinstance(record, Facts)}
"""Pages of facts by path."""
PEOPLE: dict[str, PeoplePage] = {
    page.name: page
    for page in sorted((r for r in RECORDS if isinstance(r, PeoplePage)), key=lambda page: page.place)
}
"""Pages for the shop's people by name, in their order."""


def for_people(backend: Backend) -> dict[str, Any]:
    """What there is for the shop's people: pages, and routes that say something of one product."""
    del backend
    pages = [{"name": page.name, "title": said_json(page.title)} for page in PEOPLE.values()]
    advice = [e.name for e in ENDPOINTS.values() if e.scope == "insights" and e.names_products]
    return {"pages": pages, "of_a_product": advice}


FACTS[DATA] = Facts(DATA, for_people, scope="insights")
