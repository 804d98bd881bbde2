"""Answers of /products/get: all that is known of a product, and what is bought with it."""

from typing import Any

import numpy as np

from bentos.api.parsing import ParsedRequest
from bentos.errors import RequestError
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.outcome import Outcome
from retrieval.catalogue.view import CatalogueView
from retrieval.engine import browse
from retrieval.filters.rules import Rules

__all__ = ["browsed", "classification", "details", "require_named"]

LABELS_SHOWN = 5
NOTHING = np.empty((0, 0), np.float32)


def require_named(call: ParsedRequest, loaded: LoadedRelease) -> None:
    """Refuse products that a read names and that are not there (404)."""
    named = call.endpoint in {"similar", "products/get"}
    if not named and not any(ask.product for ask in call.asks):
        return  # looking at the changes costs a look at their file
    view = loaded.view()
    remedy = f"name a product of release {loaded.id}"
    if named:
        for number, product in enumerate(call.product_ids):
            if view.row_of(product) is None:
                raise RequestError(404, call.place(number)[:-1], product, remedy)
    for number, ask in enumerate(call.asks):
        if ask.product and view.row_of(ask.product) is None:
            raise RequestError(404, f"{call.place(number)}product_id", ask.product, remedy)


def browsed(call: ParsedRequest, loaded: LoadedRelease, rules: Rules) -> Outcome:
    """The answer of a search without a query."""
    view = loaded.view()
    return Outcome(NOTHING, view=view, results=[browse(loaded.shelf(view), rules, call.form)])


def details(call: ParsedRequest, loaded: LoadedRelease, rules: Rules) -> Outcome:
    """The products that a call names.

    Raises:
        RequestError: 404 for one that was deleted since the call was admitted.
    """
    view = loaded.view()
    shelf = loaded.shelf(view)
    results = []
    for number, product in enumerate(call.product_ids):
        place = shelf.position_of(product)
        if place is None:
            raise RequestError(404, call.place(number)[:-1], product, "name a product that is still there")
        results.append(page_of(shelf, place, loaded.encoder.labels, rules))
    return Outcome(NOTHING, view=view, results=results)


def page_of(shelf: CatalogueView, place: int, labels: list[str], rules: Rules) -> dict[str, Any]:
    """One product, as answers.ProductDetails."""
    hit = shelf.hit(place)
    product = hit["product_id"]
    guess = None
    if shelf.classes is not None:
        guess = classification(product, shelf.classes[np.array([place])][0], labels)
    names = ("product_id", "title", "brand", "category", "price", "currency", "on_hand")
    return {
        **{name: hit[name] for name in names},
        **shelf.details(place),
        "modalities": shelf.modalities_of(place),
        "guess": guess,
        "bought_together": together(shelf, product, rules),
        "price_suggestion": None,
        "stock": None,
    }


def together(shelf: CatalogueView, product: str, rules: Rules) -> list[dict[str, Any]]:
    """What is bought with a product, the strongest first, as far as it may be shown."""
    banned = set(rules.valid(frozenset(), ()).banned(shelf.columns).tolist())
    hits = []
    for other, weight in shelf.parts.together.get(product, ()):
        place = shelf.position_of(other)
        if place is None or place in banned:
            continue
        hits.append(shelf.hit(place, weight))
    return hits


def classification(product: str, probabilities: np.ndarray, names: list[str]) -> dict[str, Any]:
    """The best labels of one item, ties by their order."""
    best = np.argsort(-probabilities, kind="stable")[:LABELS_SHOWN]
    labels = [{"label": names[i], "score": round(float(probabilities[i]), 6)} for i in best]
    return {"product_id": product, **labels[0], "labels": labels}
