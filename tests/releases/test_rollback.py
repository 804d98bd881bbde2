"""A rollback holds: what it bars comes back only when it is judged anew or a person approves it."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.deliveries.ledger import State, editing, read_ledger
from catalog.deliveries.milestones import approve, mark_cleaned
from catalog.deliveries.withdraw import hold_taken
from dagster_project.decisions import told
from releases import current_id, go_live, history, pin, pinned, prune, roll_back, unpin
from releases.bars import after_rollback, barred, gone_back, read_bars, refusal
from releases.champion import champion, champion_model, check_papers, crown, prune_champions
from releases.gate import Verdict
from releases.promotion import approve_champion, approve_release
from releases.references import prune_references
from releases.rollback import finish
from releases.waiting import spared, waiting, waits_for_a_person
from shelfspace.approvals import approvals
from shelfspace.errors import ArtifactError
from shelfspace.files import write_json
from shelfspace.workspace import Workspace
from tests.releases.test_release import parts

GOOD, BAD = "good0123", "bad45678"


class Shop:
    """A workspace whose models, deliveries and releases are made by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.workspace = folder, Workspace(folder / "shop", "shop")
        self.live: list[str] = []

    def train(self, model: str, holdout: str = "h1") -> None:
        """Crown a model that was judged on a holdout."""
        made = self.folder / model
        made.mkdir(exist_ok=True)
        (made / "encoder.json").write_text(f'{{"model": "{model}"}}')
        write_json(self.folder / "evaluation.json", {"holdout": holdout})
        crown(self.workspace, made, model, {"cause": ""}, [self.folder / "evaluation.json"])

    def deliver(self, name: str, snapshot: str) -> int:
        """A delivery that a snapshot has, and the clean tables."""
        with editing(self.workspace.state) as ledger:
            entry = ledger.arrive(name, kind="products", state=State.TAKEN, snapshot=snapshot, moved=True)
        self.collect(snapshot)
        return entry.arrival

    def collect(self, snapshot: str) -> None:
        with editing(self.workspace.state) as ledger:
            ledger.snapshots.append(snapshot)
        mark_cleaned(self.workspace, snapshot)

    def release(self, model: str, snapshot: str, ask: bool = False) -> str:
        """Make a release of the champion, and let it go live; why it waits."""
        from releases import write_release

        said = {"champion": model, "snapshot_md5": snapshot, "created_at": f"crowned {model}"}
        made = write_release(
            self.workspace.releases,
            **parts(self.folder, provenance=said, encoder_dir=champion_model(self.workspace)),
        )
        self.live.append(made.id)
        return go_live(self.workspace, made.id, "a test", ask=ask)

    def states(self) -> dict[str, tuple[State, bool]]:
        entries = read_ledger(self.workspace.state).entries.values()
        return {entry.name: (entry.state, entry.approved) for entry in entries}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """One release of the good model."""
    made = Shop(tmp_path)
    made.train(GOOD)
    made.collect("s1")
    made.release(GOOD, "s1")
    return made


def worse_model(shop: Shop) -> None:
    """A second release, of another model."""
    shop.train(BAD)
    shop.release(BAD, "s1")


def worse_data(shop: Shop) -> None:
    """A second release, of the same model and a further delivery."""
    shop.deliver("bad.csv", "s2")
    shop.release(GOOD, "s2")


def test_another_model_is_barred_and_the_champion_moves_back(shop: Shop) -> None:
    worse_model(shop)
    assert champion(shop.workspace)["fingerprint"] == BAD
    bar = roll_back(shop.workspace, "anna (unverified)", "recalls are down")
    assert (bar.to, bar.releases, bar.deliveries) == (shop.live[0], (shop.live[1],), ())
    assert current_id(shop.workspace.root) == shop.live[0]
    assert champion(shop.workspace)["fingerprint"] == GOOD
    assert champion(shop.workspace)["crowned"] == f"crowned {GOOD}"
    check_papers(shop.workspace)
    last = history(shop.workspace.root)[-1]
    assert (last["action"], last["who"], last["reason"]) == (
        "rollback",
        "anna (unverified)",
        "recalls are down",
    )

    # What comes next is of the good model; a run that had begun with the other one does not go live.
    with pytest.raises(
        ArtifactError, match=r"model is barred.*anna.*recalls are down.*make refresh|run refresh"
    ):
        shop.release(BAD, "s3")
    verdict = refusal(shop.workspace, BAD, "h1")
    assert not verdict.promote
    assert "recalls are down" in verdict.refusals[0]
    assert refusal(shop.workspace, BAD, "another holdout") is None, "it is judged anew"
    assert refusal(shop.workspace, GOOD, "h1") is None
    assert shop.release(GOOD, "s3") == ""
    assert current_id(shop.workspace.root) == shop.live[-1]


