"""What a shop does with its vectors and events."""

from pydantic import Field

from shelfspace.settings.section import Positive, Section

__all__ = ["Insights"]


class Insights(Section):
    """What is said of each product beside its vector."""

    companions: Positive = Field(10, description="Most products that a product is shown as bought with.")
