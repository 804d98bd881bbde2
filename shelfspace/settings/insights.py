"""What a shop does with its vectors and events: a section an application."""

from pydantic import Field

from shelfspace.settings.section import Positive, PositiveFloat, Section, Share

__all__ = ["Demand", "Insights", "ListingHealth", "Market", "Price", "Recommendation"]


class Recommendation(Section):
    """What a shopper is likely to want next."""


class Demand(Section):
    """What will be sold, and what to order."""

    service_level: float = Field(
        0.95, gt=0.5, lt=1, description="Share of the times between two orders that stock lasts."
    )
    review_days: PositiveFloat = Field(7, description="Days from one look at the stock to the next.")
    lead_time_days: PositiveFloat = Field(
        14, description="Days until an order arrives, of products whose lead time is not known."
    )
    overstock_weeks: PositiveFloat = Field(
        26, description="More than this many weeks of demand on hand is too much."
    )
    holding_share: Share = Field(
        0.25,
        description="Yearly cost of a piece in stock, as a share of its value, where orders cost.",
    )
    weeks: Positive = Field(104, description="Weeks of events that are read, the latest ones.")
    origins: Positive = Field(26, description="Weeks from which the trees learn to look ahead.")
    trees: Positive = Field(60, description="Trees of each head.")
    least_rows: Positive = Field(
        2000, description="Fewer rows to learn from than these, and nothing is learned."
    )


class Price(Section):
    """What a product could cost."""


class Market(Section):
    """Segments of the catalogue, and how they do."""


class ListingHealth(Section):
    """Which listings do not hold together."""


class Insights(Section):
    """What is said of each product beside its vector."""

    companions: Positive = Field(10, description="Most products that a product is shown as bought with.")
    recommendation: Recommendation = Recommendation()
    demand: Demand = Demand()
    price: Price = Price()
    market: Market = Market()
    listing_health: ListingHealth = ListingHealth()
