"""What one query asks for, once it is checked: its parts, what each weighs, and how the answer is cut."""

from dataclasses import dataclass, field

from catalog.product import ProductInput
from retrieval.filters.columns import Filters
from retrieval.filters.sorting import Sort

__all__ = ["NO_FILTERS", "SearchOptions", "SearchQuery"]

NO_FILTERS = Filters()


@dataclass(frozen=True)
class SearchOptions:
    """How every query of a request is answered.

    Attributes:
        size: hits a page.
        page: from 1.
    """

    size: int = 10
    page: int = 1
    sort: Sort = "relevance"
    filters: Filters = field(default_factory=Filters)
    facets: bool = False


@dataclass(frozen=True)
class SearchQuery:
    """One query.

    Attributes:
        text: its words; "" where it has none or they weigh nothing.
        whole: all its parts as one item, for the request log; None for browsing.
        parts: what the encoder reads, each as one item, with what it weighs.
        product: a product of the catalogue that is part of it, "" without.
        product_weight: what that weighs.
    """

    text: str = ""
    whole: ProductInput | None = None
    parts: tuple[tuple[ProductInput, float], ...] = ()
    product: str = ""
    product_weight: float = 0.0

    @property
    def browsing(self) -> bool:
        """Whether there is no query, so that nothing is ranked."""
        return self.whole is None

    @property
    def words_weight(self) -> float | None:
        """What the words weigh, 1 being as much as the mean of the parts; None where nothing is mixed.

        Parts that the encoder reads together weigh the same, so the words among them weigh 1.
        """
        items = [item for item, _ in self.parts]
        if not self.text or not (self.product or any(item.photos or item.sounds for item in items)):
            return None
        weights = [weight for _, weight in self.parts] + ([self.product_weight] if self.product else [])
        own = next(weight for item, weight in self.parts if item.title)
        return own / (sum(weights) / len(weights))

    @property
    def beside(self) -> str:
        """What stands beside the words of a mixed query: of several, what weighs most; of equals, the product
        before a photo before a sound."""
        weights = {"product": self.product_weight if self.product else 0.0, "photo": 0.0, "sound": 0.0}
        for item, weight in self.parts:
            weights["photo"] = weight if item.photos else weights["photo"]
            weights["sound"] = weight if item.sounds else weights["sound"]
        return max(weights, key=lambda name: weights[name])
