"""The half year: what its schedule promises, how days are counted, and which seed is told."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.loop import half_year
from benchmarks.loop.year.areas import by_day, gain, lived_models
from benchmarks.loop.year.schedule import Schedule, draw
from benchmarks.loop.year.shop import _shuffled


@pytest.mark.parametrize("seed", [100, 101, 102])
def test_a_schedule_plants_what_it_says(seed: int) -> None:
    made = draw(seed)
    assert made == draw(seed) != draw(seed + 1)
    days = [step.day for step in made.steps]
    assert days == sorted(set(days))
    assert all(sum(step.mix.values()) == pytest.approx(1) for step in made.steps)
    told = [event for event in made.events if event.matters]
    assert [event.kind for event in told].count("new_category") == 3
    assert len(told) == 4
    # What spoils a delivery never comes with what must be learned from.
    assert all(made.steps[event.step].clean for event in told)
    assert [len(made.steps[0].mix), len(made.steps[-1].mix)] == [9, 12]
    assert sum(step.dark for step in made.steps) == 2
    assert [act.kind for step in made.steps for act in step.acts] == ["rollback", "approve"]


def test_shuffled_categories_leave_none_its_own() -> None:
    labels = np.array(["a"] * 20 + ["b"] * 25 + ["c"] * 15, dtype=object)
    moved = _shuffled(labels, np.random.default_rng(0))
    assert sorted(moved) == sorted(labels)
    assert (moved == labels).mean() < 0.1


class Worth:
    """A judge for whom a model is worth the number it is named by."""

    def quality(self, model: Path, step: Any) -> Any:
        worth = float(model.name)
        return SimpleNamespace(value=worth, accuracy=worth, recall10=worth)


def test_what_a_delivery_brings_about_counts_from_the_day_after_it() -> None:
    made = draw(100)
    steps = [
        {"day": step.day, "champion": "0.5", "champion_after_acts": "0.9" if step.number >= 3 else "0.5"}
        for step in made.steps
    ]
    models = lived_models({"steps": steps}, Path("models"))
    quality = by_day(made, Worth(), models)  # type: ignore[arg-type]
    changed = made.steps[3].day + 1
    assert set(quality[:changed, 0]) == {0.5}
    assert set(quality[changed:, 0]) == {0.9}
    never = by_day(made, Worth(), [(0, Path("0.5"))])  # type: ignore[arg-type]
    assert gain(quality, never) == pytest.approx(0.4 * (made.days - changed))


def record(made: Schedule, worth: float, trainings: int) -> dict[str, Any]:
    """As a seed is measured, the loop worth so much after its first day."""

    def policy(late: float, count: int) -> dict[str, Any]:
        days = [[0.5] * 3] + [[late] * 3] * (made.days - 1)
        return {"trainings": count, "by_day": days, "gain": (late - 0.5) * (made.days - 1)}

    bad = next(event for event in made.events if event.kind == "poisoned")
    held = [{"state": "held", "delivery": f"delivery-{bad.step:03}.csv", "why": "labels | contradict"}]
    steps = [
        {
            "day": step.day, "trainings": trainings if step.number > 3 else 0, "planted": [], "drift": [],
            "held": held if step.number == bad.step else [], "gate": [], "acts": [],
        }
        for step in made.steps
    ]  # fmt: skip
    return {
        "seed": made.seed,
        "events": [{"kind": e.kind, "day": e.day, "step": e.step, "what": e.what} for e in made.events],
        "policies": {"never": policy(0.5, 0), "oracle": policy(0.9, 4), "loop": policy(worth, trainings)},
        "first_models": {"chain": 0.5, "in process": 0.5},
        "timeline": {"steps": steps},
    }


def test_the_worst_seed_is_the_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.md"
    page.write_text("# The loop\n\n<!-- half_year: begin -->\n\n<!-- half_year: end -->\n\n## DVC\n")
    monkeypatch.setattr(half_year, "PAGE", page)
    monkeypatch.setattr(half_year, "PICTURE", tmp_path / "half-year.png")
    found = [record(draw(100), 0.88, 4), record(draw(101), 0.7, 6)]
    gained, trained = half_year._figures(found, 1.0)
    assert gained.value == pytest.approx(0.5)
    assert trained.value == pytest.approx(1.5)
    assert [line["poisoned delivery"] for line in gained.parts] == ["held", "held"]
    assert gained.baseline is None
    assert (tmp_path / "half-year.png").read_bytes().startswith(b"\x89PNG")
    said = page.read_text()
    assert "held: delivery-" in said
    assert "labels / contradict" in said
    assert said.rstrip().endswith("## DVC")
