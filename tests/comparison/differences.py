"""Two values compared at any depth: every place where they differ, and in what way."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["SCORES", "TOLERANCE", "Difference", "differences"]

TOLERANCE = 1e-5
"""How far two scores may be apart; everything else is compared exactly."""
SCORES = frozenset({"score", "vector", "points"})
"""Names below which numbers are scores, vectors or drawn from them."""
LONGEST = 200


@dataclass(frozen=True)
class Difference:
    """One place where two records differ.

    Attributes:
        kind: what differences are grouped by: file, kind of entry, and in what way.
        where: file, entry and the path inside its value.
        old, new: what stands there, shortened; None where nothing does.
    """

    kind: str
    where: str
    old: Any
    new: Any


def differences(
    old: Any, new: Any, path: str = "", score: bool = False
) -> Iterator[tuple[str, str, Any, Any]]:
    """Way (missing, added, type, score, order, length, value), path, old and new of each difference.

    Args:
        path: so far.
        score: whether numbers here are compared with `TOLERANCE`.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *(name for name in new if name not in old)]:
            inner = f"{path}.{name}" if path else str(name)
            if name not in new:
                yield "missing", inner, short(old[name]), None
            elif name not in old:
                yield "added", inner, None, short(new[name])
            else:
                yield from differences(old[name], new[name], inner, score or name in SCORES)
        if list(old) != list(new) and set(old) == set(new):
            yield "order", path, short(list(old)), short(list(new))
    elif isinstance(old, list) and isinstance(new, list):
        yield from of_lists(old, new, path, score)
    elif is_number(old) and is_number(new):
        if score and (isinstance(old, float) or isinstance(new, float)):
            if not abs(old - new) <= TOLERANCE:
                yield "score", path, old, new
        elif old != new or type(old) is not type(new):
            yield "value", path, old, new
    elif type(old) is not type(new):
        yield "type", path, short(old), short(new)
    elif old != new:
        yield "value", path, short(old), short(new)


def of_lists(old: list[Any], new: list[Any], path: str, score: bool) -> Iterator[tuple[str, str, Any, Any]]:
    """The differences of two lists; of hits in another order, the order alone."""
    names = identifiers(old), identifiers(new)
    if names[0] and names[1] and names[0] != names[1]:
        yield (
            "order" if sorted(names[0]) == sorted(names[1]) else "products",
            path,
            short(names[0]),
            short(names[1]),
        )
        there = {hit["product_id"]: hit for hit in new}
        for hit in old:
            if hit["product_id"] in there:
                inner = f"{path}[{hit['product_id']}]"
                yield from differences(hit, there[hit["product_id"]], inner, score)
        return
    if len(old) != len(new):
        yield "length", path, short(old), short(new)
        return
    for number, (before, after) in enumerate(zip(old, new, strict=True)):
        yield from differences(before, after, f"{path}[{number}]", score)


def identifiers(values: list[Any]) -> list[str]:
    """The products that a list of hits names; none where it is no such list."""
    if not all(isinstance(value, dict) and isinstance(value.get("product_id"), str) for value in values):
        return []
    return [value["product_id"] for value in values]


def is_number(value: Any) -> bool:
    """Whether a value is a number and no truth value."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def short(value: Any) -> Any:
    """A value as it is shown: long ones cut."""
    if isinstance(value, (dict, list)):
        text = repr(value)
        return text if len(text) <= LONGEST else text[:LONGEST] + "..."
    return value[:LONGEST] + "..." if isinstance(value, str) and len(value) > LONGEST else value
