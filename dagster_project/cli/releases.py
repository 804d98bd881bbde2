"""`releases`: which releases there are, which one is live, and how that came about."""

import json

import click

from dagster_project.cli.options import catalog_option, existing_workspace

__all__ = ["releases"]


@click.command(epilog="Example: shelfspace releases --json")
@catalog_option
@click.option("--history", "past", is_flag=True, help="What was live when, who changed it, and why.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
def releases(catalog: str | None, past: bool, as_json: bool) -> None:
    """List the releases of a catalogue, newest first, or their history, oldest first."""
    from dagster_project.release_list import history_table, release_rows, release_table
    from releases import history

    workspace = existing_workspace(catalog)
    if past:
        moves = history(workspace.root)
        click.echo(json.dumps(moves, indent=2) if as_json else history_table(moves))
        return
    rows = release_rows(workspace)
    click.echo(json.dumps(rows, indent=2) if as_json else release_table(rows))
    if not any(row["current"] for row in rows):
        click.echo(f"none is live; make the newest live with: {workspace.command('run release')}", err=True)
