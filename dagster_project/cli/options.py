"""Options that several commands share, and the look at a catalogue before anything is made for it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from shelfspace.errors import ArtifactError

if TYPE_CHECKING:
    from shelfspace.workspace import Workspace

__all__ = ["catalog_option", "check_catalog", "existing_workspace", "port_option"]

Command = TypeVar("Command", bound=Callable[..., Any])

catalog_option = click.option(
    "--catalog",
    metavar="NAME|FOLDER",
    help="A preset (sample, flipkart, online-retail) or a catalogue folder; "
    "default SHELFSPACE_CATALOG, else sample.",
)


def port_option(default: int | None, told: str = "") -> Callable[[Command], Command]:
    """`--port`, for a server on loopback."""
    shown = told or f"default {default}"
    return click.option(
        "--port", type=click.IntRange(1, 65535), default=default, help=f"The port to listen on; {shown}."
    )


def existing_workspace(catalog: str | None) -> "Workspace":
    """The workspace of a catalogue that a chain has run on; nothing is made.

    Raises:
        ArtifactError: there is none yet; names the command that makes it.
        CatalogError: there is none, and no such catalogue either.
    """
    from shelfspace.workspace import Workspace

    workspace = Workspace.find(catalog)
    if not workspace.root.is_dir():
        check_catalog(workspace, read_tables=False)
        raise ArtifactError(
            f"workspace {workspace.name} is not there yet; make it with: {workspace.command('demo')}"
        )
    return workspace


def check_catalog(workspace: "Workspace", *, read_tables: bool) -> None:
    """Refuse a catalogue or settings that cannot be used, before anything is made for them.

    Args:
        workspace: found, not opened.
        read_tables: also read the tables, so that an unmapped column is found before the first run.

    Raises:
        CatalogError: no such catalogue, or a table or catalog.yaml that is not usable.
        SettingsError: params.yaml or the catalogue's params are not usable.
    """
    from catalog.sources.open import open_catalog
    from shelfspace.settings import load_settings
    from shelfspace.workspace import params_file

    params = params_file()
    built = workspace.state / "source" / "sample" / "catalog.yaml"
    if workspace.catalog == "sample" and not built.exists():
        # The sample is written by its first run and has settings of its own only from then on.
        load_settings(params)
        return
    source = open_catalog(workspace.catalog, cache=workspace.state / "source")
    load_settings(params, source.overrides)
    if read_tables:
        for table in (source.products, source.events, source.stock):
            table()
