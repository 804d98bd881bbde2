"""One judgement of a hand-made encoder: every subset, absences stated, JSON all the way."""

from itertools import combinations

import numpy as np
import orjson
import pytest

from models.evaluation import holdout
from models.evaluation.card import model_card, weaknesses
from models.evaluation.evaluate import evaluate, subset_name
from models.evaluation.leaning import leaning
from models.evaluation.plots import plots_data
from shelfspace.errors import ArtifactError, InputError
from shelfspace.settings import Settings
from tests.models.judged import LABELS, PAIR, PrototypeEncoder, make_table

SETTINGS = Settings.model_validate({"evaluation": {"bootstrap": 30}})
ALL = ("text", "image", "audio", "tabular")


def judged(weighs: bool = False, **options: object) -> tuple[dict, np.ndarray]:
    table, codes = make_table(150, ALL)
    names = np.array(LABELS, dtype=object)[codes]
    texts = [f"{LABELS[c].split()[0]} number {i % 5}" for i, c in enumerate(codes)]
    rows, train = np.arange(0, 150, 2), np.arange(1, 150, 2)
    encoder = PrototypeEncoder(modalities=ALL, weighs=weighs)
    result, _ = evaluate(
        encoder, table, names, rows, SETTINGS, texts=texts, train_rows=train, progress=False, **options
    )
    return result, names[rows]


def test_every_subset_is_judged_and_figures_agree_with_the_encoder() -> None:
    found, _ = judged()
    expected = {subset_name(s) for size in range(1, 5) for s in combinations(ALL, size)}
    assert set(found["by_subset"]) == expected
    table, codes = make_table(150, ALL)
    holdout = table.take(np.arange(0, 150, 2))
    both = holdout.modalities["text"].present & holdout.modalities["image"].present
    part = holdout.take(np.flatnonzero(both))
    guess = PrototypeEncoder(modalities=ALL).classify_features(part, only=("text", "image")).argmax(axis=1)
    figures = found["by_subset"]["image+text"]
    assert figures["rows"] == both.sum()
    assert figures["accuracy"] == pytest.approx((guess == codes[::2][both]).mean())
    assert figures["any_present"]["rows"] > figures["rows"]
    low, high = figures["intervals"]["accuracy"]
    assert low <= figures["accuracy"] <= high
    assert found["absent"] == []
    assert orjson.loads(orjson.dumps(found)) == found


def test_the_same_judgement_twice_is_equal() -> None:
    assert judged()[0] == judged()[0]


def test_across_covers_every_ordered_pair_and_beats_guessing() -> None:
    across = judged()[0]["retrieval"]["across"]
    assert len(across) == 12
    assert across["text->image"]["recall_at_10"] > 3 * across["text->image"]["chance_at_10"]


def test_baseline_stands_beside_with_a_paired_gain() -> None:
    found, _ = judged()
    beside = found["baseline"]
    assert beside["accuracy"] == 1.0  # the texts name the class
    assert beside["gain"] == pytest.approx(found["overall"]["accuracy"] - 1.0)
    assert "is beaten by the baseline" in card(found)


def test_vectors_cut_short_are_judged_where_they_may_be_cut() -> None:
    table, codes = make_table(90)
    encoder = PrototypeEncoder()
    assert "Vectors cut short" not in card(
        evaluate(encoder, table, codes, np.arange(90), SETTINGS, progress=False)[0]
    )
    encoder.nested_dims = (2, 8)
    found, _ = evaluate(encoder, table, codes, np.arange(90), SETTINGS, progress=False)
    nested = found["retrieval"]["nested"]
    assert set(nested) == {"2", "8"}
    vectors = encoder.embed_features(table)[:, :2]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    alike = vectors @ vectors.T
    np.fill_diagonal(alike, -2)
    assert nested["2"]["recall_at_1"] == pytest.approx((codes[alike.argmax(axis=1)] == codes).mean())
    assert f"| 2 | {nested['2']['recall_at_1']:.3f} |" in card(found)


