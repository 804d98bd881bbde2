"""`deliveries` and `approve`: what came into the inbox and what became of it, and a person's yes."""

import json

import click

from dagster_project.cli.options import catalog_option, existing_workspace

__all__ = ["approve", "deliveries"]


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


@click.command(epilog="Example: shelfspace approve 12")
@click.argument("delivery", metavar="NUMBER|NAME")
@catalog_option
def approve(delivery: str, catalog: str | None) -> None:
    """Let a held delivery through, once; NAME `source` is a change of the catalogue's own tables.

    What is held, and why, stands in the list of deliveries.
    """
    from catalog.deliveries.milestones import approve as let_through

    workspace = existing_workspace(catalog)
    entry = let_through(workspace, delivery)
    click.echo(f"{entry.name} is approved ({entry.reason}); take it with: {workspace.command('run refresh')}")
