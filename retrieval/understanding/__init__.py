"""What shoppers say with words beside what they look for: prices and stock, read by a small grammar."""

from retrieval.understanding.grammar import phrases
from retrieval.understanding.understand import UNSAID, Understood, priced, understand, understood_as
from retrieval.understanding.vocabulary import Vocabulary

__all__ = ["UNSAID", "Understood", "Vocabulary", "phrases", "priced", "understand", "understood_as"]
