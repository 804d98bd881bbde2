"""A catalogue so small that its whole chain takes seconds: texts, photos, prices, events and stock."""

from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from PIL import Image

__all__ = ["SETTINGS", "write_catalogue"]

COLOURS = {"red": (200, 40, 40), "green": (40, 160, 60), "blue": (50, 70, 200), "yellow": (220, 200, 40)}
THINGS = {
    "Kitchen > Kettles": "kettle steel litres boils quickly spout lid handle",
    "Home > Lamps": "lamp bulb shade bright desk switch cable light",
    "Garden > Hoses": "hose metres water garden tap nozzle reel pressure",
}
SETTINGS = {
    "training": {"epochs": 2, "patience": 2, "batch_size": 16},
    "model": {
        "modalities": ["text", "image"],
        "text": "tfidf",
        "image": "histograms",
        "width": 16,
        "dim": 32,
    },
    "preprocessing": {"image_size": 32, "vocabulary": 300},
    "gate": {"min_accuracy": 0.0, "min_macro_f1": 0.0, "min_recall_at_10": 0.0},
    "validation": {"min_rows": 10, "max_bad_share": 0.3},
    "evaluation": {"bootstrap": 5},
    "collection": {"shard_rows": 40, "quiet_seconds": 1},
    "automation": {
        "inbox_interval_seconds": 2,
        "retry_seconds": 2,
        "drift_cron": "0 0 1 1 *",
        "watch_source": False,
    },
    "tuning": {"trials": 2},
    "cross_validation": {"folds": 2},
}
"""What is tried here is what becomes of bytes, not how good the model is."""
DESCRIPTION = {
    "currency": "EUR",
    "label_level": 1,
    "products": {"path": "products.csv"},
    "events": {"path": "events.csv"},
    "stock": {"path": "stock.csv"},
    "media_root": "media",
    "params": SETTINGS,
}


def write_catalogue(folder: Path, products: int = 48, seed: int = 0) -> Path:
    """Write the tables, photos and catalog.yaml; the same seed gives the same bytes."""
    draw = np.random.default_rng(seed)
    (folder / "media").mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(products):
        category, words = list(THINGS.items())[number % len(THINGS)]
        colour = list(COLOURS)[int(draw.integers(len(COLOURS)))]
        chosen = " ".join(draw.permutation(words.split())[:5])
        size = int(draw.integers(2, 90))
        pixels = draw.integers(0, 60, (24, 24, 3)) + np.array(COLOURS[colour])
        photo = f"{number:03d}.png"
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / "media" / photo)
        rows.append({
            "product_id": f"p{number:03d}",
            "title": f"{colour} {words.split()[0]} {chosen.split()[1]} {size}",
            "description": f"{chosen} {draw.permutation(list('abcdefghij'))[0]}{size} {colour}",
            "brand": f"brand{int(draw.integers(5))}",
            "category": category,
            "price": f"{5 + size / 4:.2f}",
            "currency": "EUR",
            "photos": photo,
            "updated_at": f"2026-01-{1 + number % 28:02d}T00:00:00Z",
        })  # fmt: skip
    times = pd.date_range("2026-02-01", periods=4 * products, freq="h", tz="UTC")
    events = pd.DataFrame({
        "user_id": [f"u{int(draw.integers(9))}" for _ in times],
        "product_id": [f"p{int(draw.integers(products)):03d}" for _ in times],
        "event": ["purchase" if draw.random() < 0.5 else "view" for _ in times],
        "quantity": 1,
        "time": times.strftime("%Y-%m-%dT%H:%M:%SZ"),
    })  # fmt: skip
    table = pd.DataFrame(rows)
    table.to_csv(folder / "products.csv", index=False)
    events.to_csv(folder / "events.csv", index=False)
    stock = pd.DataFrame({"product_id": table["product_id"], "on_hand": draw.integers(0, 9, products)})
    stock.to_csv(folder / "stock.csv", index=False)
    (folder / "catalog.yaml").write_text(yaml.safe_dump(DESCRIPTION))
    return folder
