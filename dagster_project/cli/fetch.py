"""`fetch-media`: photos and sounds that a table names by web address; the only command that fetches."""

import click

from dagster_project.cli.options import catalog_option

__all__ = ["fetch_media"]

SHOWN_REASONS = 20


@click.command(
    "fetch-media",
    epilog="Example: shelfspace fetch-media --catalog my-shop --allow-host cdn.example.com",
)
@catalog_option
@click.option(
    "--allow-host",
    "hosts",
    metavar="HOST",
    multiple=True,
    help="A host that may be asked, beside fetch.hosts of the settings; may be given again.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Addresses asked at most; default fetch.max_files.")
@click.option("--again", is_flag=True, help="Ask also for what an earlier call found refused.")
def fetch_media(catalog: str | None, hosts: tuple[str, ...], limit: int | None, again: bool) -> None:
    """Fetch photos and sounds that products.csv names by web address.

    They land in `fetched` below the media root; the table keeps its addresses. Nothing else fetches, and
    nothing is asked of a host that you did not allow.
    """
    from catalog.fetching import Hosts, addresses_of
    from catalog.fetching import fetch_media as fetch
    from catalog.sources.open import open_catalog
    from shelfspace.errors import SettingsError
    from shelfspace.settings import load_settings
    from shelfspace.workspace import Workspace, params_file

    workspace = Workspace.find(catalog)
    source = open_catalog(workspace.catalog, cache=workspace.state / "source")
    settings = load_settings(params_file(), source.overrides)
    allowed = (*settings.fetch.hosts, *hosts)
    if not allowed:
        raise SettingsError("fetch.hosts", [], _hosts_named(list(addresses_of(source))))
    made = fetch(
        source,
        settings.fetch,
        settings.media,
        Hosts(allowed),
        limit=limit or settings.fetch.max_files,
        again=again,
    )
    click.echo(
        f"{made.fetched:,} fetched ({made.megabytes:.1f} MB), {made.there:,} were there, "
        f"{len(made.failed):,} failed, {made.left:,} left for another time"
    )
    for why, count, first in made.reasons[:SHOWN_REASONS]:
        click.echo(f"  {count:,} failed: {why}; for instance {first[:120]}")
    if made.refused_before:
        click.echo(f"  {made.refused_before:,} of them were refused before and not asked again; --again asks")
    if made.failed:
        raise click.exceptions.Exit(1)


def _hosts_named(addresses: list[str]) -> str:
    """What to allow: the hosts that the table names, with how many files each has."""
    from collections import Counter
    from urllib.parse import urlsplit

    if not addresses:
        return "the table names no web address; there is nothing to fetch"
    counted = Counter(urlsplit(address).netloc.rpartition("@")[2] or address[:40] for address in addresses)
    named = ", ".join(f"{host} ({count:,})" for host, count in counted.most_common(5))
    return f"allow the hosts to be asked, here or by --allow-host; the table names {named}"
