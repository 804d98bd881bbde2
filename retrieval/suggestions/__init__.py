"""What a shopper may be about to type: categories, brands and titles by the beginnings of their words."""

from retrieval.suggestions.choose import Found, Suggestions, spellings
from retrieval.suggestions.past import PastQueries

__all__ = ["Found", "PastQueries", "Suggestions", "spellings"]
