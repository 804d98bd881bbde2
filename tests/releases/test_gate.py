"""The gate says no with both figures, and judges only what exists."""

from dataclasses import replace

import numpy as np
import orjson
import pandas as pd
import pytest

from releases import gate
from releases.gate import Judged, Verdict
from releases.gate.cost import Cost, affordable
from releases.gate.floors import guessing
from shelfspace.settings import Gate
from tests.releases.gate_tables import judged, other, outcomes, worse


def decide(evaluation: dict, champion: None, settings: Gate) -> Verdict:
    """A first model's verdict: nothing but its figures is asked for."""
    return gate.decide(Judged(evaluation, pd.DataFrame()), champion, settings)


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


CHAMPION = outcomes()


def beside(challenger: pd.DataFrame, champion: pd.DataFrame = CHAMPION, **settings: object) -> Verdict:
    return gate.decide(judged(challenger), judged(champion), Gate.model_validate(settings))


def test_an_equal_challenger_passes_and_every_figure_is_shown_with_its_margin() -> None:
    verdict = beside(other(CHAMPION, 0.06))
    assert verdict.promote
    assert not verdict.undecided
    lines = {line.figure: line for line in verdict.lines}
    assert lines["accuracy"].verdict == "not worse"
    assert lines["accuracy"].margin == 0.05
    assert -0.05 < lines["accuracy"].low < lines["accuracy"].difference == pytest.approx(0.0, abs=1e-6)
    assert lines["recall of Lamps (125 products)"].verdict == "no veto"
    assert lines["recall of Lamps (125 products)"].margin > 0.02
    assert orjson.loads(orjson.dumps(verdict.to_dict()))["lines"][0]["figure"] == "accuracy"


def test_a_challenger_that_is_worse_overall_is_refused_with_both_figures() -> None:
    verdict = beside(worse(other(CHAMPION, 0.06), 0.05))
    assert not verdict.promote
    assert verdict.refusals[0].startswith("accuracy: 0.8")
    assert "beside the champion's 0.9" in verdict.refusals[0]
    assert "is worse" in verdict.refusals[0]


def test_a_large_category_alone_refuses_and_says_its_margin() -> None:
    verdict = beside(worse(other(CHAMPION, 0.06), 0.15, "Rugs"))
    refused = [line for line in verdict.lines if line.verdict == "veto"]
    assert refused[0].figure == "recall of Rugs (100 products)"
    assert {line.figure for line in refused[1:]} <= {"macro F1"}
    assert f"more than {refused[0].margin:.3f}" in " ".join(verdict.refusals)


def test_a_small_category_refuses_where_it_breaks_down_and_not_before() -> None:
    """Of 50 products five that are lost may be chance and another training's luck, thirty are not."""
    assert beside(worse(CHAMPION, 0.1, "Vases")).promote
    refused = [line.figure for line in beside(worse(CHAMPION, 0.6, "Vases")).lines if line.verdict == "veto"]
    assert "recall of Vases (50 products)" in refused
    few = outcomes(250)  # 25 of them are too few for any verdict
    assert not any("Vases" in line.figure for line in beside(worse(few, 0.6, "Vases"), few).lines)


def test_a_large_category_has_the_narrower_margin() -> None:
    def margin(**settings: int) -> float:
        lines = beside(other(CHAMPION, 0.06), **settings).lines
        return next(line.margin for line in lines if line.figure == "recall of Lamps (125 products)")

    assert margin() < margin(category_min_rows=126)


def test_a_view_in_which_the_champion_only_guesses_is_not_judged() -> None:
    blind = CHAMPION.assign(**{"accuracy in audio": (np.arange(500) % 4 == 0).astype(np.float32)})
    lines = beside(blind.assign(**{"accuracy in audio": np.float32(0)}), blind).lines
    assert "accuracy with audio only" not in {line.figure for line in lines}
    assert "accuracy with text only" in {line.figure for line in lines}


def test_a_subset_alone_refuses() -> None:
    verdict = beside(worse(CHAMPION, 0.25, column="accuracy in text"))
    assert [line.figure for line in verdict.lines if line.verdict == "veto"] == ["accuracy with text only"]
    assert not verdict.promote


