"""One delivery before the champion: which of its products are looked at, and what is held against them."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from releases.look.evidence import Evidence
from releases.look.labels import labels_against
from releases.look.looked import ONE_DELIVERY, Limits, Looked
from releases.look.photos import photos_against

__all__ = ["changed_rows", "look"]


def look(
    name: str,
    fresh: Evidence,
    reference: Evidence,
    before: pd.DataFrame,
    there: Collection[str],
    limits: Limits = ONE_DELIVERY,
) -> Looked:
    """Judge the products that a delivery, or several together, bring or change.

    Args:
        name: of the delivery.
        fresh: the champion's evidence of those products, as they would be.
        reference: the champion's evidence of its holdout.
        before: label, text_hash and image_hash of the products that are there now, by product_id.
        there: labels that some product would still have.
        limits: from where on they are held.
    """
    made = Looked(name, len(fresh.table))
    reasons = [
        *labels_against(made, fresh, reference, before["label"], there, limits),
        *photos_against(made, fresh, reference, before["image_hash"], limits),
    ]
    return made.because(reasons)


def changed_rows(fresh: pd.DataFrame, before: pd.DataFrame) -> np.ndarray:
    """(n,) bool: products that are new, or of which label, text or photo differ.

    Args:
        fresh: product_id, label, text_hash, image_hash as they would be.
        before: the same of the products that are there now, by product_id.
    """
    columns = ["label", "text_hash", "image_hash"]
    known = before[columns].reindex(fresh["product_id"])
    return np.asarray((fresh[columns].to_numpy() != known.to_numpy()).any(axis=1))
