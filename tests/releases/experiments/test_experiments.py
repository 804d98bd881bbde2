"""Challengers that were judged: kept, found by name, told apart, shown."""

from pathlib import Path

import pytest

from releases.experiments import (
    Experiment,
    differing,
    experiment_rows,
    experiments,
    named,
    note_experiment,
    record,
    write_page,
)
from releases.experiments.differences import figure_rows
from shelfspace.errors import ArtifactError, InputError
from shelfspace.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open("shop", tmp_path)


def noted(
    workspace: Workspace, name: str, accuracy: float, *, rate: float = 0.001, **facts: object
) -> Experiment:
    return note_experiment(
        workspace,
        name,
        promoted=bool(facts.get("promoted", True)),
        reasons=["accuracy <b>0.5</b> is below"],
        cause="drift",
        evaluation={
            "holdout": facts.get("holdout", "h1"),
            "intervals": {"accuracy": [accuracy - 0.1, accuracy + 0.1]},
        },
        metrics={"accuracy": accuracy, "holdout_rows": 25, "roc_auc": None},
        made_by={"settings": {"training": {"learning_rate": rate, "epochs": 3}}, "seed": 0, "run_id": name},
        data={"snapshot_md5": "abc.dir"},
        epochs=[{"epoch": 0.0, "validation_loss": 2.0}, {"epoch": 1.0, "validation_loss": None}],
    )


def test_they_are_kept_in_order_and_one_judged_again_stands_once(workspace: Workspace) -> None:
    assert experiments(workspace) == []
    first = noted(workspace, "aa11", 0.5)
    noted(workspace, "bb22", 0.6)
    assert [e.fingerprint for e in experiments(workspace)] == ["aa11", "bb22"]
    assert experiments(workspace)[0] == first
    noted(workspace, "bb22", 0.7)
    assert [e.metrics["accuracy"] for e in experiments(workspace)] == [0.5, 0.7]


def test_the_oldest_go(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "KEPT", 3)
    for n in range(5):
        noted(workspace, f"e{n}", 0.5)
    assert [e.fingerprint for e in experiments(workspace)] == ["e2", "e3", "e4"]


def test_a_damaged_one_is_named(workspace: Workspace) -> None:
    noted(workspace, "aa11", 0.5)
    path = workspace.state / "experiments" / "aa11.json"
    path.write_text(path.read_text().replace("0.001", "0.002"))
    with pytest.raises(ArtifactError, match=r"aa11\.json"):
        experiments(workspace)


def test_what_differs_is_told_and_nothing_else(workspace: Workspace) -> None:
    pair = [noted(workspace, "aa11", 0.5), noted(workspace, "bb22", 0.6, rate=0.01)]
    assert differing(pair) == [{"name": "training.learning_rate", "aa11": "0.001", "bb22": "0.01"}]
    assert differing([pair[0], pair[0]]) == []
    first, *_ = figure_rows(pair)
    assert first == {"figure": "accuracy", "aa11": "0.500 [0.400, 0.600]", "bb22": "0.600 [0.500, 0.700]"}


def test_figures_of_another_holdout_are_marked(workspace: Workspace) -> None:
    rows = figure_rows([noted(workspace, "aa11", 0.5, holdout="h0"), noted(workspace, "bb22", 0.6)])
    assert rows[0]["aa11"].endswith(" *")
    assert not rows[0]["bb22"].endswith(" *")
    by_name = {row["figure"]: row for row in rows}
    assert (by_name["roc_auc"]["bb22"], by_name["holdout_rows"]["bb22"]) == ("-", "25")


def test_they_are_found_by_a_beginning_by_last_and_by_champion(workspace: Workspace) -> None:
    known = [noted(workspace, "aa11", 0.5), noted(workspace, "aa22", 0.4, promoted=False)]
    assert named(known, "aa1") is known[0]
    assert (named(known, "last"), named(known, "champion")) == (known[1], known[0])
    for name in ("aa", "zz", ""):
        with pytest.raises(InputError, match="the last ones are aa11, aa22"):
            named(known, name)


def test_the_page_shows_all_and_text_as_text(workspace: Workspace) -> None:
    write_page(workspace)
    assert "None yet." in (workspace.root / "experiments.html").read_text()
    noted(workspace, "aa11", 0.5)
    noted(workspace, "bb22", 0.6, rate=0.01, promoted=False)
    write_page(workspace)
    page = (workspace.root / "experiments.html").read_text()
    assert page.count("data:image/png;base64,") == 2
    assert "training.learning_rate" in page
    assert "&lt;b&gt;0.5" in page
    assert "http" not in page.replace("data:image", "")
    assert [row["promoted"] for row in experiment_rows(experiments(workspace))] == ["no", "yes"]
