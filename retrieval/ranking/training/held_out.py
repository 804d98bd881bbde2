"""What the fusion learns from where nobody has judged: held-out listings and the category tree.

Queries are titles of listings that the encoder did not learn from, a few words of them, their photos,
their titles spelt backwards (which have no answer), and names of categories. They are asked of the
listings that the encoder learned from. A listing of the same second-level category has grade 2, one of
the same first level alone grade 1; to a category's name, its members have grade 2.

Who types a product's name wants that product: titles and longer parts of them are asked once more where
the listing itself can be found. It has grade 2 then, and those of its category have grade 1.

Queries of a word and a photo, a sound or a product are made in `retrieval.ranking.training.mixed`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from catalog.product import ProductInput
from retrieval.filters.columns import SEPARATOR
from retrieval.lexical.tokens import search_terms
from retrieval.query import Encoder
from retrieval.ranking.blending import unit_length
from retrieval.ranking.fit import PARTS, Judged, fit_fusion
from retrieval.ranking.fusion import FusionModel
from retrieval.ranking.hybrid import HybridSearch
from retrieval.ranking.training.judgements import Judgements

__all__ = [
    "FEWEST",
    "Lesson",
    "Listings",
    "backwards",
    "fragment",
    "held_out",
    "judged_by_people",
    "known_items",
    "left_out",
]

FEWEST = 20
"""Queries with an answer below which nothing is learned."""
MOST = 300
"""Listings that ask, and names; more would teach 20 weights nothing new."""
MAX_GRADE = 2

Query = tuple[str, int, str, np.ndarray]
"""Kind, group, text and the grades of all products; see `Lesson`."""
Said = tuple[np.ndarray, np.ndarray, Mapping[str, np.ndarray]]
"""Vector, class probabilities, and what else a query is compared by (`EncodedQuery.own`)."""


@dataclass(frozen=True)
class Listings:
    """n products.

    Attributes:
        titles: "" where there is none.
        paths: category paths.
        photos, sounds: (n, d) vectors of them seen by photo or sound alone, zero without one; None where not
            known.
        own: name to (n, d) vectors of each by its modalities (`SearchParts.evidence`).
    """

    titles: Sequence[str]
    paths: Sequence[str]
    photos: np.ndarray | None = None
    sounds: np.ndarray | None = None
    own: Mapping[str, np.ndarray] = field(default_factory=dict)

    def take(self, rows: np.ndarray) -> "Listings":
        """Some of them."""
        picked = rows.tolist()
        return Listings(
            [self.titles[r] for r in picked],
            [self.paths[r] for r in picked],
            None if self.photos is None else np.asarray(self.photos[rows], np.float32),
            None if self.sounds is None else np.asarray(self.sounds[rows], np.float32),
            {name: np.asarray(table[rows], np.float32) for name, table in self.own.items()},
        )


@dataclass(frozen=True)
class Lesson:
    """One judged query.

    Attributes:
        kind: what it is: title, words, photo, backwards, name, item, photo_words, sound_words,
            product_words, judgement, or clicks.
        group: equal for queries made of one listing.
        judged: its candidates with their grades.
        grades: of all products that were searched.
    """

    kind: str
    group: int
    judged: Judged
    grades: np.ndarray


def held_out(search: HybridSearch, gallery: Listings, asking: Listings, encoder: Encoder) -> list[Lesson]:
    """Lessons of listings that the encoder did not learn from; the same input gives the same lessons.

    Args:
        search: over the gallery, in its order.
        gallery: the listings that the encoder learned from.
        asking: others; no variant of a product stands on both sides.
    """
    asking = asking.take(drawn(len(asking.titles)))
    tops, seconds = levels(gallery.paths)
    own_tops, own_seconds = levels(asking.paths)

    def grades_of(row: int) -> np.ndarray:
        same = (seconds == own_seconds[row]) & (own_seconds[row] != "")
        near = (tops == own_tops[row]) & (own_tops[row] != "")
        return np.where(same, MAX_GRADE, near.astype(np.int8)).astype(np.int8)

    grades = [grades_of(row) for row in range(len(asking.titles))]
    useful = [row for row, own in enumerate(grades) if own.max(initial=0) == MAX_GRADE]
    none = np.zeros(len(gallery.paths), np.int8)
    queries: list[Query] = [("title", r, asking.titles[r], grades[r]) for r in useful]
    queries += [("words", r, fragment(asking.titles[r], r), grades[r]) for r in useful]
    for text in (asking.titles.__getitem__, lambda r: fragment(asking.titles[r], r)):
        queries += [("backwards", r, backwards(text(r)), none) for r in useful]
    for depth in (1, 2):
        at = heads(gallery.paths, depth)
        names = sorted({str(path) for path in at} - {""})
        for i in drawn(len(names)).tolist():
            members = MAX_GRADE * (at == names[i]).astype(np.int8)
            queries.append(("name", len(queries), names[i].rsplit(SEPARATOR, 1)[-1], members))
    lessons = worded(search, [q for q in queries if search_terms(q[2])], encoder)
    for kind, name, seen in (("photo", "image", asking.photos), ("sound", "audio", asking.sounds)):
        shown = [] if seen is None else [r for r in useful if np.any(seen[r])]
        if seen is None or not shown:
            continue
        vectors = unit_length(seen[shown])
        none_known = np.zeros((len(shown), 0), np.float32)
        known = encoder.classify_vectors(vectors) if encoder.labels else none_known
        for row, vector, classes in zip(shown, vectors, known, strict=True):
            own = {name: unit_length(asking.own[name][[row]])[0]} if name in asking.own else {}
            query = (kind, row, "", grades[row])
            lessons.append(lesson(search, query, vector, classes, own, beside=kind))
    return lessons


def known_items(search: HybridSearch, listings: Listings, rows: np.ndarray, encoder: Encoder) -> list[Lesson]:
    """Lessons of listings that are asked for by their names.

    Args:
        search: over `listings`, in their order.
        rows: listings that the encoder did not learn from.
    """
    asking = rows[drawn(len(rows))]
    _, seconds = levels(listings.paths)
    titles = np.array(listings.titles, dtype=object)
    queries: list[Query] = []
    for place, row in enumerate(asking.tolist()):
        if not search_terms(titles[row]):
            continue
        grades = ((seconds == seconds[row]) & (seconds[row] != "")).astype(np.int8)
        grades[titles == titles[row]] = MAX_GRADE
        words = titles[row].split()
        most = " ".join(words[: len(words) // 2 + 1])
        queries += [("item", place, text, grades) for text in dict.fromkeys((titles[row], most))]
    return worded(search, [q for q in queries if search_terms(q[2])], encoder)


def judged_by_people(
    search: HybridSearch,
    judgements: Judgements,
    rows: Mapping[str, int],
    encoder: Encoder,
    kind: str = "judgement",
) -> list[Lesson]:
    """Lessons of judgements that people made; products that are there no more are left out.

    Args:
        rows: product to its row in `search`.
        kind: of the lessons; that of clicks where clicks made them.
    """
    queries: list[Query] = []
    texts = sorted(judgements.grades)
    for text in texts:
        grades = np.zeros(len(search.vectors), np.int8)
        for product, grade in judgements.grades[text].items():
            if product in rows:
                grades[rows[product]] = grade
        queries.append((kind, len(queries), text, grades))
    lessons = worded(search, queries, encoder)
    weights = (judgements.weights.get(text, 1.0) for text in texts)
    return [
        replace(one, judged=replace(one.judged, weight=weight))
        for one, weight in zip(lessons, weights, strict=True)
    ]


def worded(search: HybridSearch, queries: Sequence[Query], encoder: Encoder) -> list[Lesson]:
    """Lessons of queries with words."""
    if not queries:
        return []
    encoded = encode_texts(encoder, [text for _, _, text, _ in queries])
    return [lesson(search, query, *said) for query, said in zip(queries, encoded, strict=True)]


def lesson(
    search: HybridSearch,
    query: Query,
    vector: np.ndarray,
    classes: np.ndarray,
    own: Mapping[str, np.ndarray],
    words_weight: float | None = None,
    beside: str = "",
) -> Lesson:
    """One query's candidates with their grades; the other arguments as in `HybridSearch.search`."""
    kind, group, text, grades = query
    own = search.compared_by(text, own)
    words = search.look_up(search.lexical.query(text), search.near_all(vector, own))
    found = search.candidates(words, vector, classes, words_weight, beside, own)
    found = search.with_kin(found, classes)
    return Lesson(kind, group, Judged(found, grades[found.rows], group), grades)