def test_a_model_without_weights_leans_on_nothing() -> None:
    found, _ = judged()
    assert "modality_weights" not in found
    assert "leans on" not in card(found)
    assert "modality_weights" not in plots_data(found)


def test_weights_are_told_overall_where_present_and_by_category() -> None:
    found, _ = judged(weighs=True)
    told = found["modality_weights"]
    assert sum(told["overall"].values()) == pytest.approx(1)
    assert told["leans_on"] == max(told["overall"], key=told["overall"].get)
    assert all(told["where_present"][m] > told["overall"][m] for m in ALL)
    assert told["completed"] == 0
    assert {c: part["rows"] for c, part in told["by_category"].items()} == {c: 25 for c in LABELS}
    mean = np.mean([part["weights"]["text"] for part in told["by_category"].values()])
    assert mean == pytest.approx(told["overall"]["text"])
    table = plots_data(found)["modality_weights"]
    assert list(table["products"]) == ["all", "that have the modality", *sorted(LABELS)]
    assert f"leans on {told['leans_on']}: {told['overall'][told['leans_on']]:.1%}" in card(found)
    assert orjson.loads(orjson.dumps(found)) == found


def test_weight_on_what_was_filled_in_is_told() -> None:
    weights = np.array([[0.5, 0.5], [0.8, 0.2]])
    present = np.array([[True, False], [True, True]])
    told = leaning(weights, present, PAIR, np.array(["", "a"], dtype=object))
    assert told["completed"] == pytest.approx(0.25)
    assert told["where_present"] == {"text": pytest.approx(0.65), "image": pytest.approx(0.2)}
    assert list(told["by_category"]) == ["a"]


def card(found: dict) -> str:
    return model_card(
        found,
        name="sample",
        data_version="d1",
        splits={"train": 75, "test": 75},
        settings=SETTINGS.model_dump(),
        provenance={"commit": "abc"},
        verdict={"promote": True, "reasons": ["accuracy 0.9 reaches the floor of 0.5"]},
    )


def test_without_labels_classification_is_absent_and_never_zero() -> None:
    table, _ = make_table(80)
    encoder = PrototypeEncoder(labels=())
    found, _ = evaluate(encoder, table, np.full(80, -1), np.arange(40), SETTINGS, progress=False)
    assert found["overall"] == {"rows": 40}
    assert found["by_category"] == {}
    assert "within" not in found["retrieval"]
    assert found["retrieval"]["across"]["text->image"]["recall_at_10"] > 0
    assert any(text.startswith("classification") for text in found["absent"])
    assert "accuracy" not in found["by_subset"]["text"]
    assert "without known categories" in card(found)
    assert set(plots_data(found)) == {"subsets"}


def test_a_class_the_encoder_never_learned_is_scored_apart() -> None:
    table, codes = make_table(90)
    names = np.array(LABELS, dtype=object)[codes]
    encoder = PrototypeEncoder(labels=LABELS[:2])
    found, _ = evaluate(encoder, table, names, np.arange(90), SETTINGS, progress=False)
    assert found["labels"]["unseen"] == [LABELS[2]]
    assert found["labels"]["unseen_rows"] == 30
    assert found["overall"]["rows"] == 60
    assert found["retrieval"]["within"]["queries"] == 90
    assert any("never learned" in line for line in weaknesses(found))


def test_indices_and_names_are_the_same_labels() -> None:
    table, codes = make_table(60)
    names = np.array(LABELS, dtype=object)[codes]
    by_index, _ = evaluate(PrototypeEncoder(), table, codes, np.arange(60), SETTINGS, progress=False)
    by_name, _ = evaluate(PrototypeEncoder(), table, names, np.arange(60), SETTINGS, progress=False)
    assert by_index == by_name


