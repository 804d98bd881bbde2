"""The arrays that encoders read, by modality and name: how each is computed, and what decides its numbers.

An array is registered where it is defined, and an encoder names those it reads (`Encoder.arrays`).
The featurizer computes exactly the arrays that the configured encoders name. Stored features and
those of a service request come from the same function, so they are equal bit for bit.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.inputs.tabular import TabularScaler
from models.inputs.words import WordVocabulary
from models.registry import Registry
from shelfspace.settings import Features, Preprocessing

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["ARRAYS", "MANY", "Array", "Compute", "Fitted", "QueryText", "Shape", "array"]

Shape = tuple[tuple[int, ...], str]
"""Shape of one row, and its dtype."""

MANY = 4096
"""Rows between two writes of arrays that cost little to compute."""


class Fitted:
    """What was fitted on the training rows, and the settings it belongs to.

    Attributes:
        tokenizer, vocabulary: of subwords and of words; None where no array is made of them.
        scaler: of prices.
        preprocessing, features: the settings at fitting time.
        frozen: fingerprint of each frozen encoder by modality, at fitting time.
        device: where frozen encoders compute.
        kept: weights or files of a frozen encoder that lie beside the fitted parts, by modality.
    """

    def __init__(
        self,
        preprocessing: Preprocessing,
        features: Features,
        scaler: TabularScaler,
        tokenizer: "Tokenizer | None" = None,
        vocabulary: WordVocabulary | None = None,
        frozen: Mapping[str, str] | None = None,
    ) -> None:
        self.preprocessing, self.features, self.scaler = preprocessing, features, scaler
        self.tokenizer, self.vocabulary = tokenizer, vocabulary
        self.frozen = dict(frozen or {})
        self.device = "cpu"
        self.kept: dict[str, Path] = {}


class QueryText(str):
    """The cleaned text of what a shopper asks for, which some encoders read otherwise than a listing."""

    __slots__ = ()


Compute = Callable[[Any, Sequence[Any]], np.ndarray]
"""A `Fitted` and n inputs, n at least 1, to an array with n rows. Inputs are cleaned texts (str, or
`QueryText`), `Photo`s, `Sound`s, or for tabular `ProductInput`s. A row must not depend on its neighbours, not
even by a bit."""


@dataclass(frozen=True)
class Array:
    """One registered array.

    Attributes:
        compute: inputs to rows.
        shape: of one row.
        fingerprint: hash of all that decides the numbers beside the input: code version and settings.
        fits: what has to be fitted for it: `tokenizer`, `words`.
        known: which of n inputs say anything in this array, (n,) bool; None: all that there are.
        batch: rows between two writes of the feature store: what a kill costs at most.
    """

    compute: Compute
    shape: Callable[[Any], Shape]
    fingerprint: Callable[[Any], str]
    fits: tuple[str, ...] = ()
    known: Callable[[Sequence[Any]], np.ndarray] | None = None
    batch: int = 256


ARRAYS: dict[str, Registry[Array]] = {
    modality: Registry(f"arrays of {modality}") for modality in ("text", "image", "audio", "tabular")
}


def array(
    modality: str, name: str, *, shape: Callable[[Any], Shape], fingerprint: Callable[[Any], str], **more: Any
) -> Callable[[Compute], Compute]:
    """Decorator that registers a compute function as the array `name` of a modality; see `Array`."""

    def file(compute: Compute) -> Compute:
        ARRAYS[modality].register(name)(Array(compute, shape, fingerprint, **more))
        return compute

    return file
