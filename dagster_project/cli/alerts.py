"""`alerts`: what is wrong, as the alert sensor last saw it; and a trial of the webhook."""

import json
from datetime import UTC, datetime

import click

from dagster_project.cli.options import catalog_option, existing_workspace
from shelfspace.clock import minute

__all__ = ["alerts"]


@click.command(epilog="Example: shelfspace alerts --check || echo something is wrong")
@catalog_option
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
@click.option("--check", is_flag=True, help="End with status 1 where one is open, or where nobody looks.")
@click.option("--try-webhook", is_flag=True, help="Post one line to the webhook and say whether it arrived.")
def alerts(catalog: str | None, as_json: bool, check: bool, try_webhook: bool) -> None:
    """List what is wrong now, and what was: failed runs, waiting deliveries, drift, a full disk and so on.

    The alert sensor of the daemon (`shelfspace daemon`, or `ui`) looks once a minute; where it does not, that
    is the first line.
    """
    from shelfspace.alerts import alert_rows, read_book, unwatched_row

    workspace = existing_workspace(catalog)
    if try_webhook:
        _try(catalog)
        return
    book = read_book(workspace.state)
    nobody_looks = book.unwatched(datetime.now(UTC))
    rows = [*([unwatched_row(book, nobody_looks)] if nobody_looks else []), *alert_rows(book)]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    elif rows:
        from tabulate import tabulate

        click.echo(
            tabulate(
                rows, headers="keys", disable_numparse=True, maxcolwidths=[None, 20, 70, None, None, None]
            )
        )
    else:
        click.echo(f"nothing is wrong, as the alert sensor saw it at {minute(book.looked)} UTC")
    if check and (nobody_looks or book.open):
        raise SystemExit(1)


def _try(catalog: str | None) -> None:
    from assets.lib.shop import settings_of
    from catalog.sources.open import open_catalog
    from shelfspace.alerts import post, webhook_address
    from shelfspace.errors import SettingsError

    workspace = existing_workspace(catalog)
    settings = settings_of(open_catalog(workspace.catalog, cache=workspace.state / "source")).alerts
    address = webhook_address(settings, workspace.state)
    if address is None:
        remedy = f"no webhook: write its address into {workspace.state / 'webhook.url'}"
        raise SettingsError("alerts.webhook_file", settings.webhook_file, remedy)
    wrong = post(address, f"Shelfspace, {workspace.name}: a trial; alerts will come here.")
    if wrong:
        raise SettingsError("alerts.webhook_file", settings.webhook_file, wrong)
    click.echo("it arrived")
