"""`export`: a release's vectors, ids and attributes as a file that other tools read."""

from pathlib import Path

import click

from dagster_project.cli.options import catalog_option, existing_workspace
from shelfspace.errors import ArtifactError, InputError

__all__ = ["export"]


@click.command(epilog="Example: shelfspace export --to /data/vectors --release 000007-3fa9c1d2")
@catalog_option
@click.option("--to", type=click.Path(path_type=Path, file_okay=False),
              help="The folder to write into; default `exports` in the workspace.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["parquet", "lance"]), default="parquet",
              show_default=True, help="What to write; lance needs the extra of that name.")  # fmt: skip
@click.option("--release", metavar="ID", help="A release of `shelfspace releases`; default the live one.")
def export(catalog: str | None, to: Path | None, form: str, release: str | None) -> None:
    """Write a release's vectors with ids, attributes and provenance.

    Nothing is overwritten. After a rollback the live release is the one gone back to. Changes of products
    since the release are in the next one.
    """
    from releases import Release, current_id, list_releases
    from releases.export import export_release

    workspace = existing_workspace(catalog)
    live = current_id(workspace.root)
    name = release or live
    if name is None:
        raise ArtifactError(
            f"{workspace.name} has no live release; make one with: {workspace.command('run release')}"
        )
    if name not in [folder.name for folder in list_releases(workspace.releases)]:
        raise InputError("--release", name, f"name one that {workspace.command('releases')} lists")
    chosen = Release.load(workspace.releases / name)
    path = export_release(chosen, to or workspace.root / "exports", form)
    said = "live" if name == live else "not the live one"
    click.echo(f"{chosen.manifest['rows']:,} products of release {name} ({said}) are in {path}")
