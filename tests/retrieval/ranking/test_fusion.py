"""The fusion: learned from judgements, keeps the better of the two, says little where nothing is known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import logit

from retrieval.ranking.candidates import Candidates
from retrieval.ranking.features import FEATURES, FREE, features_of
from retrieval.ranking.fit import Judged, fit_fusion
from retrieval.ranking.fusion import FusionModel
from retrieval.ranking.metrics import ndcg
from retrieval.ranking.rules import WORDS_SHARE, rule_scores
from shelfspace.errors import ArtifactError, InputError
from shelfspace.files import read_json, write_json


def candidates(rng: np.random.Generator, words: int, **given: np.ndarray | float) -> Candidates:
    n = 30
    made: dict = {
        "rows": np.arange(n),
        "cosine": rng.uniform(-0.2, 0.9, n),
        "lexical": np.maximum(rng.normal(0, 2, n), 0),
        "agreement": rng.uniform(0, 1, n),
        "covered": rng.uniform(0, 1, n),
        "feedback": rng.uniform(0, 1, n),
        "feedback_agreement": rng.uniform(0, 1, n),
        "certainty": float(rng.uniform(0.2, 1)),
        "words": words,
        "unknown_share": 0.0,
        "bound": 12.0,
    }
    if words == 0:
        made["lexical"] = np.zeros(n)
    return Candidates(**{**made, **given})


def judged(by: str, words: int, count: int = 40, seed: int = 0) -> list[Judged]:
    """Queries whose eight best by one kind of evidence are relevant, the best four of them the most."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        one = candidates(rng, words)
        order = np.argsort(-getattr(one, by), kind="stable")
        grades = np.zeros(len(order), dtype=int)
        grades[order[:8]] = 1
        grades[order[:4]] = 2
        made.append(Judged(one, grades))
    return made


def quality(model: FusionModel, queries: list[Judged]) -> float:
    return float(np.mean([ndcg(one.grades[model.rank(one.candidates)[0]], one.grades) for one in queries]))


@pytest.mark.parametrize("by", ["cosine", "lexical", "agreement"])
def test_it_learns_which_evidence_to_trust(by: str) -> None:
    model = fit_fusion(judged(by, words=6))
    unseen = judged(by, words=6, seed=1)
    assert quality(model, unseen) > 0.9
    assert quality(model, unseen) > quality(FusionModel.fallback(), unseen)


def test_long_and_short_queries_have_weights_of_their_own() -> None:
    model = fit_fusion([*judged("cosine", words=6), *judged("lexical", words=2)])
    assert quality(model, judged("cosine", words=6, seed=1)) > 0.9
    assert quality(model, judged("lexical", words=2, seed=1)) > 0.9
    assert model.parts["long"].queries == model.parts["short"].queries == 40


def test_too_few_of_a_kind_learn_from_all_with_words() -> None:
    model = fit_fusion([*judged("cosine", words=6), *judged("cosine", words=2, count=5)])
    assert model.parts["short"].queries == 45
    assert "wordless" not in model.parts


def test_queries_without_words_keep_the_order_of_the_cosine() -> None:
    model = fit_fusion([*judged("lexical", words=6), *judged("agreement", words=0)])
    one = candidates(np.random.default_rng(3), words=0)
    order, scores = model.rank(one)
    assert order.tolist() == np.argsort(-one.cosine, kind="stable").tolist()
    assert (np.diff(scores) <= 0).all()


def test_a_photo_is_ranked_by_what_its_encoder_had_before_training() -> None:
    rng = np.random.default_rng(4)
    image = rng.uniform(-0.5, 1, 30)
    one = replace(candidates(rng, words=0), beside="photo", own={"image": image})
    assert one.kind == "photo"
    order, _ = FusionModel.fallback().rank(replace(one, agreement=np.zeros(30, np.float32)))
    assert order.tolist() == np.argsort(-image, kind="stable").tolist()


def test_behind_the_nearest_photos_a_shared_category_counts() -> None:
    own = np.linspace(0.9, 0.6, 30)
    kin = (np.arange(30) % 2).astype(np.float32)
    one = replace(
        candidates(np.random.default_rng(4), words=0), beside="photo", own={"image": own}, agreement=kin
    )
    order, scores = FusionModel.fallback().rank(one)
    assert order[:5].tolist() == [0, 1, 2, 3, 4], "the thing itself may be among them"
    assert kin[order[5:18]].all()
    assert (np.diff(scores) <= 0).all()


