"""Draws questions from a catalogue: searches of every kind, neighbours, items, and changes."""

import base64
import json
import random
from dataclasses import dataclass, field
from typing import Any

from tests.comparison.asking import JSON, form
from tests.comparison.bad_requests import picture, text64
from tests.comparison.catalogue import Catalogue, attributes_of

__all__ = ["Asker", "Question"]

CHINESE = ("红色", "运动鞋", "家用电器 蓝色", "耳机", "书", "皮包 黑色", "儿童 玩具", "台灯")
ENGLISH = ("red", "watch for men", "leather bag", "cotton shirt blue", "lamp", "gift for a child",
           "xyzzy qwrt", "the", "kettle 1.5", "running shoes, red & light", "Café",
           "wireless headphones black small")  # fmt: skip
WEIGHTS = ({}, {"text": 3}, {"text": 0.5}, {"photo": 2, "sound": 0.5}, {"product": 2}, {"text": 0})
SORTS = ("relevance", "price_up", "price_down")


@dataclass(frozen=True)
class Question:
    """One request.

    Attributes:
        name: unique; its part before the last slash is the kind that differences are grouped by.
        path, body: of a POST.
        fields: of a form instead of a body: name, file name ("" for text), value (base64 of a file).
    """

    name: str
    path: str
    body: dict[str, Any] = field(default_factory=dict)
    fields: tuple[tuple[str, str, str], ...] = ()

    def request(self) -> tuple[bytes, dict[str, str]]:
        """Body and headers."""
        if not self.fields:
            return json.dumps(self.body, ensure_ascii=False).encode(), JSON
        return form([(n, f, base64.b64decode(v) if f else v.encode()) for n, f, v in self.fields])


