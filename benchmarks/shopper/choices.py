"""What a shopper does beside typing: a product but cheaper, a photo with a word, facets to choose from."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from benchmarks.shopper.intention import Answer, Ask, Check, Intention, Score, all_of, drawn
from benchmarks.shopper.photos import encoded
from benchmarks.shopper.shop import Product, Shop
from benchmarks.shopper.titles import TitleWords

__all__ = ["choice_intentions"]

ASKED = 30
PAGE = 100


def choice_intentions(shop: Shop) -> Iterator[Intention]:
    """Products with "cheaper", photos with a word of their title, words whose facets are counted."""
    words = TitleWords(shop.products)
    priced = [one for one in shop.products if one.price is not None and one.category]
    for one in drawn(priced, ASKED, "cheaper"):
        right = frozenset(other.product_id for other in shop.products if cheaper(other, one))
        for language, word in (("en", "cheaper"), ("zh", "更便宜")):
            yield Intention(
                "product and cheaper", {"text": word, "product_id": one.product_id}, all_of(right),
                f"{head(one)} below {one.price:g}: {one.title}", real=bool(right), language=language,
            )  # fmt: skip
    pictured = [one for one in shop.products if one.photo and words.of(one)]
    for one in drawn(pictured, ASKED, "photo and word"):
        word = max(words.of(one), key=lambda w: words.counts[w])
        yield Intention(
            "photo and a word of its title", {"text": word, "photo": encoded(shop.media.read(one.photo))},
            lambda answer, ask, own=one: Score(float(own.product_id in answer.ids)),
            f"{word} like {one.title}", language=one.language,
        )  # fmt: skip
    common = sorted(word for word, count in words.counts.items() if count > 2)
    for word in drawn(common, ASKED, "facets"):
        yield Intention(
            "facets of a word", {"text": word}, facets_count(shop, word),
            f"facets that count what is found for {word}", row="facets_true",
            options={"facets": True, "k": PAGE},
        )  # fmt: skip


def cheaper(other: Product, one: Product) -> bool:
    """Whether a listing costs less than another and is of the same category."""
    known = other.price is not None and one.price is not None
    return known and other.price < one.price and head(other) == head(one)


def head(one: Product) -> str:
    """The first two nodes of a listing's category: what is below is as often the listing's own title."""
    return " > ".join(one.category.split(" > ")[:2])


def facets_count(shop: Shop, word: str) -> Check:
    """1 where facets count the hits of all pages and nothing else."""

    def check(answer: Answer, ask: Ask) -> Score:
        ids = list(answer.ids)
        for page in range(2, 2 + (answer.total - 1) // PAGE):
            ids += ask({"text": word}, k=PAGE, page=page).ids
        told, found = answer.facets or {}, [shop.by_id[one] for one in ids]
        faults = [
            f"{name}: {told.get(name)} for {count}"
            for name, count in counted(found).items()
            if told.get(name) != count
        ]
        prices = sum(one["count"] for one in told.get("price") or ())
        if prices != sum(one.price is not None for one in found):
            faults.append(f"price counts {prices}")
        if len(ids) != answer.total:
            faults.append(f"{len(ids)} hits on all pages, total {answer.total}")
        return Score(float(not faults), said="; ".join(faults)[:300])

    return check


def counted(products: list[Product]) -> dict[str, Any]:
    """Brands and languages of some listings, as facets have them."""
    return {
        "brand": dict(Counter(one.brand for one in products if one.brand)),
        "language": dict(Counter(one.language for one in products if one.language)),
    }
