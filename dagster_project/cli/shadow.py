"""`shadow`: a release that answers a share of the live requests on the side, and what it would change."""

import json

import click

from dagster_project.cli.options import catalog_option, existing_workspace

__all__ = ["shadow"]

SHARE = 0.1


@click.command(epilog="Example: shelfspace shadow 000008-91c2d4e0 --share 0.1")
@click.argument("release", default="")
@click.option(
    "--share", type=click.FloatRange(0, 1, min_open=True),
    help=f"Of the live requests; default {SHARE}.",
)  # fmt: skip
@click.option("--off", is_flag=True, help="Let it answer no more.")
@click.option("--report", is_flag=True, help="What it would change, also as shadow.html; so without RELEASE.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@click.option("--who", default="", help="Your name; default that of a key in SHELFSPACE_KEY, else the user.")
@catalog_option
def shadow(
    release: str, share: float | None, off: bool, report: bool, as_json: bool, who: str, catalog: str | None
) -> None:
    """Let RELEASE answer a share of the live requests on the side, where nobody sees it.

    A running service takes it up within a second; its own answers stay as they are. Without RELEASE it is the
    one that waits to go live, where --share or --off is given, else its report is shown.
    """
    from tabulate import tabulate

    from dagster_project.who import person
    from releases.shadow import order_shadow
    from releases.shadow.kept import PAGE
    from releases.shadow.page import figure_rows, write_page

    workspace = existing_workspace(catalog)
    if report or as_json or not (release or share or off):
        told = write_page(workspace)
        if as_json:
            click.echo(json.dumps(told.describe(), indent=2))
            return
        click.echo("\n".join(told.sentences))
        if told.kinds:
            rows = figure_rows(told)
            click.echo("\n" + tabulate(rows, headers="keys", disable_numparse=True, maxcolwidths=24))
        click.echo(f"the questions that changed most, with pictures: {workspace.root / PAGE}")
        return
    order = order_shadow(workspace, release, 0.0 if off else share or SHARE, person(workspace, who))
    if off:
        click.echo(f"release {order.release} answers nothing on the side any more")
        return
    said = f"release {order.release} answers {order.share:.0%} of the live requests on the side"
    click.echo(f"{said}; how they differ: {workspace.command('shadow')}")
