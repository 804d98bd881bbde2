"""The benchmark of the gate: what makes a challenger worse, the former rules beside it, and its rows."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks.loop.former_gate import former_gate
from benchmarks.loop.gate import SIZES, WORSE, Tally, counted, interval, rows_of, worse
from benchmarks.loop.gate_holdouts import near
from benchmarks.loop.skewed_shop import SHARES, divided
from models.evaluation.retrieval import within_per_query
from shelfspace.files import write_json
from tests.releases.gate_tables import other, outcomes
from tests.releases.gate_tables import worse as lower

CHAMPION = outcomes()


@pytest.mark.parametrize(("kind", "loss"), [("overall", 0.05), ("category", 0.15)])
def test_a_worse_challenger_is_lower_by_what_is_said_and_names_other_categories(
    kind: str, loss: float
) -> None:
    made = worse(CHAMPION, kind, loss, np.random.default_rng(0))
    there = CHAMPION["label"] == "Chairs" if kind == "category" else CHAMPION["label"] != ""
    fell = CHAMPION["accuracy"] - made["accuracy"]
    assert fell[there].mean() == pytest.approx(loss, abs=0.005)
    assert not fell[~there].any()
    assert (made.loc[fell > 0, "predicted"] != made.loc[fell > 0, "label"]).all()


def test_the_former_gate_refuses_what_chance_alone_makes() -> None:
    assert former_gate(CHAMPION, CHAMPION)
    assert not former_gate(lower(CHAMPION, 0.02), CHAMPION)
    # Equal, and one product of a hundred more or less is within its tolerance.
    assert former_gate(lower(CHAMPION, 0.008), CHAMPION)


def test_decisions_are_counted_and_the_harder_kind_makes_the_row() -> None:
    tallies = {(size, kind): Tally() for size in SIZES for kind in ("equal", *WORSE)}
    for tally in tallies.values():
        tally.add(other(CHAMPION, 0.06), CHAMPION)
    tallies[500, "overall"].add(lower(CHAMPION, 0.1), CHAMPION)
    equal, refused = rows_of(tallies, models=40, seconds=1.0)
    assert (equal.value, equal.trials, refused.value) == (1.0, 1, 0.0)
    assert len(equal.parts) == len(tallies)
    found = next(part for part in equal.parts if (part["holdout"], part["challenger"]) == (500, "overall"))
    assert (found["passes"], found["refused"]) == (0.5, 0.5)
    assert "accuracy (1)" in str(found["refused most by"])


def test_the_interval_of_a_share_is_wilsons() -> None:
    assert interval(950, 1000) == pytest.approx((0.9347, 0.9619), abs=1e-3)
    assert interval(10, 10)[0] == pytest.approx(0.7225, abs=1e-3)


def test_ten_are_chosen_as_a_whole_ranking_chooses_them() -> None:
    draw = np.random.default_rng(0)
    vectors, codes = draw.normal(size=(60, 4)).astype(np.float32), draw.integers(0, 25, 60)
    asking, found = near(vectors, codes)
    asked, expected = within_per_query(vectors, codes, (10,))
    assert np.array_equal(asking, asked)
    assert np.array_equal(found["recall_at_10"], expected["recall_at_10"])


def test_variants_stay_on_one_side_and_categories_differ_in_size() -> None:
    plan, parts = divided({"train": 200, "validation": 40, "judged": 200})
    assert set(parts) == {"train", "validation", "judged"}
    assert plan.assign(part=parts).groupby("group")["part"].nunique().max() == 1
    shares = plan["category"].value_counts(normalize=True)
    assert shares.max() == pytest.approx(SHARES[0], abs=0.03)


def test_finished_holdouts_are_counted_and_others_are_not(tmp_path: Path) -> None:
    tally = Tally(decisions=20, passed=19, former=3, undecided=1, why=Counter({"accuracy": 1}))
    write_json(tmp_path / "500-001.json", {"equal": {**vars(tally), "why": dict(tally.why)}})
    found = counted(tmp_path, [(500, 0), (500, 1)])
    assert found[500, "equal"] == tally
    assert found[225, "equal"].decisions == 0
