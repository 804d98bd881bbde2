"""What a shop does with its vectors and events: a section an application."""

from pydantic import Field

from shelfspace.settings.section import Positive, PositiveFloat, Section, Share

__all__ = ["Demand", "Insights", "ListingHealth", "Market", "Price", "Recommendation"]


class Recommendation(Section):
    """What a shopper is likely to want next."""

    moments: Positive = Field(
        4, description="Earlier moments, two weeks apart, whose four weeks after the ranker is learned from."
    )
    judged: Positive = Field(
        2, description="Latest stretches of four weeks on which it is compared with simpler orders."
    )
    shoppers: Positive = Field(
        500, description="Most shoppers of a moment that is learned from; twice as many are judged."
    )
    goes_with: Positive = Field(8, description="Most products that a product is said to go with.")
    least_bought: Positive = Field(
        300, description="Purchases to learn from, below which nothing is learned."
    )


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

    listings: Positive = Field(
        4000, description="Most listings that prices are learned from, and compared with; others are drawn."
    )
    least_listings: Positive = Field(
        30, description="Fewest listings with a price that a price is suggested from."
    )
    comparables: Positive = Field(10, description="Nearest listings whose median is the simple suggestion.")
    coverage: Share = Field(0.8, description="Share of prices that an interval is to hold.")
    least_in_category: Positive = Field(
        50, description="Fewest listings of a category whose own errors make its intervals; else all do."
    )
    least_prices: Positive = Field(
        3, description="Fewest different prices from which a product's own elasticity is told."
    )
    least_weeks: Positive = Field(12, description="Fewest weeks on sale from which it is told.")
    least_purchases: Positive = Field(5, description="Fewest purchases from which it is told.")
    largest_error: PositiveFloat = Field(
        0.5, description="Largest standard error of a category's elasticity that stands for its products."
    )
    most_change: Share = Field(
        0.15, description="Most that a price which earns most may differ from today's."
    )
    least_gain: Share = Field(
        0.01, description="Least gain in margin, as a share of today's, for which another price is named."
    )


class Market(Section):
    """Segments of the catalogue, and how they do."""

    segments: Positive = Field(40, description="Most segments that the catalogue is cut into.")
    silhouette_within: Share = Field(
        0.1,
        description="The finest cut is taken whose silhouette is within this share of the best one's.",
    )
    smallest: Positive = Field(
        8, description="Fewest products near one another and far from all segments that make a new one."
    )
    stay: Share = Field(
        0.05, description="Cosine by which another segment must be nearer before a product leaves its own."
    )
    recut_share: Share = Field(
        0.3,
        description="Share of products changed since the segments were cut, from which on they are cut anew.",
    )
    recent_weeks: Positive = Field(4, description="Weeks that risers and fallers are judged by.")
    before_weeks: Positive = Field(8, description="Weeks before, which they are compared with.")
    false_share: Share = Field(
        0.05, description="Share of wrong names allowed among risers, fallers and gaps (Benjamini-Hochberg)."
    )
    competitors: Positive = Field(10, description="Nearest products that a price is placed among.")
    week_count: Positive = Field(52, description="Weeks of demand that the report shows.")


class ListingHealth(Section):
    """Which listings do not hold together."""

    least_sure: Share = Field(0.5, description="How sure a finding must be to be listed.")
    most: Positive = Field(1000, description="Most findings of one kind; the surest are kept.")


class Insights(Section):
    """What is said of each product beside its vector."""

    companions: Positive = Field(10, description="Most products that a product is shown as bought with.")
    recommendation: Recommendation = Recommendation()
    demand: Demand = Demand()
    price: Price = Price()
    market: Market = Market()
    listing_health: ListingHealth = ListingHealth()
