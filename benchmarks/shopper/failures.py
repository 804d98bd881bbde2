"""The questions that were answered worst, with what came back: for whoever mends it."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from benchmarks.shopper.intention import Asked
from benchmarks.shopper.runner import each_once, why_failures
from benchmarks.shopper.shop import Shop

__all__ = ["failures"]

SHOWN = 5
"""Hits shown of an answer."""


def failures(shop: Shop, asked: Sequence[Asked], rows: Sequence[str], most: int) -> str:
    """The worst answers by row and kind of question, as Markdown.

    Args:
        rows: whose failures are wanted; "" for questions that count in no row.
        most: of one kind.
    """
    parts = [f"# {shop.name}"]
    if "wrongly_empty" in rows:
        empty = [one for one in each_once(asked) if one.intention.real and not one.answer.hits]
        parts += [f"## wrongly_empty: {len(empty)}", *(told(shop, one) for one in empty[: 4 * most])]
    if "why_true" in rows:
        wrong = list(why_failures(shop, asked))
        parts.append(f"## why_true: {len(wrong)} answers with an untrue line")
        for _, own in groupby(sorted(wrong, key=key_of), key=key_of):
            parts += [f"{told(shop, one)}\n  {said}" for one, said in list(own)[:most]]
    chosen = [one for one in asked if one.intention.row in rows and one.score.value < one.score.best]
    chosen.sort(key=lambda one: (one.intention.row, one.intention.kind, one.score.value / one.score.best))
    for (row, kind), own in groupby(chosen, key=lambda one: (one.intention.row, one.intention.kind)):
        failed = list(own)
        count = sum(one.intention.kind == kind and one.intention.row == row for one in asked)
        parts.append(f"## {row or 'no row'}: {kind}: {len(failed)} of {count} are not whole")
        parts += [told(shop, one) for one in failed[:most]]
    return "\n".join(parts) + "\n"


def key_of(found: tuple[Asked, str]) -> str:
    """The kind of question of an untrue line."""
    return found[0].intention.kind


def told(shop: Shop, one: Asked) -> str:
    """A question, what was wanted and what came."""
    score, answer = one.score, one.answer
    options = f"; {dict(one.intention.options)}" if one.intention.options else ""
    asked = f"{asked_for(shop, one.intention.query)} -> {score.value:.2f} of {score.best:.2f}"
    lines = [f"- {asked}; wanted {one.intention.wanted}{options}"]
    if score.said:
        lines.append(f"  {score.said}")
    if answer.understood:
        lines.append(
            "  understood: "
            + "; ".join(f"{u['kind']} {u['text']}: {u['meaning']}" for u in answer.understood)
        )
    lines.append(f"  total {answer.total}" + ("" if answer.hits else "; no hits"))
    for place, hit in enumerate(answer.hits[:SHOWN], 1):
        why = ", ".join(filter(None, [*hit["why"]["words"], hit["why"]["modality"]]))
        price = "no price" if hit["price"] is None else f"{hit['price']:g}"
        colour = shop.by_id[hit["product_id"]].colour
        seen = (
            f", {colour}"
            if colour and (one.intention.query.get("photo") or "colour" in one.intention.kind)
            else ""
        )
        lines.append(
            f"  {place}. {hit['title']} [{hit['category']}{seen}, {price}] {hit['score']:.3f} ({why})"
        )
    return "\n".join(lines)


def asked_for(shop: Shop, query: Any) -> str:
    """A query in words."""
    said = [f"{query['text']!r}"] if query.get("text") else []
    said += [f"a {name}" for name in ("photo", "sound") if query.get(name)]
    if query.get("product_id"):
        said.append(f"product {shop.by_id[query['product_id']].title!r}")
    return " and ".join(said)