def test_a_modality_nobody_has_is_named() -> None:
    table, codes = make_table(60, missing=0.0)
    table.modalities["image"].present[:] = False
    table.modalities["text"].present[50:] = False
    found, _ = evaluate(PrototypeEncoder(), table, codes, np.arange(60), SETTINGS, progress=False)
    assert set(found["by_subset"]) == {"text"}
    assert found["absent"][0] == "image: no product of the holdout has it"
    assert (found["rows"], found["unreadable"]) == (50, 10)
    assert found["retrieval"]["across"] == {}


def test_nothing_to_judge_is_refused() -> None:
    table, codes = make_table(10)
    with pytest.raises(InputError, match="rows"):
        evaluate(PrototypeEncoder(), table, codes, np.array([], dtype=int), SETTINGS, progress=False)
    with pytest.raises(InputError, match="one label for each"):
        evaluate(PrototypeEncoder(), table, codes[:5], np.arange(10), SETTINGS, progress=False)


def test_a_broken_encoder_is_refused() -> None:
    class Broken(PrototypeEncoder):
        def embed_features(self, features: object, only: object = None) -> np.ndarray:
            return np.full((len(features), 16), np.nan, dtype=np.float32)

    table, codes = make_table(10)
    with pytest.raises(ArtifactError, match="not finite"):
        evaluate(Broken(), table, codes, np.arange(10), SETTINGS, progress=False)


def test_of_a_large_holdout_some_products_are_ranked_the_same_for_every_model() -> None:
    table, codes = make_table(90, missing=0.0)
    few = Settings.model_validate({"evaluation": {"bootstrap": 30, "ranked_rows": 40}})
    found, _ = evaluate(PrototypeEncoder(), table, codes, np.arange(90), few, progress=False)
    turned, _ = evaluate(PrototypeEncoder(), table, codes, np.arange(90)[::-1], few, progress=False)
    assert found["ranked_rows"] == 40
    assert found["overall"]["rows"] == 90
    assert found["retrieval"]["within"]["gallery"] == 40
    assert found["retrieval"]["across"]["text->image"]["queries"] == 40
    assert turned["retrieval"]["within"]["map"] == pytest.approx(found["retrieval"]["within"]["map"])
    assert "rank 40 of them" in card(found)
    whole, _ = evaluate(PrototypeEncoder(), table, codes, np.arange(90), SETTINGS, progress=False)
    assert "ranked_rows" not in whole


def test_a_single_modality_is_ranked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rankings = []
    measured = holdout.within_per_query

    def counted(*given: object) -> object:
        rankings.append(given)
        return measured(*given)

    monkeypatch.setattr(holdout, "within_per_query", counted)
    table, codes = make_table(60, missing=0.0)
    encoder = PrototypeEncoder(modalities=("text",))
    found, _ = evaluate(encoder, table, codes, np.arange(60), SETTINGS, progress=False)
    assert len(rankings) == 1
    assert found["by_subset"]["text"]["map"] == found["retrieval"]["within"]["map"]


def test_card_names_what_was_measured() -> None:
    found, _ = judged()
    text = card(found)
    assert f"{found['overall']['accuracy']:.3f}" in text
    assert "| audio + image + tabular + text |" in text
    assert "家居 > 灯具" in text
    assert "becomes champion" in text
    weakest = min(found["by_subset"].items(), key=lambda item: item[1]["accuracy"])[0]
    assert f"Weakest view: {weakest.replace('+', ' + ')} only" in text
    for line in text.splitlines():
        assert "nan" not in line.lower().split()


def test_plots_data_holds_every_product_once() -> None:
    found, names = judged()
    tables = plots_data(found)
    pairs = tables["confusion"]
    assert len(pairs) == len(names)
    assert (pairs["actual"] == pairs["predicted"]).mean() == pytest.approx(found["overall"]["accuracy"])
    assert list(tables["subsets"]["subset"]) == list(found["by_subset"])
    assert set(tables["roc"]["curve"]) == {"macro", *LABELS}
