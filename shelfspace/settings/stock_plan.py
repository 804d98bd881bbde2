"""The section of demand and stock."""

from pydantic import Field

from shelfspace.settings.section import Positive, PositiveFloat, Section

__all__ = ["StockPlan"]


class StockPlan(Section):
    """How demand is forecast and what is kept in stock for it."""

    service_level: float = Field(
        0.95, gt=0.5, lt=1, description="Share of orders to the maker that arrive before stock runs out."
    )
    review_days: PositiveFloat = Field(7, description="Days from one look at the stock to the next.")
    lead_time_days: PositiveFloat = Field(
        14, description="Days until an order arrives, of products whose lead time is not known."
    )
    overstock_weeks: Positive = Field(
        26, description="More than this many weeks of demand on hand is too much."
    )
    weeks: Positive = Field(104, description="Weeks of events that are read, the latest ones.")
    origins: Positive = Field(40, description="Weeks from which the trees learn to look ahead.")
    trees: Positive = Field(150, description="Trees of each head.")
    least_rows: Positive = Field(
        2000, description="Fewer rows to learn from than these, and nothing is learned."
    )