def encode_texts(encoder: Encoder, texts: Sequence[str]) -> list[Said]:
    """What the encoder says of texts, as the service encodes a query."""
    return encode(encoder, [ProductInput(title=text) for text in texts])


def encode(encoder: Encoder, items: Sequence[ProductInput]) -> list[Said]:
    """What the encoder says of items."""
    features = encoder.featurize(items, queries=True)
    encoded = encoder.encode_features(features)
    own = encoder.own_evidence(features, encoded.vectors)
    return list(zip(encoded.vectors, encoded.probabilities, own, strict=True))


def left_out(lessons: Sequence[Lesson]) -> Iterator[tuple[FusionModel, list[Lesson]]]:
    """Each fifth of the lessons with a fusion that learned from the other four; what is made of one listing
    stays together."""
    for part in range(PARTS):
        others = [one.judged for one in lessons if one.group % PARTS != part]
        if any(one.useful for one in others):
            yield fit_fusion(others), [one for one in lessons if one.group % PARTS == part]


def levels(paths: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """First-level path of each, and second-level path, which is the first where there is no second."""
    nodes = [path.split(SEPARATOR) if path else [""] for path in paths]
    tops = np.array([own[0] for own in nodes], dtype=object)
    return tops, np.array([SEPARATOR.join(own[:2]) for own in nodes], dtype=object)


def heads(paths: Sequence[str], depth: int) -> np.ndarray:
    """Each path's first `depth` nodes, "" where it has fewer."""
    nodes = [path.split(SEPARATOR) if path else [] for path in paths]
    return np.array([SEPARATOR.join(n[:depth]) if len(n) >= depth else "" for n in nodes], dtype=object)


def fragment(title: str, seed: int) -> str:
    """One to three neighbouring words of a title, drawn by a seed: what a shopper would type."""
    words = title.split()
    chance = np.random.default_rng(seed)
    length = min(int(chance.integers(1, 4)), len(words))
    start = int(chance.integers(0, len(words) - length + 1)) if words else 0
    return " ".join(words[start : start + length])


def backwards(title: str) -> str:
    """A title with each word spelt backwards: a query that has no answer."""
    return " ".join(word[::-1] for word in title.lower().split())


def drawn(size: int) -> np.ndarray:
    """Ascending places of at most MOST of `size` things, drawn with a fixed seed."""
    if size <= MOST:
        return np.arange(size)
    return np.sort(np.random.default_rng(0).choice(size, MOST, replace=False))
