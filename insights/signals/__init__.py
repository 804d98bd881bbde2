"""What shoppers' events on the page say: what is popular, what is asked, which answers were right."""

from insights.signals.clicked import click_judgements
from insights.signals.counting import click_through
from insights.signals.popularity import popularity
from insights.signals.queries import past_queries

__all__ = ["click_judgements", "click_through", "past_queries", "popularity"]
