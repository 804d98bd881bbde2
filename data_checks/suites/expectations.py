"""How an expectation of ours is stated: a sentence, the reason it matters, and how grave a breach is.

Builders around the core expectations of Great Expectations; each carries in `meta` the column it is
about, the reason, and its rule: what a warning and a limit on the same rows share.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

__all__ = [
    "EVENTS", "EVENT_KINDS", "PRODUCTS", "QUARANTINE", "STOCK", "fact", "has_columns", "has_rows", "mostly",
    "mostly_fact", "strict",
]  # fmt: skip

PRODUCTS = (
    "product_id", "title", "description", "category", "brand", "price", "currency", "attributes",
    "photos", "sounds", "language", "group_id", "updated_at",
)  # fmt: skip
EVENTS = ("user_id", "product_id", "event", "quantity", "unit_price", "time", "order_id")
STOCK = ("product_id", "on_hand", "lead_time_days")
QUARANTINE = ("table", "id", "field", "value", "reason", "source_row", "row")
EVENT_KINDS = ["view", "cart", "purchase"]


def _note(column: str, reason: str, rule: str) -> dict[str, Any]:
    return {
        "column": column,
        "reason": reason,
        "rule": rule,
        "notes": {"format": "markdown", "content": [reason]},
    }


def _stated(kind: str, **kwargs: Any) -> "Expectation":
    """A core expectation by its class name."""
    import great_expectations.expectations as gxe

    return getattr(gxe, kind)(**kwargs)


def has_columns(names: tuple[str, ...]) -> "list[Expectation]":
    """The table has each of the columns."""
    return [
        _stated(
            "ExpectColumnToExist",
            column=name,
            description=f"the table has a column {name}",
            severity="critical",
            meta=_note(name, "Every later stage reads it by this name.", f"has {name}"),
        )
        for name in names
    ]


def has_rows(minimum: int, what: str) -> "Expectation":
    """The table has at least `minimum` rows, called `what` in the sentence."""
    return _stated(
        "ExpectTableRowCountToBeBetween",
        min_value=minimum,
        description=f"at least {minimum:,} {what}",
        severity="critical",
        meta=_note("", f"Fewer than {minimum:,} {what} cannot train or judge a model.", "rows"),
    )


def strict(kind: str, column: str, sentence: str, reason: str, **kwargs: Any) -> "Expectation":
    """An expectation of the given core type that every row must meet."""
    severity = kwargs.pop("severity", "critical")
    about = kwargs.pop("about", column)
    rule = kwargs.pop("rule", sentence)
    return _stated(
        kind,
        column=column,
        description=sentence,
        severity=severity,
        meta=_note(about, reason, rule),
        **kwargs,
    )


def mostly(
    kind: str, column: str, sentence: str, reason: str, bad_share: float, **kwargs: Any
) -> "list[Expectation]":
    """The same rule twice: a warning for any row, critical beyond the share of bad rows allowed."""
    warning = strict(kind, column, sentence, reason, severity="warning", **kwargs)
    stop = strict(
        kind,
        column,
        f"{sentence}, in at least {1 - bad_share:.0%} of the rows",
        reason,
        mostly=1 - bad_share,
        rule=sentence,
        **kwargs,
    )
    return [warning, stop]


def fact(name: str, about: str, reason: str, **kwargs: Any) -> "Expectation":
    """The boolean column `name` is True in every row; it states something of the column `about`."""
    return strict("ExpectColumnValuesToBeInSet", name, name, reason, about=about, value_set=[True], **kwargs)


def mostly_fact(name: str, about: str, reason: str, bad_share: float) -> "list[Expectation]":
    """`fact`, stated as a warning and as a limit."""
    kind = "ExpectColumnValuesToBeInSet"
    return mostly(kind, name, name, reason, bad_share, about=about, value_set=[True])
