"""Products as drift sees them: one row of figures each, from what the stages before have measured already.

The same table is kept when a champion's first release is written, and is made of the present catalogue at
every check. A column that was not known then is compared with nothing.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from data_checks.drift.reference import catalogue_columns

__all__ = ["COLUMNS_OF_PREDICTIONS", "KEPT", "changed_since", "described", "projected"]

KEPT = ("product_id", "updated_at", "content", "files", "learned", "label")
"""What a row is, beside its figures: when it was last updated, hashes of what it says and of its media,
whether the champion learned from it, and the category it was given."""
COLUMNS_OF_PREDICTIONS = ("predicted", "confidence", "label_agrees")
"""What the champion says of a product: comparable only among products that it never learned from."""
SAYS = ("title", "description", "category", "brand", "price", "attributes", "language")
WIDTH = 64
"""Dimensions that vectors are projected to: what told two sets apart still does (Johnson-Lindenstrauss)."""


def described(
    products: pd.DataFrame,
    findings: pd.DataFrame,
    quarantine: pd.DataFrame,
    embedded: pd.DataFrame,
    learned: set[str],
    level: int,
) -> pd.DataFrame:
    """One row a product, in the order given: `KEPT`, `catalogue_columns`, its media, what the champion says.

    Of media, the mean over the product's photos of photo_brightness (0 to 1), photo_sharpness and photo_size
    (log10 of pixels); of its first sound sound_loudness (dB), sound_silence (share) and sound_seconds; and
    whether all photos, or sounds, that the catalogue names could be used: photo_decodable, sound_decodable.

    Args:
        products: clean products.
        findings: of the media probe; columns that an earlier version did not measure are left out.
        quarantine: refused rows, fields and files.
        embedded: product_id, predicted and confidence; without the latter two nothing is predicted.
        learned: products that the champion learned from.
        level: category nodes of a label; 0 without labels.
    """
    ids = products["product_id"]
    table = catalogue_columns(products, level or 1)
    table = pd.concat([table, media_columns(products, findings, quarantine)], axis=1)
    path = products["category"].fillna("").str.split(" > ")
    label = path.str[:level].str.join(" > ").where(path.map(len).ge(level) & bool(level), "")
    if "predicted" in embedded and level:
        said = embedded.set_index("product_id")[["predicted", "confidence"]].reindex(ids)
        table["predicted"] = said["predicted"].to_numpy()
        table["confidence"] = said["confidence"].to_numpy(float)
        agrees = np.where(table["predicted"].eq(label), "yes", "no")
        table["label_agrees"] = pd.Series(agrees, table.index, dtype=object).where(label.ne(""), None)
    digests = findings.set_index("key")["digest"] if "digest" in findings else pd.Series(dtype=object)
    files = [
        "|".join(str(digests.get(key, key)) for key in [*photos, *sounds])
        for photos, sounds in zip(products["photos"], products["sounds"], strict=True)
    ]
    says = products[list(SAYS)].astype(str)
    kept: dict[str, Any] = {
        "product_id": ids,
        "updated_at": products["updated_at"],
        "content": pd.util.hash_pandas_object(says, index=False).astype(str),
        "files": files,
        "learned": ids.isin(learned),
        "label": label,
    }
    return table.assign(**kept).reset_index(drop=True)


def media_columns(products: pd.DataFrame, findings: pd.DataFrame, quarantine: pd.DataFrame) -> pd.DataFrame:
    """The columns of `described` that tell of photos and sounds; NaN or None where a product has none."""
    good = findings[findings["ok"].astype(bool)].drop_duplicates("key").set_index("key")
    photos = products["photos"].explode().dropna()
    seen = good.reindex(photos).set_axis(photos.index)
    pixels = (seen["width"] * seen["height"]).where(seen["width"].gt(0)).astype(float)
    figures = {
        "photo_brightness": seen["look"].map(brightness, na_action="ignore").astype(float),
        "photo_size": pd.Series(np.log10(pixels), pixels.index),
    }
    if "sharpness" in good:
        figures["photo_sharpness"] = seen["sharpness"].astype(float)
    made = {name: values.groupby(level=0).mean() for name, values in figures.items()}
    first = products["sounds"].map(lambda keys: keys[0] if len(keys) else None).dropna()
    heard = good.reindex(first).set_axis(first.index)
    made["sound_seconds"] = heard["seconds"].astype(float)
    if "loudness" in good:
        made |= {f"sound_{name}": heard[name].astype(float) for name in ("loudness", "silence")}
    refused = quarantine[quarantine["scope"].eq("file")]
    for kind, name in (("photos", "photo_decodable"), ("sounds", "sound_decodable")):
        bad = products["product_id"].isin(refused.loc[refused["table"].eq(kind), "id"])
        named = products[kind].map(len).gt(0) | bad
        said = pd.Series(np.where(bad, "no", "yes"), products.index, dtype=object)
        made[name] = said.where(named, None)
    return pd.DataFrame(made).reindex(products.index)


def brightness(look: str) -> float:
    """Mean grey of a photo, 0 to 1, by `catalog.media.PhotoFacts.look`; NaN of a look that says none."""
    try:
        parts = bytes.fromhex(look)[:64]
    except ValueError:
        return float("nan")
    return sum(parts) / len(parts) / 255 if len(parts) == 64 else float("nan")


def changed_since(now: pd.DataFrame, then: pd.DataFrame) -> np.ndarray:
    """(n,) bool: products that are new, or say something else or show other files, than when it was kept."""
    before = then.drop_duplicates("product_id").set_index("product_id")
    keys = [name for name in ("content", "files") if name in before and name in now]
    same = np.ones(len(now), bool)
    for name in keys:
        same &= (now[name].to_numpy() == before[name].reindex(now["product_id"]).to_numpy()).astype(bool)
    return np.asarray(~same)


def projected(vectors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Vectors of more than `WIDTH` dimensions, projected, always alike; float16, zero stays zero."""
    return {name: _narrowed(table).astype(np.float16) for name, table in vectors.items()}


def _narrowed(table: np.ndarray) -> np.ndarray:
    width = table.shape[1]
    if width <= WIDTH:
        return np.asarray(table)
    axes = np.random.default_rng(width).normal(size=(width, WIDTH)).astype(np.float32)
    return np.asarray(table, np.float32) @ (axes / np.float32(np.sqrt(WIDTH)))