def test_a_barred_model_passes_when_judged_anew_or_approved(shop: Shop) -> None:
    worse_model(shop)
    roll_back(shop.workspace, "anna")
    with pytest.raises(ArtifactError, match="names no model that is barred"):
        approve_champion(shop.workspace, GOOD, "ben")
    approve_champion(shop.workspace, BAD[:6], "ben", "it was the photos")
    assert refusal(shop.workspace, BAD, "h1") is None
    assert [(one.what, one.who, one.why) for one in approvals(shop.workspace.root)] == [
        (f"champion {BAD}", "ben", "it was the photos")
    ]
    roll_back(shop.workspace, "anna", to=shop.live[1])
    roll_back(shop.workspace, "anna", to=shop.live[0])
    assert barred(shop.workspace.root, BAD)
    shop.train(BAD, holdout="h2")
    assert not barred(shop.workspace.root, BAD), "the gate let it pass on another holdout"
    assert read_bars(shop.workspace.root)[-1].lifted == "judged anew by the gate"


def test_a_challenger_after_a_rollback_is_told_of_it(shop: Shop) -> None:
    root = shop.workspace.root
    assert after_rollback(root, champion(shop.workspace)) == []
    worse_model(shop)
    assert after_rollback(root, champion(shop.workspace)) == []
    bar = roll_back(shop.workspace, "anna", "recalls are down")
    assert gone_back(root, champion(shop.workspace)) == replace(bar, pending=False)
    (said,) = after_rollback(root, champion(shop.workspace))
    assert said == f"another model than the one that is barred, since {bar.said}"
    assert Verdict(True, ["fine"]).noting([said]).notes == [said]
    shop.train("another")
    assert after_rollback(root, champion(shop.workspace)) == [], "a later champion has nothing to do with it"


def test_a_rollback_that_a_person_took_back_is_told_of_no_more(shop: Shop) -> None:
    worse_model(shop)
    roll_back(shop.workspace, "anna", "recalls are down")
    approve_champion(shop.workspace, BAD, "ben")
    assert gone_back(shop.workspace.root, champion(shop.workspace)) is None


def test_of_the_same_model_the_deliveries_since_are_held(shop: Shop) -> None:
    worse_data(shop)
    bar = roll_back(shop.workspace, "anna", "prices are wrong")
    assert (bar.champions, bar.deliveries) == ({}, (1,))
    assert shop.states() == {"bad.csv": (State.HELD, False)}
    reason = read_ledger(shop.workspace.state).entries[1].reason
    assert "prices are wrong" in reason
    assert "anna" in reason
    with pytest.raises(ArtifactError, match=r"deliveries in it are held, 1 \(bad.csv\)"):
        shop.release(GOOD, "s2 with other settings")
    with editing(shop.workspace.state) as ledger:
        ledger.change(1, until="s3")
    shop.collect("s3")
    assert shop.release(GOOD, "s3") == "", "the clean tables are without it"


def test_to_go_forward_again_is_to_approve_what_was_held_of_that_release(shop: Shop) -> None:
    for number, name in ((2, "one.csv"), (3, "two.csv"), (4, "poison.csv")):
        shop.deliver(name, f"s{number}")
        shop.release(GOOD, f"s{number}")
    hold_taken(shop.workspace, [3], "the champion contradicts it")
    roll_back(shop.workspace, "anna", "prices", to=shop.live[2])
    roll_back(shop.workspace, "anna", "prices too")
    roll_back(shop.workspace, "anna", "all of them")
    assert shop.states() == {
        "one.csv": (State.HELD, False), "two.csv": (State.HELD, False), "poison.csv": (State.HELD, False)
    }  # fmt: skip
    with editing(shop.workspace.state) as ledger:
        for arrival in (1, 2, 3):
            ledger.change(arrival, until="s5")
    shop.collect("s5")
    bar = roll_back(shop.workspace, "ben", "they were right", to=shop.live[2])
    assert bar.again == (1, 2)
    assert shop.states() == {
        "one.csv": (State.HELD, True), "two.csv": (State.HELD, True), "poison.csv": (State.HELD, False)
    }, "the data's own refusal stays"  # fmt: skip
    assert told(shop.workspace, bar)[1].endswith("so they count again with the next run: deliveries 1, 2")
    assert read_bars(shop.workspace.root)[-1].again == (1, 2)


