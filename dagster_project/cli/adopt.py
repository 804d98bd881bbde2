"""`adopt`: a catalogue that lies elsewhere now keeps its workspace."""

import click

from dagster_project.cli.options import catalog_option

__all__ = ["adopt"]


@click.command(epilog="Example: shelfspace adopt --catalog /new/place/my-shop")
@catalog_option
def adopt(catalog: str | None) -> None:
    """Give a catalogue's folder the workspace of its name.

    For a catalogue that was moved or copied: its champion, releases and state go on with the new folder.
    """
    from shelfspace.workspace import Workspace

    workspace = Workspace.adopt(catalog)
    click.echo(f"workspace {workspace.name} belongs to {workspace.catalog} from now on")
