"""Which release answers on the side: a person's word before the one that waits."""

from pathlib import Path

import pytest

from releases import Release, promote, write_release
from releases.shadow import order_shadow, ordered, shadow_wanted
from releases.waiting import let_wait
from shelfspace.errors import ArtifactError, SettingsError
from shelfspace.workspace import Workspace
from tests.releases.test_release import parts


@pytest.fixture
def shop(tmp_path: Path) -> tuple[Workspace, list[Release]]:
    """A workspace with three releases, the first of them live."""
    workspace = Workspace(tmp_path / "shop", "shop")
    made = []
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        made.append(write_release(workspace.releases, **parts(folder, provenance={"number": number})))
    promote(workspace.root, made[0].id)
    return workspace, made


def test_the_one_that_waits_answers_the_share_of_the_settings(shop: tuple[Workspace, list[Release]]) -> None:
    workspace, (_, second, third) = shop
    assert shadow_wanted(workspace.root, 0.1) is None
    let_wait(workspace, second.id, "asked")
    wanted = shadow_wanted(workspace.root, 0.1)
    assert wanted is not None
    assert (wanted.release, wanted.share) == (second.id, 0.1)
    assert shadow_wanted(workspace.root, 0) is None
    order_shadow(workspace, "", 0, "Kim")
    assert shadow_wanted(workspace.root, 0.1) is None, "a person said no to this one"
    let_wait(workspace, third.id, "asked")
    wanted = shadow_wanted(workspace.root, 0.1)
    assert wanted is not None
    assert wanted.release == third.id, "the next one is another"


def test_a_named_one_comes_before_until_it_is_live(shop: tuple[Workspace, list[Release]]) -> None:
    workspace, (first, second, third) = shop
    let_wait(workspace, second.id, "asked")
    order = order_shadow(workspace, third.id, 0.5, "Kim")
    assert shadow_wanted(workspace.root, 0.1) == order == ordered(workspace.root)
    promote(workspace.root, third.id)
    wanted = shadow_wanted(workspace.root, 0.1)
    assert wanted is not None
    assert wanted.release == second.id
    order_shadow(workspace, first.id, 1, "Kim")
    wanted = shadow_wanted(workspace.root, 0.1)
    assert wanted is not None
    assert wanted.release == first.id, "also the one before, to look back"


def test_what_waits_since_takes_the_place_of_what_was_named_before(
    shop: tuple[Workspace, list[Release]], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, (_, second, third) = shop
    monkeypatch.setattr("releases.shadow.order.now", lambda: "2026-01-01T00:00:00+00:00")
    order = order_shadow(workspace, second.id, 1, "Kim")
    let_wait(workspace, third.id, "asked")
    wanted = shadow_wanted(workspace.root, 0.1)
    assert wanted is not None
    assert (wanted.release, wanted.share) == (third.id, 0.1), "it is what a person is asked about"
    assert shadow_wanted(workspace.root, 0) == order, "the settings let it answer nothing"


def test_what_cannot_answer_is_refused_with_the_remedy(shop: tuple[Workspace, list[Release]]) -> None:
    workspace, (first, second, _) = shop
    with pytest.raises(ArtifactError, match="is live: it answers all requests"):
        order_shadow(workspace, first.id, 0.1, "Kim")
    with pytest.raises(ArtifactError, match="no release waits or answers on the side"):
        order_shadow(workspace, "", 0.1, "Kim")
    with pytest.raises(ArtifactError, match="is no release"):
        order_shadow(workspace, "000009-aaaaaaaa", 0.1, "Kim")
    with pytest.raises(SettingsError, match="between 0 and 1"):
        order_shadow(workspace, second.id, 1.5, "Kim")
