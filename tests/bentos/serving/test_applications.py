"""Applications as a loaded release serves them: as it packs them, or newer, and never another release's."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bentos.application import Application
from bentos.config import ServiceConfig
from bentos.endpoints.release import manifest
from bentos.serving.applications import OPENERS
from bentos.serving.applications.opener import Opener
from releases import Release, go_live, promote, roll_back, write_release
from releases.pairs import publish, withdraw
from retrieval.vectors import build_index
from shelfspace.errors import ArtifactError
from shelfspace.files import write_table
from shelfspace.settings import Settings
from shelfspace.workspace import Workspace
from tests.bentos.shop import Shop


def liked(folder: Path, other: str) -> Path:
    """The folder of an application, as its asset writes it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_table(folder / "liked.parquet", pd.DataFrame({"product_id": ["P001"], "other_id": [other]}))
    (folder / "word.txt").write_text(other)
    return folder


def opened(folder: Path, release: object) -> str:
    text = (folder / "word.txt").read_text()
    if text == "unlike":
        raise KeyError("until")
    if text == "broken":
        raise ArtifactError("word.txt is of another form; run the insights job")
    return text


@pytest.fixture
def application(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    monkeypatch.setitem(OPENERS, "liked", Opener("liked", opened))
    source, vectors = liked(tmp_path / "liked", "P002"), np.asarray(shop.first.embeddings)
    for rows in (40, 60):
        made = write_release(
            tmp_path / "releases",
            shop.first.model_folder,
            product_ids=list(shop.first.product_ids[:rows]),
            embeddings=vectors[:rows],
            index=build_index(vectors[:rows], shop.settings.release),
            products=shop.first.products[:rows],
            metrics={},
            provenance={},
            parts={"insights/liked": lambda place: shutil.copytree(source, place)},
        )
        promote(tmp_path, made.id)
    served = Application(ServiceConfig(Settings.model_validate({"service": {"encoder": "eager"}}), tmp_path))
    assert served.engine.refresh()
    served.engine.refresh_applications()
    yield served
    served.close()


def word(application: Application) -> tuple[str, str]:
    """What the object says, and what the table."""
    loaded = application.engine.require()
    return loaded.application("liked"), loaded.insight("liked", "P001")[0]["other_id"]


def test_a_newer_one_is_taken_up_without_another_release_and_given_back(
    application: Application, tmp_path: Path
) -> None:
    engine = application.engine
    before = engine.require()
    assert word(application) == ("P002", "P002")
    assert not engine.refresh_applications()
    publish(tmp_path, "liked", liked(tmp_path / "liked", "P003"), before.id, "b" * 32)
    assert engine.refresh_applications()
    assert word(application) == ("P003", "P003")
    assert before.application("liked") == "P002", "what began with the old one ends with it"
    assert manifest(application.backend)["newer_insights"] == {"liked": "b" * 32}
    assert manifest(application.backend)["problem"] == ""
    assert withdraw(tmp_path, "liked")
    assert engine.refresh_applications()
    assert word(application) == ("P002", "P002")


def test_another_releases_is_refused_and_said_after_a_rollback_too(
    application: Application, tmp_path: Path
) -> None:
    engine = application.engine
    newest = engine.require().id
    publish(tmp_path, "liked", liked(tmp_path / "liked", "P003"), newest, "b" * 32)
    assert engine.refresh_applications()
    before = roll_back(Workspace(tmp_path, "shop"), "anna").to
    assert engine.refresh()
    engine.refresh_applications()
    assert word(application) == ("P002", "P002")
    assert (
        f"liked was brought up to date for release {newest}, and {before} answers"
        in manifest(application.backend)["problem"]
    )
    assert manifest(application.backend)["waits"] is None
    assert "was rolled back" in go_live(Workspace(tmp_path, "shop"), newest, "again", ask=False)
    assert manifest(application.backend)["waits"]["release"] == newest
    promote(tmp_path, newest)
    assert engine.refresh()
    engine.refresh_applications()
    assert word(application) == ("P003", "P003")
    assert manifest(application.backend)["problem"] == ""
    assert manifest(application.backend)["waits"] is None


def test_one_that_cannot_be_opened_leaves_what_the_release_packs(
    application: Application, tmp_path: Path
) -> None:
    live = application.engine.require().id
    publish(tmp_path, "liked", liked(tmp_path / "liked", "broken"), live, "b" * 32)
    assert application.engine.refresh_applications()
    assert word(application) == ("P002", "P002")
    assert "run the insights job" in manifest(application.backend)["problem"]


def test_one_of_another_form_is_told_as_a_sentence(application: Application, tmp_path: Path) -> None:
    live = application.engine.require().id
    publish(tmp_path, "liked", liked(tmp_path / "liked", "unlike"), live, "b" * 32)
    assert application.engine.refresh_applications()
    assert "liked is of another form than this version reads" in manifest(application.backend)["problem"]


def test_a_release_whose_own_cannot_be_opened_answers_without_it(shop: Shop, tmp_path: Path) -> None:
    def refuse(folder: Path, release: object) -> None:
        raise ArtifactError(f"{folder.name} is of an earlier form; make a new release")

    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(OPENERS, "liked", Opener("liked", refuse))
        loaded = Application(ServiceConfig(shop.settings, shop.workspace.root)).engine
        release = Release.load(shop.first.folder)
        folder = tmp_path / release.id
        shutil.copytree(release.folder, folder)
        liked(folder / "insights" / "liked", "P002")
        made = loaded._prepared(Release(folder, release.manifest))
    assert made.application("liked") is None
    assert made.unserved["liked"] == "liked is of an earlier form; make a new release"


PUBLISHER = """
import os, signal, sys
from pathlib import Path
from releases.pairs import publish

root, source, release = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.utime", "os.setxattr"}

def run(left):
    def kill(event, given):
        nonlocal left
        if event in CHANGES or (event == "open") and given[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
    sys.addaudithook(kill)
    publish(root, "liked", source, release, sys.stdin.readline().strip())

status, number = 1, 0
while status:
    print(number, flush=True)
    child = os.fork()
    if not child:
        run(number)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), status
    print("killed" if status else "done", flush=True)
    number += 1
"""
"""Publishes a version that it is told, killed before its first change of the disk, its second, and so on."""


def test_a_publication_killed_at_any_write_leaves_a_whole_pair_that_the_next_one_follows(
    application: Application, tmp_path: Path
) -> None:
    engine, source = application.engine, tmp_path / "liked"
    live = engine.require().id
    for version, said in (("a", "P003"), ("b", "P004")):
        publish(tmp_path, "liked", liked(source, said), live, version * 32)
    engine.refresh_applications()
    stood, kept = [word(application)[0]], []
    project = Path(__file__).resolve().parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", PUBLISHER, str(tmp_path), str(source), live],
        cwd=project, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as publisher:  # fmt: skip
        assert publisher.stdin is not None
        assert publisher.stdout is not None
        for number in publisher.stdout:
            said = f"P{int(number) % 30 + 10:03d}"
            liked(source, said)
            publisher.stdin.write(f"{int(number):032x}"[::-1] + "\n")
            publisher.stdin.flush()
            ended = publisher.stdout.readline().strip()
            engine.refresh_applications()
            assert manifest(application.backend)["problem"] == ""
            now, of_table = word(application)
            assert now == of_table
            assert now in (stood[-1], said) if ended == "killed" else now == said
            stood.append(now)
            kept.append(len(list((tmp_path / "insights" / "liked").iterdir())))
    assert publisher.returncode == 0
    killed_before = sum(one == other for one, other in pairwise(stood))
    assert killed_before > 8, "of the writes of a folder and its pointer"
    assert len(set(stood)) > 3, "after the pointer moved, what is left to do takes nothing away"
    assert kept[-1] == 3, "the folder served, the one before, and the pointer"


def test_what_is_popular_follows_the_events_without_another_release(
    application: Application, tmp_path: Path
) -> None:
    def first() -> str:
        parts = application.engine.require().catalogues.parts
        return application.engine.require().release.product_ids[parts.popular[0]]

    before = application.engine.require().catalogues
    assert first() == "P000"
    folder = tmp_path / "popularity"
    folder.mkdir()
    write_table(folder / "popularity.parquet", pd.DataFrame({"product_id": ["P007"], "score": [2.5]}))
    publish(tmp_path, "popularity", folder, application.engine.require().id, "v1")
    assert application.engine.refresh_applications()
    assert first() == "P007"
    kept = application.engine.require().catalogues
    assert kept is not before
    publish(tmp_path, "liked", liked(tmp_path / "liked", "P009"), application.engine.require().id, "v2")
    assert application.engine.refresh_applications()
    assert application.engine.require().catalogues is kept, "made anew only where something else is popular"
