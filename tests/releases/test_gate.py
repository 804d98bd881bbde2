"""The gate says no with both figures, and judges only what exists."""

import copy

import numpy as np
import orjson
import pytest

from releases.floors import guessing
from releases.gate import decide
from shelfspace.settings import Gate


def evaluation(accuracy: float = 0.9, recall: float = 0.9, rows: int = 40) -> dict:
    return {
        "rows": 200,
        "holdout": "h1",
        "labels": {"scored_rows": 200},
        "overall": {"accuracy": accuracy, "macro_f1": accuracy - 0.02},
        "by_subset": {"text": {"accuracy": accuracy - 0.05, "recall_at_10": 0.8}},
        "by_category": {"Lamps": {"recall": recall, "rows": rows}},
        "retrieval": {"within": {"recall_at_10": 0.95}, "across": {"text->image": {"recall_at_10": 0.5}}},
    }


def test_first_model_needs_only_the_floors() -> None:
    verdict = decide(evaluation(), None, Gate())
    assert verdict.promote
    assert "there is no champion to compare with" in verdict.reasons
    orjson.dumps(verdict.to_dict())


def holdout(rows: int, sizes: list[int], **figures: float) -> dict:
    """An evaluation of so many products in categories of these sizes."""
    found = evaluation()
    found["rows"] = found["labels"]["scored_rows"] = rows
    found["by_category"] = {f"c{i}": {"recall": 0.5, "rows": size} for i, size in enumerate(sizes)}
    found["overall"] = {"accuracy": 0.9, "macro_f1": 0.9} | figures
    return found


@pytest.mark.parametrize(
    ("sizes", "accuracy", "promoted"),
    [
        ([20] * 10, 0.30, False),  # a guess gives 0.100, the floor is 0.325
        ([20] * 10, 0.33, True),
        ([150, 50], 0.80, False),  # a guess gives 0.750, the floor is 0.812
        ([3] * 66, 0.30, True),  # a guess gives 0.015, the floor is 0.261
    ],
)
def test_a_floor_stands_a_part_of_the_way_from_guessing_to_always_right(
    sizes: list[int], accuracy: float, promoted: bool
) -> None:
    verdict = decide(holdout(sum(sizes), sizes, accuracy=accuracy), None, Gate())
    assert verdict.promote is promoted
    said = next(s for s in verdict.reasons if s.startswith("accuracy"))
    assert f"with {len(sizes)} categories, and gate.min_lift asks 0.25 of the way from there to 1" in said


def test_a_refusal_names_figure_floor_guess_and_setting() -> None:
    verdict = decide(holdout(200, [20] * 10, accuracy=0.30), None, Gate())
    assert verdict.refusals == [
        "accuracy 0.300 of 200 products, 95% interval up to 0.300 is below the floor of 0.325: always naming "
        "the largest category gives 0.100 with 10 categories, and gate.min_lift asks 0.25 of the way from "
        "there to 1"
    ]
    near = holdout(200, [20] * 10, accuracy=0.30) | {"intervals": {"accuracy": [0.24, 0.36]}}
    assert decide(near, None, Gate()).promote
    assert not decide(near, None, Gate(min_lift=0.5)).promote
    assert decide(near, None, Gate(min_lift=0.0)).promote


def test_too_few_products_or_a_guess_that_is_nearly_always_right_judge_nothing() -> None:
    few = decide(holdout(4, [3, 1], accuracy=0.0, macro_f1=0.0), None, Gate())
    assert few.promote
    assert "accuracy 0.000 is not judged: 4 products of the holdout are too few (30 are enough)" in few.notes
    one = decide(holdout(200, [195, 5], accuracy=0.97), None, Gate())
    assert "accuracy 0.970 is not judged: always naming the largest category gives 0.975" in one.notes


@pytest.mark.parametrize("accuracy", [0.499, 0.2])
def test_an_absolute_floor_refuses_with_both_figures(accuracy: float) -> None:
    verdict = decide(evaluation(accuracy), None, Gate(min_accuracy=0.5, min_macro_f1=0.0))
    assert not verdict.promote
    assert verdict.reasons[0] == f"accuracy {accuracy:.3f} is below the floor of 0.500"
    assert decide(evaluation(accuracy), None, Gate(min_accuracy=0.0, min_macro_f1=0.0)).promote


def test_a_simple_text_model_that_is_better_is_named_and_does_not_refuse() -> None:
    found = evaluation()
    found["baseline"] = {"name": "TF-IDF", "accuracy": 0.97, "gain": -0.07, "gain_interval": [-0.1, -0.04]}
    verdict = decide(found, None, Gate())
    assert verdict.promote
    assert "accuracy is 0.070 below that of a simple text model (TF-IDF: 0.970" in " ".join(verdict.notes)
    found["baseline"]["gain_interval"] = [-0.1, 0.01]
    assert "simple text model" not in " ".join(decide(found, None, Gate()).notes)


