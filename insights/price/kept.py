"""The folder of the price suggestions: a table, and what prices a further listing; no pickle.

price_suggestions.parquet   `insights.price.suggestions.COLUMNS`
prices.json                 endings, elasticities, settings; the model's terms and who is used
prices.npz                  arrays of the model; absent where there is none
"""

import io
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from insights.price.endings import Endings
from insights.price.intervals import Difficulty
from insights.price.listings import ListingFeatures, Terms
from insights.price.model import PriceModel
from insights.price.suggestions import COLUMNS, Suggestions
from shelfspace.errors import ArtifactError
from shelfspace.files import read_json, read_parquet, reading, write_bytes, write_json, write_table
from shelfspace.paired import Comparison
from shelfspace.settings.insights import Price

__all__ = ["KeptPrices", "keep_prices", "kept_prices"]

FORM = 1
TABLE = "price_suggestions.parquet"
VECTORS = ("log_price", "errors", "words", "all_said", "simple")
DIFFICULTY = ("cuts", "middle", "scale", "weights", "ends")


@dataclass(frozen=True)
class KeptPrices:
    """What a folder holds.

    Attributes:
        table: COLUMNS, indexed by product_id.
        model, priced, endings, elasticities: see `Suggestions`.
        settings: it was made with.
        label_level: category nodes that make one category.
        currency: of all prices; "" where the catalogue does not say it.
    """

    table: pd.DataFrame
    model: PriceModel | None
    priced: tuple[str, ...]
    endings: Endings
    elasticities: dict[str, float]
    settings: Price
    label_level: int
    currency: str


def keep_prices(folder: Path, found: Suggestions, settings: Price, label_level: int, currency: str) -> None:
    """Write a folder; equal suggestions give equal bytes."""
    write_table(folder / TABLE, found.table)
    said: dict[str, Any] = {
        "form": FORM, "endings": asdict(found.endings), "elasticities": found.elasticities,
        "settings": settings.model_dump(), "label_level": label_level, "currency": currency,
    }  # fmt: skip
    model = found.model
    if model is not None:
        said["model"] = {
            "terms": {name: list(terms.places) for name, terms in model.features.terms.items()},
            "centres": model.centres, "medians": model.medians, "quantiles": model.quantiles,
            "typical": model.typical, "difficulty_base": model.difficulty.base,
            "comparables": model.comparables, "comparison": model.comparison.describe(),
            "priced": list(found.priced),
        }  # fmt: skip
        arrays = {name: getattr(model, name) for name in VECTORS}
        arrays |= {f"difficulty_{name}": getattr(model.difficulty, name) for name in DIFFICULTY}
        arrays |= {f"rarity_{name}": terms.rarity for name, terms in model.features.terms.items()}
        arrays |= {f"rows_{name}": getattr(model.rows, name) for name in ("data", "indices", "indptr")}
        single = {n: a.astype(np.float32) if a.dtype == np.float64 else a for n, a in arrays.items()}
        stream = io.BytesIO()
        np.savez_compressed(stream, **single)
        write_bytes(folder / "prices.npz", stream.getvalue())
    write_json(folder / "prices.json", said)


def kept_prices(folder: Path) -> KeptPrices:
    """What a folder holds.

    Raises:
        ArtifactError: a file is damaged, or of another form.
    """
    path = folder / "prices.json"
    said = read_json(path)
    if said.get("form") != FORM:
        raise ArtifactError(f"{path} has another form than this version reads; make a new release")
    with reading(folder / TABLE, KeyError):
        table = read_parquet(folder / TABLE)
    if list(table) != list(COLUMNS):
        raise ArtifactError(f"{folder / TABLE} has other columns than this version reads; make a new release")
    model, priced = None, ()
    with reading(path, KeyError, TypeError):
        if "model" in said:
            model, priced = _model(folder, said["model"]), tuple(said["model"]["priced"])
        endings = Endings(**{**said["endings"], "endings": tuple(said["endings"]["endings"])})
        return KeptPrices(
            table.set_index("product_id"), model, priced, endings, said["elasticities"],
            Price.model_validate(said["settings"]), said["label_level"], said["currency"],
        )  # fmt: skip


def _model(folder: Path, said: dict[str, Any]) -> PriceModel:
    path = folder / "prices.npz"
    with reading(path, KeyError), np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    arrays = {name: a.astype(np.float64) if a.dtype == np.float32 else a for name, a in arrays.items()}
    terms = {
        name: Terms({term: place for place, term in enumerate(known)}, arrays[f"rarity_{name}"])
        for name, known in said["terms"].items()
    }
    rows = tuple(arrays[f"rows_{name}"] for name in ("data", "indices", "indptr"))
    shape = (len(arrays["log_price"]), len(arrays["words"]))
    cuts, middle, scale, weights, ends = (arrays[f"difficulty_{name}"] for name in DIFFICULTY)
    difficulty = Difficulty(cuts, middle, scale, weights, ends, said["difficulty_base"])
    told = said["comparison"]
    low, high = (np.nan if end is None else end for end in told["interval"])
    comparison = Comparison(**{**told, "interval": (low, high)})
    log_price, errors, words, all_said, simple = (arrays[name] for name in VECTORS)
    return PriceModel(
        features=ListingFeatures(terms), rows=sparse.csr_matrix(rows, shape=shape),
        log_price=log_price, errors=errors, words=words, all_said=all_said, simple=simple,
        centres=said["centres"], medians=said["medians"], comparison=comparison, difficulty=difficulty,
        quantiles=said["quantiles"], typical=said["typical"], comparables=said["comparables"],
    )  # fmt: skip
