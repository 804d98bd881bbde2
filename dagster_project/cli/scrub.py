"""`scrub`: read all that a workspace keeps and name what is damaged."""

import click

from dagster_project.cli.options import catalog_option, existing_workspace

__all__ = ["scrub"]

DAMAGED = 1
"""Exit status where something is damaged."""


@click.command(epilog="Example: shelfspace scrub --catalog path/to/my-shop")
@catalog_option
def scrub(catalog: str | None) -> None:
    """Read all that is kept and name each damaged file, with the way to get it back.

    Nothing is changed. It ends with status 1 where something is damaged.
    """
    from assets.lib.scrub import scrub as read_all
    from assets.lib.scrub import told
    from bentos.build import bento_checks

    workspace = existing_workspace(catalog)
    with workspace.lock():
        found = read_all(workspace, bento_checks(workspace))
    click.echo(told(found))
    if found.damages:
        click.get_current_context().exit(DAMAGED)
