"""What a shopper may be about to type: categories, brands and titles by the beginnings of their words."""

from retrieval.suggestions.choose import Found, Suggestions, spellings

__all__ = ["Found", "Suggestions", "spellings"]
