"""Colour words as vectors: what things look like whose titles name a colour.

A query that names one is compared with the colours of photos as well; named beside a photo or a product,
the word stands instead of the colours that those have: "this, but in blue".
"""

from collections.abc import Mapping, Sequence

import numpy as np

from catalog.media.colours import colour_size, shaded
from catalog.text.colours import colours_in, known_colours

__all__ = ["COLOUR", "ColourWords"]

COLOUR = "colour"
"""Name of the evidence (`retrieval.ranking.features.OWN`)."""
DOUBT = 5
"""Listings' worth of the named colour itself, which is all there is where no title names it."""


class ColourWords:
    """Names of colours with a vector of unit length for each.

    Args:
        vectors: name to (d,) float32.
    """

    def __init__(self, vectors: Mapping[str, np.ndarray]) -> None:
        self.vectors = dict(vectors)

    @classmethod
    def learn(
        cls, titles: Sequence[str], brands: Sequence[str], own: Mapping[str, np.ndarray]
    ) -> "ColourWords | None":
        """From n listings; None where photos have no colours, or those of an earlier version.

        A brand may be called after a colour: its name is left out.

        Args:
            own: name to (n, d) vectors of the products; that of COLOUR is read.
        """
        table = own.get(COLOUR)
        if table is None or table.shape[1] != colour_size():
            return None
        sums = {name: DOUBT * shaded(colour.rgb) for name, colour in known_colours().items()}
        for row, (title, brand) in enumerate(zip(titles, brands, strict=True)):
            named = colours_in(title.replace(brand, " ") if brand else title) if title else []
            if len(named) == 1:
                sums[named[0]] = sums[named[0]] + np.asarray(table[row], np.float32)
        return cls({name: _unit(total) for name, total in sums.items()})

    def of(self, text: str) -> np.ndarray | None:
        """(d,) float32 of the colours that a text names, their mean; None where it names none."""
        named = [self.vectors[name] for name in colours_in(text)] if text else []
        return _unit(np.sum(named, axis=0)) if named else None

    def beside(self, text: str, own: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """What a query is compared by, the colours it names in the place of those of its photo or product.

        Args:
            own: as `EncodedQuery.own`.
        """
        named = self.of(text)
        return own if named is None else {**own, COLOUR: named}


def _unit(vector: np.ndarray) -> np.ndarray:
    return (vector / max(float(np.linalg.norm(vector)), 1e-12)).astype(np.float32)
