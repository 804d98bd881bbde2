"""How words and vectors are put together: learned from a catalogue, kept while little of it changed.

A folder of what was learned holds

    search_fusion.json, search_floors.json   the weights, rules and score floors
    search_answers.json                      what is no answer
    figures.json, weights.png                figures on queries left out, and a picture
    learned_from.json, learned_from.parquet  what it was learned from, product by product
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from catalog.listings import WORDS
from catalog.snapshot.media_store import MediaStore
from retrieval.catalogue.products import ProductFacts
from retrieval.lexical.index import LexicalIndex
from retrieval.ranking.answers import AnswerFloor, save_answers
from retrieval.ranking.colours import ColourWords
from retrieval.ranking.fit import fit_fusion
from retrieval.ranking.floors import learn_floors, save_floors
from retrieval.ranking.fusion import FusionModel
from retrieval.ranking.hybrid import HybridSearch
from retrieval.ranking.kinship import told_columns
from retrieval.ranking.neighbours import PRODUCT
from retrieval.ranking.training.answering import UNWORDED, learn_answers
from retrieval.ranking.training.catalogue import Embedded, lessons_of_listings
from retrieval.ranking.training.held_out import FEWEST, Lesson, judged_by_people, left_out
from retrieval.ranking.training.judgements import NO_JUDGEMENTS, Judgements, read_judgements
from retrieval.ranking.training.likeness import RETAKEN, UNLIKE, Gallery, likenesses
from retrieval.ranking.training.neighbours import neighbours_compared
from retrieval.ranking.training.picture import fusion_picture
from retrieval.ranking.training.rivals import CLICKS, chosen, crossed, joining, teaching
from retrieval.vectors import load_index
from shelfspace.changed import changed_since
from shelfspace.files import read_json, read_parquet, write_bytes, write_json, write_table
from shelfspace.hashing import content_hash, file_hash

if TYPE_CHECKING:
    from models.inference.product_encoder import ProductEncoder

__all__ = ["LearnedFrom", "SearchLearned", "keep_learned", "learn_search", "search_lessons"]

WHAT, EACH = "learned_from.json", "learned_from.parquet"
LEARNED = (
    "search_fusion.json",
    "search_floors.json",
    "search_answers.json",
    "figures.json",
    "weights.png",
    WHAT,
    EACH,
)

ANSWERING = frozenset({UNWORDED, RETAKEN, UNLIKE})
"""Kinds of lessons that teach where a search finds nothing, and no order."""


@dataclass(frozen=True, eq=False)
class LearnedFrom:
    """What the fusion of a catalogue is learned from.

    Attributes:
        products: n rows of the cleaned products.
        vectors: (n, d) float32 of unit length.
        alone: modality to (n, d) vectors of the products seen through it alone.
        own: name to (n, d) vectors that the modalities' encoders had before training.
        sides: n names, train, validation or test.
        model: fingerprint of the encoder.
        code: version of the learning.
        judgements: folder of people's judgements; need not be there.
        clicks: what clicks judged.
    """

    products: pd.DataFrame
    vectors: np.ndarray
    alone: Mapping[str, np.ndarray]
    own: Mapping[str, np.ndarray]
    sides: Sequence[str]
    model: str
    code: str
    judgements: Path
    clicks: Judgements = NO_JUDGEMENTS

    def judgement_files(self) -> dict[str, str]:
        """Name to hash of each file of judgements."""
        return {path.name: file_hash(path) for path in sorted(self.judgements.glob("*.csv"))}

    def whole(self) -> dict[str, Any]:
        """What must be equal for anything learned to be kept."""
        # New clicks come every day: they are learned from once what they judge has doubled, or with the rest.
        clicked = {"clicked": len(self.clicks.grades).bit_length()} if self.clicks.grades else {}
        return {"model": self.model, "code": self.code, "judgements": self.judgement_files(), **clicked}

    def each(self) -> pd.DataFrame:
        """product_id and a hash of what is learned of it: its words, its vectors, its side."""
        cells = zip(*(self.products[name] for name in WORDS), self.sides, strict=True)
        tables = (self.alone, self.own)
        seen = [self.vectors, *(table[name] for table in tables for name in sorted(table))]
        hashes = [
            content_hash(*map(str, words), *(table[row].tobytes() for table in seen))
            for row, words in enumerate(cells)
        ]
        return pd.DataFrame({"product_id": self.products["product_id"].to_numpy(), "hash": hashes})


@dataclass(frozen=True)
class SearchLearned:
    """What learning gave.

    Attributes:
        fusion: the weights, or the rule where too few queries were judged.
        useful: queries with an answer, of which `FEWEST` are needed.
        queries: kind of query to how many were asked.
        figures: nDCG at 10 on queries left out, by way of ranking; empty where nothing was learned.
        floors: kind of query to the lowest score of a hit that is sorted by price.
        answers: kind of query to what is no answer.
    """

    fusion: FusionModel
    useful: int
    queries: dict[str, int]
    figures: dict[str, Any]
    floors: dict[str, float]
    answers: dict[str, AnswerFloor]

    @property
    def learned(self) -> bool:
        return self.useful >= FEWEST


def learn_search(lessons: Sequence[Lesson], source: LearnedFrom, folder: Path) -> SearchLearned:
    """Learn, and write the folder."""
    clicked = [one for one in lessons if one.kind == CLICKS]
    lessons = [one for one in lessons if one.kind != CLICKS]
    ordering = teaching([one for one in lessons if one.kind not in ANSWERING])
    useful = sum(one.judged.useful for one in ordering)
    enough = useful >= FEWEST
    clicked = joining(clicked, ordering)
    # Its matrices are small: several threads would wait for one another, for many times as long.
    with threadpool_limits(1):
        tried = list(left_out([*ordering, *clicked])) if enough else []
        taught = (
            fit_fusion([one.judged for one in (*ordering, *clicked)]) if enough else FusionModel.fallback()
        )
        fusion, answers = chosen(taught, tried), learn_answers(lessons)
        fusion = _with_neighbours(fusion, source)
        figures = crossed(tried)
        floors = learn_floors(
            [(model, [one for one in asked if one.kind != CLICKS]) for model, asked in tried]
        )
    fusion.save(folder / "search_fusion.json")
    save_floors(folder / "search_floors.json", floors)
    save_answers(folder / "search_answers.json", answers)
    write_json(folder / "figures.json", figures)
    write_bytes(folder / "weights.png", fusion_picture(fusion))
    write_json(folder / WHAT, source.whole())
    write_table(folder / EACH, source.each())
    kinds = pd.Series([one.kind for one in (*lessons, *clicked)], dtype=object).value_counts()
    counts = {str(kind): int(count) for kind, count in sorted(kinds.items())}
    return SearchLearned(fusion, useful, counts, figures, floors, answers)


def keep_learned(before: Path, source: LearnedFrom, share: float, folder: Path) -> str:
    """Copy what was learned where it is still good enough; say why, or "" where it has to be learned anew.

    It is while model, code and judgements are the same and fewer than `share` of the products are new,
    gone or changed since. The products it was learned from are kept with it, so that small changes add up.

    Args:
        before: the folder learned last; need not be there.
        share: in [0, 1].
        folder: where the copies go.
    """
    if not all((before / name).is_file() for name in LEARNED) or read_json(before / WHAT) != source.whole():
        return ""
    changed = changed_since(read_parquet(before / EACH), source.each())
    if not changed.within(share):
        return ""
    for name in LEARNED:
        shutil.copyfile(before / name, folder / name)
    return changed.sentence(share)


def search_lessons(
    source: LearnedFrom, encoder: "ProductEncoder", media: MediaStore, words: Path, index: Path
) -> list[Lesson]:
    """Lessons of held-out listings, and of the shop's judgements where there are any.

    An encoder that reads no text, as of a catalogue of photos alone, is asked with photos and sounds only.

    Args:
        words, index: folders of the catalogue's index of words and of its vectors.
    """
    seen = _seen_lessons(source, encoder, media)
    if "text" not in encoder.modalities:
        return seen
    products, vectors = source.products, source.vectors
    classes = encoder.classify_vectors(vectors) if encoder.labels else None
    told = told_columns(products["category"], encoder.labels)
    alone, own = source.alone, {**source.alone, **source.own}
    catalogue = Embedded(products, vectors, classes, alone.get("image"), alone.get("audio"), own, told)
    found = lessons_of_listings(catalogue, source.sides, media.read, encoder)
    if source.judgement_files() or source.clicks.grades:
        facts = ProductFacts(products)
        search = HybridSearch(
            LexicalIndex.load(words, len(products)),
            load_index(index, vectors),
            vectors,
            FusionModel.fallback(),
            classes,
            own,
            ColourWords.learn(facts.title, facts.brand, own),
            told,
        )
        rows = {product: row for row, product in enumerate(products["product_id"])}
        if source.judgement_files():
            found += judged_by_people(search, read_judgements(source.judgements), rows, encoder)
        found += judged_by_people(search, source.clicks, rows, encoder, CLICKS)
    return found + seen


def _with_neighbours(fusion: FusionModel, source: LearnedFrom) -> FusionModel:
    """The fusion, with what tells the neighbours of a product where they were compared."""
    gallery, held_out, _ = _known(source)
    found = neighbours_compared(gallery, held_out)
    if found is None:
        return fusion
    said = {**found.describe(), "said": found.sentence().replace("learned", PRODUCT)}
    rule = PRODUCT if found.learned_wins else found.rival
    return replace(
        fusion,
        rules={**fusion.rules, "product": rule},
        compared={**fusion.compared, "product": said},
    )


def _known(source: LearnedFrom) -> tuple[Gallery, np.ndarray, pd.DataFrame]:
    """What held-out listings ask of these and the training ones, the places of those that ask, and the rows;
    test listings neither ask nor are found, so that claims stay clean."""
    side, own = np.asarray(source.sides, dtype=object), {**source.alone, **source.own}
    rows = np.flatnonzero(np.isin(side, ("train", "validation")))
    products, tables = source.products.iloc[rows], {name: table[rows] for name, table in own.items()}
    return (
        Gallery(source.vectors[rows], tables, products["category"].tolist(), [()] * len(rows)),
        np.flatnonzero(side[rows] == "validation"),
        products,
    )


def _seen_lessons(source: LearnedFrom, encoder: "ProductEncoder", media: MediaStore) -> list[Lesson]:
    """Photos and sounds that validation listings ask of these and the training ones."""
    from models.inference.retakes import again

    whole, held_out, products = _known(source)
    if not len(held_out):
        return []
    found: list[Lesson] = []
    for modality, column in (("image", "photos"), ("audio", "sounds")):
        if modality in encoder.modalities:
            gallery = replace(whole, files=products[column].tolist())
            found += likenesses(modality, gallery, held_out, media.read, again, encoder)
    return found
