"""What a shop does with its vectors and events: a section an application."""

from pydantic import Field

from shelfspace.settings.section import Positive, Section

__all__ = ["Demand", "Insights", "ListingHealth", "Market", "Price", "Recommendation"]


class Recommendation(Section):
    """What a shopper is likely to want next."""


class Demand(Section):
    """What will be sold, and what to order."""


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
