"""`deliveries`: what came into the inbox and what became of it."""

import json

import click

from dagster_project.cli.options import catalog_option, existing_workspace

__all__ = ["deliveries"]


@click.command(epilog="Example: shelfspace deliveries --catalog path/to/my-shop")
@catalog_option
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
def deliveries(catalog: str | None, as_json: bool) -> None:
    """List the deliveries of a catalogue, newest first: arriving, waiting, held, taken, released, refused."""
    from assets.lib.shop import settings_of
    from catalog.deliveries.table import delivery_rows, delivery_table
    from catalog.sources.open import open_catalog

    workspace = existing_workspace(catalog)
    source = open_catalog(workspace.catalog, cache=workspace.state / "source")
    rows = delivery_rows(workspace, settings_of(source).collection.quiet_seconds)
    empty = f"nothing has been delivered; put a file into {workspace.inbox}"
    click.echo(json.dumps(rows, indent=2) if as_json else delivery_table(rows) if rows else empty)
