"""Made-up periods of traffic with a known shift."""

import numpy as np
import pandas as pd

KINDS, DIM = 12, 256
CENTRES = np.random.default_rng(9).normal(size=(KINDS + 1, DIM))
CENTRES /= np.linalg.norm(CENTRES, axis=1, keepdims=True)


def vectors(seed: int, rows: int, new_kind: float = 0.0) -> np.ndarray:
    """(rows, 256) float32 unit vectors; `new_kind` is the share of a kind nobody has seen."""
    rng = np.random.default_rng(seed)
    kinds = np.where(rng.random(rows) < new_kind, KINDS, rng.integers(0, KINDS, rows))
    made = CENTRES[kinds] + rng.normal(size=(rows, DIM)) * 0.06
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def columns(seed: int, rows: int, shift: float = 0.0) -> pd.DataFrame:
    """Columns as `traffic_columns` gives them; `shift` moves half of them."""
    rng = np.random.default_rng(seed)
    prices = rng.lognormal(3 + 2 * shift, 1, rows)
    return pd.DataFrame(
        {
            "text_length": rng.lognormal(3.5 + shift, 0.6, rows).round(),
            "log_price": np.where(rng.random(rows) < 0.1, np.nan, np.log10(prices)),
            "top_score": rng.beta(8 - 5 * shift, 2, rows),
            "language": rng.choice(["en", "zh", "(none)"], rows, p=[0.8, 0.15, 0.05]),
            "top_label": [f"class {k}" for k in rng.integers(0, KINDS, rows)],
            "has_text": rng.choice(["yes", "no"], rows, p=[0.97, 0.03]),
            "has_photo": rng.choice(["yes", "no"], rows, p=[0.5 - 0.4 * shift, 0.5 + 0.4 * shift]),
        }
    )
