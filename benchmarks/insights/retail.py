"""Online Retail as the insights' benchmarks read it: 391,150 lines, 4,334 shoppers, 3,659 products."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.insights.task import Data
from catalog.sources.open import public_data

__all__ = ["has_retail", "lines", "prices_before", "text_vectors", "titles"]

RETAIL = Path("retail") / "online_retail.parquet"


@lru_cache(1)
def lines() -> pd.DataFrame:
    """Lines that count: no duplicates, a known shopper, not cancelled, sold for a price, a product's code.

    Returns:
        user_id, product_id, event, time (UTC), order_id, quantity, unit_price and title.
    """
    told = pd.read_parquet(public_data() / RETAIL).drop_duplicates()
    code = told["StockCode"].str.upper()
    kept = (
        told["CustomerID"].notna()
        & ~told["InvoiceNo"].str.startswith("C")
        & (told["Quantity"] > 0)
        & (told["UnitPrice"] > 0)
        & code.str.match(r"^\d{5}")
    )
    told, code = told[kept], code[kept]
    return pd.DataFrame(
        {
            "user_id": told["CustomerID"],
            "product_id": code,
            "event": "purchase",
            "time": pd.to_datetime(told["InvoiceDate"], utc=True),
            "order_id": told["InvoiceNo"],
            "quantity": told["Quantity"],
            "unit_price": told["UnitPrice"],
            "title": told["Description"],
        }
    ).reset_index(drop=True)


@lru_cache(1)
def titles() -> pd.Series:
    """Product to its most frequent description, which the catalogue is taken to know from the start."""
    told = lines()
    first = told.groupby("product_id")["title"].agg(lambda said: said.value_counts().index[0])
    return first.sort_index()


def prices_before(moment: pd.Timestamp) -> np.ndarray:
    """(products,) median price before a moment, NaN where nothing was sold by then; as `titles`."""
    told = lines()
    earlier = told[told["time"] < moment]
    return earlier.groupby("product_id")["unit_price"].median().reindex(titles().index).to_numpy()


@lru_cache(1)
def text_vectors(dimensions: int = 128) -> np.ndarray:
    """(products, dimensions) float32 of length 1: TF-IDF of the titles' words and pairs, by SVD."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2).fit_transform(titles())
    vectors = TruncatedSVD(dimensions, random_state=0).fit_transform(words)
    return (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def has_retail(data: Data) -> str:
    """Why nothing can be measured on Online Retail; "" where it can."""
    path = data.public / RETAIL
    return (
        "" if path.is_file() else f"{path} is not there; set SHELFSPACE_DATA to the folder of the data sets"
    )
