"""`keys`: who may ask the service, for what, and how often."""

from pathlib import Path

import click

from dagster_project.cli.options import catalog_option, check_catalog
from shelfspace.errors import SettingsError

__all__ = ["keys"]

file_option = click.option(
    "--file",
    "file",
    metavar="FILE",
    help="Keys file; default SHELFSPACE_KEYS, else keys.json in the workspace.",
)


class Keys(click.Group):
    """Commands on the keys file; one that cannot be written is a refusal, too."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command.

        Raises:
            SettingsError: the file or its folder cannot be used.
        """
        try:
            return super().invoke(ctx)
        except OSError as error:
            where = error.filename or "keys.json"
            raise SettingsError(
                "keys", str(where), f"give a file that can be written ({error.strerror})"
            ) from error


@click.group(cls=Keys, epilog="Example: shelfspace keys create --name storefront --scopes read")
def keys() -> None:
    """Create, list, rotate and revoke API keys.

    A key is shown once, when it is made. The service follows a change within a second.
    """


@keys.command(epilog="Example: shelfspace keys create --name importer --scopes read,write --days 90")
@click.option("--name", default="", help="Who uses it; shown by list.")
@click.option(
    "--scopes",
    default="read",
    show_default=True,
    help="Of read, write, shopper, events, insights, with commas; see docs/security.md.",
)
@click.option("--rate", type=float, default=50, show_default=True, help="Requests a second.")
@click.option("--burst", type=float, default=100, show_default=True, help="Requests at once.")
@click.option("--days", type=float, help="Days until it expires; default never.")
@catalog_option
@file_option
def create(
    name: str,
    scopes: str,
    rate: float,
    burst: float,
    days: float | None,
    catalog: str | None,
    file: str | None,
) -> None:
    """Add a key and print it, this once."""
    from bentos.auth.manage import add_key

    path = keys_file(catalog, file)
    token, key = add_key(path, name, scopes, rate, burst, days)
    told(token, key.id, path)


@keys.command("list", epilog="Example: shelfspace keys list --catalog flipkart")
@catalog_option
@file_option
def show(catalog: str | None, file: str | None) -> None:
    """Show the keys there are, without the keys themselves."""
    from bentos.auth.keys import read_keys
    from bentos.auth.manage import describe_key

    path = keys_file(catalog, file)
    if not path.exists():
        raise SettingsError("keys", str(path), "make a key first: shelfspace keys create")
    for key in read_keys(path).keys:
        click.echo(describe_key(key))


@keys.command(epilog="Example: shelfspace keys rotate 1f2e3d4c --hours 48")
@click.argument("key_id", metavar="ID")
@click.option("--hours", type=float, default=24, show_default=True, help="How long the old key stays valid.")
@catalog_option
@file_option
def rotate(key_id: str, hours: float, catalog: str | None, file: str | None) -> None:
    """Make a key with the rights of ID, which ends some hours later."""
    from bentos.auth.manage import rotate_key

    path = keys_file(catalog, file)
    token, key = rotate_key(path, key_id, hours)
    told(token, key.id, path)
    click.echo(f"key {key_id} is valid for {hours:g} hours more at most", err=True)


@keys.command(epilog="Example: shelfspace keys revoke 1f2e3d4c")
@click.argument("key_id", metavar="ID")
@catalog_option
@file_option
def revoke(key_id: str, catalog: str | None, file: str | None) -> None:
    """Take the key ID out, at once."""
    from bentos.auth.manage import revoke_key

    left = revoke_key(keys_file(catalog, file), key_id)
    click.echo(f"key {key_id} is revoked; {left} left", err=True)


def keys_file(catalog: str | None, file: str | None) -> Path:
    """The file that was named, else the workspace's; nothing is made yet."""
    from bentos.auth.manage import keys_path
    from shelfspace.workspace import Workspace

    if file:
        return Path(file).expanduser().resolve()
    workspace = Workspace.find(catalog)
    if not workspace.root.is_dir():
        check_catalog(workspace, read_tables=False)
    return keys_path(workspace)


def told(token: str, key_id: str, path: Path) -> None:
    """Print a new key to the output, and what to do with it to the error stream."""
    click.echo(token)
    click.echo(f"key {key_id} is in {path}; it is shown this once, keep it now", err=True)
