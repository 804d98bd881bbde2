"""What the applications cost over many products: time and memory of each, over a made catalogue with events.

    python -m benchmarks.scale.insights [--rows 100000] [--only NAME ...]

Each application runs in a process of its own, by the functions that its asset calls, over the same products
(pseudo-words, 160 categories), vectors (64 numbers, near one another within a category) and purchases (ten a
product, of a shopper for each four products, over a year; products sell by a power law). The table goes to
docs/SCALE.md, the figures to benchmarks/results/scale_insights.json.
"""

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tabulate import tabulate

from benchmarks.scale.catalogue import write_catalogue
from benchmarks.sections import put_section
from shelfspace.files import read_json, write_json
from shelfspace.settings import Settings
from shelfspace.workspace import PROJECT

RESULT = PROJECT / "benchmarks" / "results" / "scale_insights.json"
PAGE = PROJECT / "docs" / "SCALE.md"
BOUGHT, SHOPPERS, DAYS, WIDTH = 10, 0.25, 364, 64
"""Purchases a product, shoppers a product, days of events, numbers of a vector."""
LONGEST = 3600
"""Seconds that one application may take."""


def made(folder: Path, rows: int) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Products, events and vectors; the same for the same number of rows."""
    rng = np.random.default_rng(0)
    with write_catalogue(folder, rows).open(newline="", encoding="utf-8") as stream:
        table = pd.DataFrame(csv.DictReader(stream))
    products = table.assign(
        price=table["price"].astype(float), currency="EUR", group_id="", attributes="", photos=[[]] * rows,
        sounds=[[]] * rows, cost=np.nan, updated_at=pd.NaT,
    )  # fmt: skip
    kind, names = pd.factorize(products["category"])
    centres = rng.normal(size=(len(names), WIDTH))
    vectors = (centres[kind] + 0.7 * rng.normal(size=(rows, WIDTH))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    lines, shoppers = BOUGHT * rows, max(int(SHOPPERS * rows), 30)
    often = 1 / (1 + rng.permutation(rows)) ** 0.8
    product = rng.choice(rows, lines, p=often / often.sum())
    ids = products["product_id"].to_numpy(object)
    day = rng.integers(0, DAYS, lines)
    shopper = rng.integers(0, shoppers, lines)
    # The clock is that of the events: figures do not hang on the day of the run.
    times = pd.Timestamp("2026-01-05", tz="UTC") + pd.to_timedelta(day, unit="D")
    events = pd.DataFrame(
        {
            "user_id": [f"u{n}" for n in shopper.tolist()], "product_id": ids[product], "event": "purchase",
            "quantity": 1, "unit_price": products["price"].to_numpy()[product], "time": times,
            "order_id": [f"{n}-{d}" for n, d in zip(shopper.tolist(), day.tolist(), strict=True)],
        }
    )  # fmt: skip
    return products, events.sort_values("time", kind="stable").reset_index(drop=True), vectors


Made = tuple[pd.DataFrame, pd.DataFrame, np.ndarray]


def bought_together(of: Made, folder: Path) -> None:
    from insights.bought_together import bought_together as companions

    del folder
    companions(of[1], of[0]["product_id"].tolist(), Settings().graph)


def recommendation(of: Made, folder: Path) -> None:
    from insights.recommendation.build import build

    build(folder, of[0], of[1], of[2], Settings().insights.recommendation, 0)


def stock_plan(of: Made, folder: Path) -> None:
    from insights.demand.demand import expect_demand, forecast_table
    from insights.demand.weekly import weekly_sales
    from insights.stock.advice import advice
    from insights.stock.backtest import BACK, frontiers, past_estimate
    from insights.stock.plan import stock_plan as plan_of
    from insights.stock.plan import unit_values

    del folder
    products, events, vectors = of
    settings, ids = Settings().insights.demand, products["product_id"].to_numpy(object)
    stock = pd.DataFrame({"product_id": ids, "on_hand": 3.0, "lead_time_days": 14.0})
    sales = weekly_sales(events, ids, stock, settings.weeks)
    row = pd.Index(ids).get_indexer(pd.Index(sales.product_ids))
    expected = expect_demand(sales, vectors[row], settings)
    plan = plan_of(products, stock, expected, vectors, settings)
    forecast_table(expected)
    advice(plan, settings)
    frontiers(sales, np.full(len(sales), 14.0), unit_values(products)[row], past_estimate(sales), BACK)


def price_suggestions(of: Made, folder: Path) -> None:
    from insights.price.suggestions import suggest_prices

    del folder
    suggest_prices(of[0], of[1], 2, Settings().insights.price)


def market(of: Made, folder: Path) -> None:
    from insights.market.pictures import pictures
    from insights.market.report import market_report
    from retrieval.vectors import build_index

    del folder
    settings = Settings().insights.market
    cosine, rows = build_index(of[2], Settings().release).search(of[2], 3 * settings.competitors + 1)
    pictures(market_report(of[0], of[2], of[1], (rows, cosine), settings))


def listing_health(of: Made, folder: Path) -> None:
    from catalog.product import ProductInput
    from insights.listing_health import listing_health as judged
    from insights.listing_health import read_reviewed
    from models.features.catalogue import targets
    from models.features.featurizer import Featurizer

    products = of[0]
    texts = (products["title"] + ". " + products["description"]).tolist()
    settings = Settings.model_validate({"model": {"modalities": ["text"], "text": "tfidf"}})
    featurizer = Featurizer.fit(texts, products["price"].to_numpy(), settings)
    items = [
        ProductInput(title=row.title, description=row.description, price=row.price)
        for row in products.itertuples()
    ]
    features = featurizer.featurize(items, ids=products["product_id"].tolist())
    learned = targets(products, 2)
    judged(
        products, texts, ["en"] * len(texts), features, of[2], learned.labels, learned.label_names,
        settings.insights.listing_health, read_reviewed(folder / "none.csv"),
    )  # fmt: skip


APPLICATIONS: dict[str, Callable[[Made, Path], None]] = {
    one.__name__: one
    for one in (bought_together, price_suggestions, market, stock_plan, recommendation, listing_health)
}


def measured(name: str, rows: int) -> dict[str, Any]:
    """Wall and processor seconds of one application and the most memory of its process, data included."""
    with tempfile.TemporaryDirectory() as place:
        of = made(Path(place) / "catalogue", rows)
        folder = Path(place) / "application"
        folder.mkdir()
        begin, busy = time.perf_counter(), time.process_time()
        APPLICATIONS[name](of, folder)
        return {
            "application": name, "rows": rows, "events": len(of[1]),
            "seconds": round(time.perf_counter() - begin, 1),
            "processor_seconds": round(time.process_time() - busy, 1),
            "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
            "load": round(os.getloadavg()[0], 1),
        }  # fmt: skip


def section(found: dict[str, dict[str, Any]]) -> str:
    """The figures as Markdown."""
    names = ("application", "rows", "events", "seconds", "processor_seconds", "peak_gb", "load")
    heads = ("application", "products", "purchases", "seconds", "processor seconds", "peak GB", "load")
    table = tabulate(
        [[one.get(name, "") for name in names] for one in found.values()], heads, tablefmt="github"
    )
    said = "`python -m benchmarks.scale.insights`: each application alone, by what its asset calls."
    return f"### The applications\n\n{said}\n\n{table}"


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000, help="products")
    parser.add_argument("--only", nargs="+", choices=list(APPLICATIONS), default=list(APPLICATIONS))
    parser.add_argument("--one", choices=list(APPLICATIONS), help="measure it in this process, and print it")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measured(given.one, given.rows)))
        return
    found = {one["application"]: one for one in read_json(RESULT)["applications"]} if RESULT.is_file() else {}
    for name in given.only:
        command = [
            sys.executable,
            "-m",
            "benchmarks.scale.insights",
            "--one",
            name,
            "--rows",
            str(given.rows),
        ]
        told = subprocess.run(
            command, capture_output=True, text=True, timeout=LONGEST, check=True, cwd=PROJECT
        )
        found[name] = json.loads(told.stdout.splitlines()[-1])
        write_json(RESULT, {"applications": [found[one] for one in APPLICATIONS if one in found]})
        put_section(PAGE, "insights", section(read_rows()))
        print(found[name], flush=True)


def read_rows() -> dict[str, dict[str, Any]]:
    """What the file holds, by application."""
    return {one["application"]: one for one in read_json(RESULT)["applications"]}


if __name__ == "__main__":
    main()
