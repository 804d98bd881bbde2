"""The live half of the half year: what is noted of a step, and the clock in a shop's settings."""

import yaml

from benchmarks.loop.year.platform import CLOCK
from benchmarks.loop.year.timeline import lines
from shelfspace.settings import load_settings, merge


def test_the_clock_is_a_part_of_the_settings_and_leaves_what_decides_alone() -> None:
    recipe = {"collection": {"quiet_seconds": 10, "max_delete_share": 0.1}, "model": {"width": 64}}
    clock = yaml.safe_load(CLOCK.read_text())
    made = merge(recipe, clock)
    assert made["collection"] == {"quiet_seconds": 1, "max_delete_share": 0.1}
    assert made["model"] == {"width": 64}
    assert recipe["collection"]["quiet_seconds"] == 10, "the recipe itself stays"
    shipped, compressed = load_settings(), load_settings(overrides=clock)
    assert compressed.automation.cooldown_hours < shipped.automation.cooldown_hours
    for part in ("gate", "monitoring", "validation", "training", "model"):
        assert getattr(compressed, part) == getattr(shipped, part), part


def test_a_step_is_told_in_lines() -> None:
    run = {"job": "retrain", "status": "SUCCESS", "seconds": 41.2, "kind": "drift", "cause": "new category"}
    told = lines(
        {
            "number": 9, "day": 56, "planted": ["new: Kettles"], "release": "000013-dd9c1e64", "trainings": 2,
            "seconds": 101.0, "runs": [run], "unrest": "",
            "drift": [{"action": "none", "reason": "quiet"}, {"action": "retrain", "reason": "new category"}],
            "gate": [{"promoted": False, "reasons": ["accuracy is lower", "x" * 400]}],
            "held": [{"state": "held", "delivery": "delivery-009.csv", "why": "labels disagree"}],
            "alerts": [{"kind": "drift", "said": "new category"}], "acts": ["rollback: back to 12"],
        }
    )  # fmt: skip
    assert told[0] == "day  56  step  9  000013-dd9c1e64  trained 2  101 s"
    text = "\n".join(told)
    for said in (
        "planted: new: Kettles",
        "run: retrain success in 41 s (drift): new category",
        "drift: retrain: new category",
        "gate: refused: accuracy is lower; xxx",
        "held: delivery-009.csv: labels disagree",
        "person: rollback: back to 12",
    ):
        assert said in text
    assert "drift: none" not in text
    assert max(map(len, told)) < 320