def test_own_evidence_stands_in_columns_of_its_own() -> None:
    rng = np.random.default_rng(4)
    text = rng.uniform(0.1, 1, 30)
    text[3] = 0.0
    table = features_of(replace(candidates(rng, words=2), own={"text": text}))
    said = dict(zip(FEATURES, table.T, strict=True))
    assert np.array_equal(said["own_text"], text)
    assert said["own_text_from_best"].max() == 0
    assert (said["own_text_from_best"][3], said["own_text_rank"][3]) == (-1, 0)
    assert said["own_text_rank"].argmax() == text.argmax()
    assert not said["own_image"].any()


def test_evidence_never_speaks_against_a_product() -> None:
    model = fit_fusion([*judged("cosine", words=6), *judged("agreement", words=2)])
    for part in model.parts.values():
        for name, weight in zip(FEATURES, part.weights, strict=True):
            assert weight >= 0 or name in FREE, name


def test_a_query_of_unknown_words_gets_low_scores_when_judged_so() -> None:
    rng = np.random.default_rng(5)
    nonsense = [
        Judged(candidates(rng, 6, unknown_share=1.0, lexical=np.zeros(30)), np.zeros(30, dtype=int))
        for _ in range(40)
    ]
    model = fit_fusion([*judged("cosine", words=6), *nonsense])
    asked = judged("cosine", words=6, seed=1)
    best = [model.scores(one.candidates).max() for one in asked]
    lost = [model.scores(one.candidates).max() for one in nonsense]
    assert max(lost) < min(best)
    assert max(lost) < 0.2


def test_scores_are_expected_gains() -> None:
    """Mean score and mean gain agree on queries of the same kind."""
    model = fit_fusion(judged("cosine", words=6, count=200))
    unseen = judged("cosine", words=6, count=200, seed=1)
    said = np.mean([model.scores(one.candidates).mean() for one in unseen])
    assert said == pytest.approx(np.mean([(2.0**one.grades - 1).mean() / 3 for one in unseen]), abs=0.03)


def test_without_judgements_closeness_and_words_are_added_up() -> None:
    one = candidates(
        np.random.default_rng(0), 3, cosine=np.linspace(1, 0, 30), lexical=np.r_[np.zeros(29), 5.0]
    )
    scores = FusionModel.fallback().scores(one)
    assert scores[0] == pytest.approx(1.0)
    assert scores[29] == pytest.approx(WORDS_SHARE)
    ranks = rule_scores("ranks", one)
    assert ranks[0] == pytest.approx(1 / 61)
    assert ranks[29] == pytest.approx(1 / 90 + 1 / 61)
    with pytest.raises(InputError, match="fallback"):
        fit_fusion([Judged(one, np.zeros(30, dtype=int))])


def test_ties_stand_by_row_and_the_order_of_candidates_does_not_matter() -> None:
    model = fit_fusion(judged("cosine", words=6))
    one = candidates(np.random.default_rng(0), 6)
    mixed = np.random.default_rng(1).permutation(30)
    arrays = {
        name: value[mixed] if isinstance(value, np.ndarray) else value for name, value in vars(one).items()
    }
    other = Candidates(**arrays)
    assert one.rows[model.rank(one)[0]].tolist() == other.rows[model.rank(other)[0]].tolist()
    same = candidates(
        np.random.default_rng(0),
        0,
        rows=np.array([5, 3, 9]),
        cosine=np.ones(3),
        lexical=np.zeros(3),
        agreement=np.zeros(3),
    )
    assert same.rows[model.rank(same)[0]].tolist() == [3, 5, 9]


def test_features_have_their_names_and_are_finite_at_the_edges() -> None:
    rng = np.random.default_rng(0)
    assert features_of(candidates(rng, 4)).shape == (30, len(FEATURES))
    assert features_of(candidates(rng, 0)).shape == (30, len(FEATURES))
    nothing = candidates(rng, 2, lexical=np.zeros(30), unknown_share=1.0, bound=0.0)
    assert np.isfinite(features_of(nothing)).all()
    empty = {name: np.zeros(0) for name in ("cosine", "lexical", "agreement", "covered")}
    none = candidates(
        rng, 2, rows=np.zeros(0, int), feedback=np.zeros(0), feedback_agreement=np.zeros(0), **empty
    )
    assert features_of(none).shape == (0, len(FEATURES))