@pytest.mark.parametrize("collected", [False, True])
def test_what_was_approved_and_not_taken_again_is_held_by_the_next_rollback(
    shop: Shop, collected: bool
) -> None:
    worse_data(shop)
    roll_back(shop.workspace, "anna", "prices are wrong")
    if collected:
        with editing(shop.workspace.state) as ledger:
            ledger.change(1, until="s3")
        shop.collect("s3")
    approve_release(shop.workspace, shop.live[1], "ben", "they are right")
    assert shop.states() == {"bad.csv": (State.HELD, True)}
    bar = roll_back(shop.workspace, "anna", "no, they are not")
    assert bar.deliveries == (1,)
    assert shop.states() == {"bad.csv": (State.HELD, False)}
    (entry,) = read_ledger(shop.workspace.state).entries.values()
    assert entry.until == ("s3" if collected else "")
    assert "no, they are not" in entry.reason


def test_an_approval_of_what_the_undone_release_has_not_stands(shop: Shop) -> None:
    worse_data(shop)
    roll_back(shop.workspace, "anna", "prices are wrong")
    with editing(shop.workspace.state) as ledger:
        ledger.change(1, until="s3")
    shop.collect("s3")
    shop.deliver("other.csv", "s4")
    shop.release(GOOD, "s4")
    approve(shop.workspace, "1")
    assert roll_back(shop.workspace, "anna", "the other one").deliveries == (2,)
    assert shop.states() == {"bad.csv": (State.HELD, True), "other.csv": (State.HELD, False)}


def test_the_very_same_release_waits_and_a_person_lets_it_pass(shop: Shop) -> None:
    worse_data(shop)
    roll_back(shop.workspace, "anna", "prices are wrong")
    with editing(shop.workspace.state) as ledger:
        ledger.change(1, until="s3")
    shop.collect("s3")
    why = go_live(shop.workspace, shop.live[1], "again", ask=False)
    assert "was rolled back" in why
    assert "prices are wrong" in waits_for_a_person(shop.workspace)[0]
    assert current_id(shop.workspace.root) == shop.live[0]
    approve_release(shop.workspace, shop.live[1], "ben", "they are right")
    assert current_id(shop.workspace.root) == shop.live[1]
    assert waiting(shop.workspace.root) is None
    assert shop.states() == {"bad.csv": (State.HELD, True)}, "the next run takes it"
    assert "ben" in history(shop.workspace.root)[-1]["reason"]


def test_asked_first_a_release_waits_and_may_be_refused(shop: Shop) -> None:
    shop.train(BAD)
    assert shop.release(BAD, "s1", ask=True) == "release.promotion is ask"
    assert current_id(shop.workspace.root) == shop.live[0]
    with pytest.raises(ArtifactError, match="is live already"):
        approve_release(shop.workspace, shop.live[0], "ben")
    roll_back(shop.workspace, "anna", "too bold", to=shop.live[0])
    assert waiting(shop.workspace.root) is None
    assert champion(shop.workspace)["fingerprint"] == GOOD
    assert barred(shop.workspace.root, BAD)
    approve_release(shop.workspace, shop.live[1], "ben")
    assert current_id(shop.workspace.root) == shop.live[1]
    assert champion(shop.workspace)["fingerprint"] == BAD
    assert not barred(shop.workspace.root, BAD)
    assert shop.release(BAD, "s2", ask=True)
    approve_release(shop.workspace, shop.live[2], "ben")
    roll_back(shop.workspace, "anna")
    assert waiting(shop.workspace.root) is None, "what was approved waits no more"


