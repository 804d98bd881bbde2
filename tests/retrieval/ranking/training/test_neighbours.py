"""What tells the neighbours of a product is decided on held-out products of the same category."""

import numpy as np

from retrieval.ranking.neighbours import CONSIDERED, PRODUCT, single
from retrieval.ranking.rules import rule_scores
from retrieval.ranking.training.likeness import Gallery
from retrieval.ranking.training.neighbours import nearest, neighbours_compared

KINDS, EACH, DIM = 12, 20, 32
ROWS = np.arange(0, KINDS * EACH, 4)


def table(seed: int, spread: float) -> np.ndarray:
    """Unit vectors about a centre for each kind; the wider they are spread, the less they tell."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(9).normal(size=(KINDS, DIM))
    made = np.repeat(centres, EACH, axis=0) + spread * random.normal(size=(KINDS * EACH, DIM))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def gallery(spread: float, *own: float, paths: list[str] | None = None) -> Gallery:
    tables = {
        name: table(3 + n, one) for n, (name, one) in enumerate(zip(("text", "image"), own, strict=False))
    }
    named = [f"Shop > Kind {row // EACH}" for row in range(KINDS * EACH)] if paths is None else paths
    return Gallery(table(2, spread), tables, named, [()] * len(named))


def test_modalities_that_know_more_stand_beside_the_vector() -> None:
    found = neighbours_compared(gallery(2.0, 0.7), ROWS)
    assert found is not None
    assert found.learned_wins
    assert found.interval[0] > 0
    assert found.rows == len(ROWS)
    assert found.rivals.keys() == {"vectors"}


def test_the_vector_alone_stands_where_they_know_less_or_nothing_else() -> None:
    for whole in (gallery(0.7, 8.0), gallery(0.7)):
        found = neighbours_compared(whole, ROWS)
        assert found is not None
        assert not found.learned_wins
        assert found.rival == "vectors"


def test_few_products_decide_nothing() -> None:
    found = neighbours_compared(gallery(2.0, 0.7), ROWS[:20])
    assert found is not None
    assert found.by > 0
    assert not found.learned_wins


def test_a_product_alone_in_its_category_asks_nothing() -> None:
    alone = [f"Kind {row}" for row in range(KINDS * EACH)]
    assert neighbours_compared(gallery(2.0, 0.7, paths=alone), ROWS) is None
    assert neighbours_compared(gallery(2.0, 0.7, paths=[""] * len(alone)), ROWS) is None


def test_what_a_product_lacks_says_nothing_for_or_against() -> None:
    whole = gallery(0.7, 0.7, 0.7)
    whole.own["image"][: KINDS * EACH : 2] = 0  # type: ignore[index]
    found = nearest(whole, 1)
    assert len(found.rows) == CONSIDERED
    assert 1 not in found.rows
    assert set(found.own) == {"text", "image"}
    assert set(nearest(whole, 0).own) == {"text"}
    for row, score in zip(found.rows.tolist(), rule_scores(PRODUCT, found).tolist(), strict=True):
        tables = [whole.own["text"], *([whole.own["image"]] if row % 2 else [])]
        known = np.mean([one[row] @ one[1] for one in tables])
        np.testing.assert_allclose(score, (whole.vectors[row] @ whole.vectors[1] + known) / 2, atol=1e-6)


def test_halves_are_read_as_numpy_reads_them() -> None:
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)].reshape(-1, 2)
    np.testing.assert_array_equal(single(finite).view(np.int32), finite.astype(np.float32).view(np.int32))