def test_a_loss_that_does_not_matter_refuses_however_sure_it_is() -> None:
    many = outcomes(5_000)
    lost = worse(many, 0.19, column="accuracy in text")
    assert not beside(lost, many).promote
    assert beside(lost, many, tolerance=0.2).promote


@pytest.mark.parametrize("undecided", ["keep", "promote"])
def test_a_holdout_too_small_to_tell_says_so_and_the_setting_decides(undecided: str) -> None:
    few = outcomes(43)
    verdict = beside(other(few, 0.1), few, undecided=undecided)
    assert verdict.undecided
    assert verdict.promote is (undecided == "promote")
    said = next(s for s in verdict.reasons if "too small" in s)
    assert f"gate.undecided is {undecided}" in said
    assert "an equal challenger would pass" in said
    # What is plainly worse is refused whatever the setting says.
    assert not beside(worse(few, 0.3), few, undecided="promote").promote


def test_a_product_only_one_can_read_or_knows_the_class_of_is_one_the_other_has_wrong() -> None:
    blind = CHAMPION.iloc[60:]
    assert not beside(blind).promote
    assert beside(CHAMPION, blind).promote
    line = next(line for line in beside(blind).lines if line.figure == "accuracy")
    assert line.products == 500
    assert line.difference == pytest.approx(-CHAMPION["accuracy"].iloc[:60].sum() / 500)


def test_without_labels_finding_listings_by_their_titles_decides() -> None:
    table = CHAMPION[["product_id", "group"]].assign(label="", known_item=CHAMPION["accuracy"])
    assert beside(table, table).promote
    fewer = table.assign(known_item=worse(CHAMPION, 0.06)["accuracy"])
    verdict = beside(fewer, table)
    assert verdict.refusals[0].startswith("recall@10 of a listing by its title: ")
    pairs = table.rename(columns={"known_item": "recall_at_10 text->image"})
    assert beside(pairs, pairs).lines[0].figure == "same-product recall@10 across modalities"


def test_nothing_measurable_keeps_the_champion_and_lets_a_first_model_in() -> None:
    bare = CHAMPION[["product_id", "group"]].assign(label="")
    assert beside(bare, bare).refusals == [
        "no figure exists that both models have, so the champion stays (0 of 0 compared)"
    ]
    first = decide(judged(bare).evaluation, None, Gate())
    assert first.promote
    assert any("unjudged" in note for note in first.notes)


def test_what_only_the_champion_reads_is_noted() -> None:
    champion = judged(CHAMPION, by_subset={"text": {}, "audio": {}})
    verdict = gate.decide(judged(CHAMPION), champion, Gate())
    assert verdict.promote
    assert "audio: the challenger does not read it, so it is not compared" in verdict.notes


@pytest.mark.parametrize(
    ("cost", "refused"),
    [
        (Cost(29.0, 29.0), ""), (Cost(31.0, 10.0), "size: 31.0 MB beside the champion's 10.0 MB"),
        (Cost(10.0, 31.0), "time to read a product: 31.0 ms beside the champion's 10.0 ms"),
    ],
)  # fmt: skip
def test_a_much_larger_or_slower_challenger_is_refused(cost: Cost, refused: str) -> None:
    mine, champion = (replace(judged(CHAMPION), cost=each) for each in (cost, Cost(10.0, 10.0)))
    verdict = gate.decide(mine, champion, Gate())
    assert [said[: len(refused)] for said in verdict.refusals] == ([refused] if refused else [])
    assert gate.decide(mine, champion, Gate(times_larger=4.0, times_slower=4.0)).promote
    # A few milliseconds are felt by nobody, however many times as long they are.
    assert all(found.passed for found in affordable(Cost(1.0, 4.0), Cost(1.0, 0.5), Gate()))


def test_a_challenger_that_lost_a_figure_is_refused() -> None:
    verdict = beside(CHAMPION.drop(columns=["accuracy", "predicted", "confidence"]))
    assert verdict.refusals[0] == "accuracy: the champion has it and the challenger does not"
