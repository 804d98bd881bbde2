"""`forget`: products and shoppers erased from all that a workspace keeps."""

import click

from dagster_project.cli.decisions import who_option, why_option
from dagster_project.cli.options import catalog_option, existing_workspace

__all__ = ["forget"]


@click.command(epilog='Example: shelfspace forget --product p00017 --why "asked for by letter"')
@click.option("--product", "products", multiple=True, metavar="ID", help="A product; may be given again.")
@click.option(
    "--shopper",
    "shoppers",
    multiple=True,
    metavar="ID",
    help="A shopper, by the id that the shop's events give.",
)
@click.option("--allow-again", is_flag=True, help="Take their tombstones away: they may be collected again.")
@click.option(
    "--again", is_flag=True, help="Erase anew whatever has a tombstone: what a restored backup still holds."
)
@click.option("--status", is_flag=True, help="Say what was erased so far, and what stays where until when.")
@why_option
@who_option
@catalog_option
def forget(
    products: tuple[str, ...],
    shoppers: tuple[str, ...],
    allow_again: bool,
    again: bool,
    status: bool,
    why: str,
    who: str,
    catalog: str | None,
) -> None:
    """Erase products or shoppers from every table, log, file and release of a workspace.

    A tombstone, which does not say of whom it is, keeps them from being collected again. Then everything is
    made anew without them, and a new release goes live. Killed at any moment, the same command goes on.
    """
    from dagster_project.erasure import allow, erase, status_table

    workspace = existing_workspace(catalog)
    if status:
        click.echo(status_table(workspace))
        return
    if not products and not shoppers and not again:
        raise click.UsageError("give --product ID or --shopper ID, --again or --status")
    if allow_again:
        for sentence in allow(workspace, products, shoppers):
            click.echo(sentence)
        return
    from dagster_project.environment import prepare
    from dagster_project.who import person

    erase(prepare(workspace.catalog), products, shoppers, person(workspace, who), why, click.echo)
