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

A page of facts that is asked by GET, with no body, is a record too: `Facts` (bentos.endpoints.facts).
"""

from importlib import import_module
from pkgutil import iter_modules

from bentos.endpoints.endpoint import Endpoint
from bentos.endpoints.facts import Facts

__all__ = ["ENDPOINTS", "FACTS"]

RECORDS = [
    record
    for module in sorted(found.name for found in iter_modules(__path__))
    for record in vars(import_module(f"{__name__}.{module}")).values()
]
ENDPOINTS: dict[str, Endpoint] = {record.name: record for record in RECORDS if isinstance(record, Endpoint)}
"""By name."""
FACTS: dict[str, Facts] = {record.path: record for record in RECORDS if isinstance(record, Facts)}
"""Pages of facts by path."""
