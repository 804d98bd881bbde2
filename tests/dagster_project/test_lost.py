"""What a run lost is said where people look: on the console, on the run and on the quarantine page."""

from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner, Result

from dagster_project.cli.app import shelfspace


def run(job: str, folder: Path) -> Result:
    return CliRunner().invoke(shelfspace, ["run", job, "--catalog", str(folder)])


def test_events_that_are_all_refused_stop_the_run_and_the_reason_is_said_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELFSPACE_WORKSPACES", str(tmp_path / "workspaces"))
    monkeypatch.setenv("DAGSTER_HOME", "")
    folder = tmp_path / "shop"
    folder.mkdir()
    colours, things = (
        ("red", "blue", "green", "grey", "pink"),
        ("mug", "lamp", "rug", "clock", "vase", "bowl"),
    )
    rows = [
        f"p{n}{m},{colour} {thing},Home > {thing},https://cdn.example/{n}{m}.jpg"
        for n, colour in enumerate(colours * 2)
        for m, thing in enumerate(things)
    ]
    (folder / "products.csv").write_text("\n".join(["product_id,title,category,photos", *rows]) + "\n")
    events = [f"u{n},elsewhere-{n},view,2026-01-01T10:00:{n:02}Z" for n in range(40)]
    (folder / "events.csv").write_text("\n".join(["user_id,product_id,event,time", *events]) + "\n")
    for job in ("collection", "validation"):
        done = run(job, folder)
        assert done.exit_code == 0, done.output
    done = run("preprocessing", folder)
    assert done.exit_code == 2
    said = " ".join(done.output.split())
    assert "40 (100.0%)" in said
    assert "no such product among the clean ones; for instance 'elsewhere-0'" in said
    assert "warning: photos are files below the media root; 60 photos are web addresses" in said
    table, block = done.output.rindex("Rows that came"), done.output.rindex("preprocessing on shop stopped:")
    assert table < block, "why it stopped comes last"
    assert "40 of 40 refused (100.0%)" in done.output[block:]
    assert "validation.max_refused_share" in done.output[block:]
    assert "Traceback" not in done.output
    page = (tmp_path / "workspaces" / "shop" / "validation" / "quarantine.html").read_text()
    assert "elsewhere-39" in page
    with dg.DagsterInstance.get() as instance:
        latest = instance.get_runs(limit=1)[0]
    assert "events 40 of 40" in latest.tags["shelfspace/refused"]
