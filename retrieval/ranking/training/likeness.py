"""Photos and sounds of which a shop has something, and others of which it has nothing.

Held-out listings ask with their photo, as it is and taken again: the shop has that. The same photos asked of
a shop that does not sell the listing's top-level category have no answer, nor have noise, plain colours and
patterns; sounds alike. They teach the floors of photos and sounds (`retrieval.ranking.training.answering`),
never an order.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from catalog.product import ProductInput
from retrieval.query import Encoder
from retrieval.ranking.candidates import Candidates
from retrieval.ranking.fit import Judged
from retrieval.ranking.training.held_out import MAX_GRADE, Lesson, encode, levels
from retrieval.ranking.training.meaningless import meaningless

__all__ = ["RETAKEN", "UNLIKE", "Gallery", "likenesses"]

RETAKEN, UNLIKE = "retaken", "unlike"
"""Kinds of these lessons: with an answer and without one."""
ASKING = 60
"""Listings that ask, each seven times; the floor is where 1 in 200 of that would find nothing."""
NEAREST = 10
"""Candidates by each table; the best of them decides."""
BLOCK = 8192
"""Products that are compared at once."""

Retakes = Callable[[str, bytes, int], Sequence[bytes]]
"""A file of a modality taken again in several ways, by a seed; raises OSError or RuntimeError for one that
cannot be read."""
Asked = tuple[str, int, str, np.ndarray | None]
"""Kind of lesson, row that asks (-1: none), category that is not sold ("": all are), and what answers."""


@dataclass(frozen=True, eq=False)
class Gallery:
    """n products that are searched.

    Attributes:
        vectors: (n, d) float32 of unit length.
        own: name to (n, d) vectors of each by its modalities (`SearchParts.evidence`).
        paths: category paths.
        files: media keys of each; those with the same first one are found by the same photo or sound.
    """

    vectors: np.ndarray
    own: Mapping[str, np.ndarray]
    paths: Sequence[str]
    files: Sequence[Sequence[str]]


def likenesses(
    modality: str,
    gallery: Gallery,
    rows: np.ndarray,
    read: Callable[[str], bytes | None],
    retakes: Retakes,
    encoder: Encoder,
) -> list[Lesson]:
    """Lessons of kinds retaken and unlike; the same input gives the same ones.

    Args:
        modality: image or audio.
        rows: products of the gallery that the encoder did not learn from.
        read: the encoded file of a media key, None where it is lost.
    """
    if modality not in gallery.own:
        return []
    tops, _ = levels(gallery.paths)
    keys = np.array([str(own[0]) if len(own) else "" for own in gallery.files], object)
    asked: list[Asked] = []
    files: list[bytes] = []
    for row, data, taken in _files(modality, keys, rows, read, retakes):
        mine = keys == keys[row]
        asked += [(RETAKEN, row, "", mine)] * (1 + len(taken))
        files += [data, *taken]
        if tops[row] and np.any(tops != tops[row]):
            asked += [(UNLIKE, row, tops[row], None)] * 2
            files += [data, taken[-1]]
    if not asked:
        return []
    strange = meaningless(modality)
    asked += [(UNLIKE, place, "", None) for place in range(len(strange))]
    files += strange
    items = [ProductInput(photos=(f,)) if modality == "image" else ProductInput(sounds=(f,)) for f in files]
    said = encode(encoder, items)
    name = "photo" if modality == "image" else "sound"
    lessons = []
    for (kind, group, unsold, mine), (vector, _, own) in zip(asked, said, strict=True):
        known = {n: v for n, v in own.items() if n in gallery.own and gallery.own[n].shape[1] == len(v)}
        may = None if not unsold else tops != unsold
        found = _candidates(gallery, name, vector, known, may)
        grades = np.zeros(len(keys), np.int8)
        if mine is not None:
            grades[mine] = MAX_GRADE
        lessons.append(Lesson(kind, group, Judged(found, grades[found.rows], group), grades))
    return lessons


def _files(
    modality: str, keys: np.ndarray, rows: np.ndarray, read: Callable[[str], bytes | None], retakes: Retakes
) -> Iterator[tuple[int, bytes, Sequence[bytes]]]:
    """Rows that ask, drawn with a fixed seed, each with its file and the same taken again."""
    left = ASKING
    for row in np.random.default_rng(0).permutation(rows[keys[rows] != ""]).tolist():
        data = read(keys[row])
        if data is None:
            continue
        try:
            taken = retakes(modality, data, row)
        except (OSError, RuntimeError):
            continue  # a file that is damaged has no vector either
        yield row, data, taken
        left -= 1
        if not left:
            return


def _candidates(
    gallery: Gallery,
    name: str,
    vector: np.ndarray,
    own: Mapping[str, np.ndarray],
    may: np.ndarray | None,
) -> Candidates:
    """What is nearest to a photo or a sound by its vector and by each of its own."""
    pairs = [(gallery.vectors, vector), *((gallery.own[n], v) for n, v in own.items())]
    rows = np.unique(np.concatenate([_nearest(table, asked, may) for table, asked in pairs]))
    cosine = np.asarray(gallery.vectors[rows] @ vector, np.float32)
    by_own = {n: np.asarray(gallery.own[n][rows], np.float32) @ v for n, v in own.items()}
    return Candidates.wordless(rows, cosine, name, by_own)


def _nearest(table: np.ndarray, asked: np.ndarray, may: np.ndarray | None) -> np.ndarray:
    cosine = np.concatenate(
        [np.asarray(table[i : i + BLOCK], np.float32) @ asked for i in range(0, len(table), BLOCK)]
    )
    if may is not None:
        cosine[~may] = -np.inf
    best = np.argsort(-cosine, kind="stable")[:NEAREST]
    return best[np.isfinite(cosine[best])]
