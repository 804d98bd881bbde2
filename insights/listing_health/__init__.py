"""Which listings do not hold together: a photo, a sound, a price or a category that does not fit the rest."""

from insights.listing_health.health import Health, listing_health
from insights.listing_health.reviewed import read_reviewed

__all__ = ["Health", "listing_health", "read_reviewed"]