def test_recall_at_ten_is_held_against_ten_products_at_random() -> None:
    """The share of queries that ten draws without return give one of the same category, counted."""
    draw = np.random.default_rng(0)
    sizes = [5] * 40
    labels = np.repeat(np.arange(40), 5)
    hits = [
        (labels[draw.choice(np.delete(np.arange(200), i), 10, replace=False)] == labels[i]).any()
        for i in np.tile(np.arange(200), 50)
    ]
    assert guessing("recall_at_10", sizes, 200) == pytest.approx(np.mean(hits), abs=0.015)
    found = holdout(200, sizes)
    found["retrieval"]["within"] = {"recall_at_10": 0.25, "queries": 200}
    assert decide(found, None, Gate()).refusals[0].startswith("same-category recall@10 0.250 of 200 products")


def test_slightly_lower_is_within_tolerance_and_lower_still_is_not() -> None:
    champion = evaluation(0.90)
    # A subset falls with the whole; its own tolerance is wider.
    assert decide(evaluation(0.89), champion, Gate()).promote
    verdict = decide(evaluation(0.88), champion, Gate())
    assert not verdict.promote
    assert verdict.refusals[0] == (
        "accuracy: 0.880 is 0.020 below the champion's 0.900, more than the allowed 0.010"
    )


def test_a_subset_alone_refuses() -> None:
    challenger = evaluation()
    challenger["by_subset"]["text"]["accuracy"] -= 0.04
    verdict = decide(challenger, evaluation(), Gate())
    assert not verdict.promote
    assert len(verdict.refusals) == 1
    assert "accuracy with text only: 0.810" in verdict.refusals[0]


@pytest.mark.parametrize(("rows", "promoted"), [(30, False), (29, True)])
def test_only_large_categories_refuse(rows: int, promoted: bool) -> None:
    verdict = decide(evaluation(recall=0.5, rows=rows), evaluation(rows=rows), Gate())
    assert verdict.promote is promoted
    if not promoted:
        assert "recall of Lamps (30 products): 0.500" in verdict.refusals[0]


def test_another_holdout_is_never_compared() -> None:
    champion = evaluation(0.5) | {"holdout": "h2", "rows": 180}
    verdict = decide(evaluation(), champion, Gate())
    assert not verdict.promote
    assert "200" in verdict.refusals[0]
    assert "180" in verdict.refusals[0]


def unlabelled(recall: float) -> dict:
    result = evaluation()
    result |= {"overall": {"rows": 200}, "by_category": {}, "by_subset": {"text": {"rows": 200}}}
    result["labels"] = {"scored_rows": 0}
    result["retrieval"] = {"across": {"text->image": {"recall_at_10": recall}}}
    return result


def test_without_labels_retrieval_decides_and_the_verdict_says_so() -> None:
    first = decide(unlabelled(0.4), None, Gate())
    assert first.promote
    assert "accuracy is not judged: the holdout gives no such figure" in first.notes
    assert decide(unlabelled(0.41), unlabelled(0.4), Gate()).promote
    worse = decide(unlabelled(0.3), unlabelled(0.4), Gate())
    assert not worse.promote
    assert worse.refusals == [
        "same-product recall@10 from text to image: 0.300 is 0.100 below the champion's 0.400, "
        "more than the allowed 0.030"
    ]


def test_nothing_measurable_keeps_the_champion_and_lets_a_first_model_in() -> None:
    bare = unlabelled(0.4)
    bare["retrieval"] = {}
    assert not decide(bare, copy.deepcopy(bare), Gate()).promote
    first = decide(bare, None, Gate())
    assert first.promote
    assert any("unjudged" in note for note in first.notes)


def test_what_only_the_champion_reads_is_noted() -> None:
    champion = evaluation()
    champion["by_subset"]["audio"] = {"accuracy": 0.99}
    verdict = decide(evaluation(), champion, Gate())
    assert verdict.promote
    assert "audio: the challenger does not read it, so it is not compared" in verdict.notes


def test_a_challenger_that_lost_a_figure_is_refused() -> None:
    verdict = decide(unlabelled(0.9), evaluation(), Gate())
    assert not verdict.promote
    assert verdict.refusals[0] == "accuracy: the champion reaches 0.900 and the challenger gives none"


def by_titles(mrr: float, high: float, rows: int = 300) -> dict:
    found = evaluation()
    found["overall"], found["by_category"], found["by_subset"] = {"rows": 200}, {}, {}
    known = {"recall_at_10": 0.9, "mrr": mrr, "frozen": {"mrr": 0.8}}
    known["compared"] = {"interval": [high - 0.1, high], "rows": rows}
    found["retrieval"] = {"known_item": known}
    return found


@pytest.mark.parametrize(
    ("high", "rows", "promoted"), [(0.05, 300, True), (-0.01, 300, False), (-0.01, 29, True)]
)
def test_without_labels_a_model_must_find_listings_as_the_frozen_encoder_does(high, rows, promoted) -> None:
    verdict = decide(by_titles(0.75, high, rows), None, Gate())
    assert verdict.promote is promoted
    assert "the frozen encoder's 0.800" in verdict.reasons[0]
    assert "accuracy is not judged: the holdout gives no such figure" in verdict.notes


def test_finding_listings_worse_than_the_champion_refuses() -> None:
    challenger, champion = by_titles(0.8, 0.05), by_titles(0.8, 0.05)
    challenger["retrieval"]["known_item"]["recall_at_10"] = 0.86
    assert not decide(challenger, champion, Gate()).promote
    challenger["retrieval"]["known_item"]["recall_at_10"] = 0.88
    assert decide(challenger, champion, Gate()).promote
