"""`releases` and `rollback`: which releases there are, and back to the one before."""

import json

import click

from dagster_project.cli.options import catalog_option, existing_workspace

__all__ = ["releases", "rollback"]


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


@click.command(epilog="Example: shelfspace rollback --catalog flipkart")
@catalog_option
def rollback(catalog: str | None) -> None:
    """Go back to the release before.

    A running service follows within a second.
    """
    from releases import rollback as move_back

    workspace = existing_workspace(catalog)
    release = move_back(workspace.root)
    click.echo(f"current release of {workspace.name} is now {release.id}")
