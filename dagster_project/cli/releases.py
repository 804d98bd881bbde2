"""`releases`: which releases there are, which one is live, and how that came about."""

import json

import click

from dagster_project.cli.options import catalog_option, existing_workspace

__all__ = ["releases"]


@click.command(epilog="Example: shelfspace releases --json")
@catalog_option
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
def releases(catalog: str | None, as_json: bool) -> None:
    """List the releases of a catalogue, newest first."""
    from dagster_project.release_list import release_rows, release_table

    workspace = existing_workspace(catalog)
    rows = release_rows(workspace)
    click.echo(json.dumps(rows, indent=2) if as_json else release_table(rows))
    if not any(row["current"] for row in rows):
        click.echo(f"none is live; make the newest live with: {workspace.command('run release')}", err=True)
