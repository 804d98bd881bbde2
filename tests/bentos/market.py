"""The small shop with all that a release brings to search: words, learned fusion, modalities, baskets."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
import pandas as pd

from catalog.product import ProductInput
from catalog.snapshot.user_key import pseudonym, user_key
from insights.bought_together import bought_together
from insights.price.kept import keep_prices
from insights.price.suggestions import suggest_prices
from insights.recommendation.build import build
from insights.stock.plan import COLUMNS
from models.inference.by_modality import own_of, vectors_alone
from releases import Release, promote, write_release
from releases.search_parts import search_part_writers
from retrieval.filters.columns import SEPARATOR
from retrieval.lexical.index import LexicalIndex
from retrieval.ranking.fit import fit_fusion
from retrieval.ranking.floors import learn_floors
from retrieval.ranking.fusion import FusionModel
from retrieval.ranking.hybrid import HybridSearch
from retrieval.ranking.training.held_out import Listings, held_out, left_out
from retrieval.ranking.training.mixed import Beside, mixed
from retrieval.vectors import ExactIndex, build_index
from shelfspace.files import write_json, write_table
from shelfspace.settings import Graph
from shelfspace.settings.insights import Demand, Price, Recommendation
from tests.bentos.shop import COLOURS, PRODUCTS, WORDS, Shop, play_sound

CHINESE = {3: ("红色台灯", "适合夜间阅读的灯"), 9: ("蓝色跑鞋", "轻便透气的跑步鞋")}
"""Row to title and description."""


HELD = np.random.default_rng(0).random(PRODUCTS) < 0.25
"""(60,) bool: the rows that ask for the others when the fusion learns."""


@dataclass(frozen=True)
class Market:
    """A workspace with one release.

    Attributes:
        products: the release's products.
        pairs: products that stand in the same baskets.
    """

    root: Path
    release: Release
    products: pd.DataFrame
    pairs: tuple[tuple[str, str], ...] = (("P001", "P002"), ("P001", "P004"))


def market_products(shop: Shop) -> pd.DataFrame:
    """60 products, two category levels, some without photo, price or stock; two are Chinese."""
    labels = sorted(WORDS)
    rows = []
    for n, item in enumerate(shop.items):
        kind = WORDS[labels[n % 3]][(n // 3) % 4]
        title, description = CHINESE.get(n, (item["title"], f"A {kind} for every day."))
        rows.append(
            {
                "product_id": item["product_id"],
                "title": title,
                "description": description,
                "brand": item["brand"],
                "attributes": orjson.dumps({"colour": COLOURS[n % 5]}).decode(),
                "category": f"{labels[n % 3]} > {kind}",
                "language": "zh" if n in CHINESE else "en",
                "price": np.nan if n == 1 else item["price"],
                "currency": "EUR",
                "photos": [] if n % 10 == 7 else [f"photos/{n}.jpg"],
                "sounds": [f"sounds/{n}.wav"] if n % 4 == 0 else [],
                "on_hand": np.nan if n % 10 == 8 else float(n % 5),
            }
        )
    return pd.DataFrame(rows)


def recommend(folder: Path, products: pd.DataFrame, events: pd.DataFrame, vectors: np.ndarray) -> None:
    folder.mkdir(parents=True)
    build(folder, products, events, vectors, Recommendation(), 0)


def write_plan(folder: Path, products: pd.DataFrame) -> None:
    """A stock plan: the first ten products sell three a week, nothing is known of the others."""
    folder.mkdir(parents=True)
    n = len(products)
    known = np.arange(n) < 10
    plan = pd.DataFrame(
        {
            "product_id": products["product_id"].to_numpy(object),
            "evidence": np.where(known, "own sales", "none").astype(object),
            "weekly_mean": np.where(known, 3.0, np.nan),
            "weekly_deviation": np.where(known, 2.0, np.nan),
            "on_hand": products["on_hand"].to_numpy(float),
            "lead_time_days": 14.0,
            "lead_time_known": known,
            "order_up_to": np.where(known, 14.0, 0),
            "served": np.where(known, 0.97, 1),
            "order_quantity": 3.0,
            "weeks_sold": np.where(known, 20, 1),
            "weeks_known": 26,
        }
    )
    write_table(folder / "stock_plan.parquet", plan.astype(COLUMNS))
    ahead = {"week": "2026-01-05", "mean": 3.0, "q05": 0.0, "q10": 1.0, "q50": 3.0, "q90": 5.0, "q95": 6.0}
    write_table(folder / "forecast.parquet", plan[known][["product_id"]].assign(**ahead))
    write_json(
        folder / "plan.json", {"settings": Demand().model_dump(), "said": ["by hand"], "until": "2026-01-04"}
    )


def write_prices(folder: Path, products: pd.DataFrame) -> None:
    """Price suggestions: P003 sold at four prices over 24 weeks, three times as much at the lowest."""
    folder.mkdir(parents=True)
    weeks = [(week, 20.0 + 5 * (week % 4), 9 - 2 * (week % 4)) for week in range(24)]
    sold = [(week, price) for week, price, times in weeks for _ in range(times)]
    start = pd.Timestamp("2026-01-05", tz="UTC")
    events = pd.DataFrame(
        {
            "product_id": "P003", "event": "purchase", "quantity": 1, "unit_price": [p for _, p in sold],
            "time": [start + pd.Timedelta(weeks=week, days=6) for week, _ in sold],
        }
    )  # fmt: skip
    known = products.assign(cost=np.where(products["product_id"] == "P003", 5.0, np.nan), group_id="")
    keep_prices(folder, suggest_prices(known, events, 1, Price()), Price(), 1, "EUR")


def build_market(shop: Shop, root: Path) -> Market:
    """Release the shop's products with every part of search."""
    products, encoder = market_products(shop), shop.encoder
    inputs = [
        ProductInput(
            title=row.title,
            description=row.description,
            brand=row.brand,
            attributes=orjson.loads(row.attributes),
            price=None if np.isnan(row.price) else row.price,
            photos=(shop.photos[n],) if len(row.photos) else (),
            sounds=(play_sound(200 + 100 * (n % 3)),) if len(row.sounds) else (),
        )
        for n, row in enumerate(products.itertuples())
    ]
    features = encoder.featurize(inputs)
    encoded = encoder.encode_features(features)
    vectors, alone, seen = encoded.vectors, vectors_alone(encoder, features), own_of(encoder, features)
    market = Market(root, shop.first, products)
    day, key = pd.Timestamp("2026-01-01", tz="UTC"), user_key(root / "state")
    events = pd.DataFrame(
        [
            {
                "user_id": pseudonym(f"u{b}", key),
                "product_id": p,
                "event": "purchase",
                "time": day,
                "order_id": f"{pair}{b}",
            }
            for pair in market.pairs
            for b in range(3 if pair == market.pairs[0] else 2)
            for p in pair
        ]
    )
    gallery, asking = np.flatnonzero(~HELD), np.flatnonzero(HELD)
    own = np.ascontiguousarray(vectors[gallery])
    search = HybridSearch(
        LexicalIndex.build(products.iloc[gallery]),
        ExactIndex(own),
        own,
        FusionModel.fallback(),
        encoder.classify_vectors(own),
    )
    listings = Listings(products["title"].tolist(), products["category"].tolist(), alone["image"])
    lessons = held_out(search, listings.take(gallery), listings.take(asking), encoder)
    # Each leaf of the tree has one product a colour; first-level names have several.
    tops = Listings(listings.titles, [path.split(SEPARATOR)[0] for path in listings.paths])
    attributes = [orjson.loads(cell) for cell in products["attributes"].iloc[gallery]]
    beside = Beside(shop.photos.__getitem__, vectors=vectors, classes=encoded.probabilities)
    lessons += mixed(search, tops.take(gallery), attributes, tops, beside, encoder)
    together = bought_together(events, list(products["product_id"]), Graph())
    release = write_release(
        root / "releases",
        shop.first.model_folder,
        product_ids=list(products["product_id"]),
        embeddings=vectors,
        index=build_index(vectors, shop.settings.release),
        products=products,
        metrics={"accuracy": 0.5},
        provenance={"market": True},
        parts={
            **search_part_writers(
                LexicalIndex.build(products),
                fit_fusion([one.judged for one in lessons]),
                alone,
                learn_floors(list(left_out(lessons))),
                seen,
            ),
            "insights/bought_together/bought_together.parquet": lambda path: write_table(path, together),
            "insights/recommendation": lambda folder: recommend(folder, products, events, vectors),
            "insights/stock_plan": lambda folder: write_plan(folder, products),
            "insights/price_suggestions": lambda folder: write_prices(folder, products),
        },
    )
    promote(root, release.id)
    return Market(root, release, products)