def test_saved_and_loaded_it_scores_the_same_and_other_features_are_refused(tmp_path: Path) -> None:
    model = fit_fusion([*judged("cosine", words=6), *judged("agreement", words=0)])
    model.save(tmp_path / "fusion.json")
    loaded = FusionModel.load(tmp_path / "fusion.json")
    for words in (6, 2, 0):
        one = candidates(np.random.default_rng(7), words)
        assert np.array_equal(loaded.scores(one), model.scores(one))
    stored = read_json(tmp_path / "fusion.json")
    write_json(tmp_path / "other.json", {**stored, "format": 99})
    with pytest.raises(ArtifactError, match="format = 99"):
        FusionModel.load(tmp_path / "other.json")
    del stored["parts"]["long"]["features"]["cosine"]
    write_json(tmp_path / "fewer.json", stored)
    with pytest.raises(ArtifactError, match="instead of"):
        FusionModel.load(tmp_path / "fewer.json")
    with pytest.raises(ArtifactError, match="missing"):
        FusionModel.load(tmp_path / "none.json")


def test_equal_judgements_give_equal_weights(tmp_path: Path) -> None:
    for name in ("a", "b"):
        fit_fusion([*judged("cosine", words=6), *judged("lexical", words=2)]).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_weighs_more_teaches_more_and_only_ratios_count() -> None:
    words, vectors = judged("lexical", 5), judged("cosine", 5, seed=1)

    def learned(one: float, other: float) -> FusionModel:
        heavy = [replace(q, weight=one) for q in words]
        return fit_fusion([*heavy, *(replace(q, weight=other) for q in vectors)])

    assert quality(learned(9.0, 0.1), words) > quality(learned(0.1, 9.0), words) + 0.05
    assert quality(learned(0.1, 9.0), vectors) > quality(learned(9.0, 0.1), vectors) + 0.05
    same = fit_fusion([*words, *vectors]).parts["long"].weights
    np.testing.assert_allclose(learned(7.0, 7.0).parts["long"].weights, same)


def mixed(by: str, count: int = 40, seed: int = 0, beside: str = "photo") -> list[Judged]:
    found = judged(by, 1, count, seed)
    mixes = [replace(o.candidates, words_weight=1.0, beside=beside) for o in found]
    return [Judged(one, o.grades, group) for group, (one, o) in enumerate(zip(mixes, found, strict=True))]


def test_mixed_queries_have_weights_of_their_own() -> None:
    words = judged("lexical", words=1)
    both = fit_fusion([*words, *mixed("cosine")])
    assert quality(both, mixed("cosine", seed=1)) > 0.9
    assert quality(both, judged("lexical", words=1, seed=1)) > 0.9
    alone = fit_fusion(words)
    one = judged("lexical", words=1, seed=1)[0].candidates
    np.testing.assert_array_equal(alone.scores(one), both.scores(one))


def test_too_few_mixed_queries_fall_to_the_rule() -> None:
    model = fit_fusion([*judged("lexical", words=1), *mixed("cosine", count=19)])
    assert "photo_words" not in model.parts
    one = mixed("cosine", seed=1)[0].candidates
    np.testing.assert_array_equal(model.scores(one), FusionModel.fallback().scores(one))
    assert model.describe()["photo_words"] == {"weights_of": "rule: sum", "judged_queries": 0}


def test_each_mix_has_weights_of_its_own_or_those_of_the_nearest() -> None:
    words = judged("lexical", words=1)
    taught = [*words, *mixed("cosine", beside="photo"), *mixed("agreement", beside="product")]
    model = fit_fusion([*taught, *mixed("lexical", count=19, beside="sound")])
    for beside, by in (("photo", "cosine"), ("product", "agreement"), ("sound", "cosine")):
        assert quality(model, mixed(by, seed=1, beside=beside)) > 0.9
    said = model.describe()
    learned = {"judged_queries": 40, "taught_by": "own"}
    assert said["sound_words"] == {"weights_of": "photo_words", **learned}
    assert said["product_words"] == {"weights_of": "product_words", **learned}
    own = fit_fusion([*taught, *mixed("lexical", beside="sound")])
    assert quality(own, mixed("lexical", seed=1, beside="sound")) > 0.9


def test_weights_of_before_each_mix_had_its_own_are_read_as_those_of_photo_and_words(tmp_path: Path) -> None:
    model = fit_fusion([*judged("lexical", words=1), *mixed("cosine")])
    model.save(tmp_path / "now.json")
    stored = read_json(tmp_path / "now.json")
    stored["parts"]["mixed"] = stored["parts"].pop("photo_words")
    write_json(tmp_path / "before.json", {**stored, "format": 1})
    old = FusionModel.load(tmp_path / "before.json")
    for beside in ("photo", "sound", "product"):
        one = mixed("cosine", seed=1, beside=beside)[0].candidates
        np.testing.assert_array_equal(old.scores(one), model.scores(one))


