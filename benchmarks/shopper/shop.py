"""The shop that is asked: a release behind the real service, and what is known of its products.

The service runs over a folder of links, so nothing of the workspace is written to and neither rules nor
changes of its own count.
"""

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.serving.servers import Server, serve_root
from benchmarks.shopper.intention import Answer
from catalog.sample.products import plan_products
from catalog.sample.world import CATEGORIES
from catalog.snapshot.media_store import MediaStore
from releases import current_id
from retrieval.lexical.listings import Names, names_of
from shelfspace.errors import InputError
from shelfspace.files import read_json
from shelfspace.settings import load_settings

__all__ = ["Product", "Shop", "linked", "serve"]


@dataclass(frozen=True)
class Product:
    """A listing as its release holds it; empty where it says nothing.

    Attributes:
        attributes: name to value.
        photo, sound: media keys of the first ones.
        called: what shoppers call its category and those above it, as the catalogue's description says.
        colour, look: as the sample's generator planted them; "" in other catalogues.
    """

    product_id: str
    title: str
    brand: str
    category: str
    description: str
    attributes: Mapping[str, Any]
    language: str
    group: str
    price: float | None
    currency: str
    photo: str
    sound: str
    called: tuple[str, ...] = ()
    colour: str = ""
    look: str = ""

    @property
    def text(self) -> str:
        """All that can be read of it, and what its category is called."""
        pairs = (f"{name} {value}" for name, value in self.attributes.items())
        return "\n".join([self.title, self.brand, self.category, *self.called, *pairs, self.description])


@dataclass
class Shop:
    """A catalogue and the service that sells it.

    Attributes:
        name: of the catalogue.
        products: in the order of the release.
        media: photos and sounds by key.
        release: its id.
        names: category path to language to names, as the catalogue's description gives them.
    """

    name: str
    products: list[Product]
    media: MediaStore
    server: Server
    release: str = ""
    names: Names = field(default_factory=dict)
    _known: dict[str, Answer] = field(default_factory=dict, repr=False)
    _line: http.client.HTTPConnection | None = field(default=None, repr=False)

    @cached_property
    def by_id(self) -> dict[str, Product]:
        return {one.product_id: one for one in self.products}

    def ids(self, **wanted: str) -> frozenset[str]:
        """Products whose fields have these values; of a category, also those below it."""

        def has(one: Product) -> bool:
            return all(
                f"{getattr(one, name)} > ".startswith(f"{value} > ")
                if name == "category"
                else getattr(one, name) == value
                for name, value in wanted.items()
            )

        return frozenset(one.product_id for one in self.products if has(one))

    def same_file(self, kind: str, key: str) -> frozenset[str]:
        """Products whose first photo or sound has the bytes of this one."""
        digest = self.media.digest(key)
        return frozenset(
            one.product_id
            for one in self.products
            if (own := getattr(one, kind)) and self.media.digest(own) == digest
        )

    def ask(self, query: Mapping[str, Any] | None, **options: Any) -> Answer:
        """What the service answers; what was asked before is not asked again.

        Raises:
            InputError: it refused the question.
        """
        body = json.dumps({**({"query": query} if query else {}), **options})
        if body in self._known:
            return self._known[body]
        begin = time.perf_counter()
        status, said = self.call("POST", "/search", body)
        seconds = time.perf_counter() - begin
        found = json.loads(said)
        if status != http.client.OK:
            raise InputError("query", body[:300], f"the service refused it ({status}): {said[:500]!r}")
        answer = Answer.of(found["result"], seconds)
        self._known[body] = answer
        return answer

    def call(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        """Status and body of one request, over one connection that is kept."""
        if self._line is None:
            self._line = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=120)
        head = {"content-type": "application/json"} if body else {}
        self._line.request(method, path, body.encode() if body else None, head)
        answer = self._line.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        """Stop the service."""
        if self._line is not None:
            self._line.close()
        self.server.stop()


def serve(root: Path, scratch: Path, release: str = "") -> Shop:
    """The shop of a workspace's folder, once its service is ready.

    Args:
        scratch: an empty folder for links and logs.
        release: its id; default the live one.

    Raises:
        InputError: the workspace has no such release.
    """
    name = release or current_id(root)
    if not name or not (root / "releases" / name).is_dir():
        raise InputError("release", name or "", f"name one of {root / 'releases'}, or run the chain first")
    place = linked(root, scratch / root.name, name)
    words = root / "releases" / name / "lexical" / "lexical.json"
    names = read_json(words).get("categories", {}) if words.is_file() else {}
    products = products_of(root, pd.read_parquet(root / "releases" / name / "products.parquet"), names)
    server = serve_root(place, load_settings(), scratch)
    shop = Shop(root.name, products, MediaStore.open(root / "snapshot"), server, name, names)
    try:
        server.wait()
    except BaseException:
        server.stop()
        raise
    return shop


def linked(root: Path, place: Path, release: str) -> Path:
    """A workspace of links: one release, live, and the snapshot of its media."""
    (place / "releases").mkdir(parents=True)
    (place / "releases" / release).symlink_to((root / "releases" / release).resolve())
    (place / "releases" / "current").write_text(release)
    if (root / "snapshot").is_dir():
        (place / "snapshot").symlink_to((root / "snapshot").resolve())
    return place


def products_of(root: Path, table: pd.DataFrame, names: Names) -> list[Product]:
    """The listings of a release; the sample's with what its generator planted."""
    truth = root / "state" / "source" / root.name / "truth.json"
    planted: dict[str, tuple[str, str]] = {}
    if truth.is_file():
        said = read_json(truth)
        # What was planted follows from the seed: a photo's colour is the one it was drawn with.
        plan = plan_products(said["seed"], said["products"])
        looks = {name: category["look"] for name, category in said["categories"].items()}
        paths = [CATEGORIES[number].path for number in plan["category"]]
        planted = {
            product: (colour, looks[path])
            for product, colour, path in zip(plan["product_id"], plan["colour"], paths, strict=True)
        }
    found = []
    for row in table.to_dict("records"):
        colour, look = planted.get(row["product_id"], ("", ""))
        found.append(
            Product(
                **{name: text_of(row, name) for name in ("product_id", "title", "brand", "category")},
                **{name: text_of(row, name) for name in ("description", "language", "currency")},
                attributes=json.loads(text_of(row, "attributes") or "{}"),
                group=text_of(row, "group_id"),
                price=float(row["price"]) if pd.notna(row.get("price")) else None,
                photo=next(iter(row["photos"]), "") if row.get("photos") is not None else "",
                sound=next(iter(row["sounds"]), "") if row.get("sounds") is not None else "",
                called=tuple(names_of(text_of(row, "category"), names)),
                colour=colour,
                look=look,
            )
        )
    return found


def text_of(row: Mapping[str, Any], name: str) -> str:
    """A cell as text, "" where there is none."""
    cell = row.get(name)
    return cell if isinstance(cell, str) else ""
