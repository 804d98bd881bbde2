"""Where the Dagster UI's links to the code lead."""

import subprocess
from pathlib import Path

import dagster as dg
import pytest

from assets import evaluation
from dagster_project import code_references
from dagster_project.code_references import published_at, web_address, with_code_references


def git(place: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=n", "-c", "user.email=n@example.org")
    subprocess.run(["git", "-C", str(place), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository on a branch that no remote has."""
    git(tmp_path, "init", "-b", "work")
    git(tmp_path, "commit", "--allow-empty", "-m", "first")
    monkeypatch.setattr(code_references, "PROJECT", tmp_path)
    return tmp_path


def push(checkout: Path, address: str) -> None:
    """Say that the branch follows `main` of a remote, without asking it."""
    git(checkout, "remote", "add", "hub", address)
    git(checkout, "update-ref", "refs/remotes/hub/main", "HEAD")
    git(checkout, "branch", "--set-upstream-to", "hub/main")


@pytest.mark.parametrize(
    ("remote", "page"),
    [
        ("git@github.com:shop/space.git", "https://github.com/shop/space"),
        ("https://someone:token@gitlab.com/shop/space.git", "https://gitlab.com/shop/space"),
        ("ssh://git@github.com/shop/space", "https://github.com/shop/space"),
    ],
)
def test_a_remote_has_a_page_which_holds_no_secret(remote: str, page: str) -> None:
    assert web_address(remote) == page


def test_an_unpublished_branch_has_no_page(checkout: Path) -> None:
    assert published_at() is None
    push(checkout, "/somewhere/else.git")
    assert published_at() is None, "no web page shows a folder"


def test_a_folder_without_git_has_no_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_references, "PROJECT", tmp_path)
    assert published_at() is None


def test_a_published_branch_is_shown_under_its_name_there(checkout: Path) -> None:
    push(checkout, "git@github.com:shop/space.git")
    assert published_at() == ("https://github.com/shop/space", "main")


def test_links_of_stages_and_of_plain_assets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_references, "published_at", lambda: ("https://github.com/shop/space", "main"))
    linked = with_code_references([evaluation.champion, evaluation.model_card])
    found = {}
    for asset in linked:
        assert isinstance(asset, dg.AssetsDefinition)
        for spec in asset.specs:
            (reference,) = spec.metadata["dagster/code_references"].code_references
            found[spec.key.to_user_string()] = reference.url.rpartition("#")[0]
    page = "https://github.com/shop/space/tree/main/assets/evaluation.py"
    assert found == {"champion": page, "model_card": page}
