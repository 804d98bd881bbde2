"""`experiments`: the challengers that were judged, and what tells two of them apart."""

import json
from dataclasses import asdict

import click

from dagster_project.cli.options import catalog_option, existing_workspace

__all__ = ["experiments"]


@click.command(epilog="Example: shelfspace experiments champion last")
@click.argument("names", nargs=-1, metavar="[EXPERIMENT ...]")
@catalog_option
@click.option("--json", "as_json", is_flag=True, help="JSON instead of tables.")
def experiments(names: tuple[str, ...], catalog: str | None, as_json: bool) -> None:
    """List the challengers that were judged; of those that are named, what differs and their figures.

    EXPERIMENT is the beginning of a fingerprint, or `last`, or `champion`. The page with plots is
    experiments.html of the workspace.
    """
    from tabulate import tabulate

    from releases.experiments import differing, experiment_rows, named
    from releases.experiments import experiments as judged
    from releases.experiments.differences import figure_rows

    workspace = existing_workspace(catalog)
    known = judged(workspace)
    chosen = [named(known, name) for name in names] or known
    if as_json:
        click.echo(json.dumps([asdict(experiment) for experiment in chosen], indent=2))
    elif not known:
        click.echo(f"no challenger was judged yet; train one with: {workspace.command('run retrain')}")
    elif not names:
        click.echo(tabulate(experiment_rows(known), headers="keys", disable_numparse=True, maxcolwidths=40))
    else:
        differences = differing(chosen)
        for rows in (differences, figure_rows(chosen)):
            if rows:
                click.echo(tabulate(rows, headers="keys", disable_numparse=True, maxcolwidths=60) + "\n")
