"""The map of a catalogue's vectors, drawn anew when enough of them have changed.

t-SNE costs seconds for some thousand points, and a few changed products move nothing a person could see.
"""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from shelfspace.changed import changed_since
from shelfspace.files import read_json, read_parquet, write_bytes, write_json, write_table
from shelfspace.hashing import content_hash

__all__ = ["MAP", "draw_or_keep"]

MAP, MODEL, DRAWN = "embedding_map.png", "embedding_map.json", "embedding_map.parquet"


def draw_or_keep(
    before: Path, table: pd.DataFrame, vectors: np.ndarray, model: str, share: float, folder: Path
) -> str:
    """Draw the map, or copy the one drawn before; says how little has changed since, "" where it was drawn.

    Args:
        before: folder of the map drawn last; need not be there.
        table: product_id and label of n products.
        vectors: (n, d) float32.
        model: fingerprint of their encoder; vectors of another one give another map.
        share: of the products, from which on the map is drawn anew.
        folder: where it goes.
    """
    rows = zip(table["label"], vectors, strict=True)
    now = pd.DataFrame(
        {
            "product_id": table["product_id"],
            "hash": [content_hash(str(label), vector.tobytes()) for label, vector in rows],
        }
    )
    files = [before / name for name in (MAP, MODEL, DRAWN)]
    if all(file.is_file() for file in files) and read_json(before / MODEL) == {"model": model}:
        changed = changed_since(read_parquet(before / DRAWN), now)
        if changed.within(share):
            for file in files:
                shutil.copyfile(file, folder / file.name)
            return changed.sentence(share)
    from models.evaluation.pictures import embedding_map

    # So few points are placed sooner by one thread than by several that wait for one another.
    with threadpool_limits(1):
        write_bytes(folder / MAP, embedding_map(vectors, table["label"].to_numpy(dtype=object)))
    write_json(folder / MODEL, {"model": model})
    write_table(folder / DRAWN, now)
    return ""
