"""`reproduce`: build a release again from what it says made it, and compare."""

import json
import shutil
import tempfile
from pathlib import Path

import click

from dagster_project.cli.options import catalog_option, existing_workspace
from shelfspace.errors import InputError

__all__ = ["reproduce"]

APART = 1
"""Exit status where what came out is not what was released."""


@click.command(epilog="Example: shelfspace reproduce 000007-3fa9c1d2 --json")
@click.argument("release", metavar="RELEASE")
@catalog_option
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
              help="An empty folder to build in, which stays; default one that is deleted.")  # fmt: skip
@click.option("--threads", type=click.IntRange(1), help="Compute with as many; default as many as then.")
@click.option("--json", "as_json", is_flag=True, help="The comparison as JSON instead of sentences.")
def reproduce(
    release: str, catalog: str | None, keep: Path | None, threads: int | None, as_json: bool
) -> None:
    """Build RELEASE again from its bytes, code and settings, and compare.

    The snapshot comes out of DVC's cache or its remote, the code out of git. The catalogue's workspace is
    only read. It ends with status 1 where a vector is not what it was, not even within the tolerance.
    """
    from catalog.erasure.tombstones import Tombstones
    from dagster_project.reproduction import reproduce as build_again
    from releases import Release, list_releases

    workspace = existing_workspace(catalog)
    if release not in [folder.name for folder in list_releases(workspace.releases)]:
        raise InputError("RELEASE", release, f"name one that {workspace.command('releases')} lists")
    if keep is not None and keep.is_dir() and any(keep.iterdir()):
        raise InputError("--keep", str(keep), "name an empty folder, or one that is not there yet")
    stones = Tombstones.open(workspace.state)
    chosen = Release.load(workspace.releases / release)
    place = keep.absolute() if keep is not None else Path(tempfile.mkdtemp(prefix="shelfspace-reproduce-"))
    try:
        made = build_again(
            workspace,
            chosen,
            place,
            lambda said: click.echo(f"  {said}", err=True),
            lambda product: stones.of("product", product) is not None,
            threads,
        )
    finally:
        if keep is None:
            shutil.rmtree(place, ignore_errors=True)
    if as_json:
        click.echo(json.dumps(made.to_dict(), indent=2))
    else:
        found = made.comparison
        click.echo(f"release {release}: {found.verdict}")
        same = found.files - len(found.differing)
        click.echo(
            f"  {same} of {found.files} files are equal bit by bit, the model's {_all(found.model_identical)}"
        )
        for name in found.differing:
            click.echo(f"  differs: {name}")
        for doubt in made.doubts:
            click.echo(f"  note: {doubt}")
    if not (made.comparison.embeddings_identical or made.comparison.within_tolerance):
        click.get_current_context().exit(APART)


def _all(identical: bool) -> str:
    return "among them" if identical else "not all among them"
