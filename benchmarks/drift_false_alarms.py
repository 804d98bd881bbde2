"""How often the drift verdict is wrong, by number of rows: false alarms, and shifts found.

    python -m benchmarks.drift_false_alarms

Vectors: 256 dimensions, unit length, 20 clusters with noise, as a product encoder gives. The same
distribution on both sides measures false alarms; a moderate shift raises five of the twenty clusters
from 25% to 62% of the rows; a new kind replaces a third of the rows with a cluster the reference
does not hold. Each setting is measured on the same draws.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from evidently.legacy.metrics.data_drift.embedding_drift_methods import model
from tqdm import tqdm

from data_checks.drift.vectors import embedding_drift
from shelfspace.files import write_text
from shelfspace.settings import Monitoring

DIM, CLUSTERS, NOISE = 256, 20, 0.06
SIZES = ((50, 50), (50, 2000), (200, 200), (2000, 2000))
DRAWS = {50: 100, 200: 100, 2000: 20}
RESULT = Path(__file__).parent / "results" / "drift_false_alarms.md"

Verdict = Callable[[np.ndarray, np.ndarray], bool]


def draw(rng: np.random.Generator, rows: int, centres: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(rows, DIM) float32 unit vectors around the centres."""
    chosen = centres[rng.choice(len(centres), rows, p=weights / weights.sum())]
    vectors = chosen + rng.normal(size=chosen.shape) * NOISE
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def plain(threshold: float, components: int | None = None) -> Verdict:
    """Evidently's method as it comes."""

    def verdict(current: np.ndarray, reference: np.ndarray) -> bool:
        method = model(threshold=threshold, pca_components=components)
        return bool(method(pd.DataFrame(current), pd.DataFrame(reference))[1])

    return verdict


def ours(current: np.ndarray, reference: np.ndarray) -> bool:
    """The verdict the platform uses."""
    score, limit = embedding_drift(current, reference, Monitoring())
    return score > limit


SETTINGS: dict[str, Verdict] = {
    "Evidently, limit 0.55": plain(0.55),
    "Evidently, limit 0.65": plain(0.65),
    "Evidently, 30 components, 0.65": plain(0.65, 30),
    "Shelfspace": ours,
}


def measure() -> pd.DataFrame:
    """One row per size and setting: shares of draws with an alarm."""
    rows = []
    for current_rows, reference_rows in SIZES:
        draws = min(DRAWS[current_rows], DRAWS[reference_rows])
        alarms = {name: np.zeros(3) for name in SETTINGS}
        for seed in tqdm(range(draws), desc=f"{current_rows} against {reference_rows}", file=sys.stderr):
            rng = np.random.default_rng(seed)
            centres = rng.normal(size=(CLUSTERS + 1, DIM))
            centres /= np.linalg.norm(centres, axis=1, keepdims=True)
            even = np.append(np.ones(CLUSTERS), 0)
            mixed = np.append(np.where(np.arange(CLUSTERS) < 5, 5.0, 1.0), 0)
            new = np.append(np.ones(CLUSTERS), CLUSTERS / 2)
            reference = draw(rng, reference_rows, centres, even)
            for kind, weights in enumerate((even, mixed, new)):
                current = draw(rng, current_rows, centres, weights)
                for name, verdict in SETTINGS.items():
                    alarms[name][kind] += verdict(current, reference)
        for name, count in alarms.items():
            shares = count / draws
            rows.append((current_rows, reference_rows, draws, name, *shares))
    columns = ["current", "reference", "draws", "setting", "false alarms", "moderate shift", "new kind"]
    return pd.DataFrame(rows, columns=columns)


if __name__ == "__main__":
    table = measure().to_markdown(index=False, floatfmt=".3f")
    write_text(
        RESULT,
        f"# Drift of embeddings: false alarms and shifts found\n\nShare of draws with an alarm.\n\n{table}\n",
    )
    print(table)