def test_the_first_release_is_live_without_a_question(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.train(GOOD)
    assert shop.release(GOOD, "s1", ask=True) == ""


def test_a_pinned_release_stays_and_is_not_deleted(shop: Shop) -> None:
    first = shop.live[0]
    pin(shop.workspace.root, first, "anna", "the sale")
    for number in range(2, 5):
        assert "pinned by anna: the sale" in shop.release(GOOD, f"s{number}")
    assert current_id(shop.workspace.root) == first
    assert waiting(shop.workspace.root).release == shop.live[-1]
    with pytest.raises(ArtifactError, match="unpin it first"):
        approve_release(shop.workspace, shop.live[-1], "ben")
    assert prune(shop.workspace.root, 1, spared=spared(shop.workspace)) == shop.live[1:-1]
    unpin(shop.workspace.root, first)
    with pytest.raises(ArtifactError, match="is not pinned"):
        unpin(shop.workspace.root, first)
    approve_release(shop.workspace, shop.live[-1], "ben")
    assert current_id(shop.workspace.root) == shop.live[-1]
    pin(shop.workspace.root, first, "anna", "")
    for number in range(5, 8):
        assert shop.release(GOOD, f"s{number}") == "", "a pin on another one holds nothing up"
    prune(shop.workspace.root, 1, spared=spared(shop.workspace))
    assert (shop.workspace.releases / first).is_dir()
    assert list(pinned(shop.workspace.root)) == [first]


def test_models_of_no_release_are_deleted_but_the_champion(shop: Shop) -> None:
    for number in range(2, 5):
        shop.train(f"model{number}")
        shop.release(f"model{number}", "s1")
    prune(shop.workspace.root, 1, spared=spared(shop.workspace))
    shop.train("unreleased")
    kept = shop.workspace.state / "champions"
    (kept / ".trash-killed").mkdir()
    assert prune_champions(shop.workspace) == [GOOD, "model2"]
    assert sorted(path.name for path in kept.iterdir() if path.is_dir()) == ["model3", "model4", "unreleased"]
    assert not list(kept.glob(f"{GOOD}*"))
    roll_back(shop.workspace, "anna")
    assert champion_model(shop.workspace).name == "model3"


def test_what_is_kept_of_a_model_goes_with_it_and_not_before(shop: Shop) -> None:
    pin(shop.workspace.root, shop.live[0], "anna", "")
    for number in range(2, 5):
        shop.train(f"model{number}")
        shop.release(f"model{number}", "s1")
    state = shop.workspace.state
    for name in (GOOD, "model2", "model3", "model4", "killed"):
        for kind in ("reference", "drift", "look"):
            (state / kind / name).mkdir(parents=True)
            (state / kind / name / "kept.parquet").touch()
    (state / "look" / "last.json").touch()
    (state / "drift" / ".trash-half").mkdir()
    prune(shop.workspace.root, 1, spared=spared(shop.workspace))
    assert prune_references(shop.workspace) == [
        f"{kind}/{name}" for kind in ("reference", "drift", "look") for name in ("killed", "model2", "model3")
    ]
    assert sorted(path.name for path in (state / "look").iterdir()) == [GOOD, "last.json", "model4"]
    assert not (state / "drift" / ".trash-half").exists()
    assert prune_references(shop.workspace) == []


def test_what_cannot_be_gone_back_to_is_said(shop: Shop) -> None:
    for to, said in (
        ("", "no earlier release"),
        ("yesterday", "no release's name"),
        ("000099-aaaaaaaa", "no release"),
    ):
        with pytest.raises(ArtifactError, match=said):
            roll_back(shop.workspace, "anna", to=to)
    with pytest.raises(ArtifactError, match="is live, and none waits"):
        roll_back(shop.workspace, "anna", to=shop.live[0])
    assert read_bars(shop.workspace.root) == []


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("worse", [worse_model, worse_data])
def test_killed_before_any_write_the_next_one_ends_it(
    tmp_path: Path, worse: Callable[[Shop], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every write of a rollback is the first that does not happen; afterwards all is as without a kill."""

    def went(number: int) -> tuple[Shop, bool]:
        shop = Shop(tmp_path / str(number))
        shop.folder.mkdir()
        shop.train(GOOD)
        shop.collect("s1")
        shop.release(GOOD, "s1")
        worse(shop)
        count, replace, fsync = 0, os.replace, os.fsync

        def counted(work: Callable) -> Callable:
            def write(*args: object) -> object:
                nonlocal count
                count += 1
                if count >= number:
                    raise Killed
                return work(*args)

            return write

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", counted(replace))
            patch.setattr(os, "fsync", counted(fsync))
            try:
                roll_back(shop.workspace, "anna", "no good")
            except Killed:
                return shop, True
        return shop, False

    def state(shop: Shop) -> tuple:
        root = shop.workspace.root
        bars = [(bar.champions, bar.deliveries, bar.pending) for bar in read_bars(root)]
        moves = [(m["action"], m["release"], m.get("who", "")) for m in history(root)]
        live, reigns = current_id(root), champion(shop.workspace)["fingerprint"]
        return live, reigns, shop.states(), bars, moves

    whole, killed = went(10_000)
    assert not killed
    number, begun = 1, 0
    while True:
        shop, killed = went(number)
        if not killed:
            break
        if read_bars(shop.workspace.root):
            begun += 1
            assert finish(shop.workspace) or not any(bar.pending for bar in read_bars(shop.workspace.root))
            assert state(shop) == state(whole), f"killed at write {number}"
        else:
            assert current_id(shop.workspace.root) == shop.live[-1], "nothing has happened"
            assert champion(shop.workspace)["fingerprint"] in (GOOD, BAD)
        number += 1
    assert begun >= 5