@pytest.mark.parametrize("learned", [True, False])
def test_the_more_the_words_weigh_the_more_they_decide(learned: bool) -> None:
    """What the first eight have of the words never falls as the words weigh more."""
    both = [*mixed("cosine", 30), *mixed("lexical", 30)]
    model = fit_fusion(both) if learned else FusionModel.fallback()
    one = mixed("cosine", seed=1)[0].candidates
    found = []
    for weight in (0.1, 0.5, 1.0, 1.5, 1.9):
        order, _ = model.rank(replace(one, words_weight=weight))
        found.append(float((one.lexical if learned else one.covered)[order[:8]].mean()))
    assert found == sorted(found)
    assert found[-1] > found[0]


def test_other_weights_change_the_order_and_keep_the_level() -> None:
    """Best and mean stay those of equal weights, so scores of one query compare at any weights."""
    model = fit_fusion([*mixed("cosine", 30), *mixed("lexical", 30)])
    for one in (query.candidates for query in mixed("cosine", count=20, seed=1)):
        plain = model.scores(one)
        orders = set()
        for weight in (0.1, 0.5, 1.5, 1.9):
            order, scores = model.rank(replace(one, words_weight=weight))
            orders.add(tuple(order.tolist()))
            assert scores[0] == pytest.approx(plain.max(), rel=1e-9)
            assert logit(scores).mean() == pytest.approx(logit(plain).mean())
        assert len(orders) > 1


def test_once_a_product_is_before_another_for_its_words_more_weight_leaves_it_there() -> None:
    model = fit_fusion([*mixed("cosine", 30), *mixed("lexical", 30)])
    one = mixed("cosine", seed=1)[0].candidates
    before = np.zeros((30, 30), bool)
    more = np.subtract.outer(one.lexical, one.lexical) > 0
    # Of two, one has more of every kind of lexical evidence.
    for name in ("covered", "feedback", "feedback_agreement"):
        more &= np.subtract.outer(getattr(one, name), getattr(one, name)) > 0
    assert more.any()
    for weight in (0.1, 0.5, 1.0, 1.5, 1.9):
        scores = model.scores(replace(one, words_weight=weight))
        ahead = np.subtract.outer(scores, scores) > 0
        assert not (before & more & ~ahead).any()
        before = ahead


def blurred(count: int, seed: int, beside: str) -> list[Judged]:
    """Relevant is what has a high cosine, as far as chance lets it."""
    chance = np.random.default_rng(seed)
    found = []
    for group, one in enumerate(mixed("cosine", count, seed, beside)):
        seen = one.candidates.cosine + chance.normal(0, 0.5, 30)
        grades = np.zeros(30, dtype=int)
        grades[np.argsort(-seen)[:4]] = 2
        found.append(Judged(one.candidates, grades, group))
    return found


def test_a_mix_of_few_queries_learns_from_all_mixes_where_that_ranks_better() -> None:
    many, few = blurred(80, 0, "product"), blurred(20, 4, "photo")
    model = fit_fusion([*many, *few])
    assert model.describe()["photo_words"] == {
        "weights_of": "photo_words", "judged_queries": 100, "taught_by": "mixes"
    }  # fmt: skip
    unseen = blurred(100, 9, "photo")
    assert quality(model, unseen) > quality(fit_fusion(few), unseen)
    # Mixes that want something else keep their own.
    other = fit_fusion([*mixed("cosine", 40, beside="photo"), *mixed("lexical", 40, beside="sound")])
    assert {other.describe()[kind]["taught_by"] for kind in ("photo_words", "sound_words")} == {"own"}


def test_weights_of_before_a_feature_was_there_give_it_none(tmp_path: Path) -> None:
    model = fit_fusion(judged("cosine", words=2))
    model.save(tmp_path / "fusion.json")
    stored = read_json(tmp_path / "fusion.json")
    del stored["parts"]["short"]["features"]["complete"]
    write_json(tmp_path / "before.json", stored)
    part = FusionModel.load(tmp_path / "before.json").parts["short"]
    assert part.weights[FEATURES.index("complete")] == 0.0


def test_a_listing_with_every_word_says_so() -> None:
    one = candidates(np.random.default_rng(0), 3, covered=np.linspace(0, 1, 30))
    complete = features_of(one)[:, FEATURES.index("complete")]
    assert complete.tolist() == [0.0] * 29 + [1.0]
