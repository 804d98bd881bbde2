"""Do co-purchase neighbours find what is bought next? Online Retail, a global cut in time.

    python -m benchmarks.graph_copurchase

Learned from: purchases before 2011-11-11, of which a tenth of the products sold loses all (drawn
anew per seed: `cold`). Asked: the baskets of the 28 days after. From each product, 20 others are
found; recall is the share of a basket's other products among them, mean over the product's
baskets, then over products. Product vectors: frozen MiniLM sentence vectors of the titles.
Settings are the defaults: those of graphsage were chosen on the 28 days before the cut, not after it;
shrinkage and neighbours are common values, shared by every way.
"""

import platform
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from tqdm import tqdm

from catalog.cleaning import clean_events
from catalog.copurchases import Baskets, copurchases, read_baskets
from catalog.sources.open import open_catalog
from models.graph.judge import nearest, recall
from models.graph.refiner import refine
from models.graph.training import train_refiner
from retrieval.vectors import search_rows
from shelfspace.files import write_json, write_table
from shelfspace.hashing import fingerprint
from shelfspace.settings import Graph
from shelfspace.workspace import PROJECT

CUT = pd.Timestamp("2011-11-11", tz="UTC")
DAYS, COLD_SHARE, AT, SEEDS = 28, 0.1, 20, (0, 1, 2)
CACHE = PROJECT / "workspaces" / ".benchmarks" / "graph"
RESULT = Path(__file__).parent / "results" / "graph_copurchase.json"
FIGURES = ("all", "with_events", "without_events", "finds_cold")


def read_data() -> tuple[list[str], np.ndarray, pd.DataFrame]:
    """Product ids, (n, 384) sentence vectors of their titles, clean events; the latter two cached."""
    source = open_catalog("online-retail")
    products = source.products()
    key = fingerprint([1, products["title"].tolist()])[:12]
    vectors_file, events_file = CACHE / f"{key}.npy", CACHE / f"{key}.parquet"
    CACHE.mkdir(parents=True, exist_ok=True)
    if not events_file.exists():
        lines = source.events()
        lines = lines.assign(source_row=range(len(lines)))
        write_table(events_file, clean_events(lines, products["product_id"]).clean)
    if not vectors_file.exists():
        from models.pretrained.text_and_image import load_frozen_text

        np.save(vectors_file, load_frozen_text("minilm").encode(products["title"].tolist()))
    return list(products["product_id"]), np.load(vectors_file), pd.read_parquet(events_file)


def strongest(weights: csr_matrix, rows: np.ndarray, k: int) -> np.ndarray:
    """(q, k) rows of the heaviest neighbours of `rows`; -1 where there are fewer, ties by row."""
    found = np.full((len(rows), k), -1, dtype=np.int64)
    for place, row in enumerate(rows):
        part = slice(weights.indptr[row], weights.indptr[row + 1])
        order = np.lexsort((weights.indices[part], -weights.data[part]))[:k]
        found[place, : len(order)] = weights.indices[part][order]
    return found


def measure(vectors: np.ndarray, train: Baskets, test: Baskets, seed: int) -> dict[str, Any]:
    """All ways on one draw of cold products: way to figures."""
    rng = np.random.default_rng(seed)
    sold = np.unique(train.product)
    cold = np.zeros(train.products, dtype=bool)
    cold[rng.choice(sold, round(COLD_SHARE * len(sold)), replace=False)] = True
    train = train.without(np.flatnonzero(cold))
    bought = np.zeros(train.products, dtype=bool)
    bought[train.product] = True
    plain = Graph()
    weights = copurchases(train, plain).weights
    rows = np.unique(test.product)

    def judged(found: np.ndarray) -> dict[str, float]:
        values = recall(found, rows, test, plain.max_basket)
        groups = {"all": rows >= 0, "with_events": bought[rows], "without_events": ~bought[rows]}
        figures = {name: float(np.nanmean(values[mask])) for name, mask in groups.items()}
        turned_up = recall(found, rows, test, plain.max_basket, ~bought)
        return {**figures, "finds_cold": float(np.nanmean(turned_up))}

    ways = {
        "content": judged(nearest(vectors, rows, AT, search_rows)),
        "basket_knn": judged(strongest(weights, rows, AT)),
    }
    # What a shop without a graph would do: kNN where there are events, content where there are none.
    found = strongest(weights, rows, AT)
    short = (found < 0).any(axis=1)
    found[short] = nearest(vectors, rows[short], AT, search_rows)
    ways["basket_knn_else_content"] = judged(found)
    for encoder in ("lightgcn", "graphsage"):
        settings = plain.model_copy(update={"encoder": encoder})
        started = time.monotonic()
        trained = train_refiner(vectors, train, settings, seed, search_rows, say)
        refined = refine(trained.refiner, vectors, weights)
        ways[encoder] = {
            **judged(nearest(refined, rows, AT, search_rows)),
            "cosine_to_unrefined": float((refined * vectors).sum(axis=1).mean()),
            "seconds": time.monotonic() - started,
            "epochs": len(trained.history),
        }
    counts = {"queries": len(rows), "queries_without_events": int((~bought[rows]).sum())}
    return {"seed": seed, "edges": int(weights.nnz // 2), **counts, "ways": ways}


def say(entry: dict[str, Any]) -> None:
    tqdm.write(f"  epoch {entry['epoch']}: recall {entry['recall']:.4f}", file=sys.stderr)


def summary(runs: list[dict[str, Any]]) -> dict[str, dict[str, list[float]]]:
    """Way to figure to [mean, standard deviation over seeds]."""
    result = {}
    for way in runs[0]["ways"]:
        values = {f: [run["ways"][way][f] for run in runs] for f in FIGURES}
        result[way] = {f: [float(np.mean(v)), float(np.std(v, ddof=1))] for f, v in values.items()}
    return result


def main() -> None:
    ids, vectors, events = read_data()
    settings = Graph()
    train = read_baskets(events, ids, settings, before=CUT)
    until = read_baskets(events, ids, settings, before=CUT + pd.Timedelta(days=DAYS))
    test = until.take(until.times >= CUT.tz_localize(None).to_datetime64())
    runs = [measure(vectors, train, test, seed) for seed in tqdm(SEEDS, file=sys.stderr)]
    report = {
        "data": "Online Retail (UCI), cleaned as the preset does",
        "cut": str(CUT.date()),
        "days": DAYS,
        "products": len(ids),
        "baskets": {"train": len(train), "test": len(test)},
        "settings": settings.model_dump(mode="json"),
        "machine": f"{platform.machine()}, one of two shared cores, torch on CPU",
        "summary": summary(runs),
        "runs": runs,
    }
    write_json(RESULT, report)
    table = pd.DataFrame(
        {w: {f: f"{m:.4f} ± {s:.4f}" for f, (m, s) in v.items()} for w, v in report["summary"].items()}
    )
    print(table.T.to_markdown())


if __name__ == "__main__":
    main()