class Asker:
    """Draws questions.

    Args:
        catalogue: what they are made of.
        rng: decides which.

    Attributes:
        touched: products that the changes so far put or changed, and that are there.
    """

    def __init__(self, catalogue: Catalogue, rng: random.Random) -> None:
        self._rng = rng
        self._media = catalogue.media
        self._all = catalogue.products
        self._with_photo = [p for p in catalogue.having("photos") if self._first(p, "photos")]
        self._with_sound = [p for p in catalogue.having("sounds") if self._first(p, "sounds")]
        self._chinese = catalogue.in_language("zh")
        self._categories = sorted({p["category"] for p in catalogue.having("category")})
        self._brands = sorted({p["brand"] for p in catalogue.having("brand")}) or ["none"]
        self._prices = sorted(p["price"] for p in catalogue.having("price")) or [1.0, 100.0]
        self._deleted: set[str] = set()
        self.touched: list[str] = []

    def search(self, n: int) -> Question:
        """A search of one of eleven kinds, in turn."""
        kinds = (self._words, self._chinese_words, self._photo, self._sound, self._mix, self._filtered,
                 self._sorted, self._paged, self._browse, self._several, self._by_form)  # fmt: skip
        return kinds[n % len(kinds)](n // len(kinds))

    def _words(self, n: int) -> Question:
        return Question("search words", "/search", {"query": {"text": self._english(n)}, "k": 10})

    def _chinese_words(self, n: int) -> Question:
        return Question("search chinese", "/search", {"query": {"text": self._in_chinese(n)}, "k": 10})

    def _photo(self, n: int) -> Question:
        query = {"photo": self._file(self._with_photo, "photos")}
        return Question("search photo", "/search", {"query": query, "k": 10})

    def _sound(self, n: int) -> Question:
        if not self._with_sound:
            return Question("search words", "/search", {"query": {"text": self._english(n + 1)}, "k": 20})
        query = {"sound": self._file(self._with_sound, "sounds")}
        return Question("search sound", "/search", {"query": query, "k": 10})

    def _mix(self, n: int) -> Question:
        query: dict[str, Any] = {"text": self._english(n)} if n % 5 else {"text": self._in_chinese(n)}
        if n % 3 == 0:
            query["photo"] = self._file(self._with_photo, "photos")
        if n % 3 == 1 or n % 4 == 3:
            query["product_id"] = self._there()
        if n % 3 == 2 and self._with_sound:
            query["sound"] = self._file(self._with_sound, "sounds")
        query["weights"] = WEIGHTS[n % (len(WEIGHTS) - 1)]
        if len(query) > 2 and n % 7 == 6:
            query["weights"] = WEIGHTS[-1]
        return Question("search mix", "/search", {"query": query, "k": 10})

    def _filtered(self, n: int) -> Question:
        body = {"query": {"text": self._english(n)}, "filters": self._filters(n), "facets": True, "k": 8}
        return Question("search filters", "/search", body)

    def _sorted(self, n: int) -> Question:
        body = {"query": {"text": self._english(n)}, "sort": SORTS[1 + n % 2], "k": 12, "facets": n % 2 == 0}
        return Question("search sorted", "/search", body)

    def _paged(self, n: int) -> Question:
        body = {"query": {"text": self._english(n)}, "page": 1 + n % 9, "k": (3, 10, 24, 100)[n % 4]}
        return Question("search pages", "/search", body)

    def _browse(self, n: int) -> Question:
        body = {"filters": self._filters(n), "sort": SORTS[n % 3], "k": 24, "page": 1 + n % 3, "facets": True}
        return Question("search browse", "/search", body)

    def _several(self, n: int) -> Question:
        queries = [{"text": self._english(n + i)} for i in range(2 + n % 3)]
        return Question("search several", "/search", {"queries": queries, "k": 5, "facets": n % 2 == 1})

    def _by_form(self, n: int) -> Question:
        fields = [("text", "", self._english(n)), ("k", "", str(3 + n % 6))]
        if n % 2:
            fields.append(("photo", "a.jpg", self._file(self._with_photo, "photos")))
        return Question("search form", "/search", fields=tuple(fields))

    def of_changes(self, n: int) -> Question:
        """A search for what was put or changed."""
        words = ("comparison novelty", "Comparison 新品", "novelty lamp", "novelty blue")
        body: dict[str, Any] = {"query": {"text": words[n % 4]}, "k": 30, "page": 1 + n // 12}
        if n % 5 == 4:
            body["query"] = {"product_id": self._rng.choice(self.touched)}
        if n % 3 == 2:
            body |= {"sort": SORTS[n % 2 + 1], "filters": {"in_stock": True}, "facets": True}
        return Question("search changes", "/search", body)

    def similar(self, n: int) -> Question:
        """Neighbours by all or by one modality; of one that lacks it, the refusal."""
        modality = ("", "text", "image", "audio")[n % 4]
        body: dict[str, Any] = {"k": (5, 10, 40)[n % 3]} | ({"modality": modality} if modality else {})
        if n % 5 == 4:
            body["product_ids"] = [self._there(), self._there()]
        else:
            source = {"image": self._with_photo or self._all, "audio": self._with_sound or self._all}.get(
                modality
            )
            body["product_id"] = self._there(source)
        return Question(f"similar {modality or 'all'}", "/similar", body)

    def item(self, path: str, n: int) -> Question:
        """One product or several to encode, with some of its parts."""
        if n % 8 == 7:
            items = [self._item(n + i) for i in range(3)]
            return Question(f"{path} several", f"/{path}", {"items": items})
        if n % 8 == 6:
            fields = [("title", "", self._english(n)), ("price", "", "12.5"), ("product_id", "", f"form-{n}"),
                      ("photo", "a.jpg", self._file(self._with_photo, "photos"))]  # fmt: skip
            return Question(f"{path} form", f"/{path}", fields=tuple(fields))
        return Question(path, f"/{path}", {"item": self._item(n)})

    def get(self, n: int, among: list[str] | None = None) -> Question:
        """A product's page, or several."""
        some = [self._rng.choice(among) if among and n % 2 else self._there() for _ in range(1 + n % 3)]
        if len(some) == 1:
            return Question("products get", "/products/get", {"product_id": some[0]})
        return Question("products get", "/products/get", {"product_ids": some})

    def write(self, n: int) -> Question:
        """A change of the catalogue: put, change or delete, in turn; some name several products."""
        kind = n % 10
        if kind in {3, 7}:
            body: dict[str, Any] = {"product_id": self._there()}
            if kind == 7 and n % 20 == 7:
                body = {"product_ids": [self._there(), self._new(n - 7) if n < 40 else self._there()]}
            gone = body.get("product_ids", [body.get("product_id")])
            self._deleted.update(gone)
            self.touched = [product for product in self.touched if product not in self._deleted]
            return Question("delete", "/products/delete", body)
        if kind in {1, 4, 6, 8}:
            change = {"product_id": self._there(), "price": round(self._rng.choice(self._prices) * 1.1, 2)}
            if kind == 4:
                change = {"product_id": self._there(), "on_hand": float(n % 3)}
            if kind == 6:
                change |= {"on_hand": 0, "updated_at": "2031-02-03T04:05:06+00:00"}
            self._touch(change["product_id"])
            return Question("change", "/products/change", {"change": change})
        item = {**self._item(n), "product_id": self._new(n),
                "title": f"Comparison novelty {n} {self._english(n)}",
                "category": self._rng.choice(self._categories or ["Other"]), "currency": "EUR",
                "on_hand": n % 4}  # fmt: skip
        if kind == 5:
            item["title"], item["language"] = f"Comparison 新品 {self._in_chinese(n)}", "zh"
        if kind == 9:
            item["product_id"] = self._there()
        self._touch(item["product_id"])
        if kind == 2:
            other = {**item, "product_id": f"{item['product_id']}-b", "title": "Comparison novelty lamp blue"}
            self._touch(other["product_id"])
            return Question("put several", "/products/put", {"items": [item, other]})
        return Question("put", "/products/put", {"item": item})

    def _new(self, n: int) -> str:
        return f"COMPARISON-{n:04d}"

    def _touch(self, product: str) -> None:
        self._deleted.discard(product)
        if product not in self.touched:
            self.touched.append(product)

    def _there(self, among: list[dict[str, Any]] | None = None) -> str:
        """A released product that the changes so far have not deleted."""
        while True:
            product = str(self._rng.choice(among or self._all)["product_id"])
            if product not in self._deleted:
                return product

    def _item(self, n: int) -> dict[str, Any]:
        """A released product as an item, some of its parts left out."""
        product = self._rng.choice(self._chinese if self._chinese and n % 4 == 3 else self._all)
        item: dict[str, Any] = {"product_id": f"item-{n}", "title": product["title"] or "untitled"}
        if n % 3 == 0:
            item["description"] = product.get("description") or ""
        if n % 3 != 2:
            item["attributes"] = attributes_of(product)
            item["brand"] = product.get("brand") or ""
        if n % 4 < 2 and product.get("price") is not None:
            item["price"] = product["price"]
        if n % 2 == 0:
            item["photos"] = [self._file(self._with_photo, "photos")]
        if n % 5 == 0 and self._with_sound:
            item["sounds"] = [self._file(self._with_sound, "sounds")]
        return item

    def _english(self, n: int) -> str:
        """Words: set ones, a title, some words of a title, a category's name, a brand with a word."""
        kind = n % 5
        if kind == 0:
            return ENGLISH[(n // 5) % len(ENGLISH)]
        product = self._rng.choice(self._all)
        words = str(product["title"]).split() or ["shoe"]
        if kind == 1:
            return " ".join(words)
        if kind == 2:
            return " ".join(self._rng.sample(words, min(2, len(words))))
        if kind == 3 and self._categories:
            return self._rng.choice(self._categories).split(" > ")[-1]
        return f"{self._rng.choice(self._brands)} {self._rng.choice(words)}"

    def _in_chinese(self, n: int) -> str:
        if n % 2 == 0 or not self._chinese:
            return CHINESE[(n // 2) % len(CHINESE)]
        title = str(self._rng.choice(self._chinese)["title"])
        return title if n % 4 == 1 else title[-6:]

    def _filters(self, n: int) -> dict[str, Any]:
        """Filters of one to three fields."""
        low, high = sorted(self._rng.sample(self._prices, 2)) if len(self._prices) > 1 else (0, 100)
        choices: list[dict[str, Any]] = [
            {},
            {"category": [self._rng.choice(self._categories).split(" > ")[0]]} if self._categories else {},
            {"price_from": low, "price_to": high},
            {"in_stock": True, "has_photo": True},
            {"brand": [self._rng.choice(self._brands).upper(), self._rng.choice(self._brands)]},
            {"category": self._rng.sample(self._categories, min(2, len(self._categories)))},
            {"language": ["zh"], "price_to": high},
            {"has_photo": False},
            {"category": ["No such category"]},
        ]
        return choices[n % len(choices)] | ({"price_from": low} if n % 11 == 10 else {})

    def _first(self, product: dict[str, Any], field: str) -> str:
        """The first of a product's media keys whose file is there; "" without."""
        return next((key for key in product.get(field) or [] if key in self._media), "")

    def _file(self, among: list[dict[str, Any]], field: str) -> str:
        """A file of one of the products as base64; a small picture where none has any."""
        if not among:
            return text64(picture("PNG"))
        data = self._media[self._first(self._rng.choice(among), field)]
        return base64.b64encode(data).decode()
