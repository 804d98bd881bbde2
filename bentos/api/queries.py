"""What one query asks for, once it is checked: its parts, what each weighs, and how the answer is cut."""

from dataclasses import dataclass, field

from bentos.api.limits import Limits, Refusal
from bentos.api.requests import Query, SearchRequest
from catalog.product import ProductInput
from retrieval.filters.columns import Filters
from retrieval.filters.sorting import Sort

__all__ = ["NO_FILTERS", "Ask", "Form", "form_of", "split"]


NO_FILTERS = Filters()


@dataclass(frozen=True)
class Form:
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
class Ask:
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


def split(query: Query, whole: ProductInput, place: str) -> Ask:
    """A query's parts; those that weigh the same are one item, as long as no product is among them.

    Args:
        whole: the query's words, photos and sounds, decoded from base64.
        place: how the query is called in messages.

    Raises:
        Refusal: 422 where no part weighs anything.
    """
    weights = query.weights
    if whole.title and weights.text > 0 and not (whole.photos or whole.sounds or query.product_id):
        return Ask(whole.title, whole, ((whole, 1.0),))  # words alone, whatever they weigh
    given = {
        "text": (ProductInput(title=whole.title), weights.text) if whole.title else None,
        "photo": (ProductInput(photos=whole.photos), weights.photo) if whole.photos else None,
        "sound": (ProductInput(sounds=whole.sounds), weights.sound) if whole.sounds else None,
    }
    parts = [part for part in given.values() if part is not None and part[1] > 0]
    product = query.product_id if weights.product > 0 else ""
    if not parts and not product:
        raise Refusal(
            422, f"{place}.weights", weights.model_dump(), "let one of the given parts weigh something"
        )
    text = whole.title if weights.text > 0 else ""
    if not product and len({weight for _, weight in parts}) == 1:
        together = ProductInput(
            title=text,
            photos=whole.photos if weights.photo > 0 else (),
            sounds=whole.sounds if weights.sound > 0 else (),
        )
        parts = [(together, 1.0)]
    return Ask(text, whole, tuple(parts), product, weights.product if product else 0.0)


def form_of(request: SearchRequest, limits: Limits) -> Form:
    """How a search is answered.

    Raises:
        Refusal: 422 for a price range that is none, or more hits than are answered.
    """
    limits.check_results(request.k)
    if request.filters is None:
        return Form(request.k, request.page, request.sort, NO_FILTERS, request.facets)
    asked = request.filters
    low, high = asked.price_from, asked.price_to
    if low is not None and high is not None and low > high:
        raise Refusal(422, "filters.price_from", low, "give at most price_to")
    filters = Filters(
        category=tuple(asked.category),
        brand=tuple(asked.brand),
        language=tuple(asked.language),
        price_from=low,
        price_to=high,
        in_stock=asked.in_stock,
        has_photo=asked.has_photo,
    )
    return Form(request.k, request.page, request.sort, filters, request.facets)
