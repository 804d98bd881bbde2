"""`demo`, `run`, `summary`: jobs, and what they came to."""

import time
from typing import TYPE_CHECKING

import click

from dagster_project.cli.options import catalog_option, check_catalog, existing_workspace
from dagster_project.graph import LOOPS, STAGES

if TYPE_CHECKING:
    from dagster_project.outcome import Outcome
    from shelfspace.workspace import Workspace

__all__ = ["demo", "run", "summary"]

JOBS = (*STAGES, *LOOPS)


@click.command(epilog="Example: shelfspace demo --catalog path/to/my-shop")
@catalog_option
def demo(catalog: str | None) -> None:
    """Run the whole chain, then show how good it is."""
    workspace = prepared(catalog)
    launch(workspace, "chain", "launch", "")
    show_summary(workspace)


@click.command(
    short_help="Run one stage or one loop.",
    help=f"""Run JOB: one stage or one loop.

    Stages, in order: {", ".join(STAGES)}.

    Loops: {", ".join(LOOPS)}.""",
    epilog="Example: shelfspace run refresh --catalog path/to/my-shop",
)
@click.argument("job", metavar="JOB", type=click.Choice(JOBS))
@catalog_option
@click.option("--launched-by", type=click.Choice(["launch", "dvc"]), default="launch", hidden=True)
@click.option("--cause", default="", hidden=True)
def run(job: str, catalog: str | None, launched_by: str, cause: str) -> None:  # noqa: D103 - told above
    launch(prepared(catalog), job, launched_by, cause)


@click.command(epilog="Example: shelfspace summary --catalog flipkart")
@catalog_option
def summary(catalog: str | None) -> None:
    """Show the last run's figures again, and what to type next."""
    from dagster_project.environment import prepare

    show_summary(prepare(existing_workspace(catalog).catalog))


def show_summary(workspace: "Workspace") -> None:
    """Print the metrics table, stage times and next commands."""
    from dagster_project.summary import summary as told

    click.echo(told(workspace))


def prepared(catalog: str | None) -> "Workspace":
    """The workspace, made where it is not there, once its catalogue has been found usable."""
    from dagster_project.environment import prepare
    from shelfspace.workspace import Workspace

    found = Workspace.find(catalog)
    check_catalog(found, read_tables=not found.snapshot.is_dir())
    return prepare(catalog)


def launch(workspace: "Workspace", job: str, launched_by: str, cause: str) -> None:
    """Run a job; says last and shortly why it stopped, if it did.

    Raises:
        KeyboardInterrupt: it was interrupted.
        click.exceptions.Exit: with 2 where a stage refused its work, with 1 where something unforeseen
            failed.
    """
    from dagster_project.launch import launch_job

    began = time.time()
    outcome = launch_job(workspace, job, launched_by, cause)
    if not (outcome.success and job == "chain"):  # whose summary says both
        from dagster_project.summary import gate_said, lost

        if "quarantine" in outcome.made:
            click.echo(f"\n{lost(workspace)}\n", err=True)
        if verdict := gate_said(workspace, began):
            click.echo(f"{verdict}\n", err=True)
    if outcome.success:
        return
    if outcome.interrupted:
        raise KeyboardInterrupt
    click.echo(f"\n{told(workspace, job, outcome)}", err=True)
    raise click.exceptions.Exit(2 if outcome.refusals and not outcome.crashes else 1)


def told(workspace: "Workspace", job: str, outcome: "Outcome") -> str:
    """Why a run stopped, as the one block that ends it; tracebacks go to a file that is named.

    A refusal says what to do itself: field, value and remedy.
    """
    from shelfspace.files import write_text

    lines = [f"{job} on {workspace.name} stopped:"]
    lines += [f"  {said}" for said in outcome.refusals]
    if outcome.crashes:
        log = workspace.state / "crashes" / f"{outcome.run_id}.txt"
        write_text(log, "\n\n".join(outcome.crashes) + "\n")
        lines += [f"  {bug}" for bug in outcome.bugs]
        lines += [f"  This was not foreseen, so it is a fault of Shelfspace; the traceback is in {log}"]
    again = f"the log is run {outcome.run_id} in the Dagster UI ({workspace.command('ui')})"
    return "\n".join([*lines, "", f"What was finished before is kept; {again}."])
