"""`backup` and `restore`: a workspace as one archive, taken while the service runs, and back again."""

from pathlib import Path

import click

from dagster_project.cli.options import catalog_option, existing_workspace

__all__ = ["backup", "restore"]

WAIT_SECONDS = 6 * 3600
"""As long as a run waits for another."""


@click.command(epilog="Example: shelfspace backup --to /mnt/backups")
@catalog_option
@click.option("--to", "folder", type=click.Path(path_type=Path), required=True, help="Folder of the archive.")
def backup(catalog: str | None, folder: Path) -> None:
    """Write a workspace into one archive: releases, state, logs and keys. The service may go on.

    A run that is at work is waited for. The archive holds secrets and is readable by its owner alone.
    """
    from assets.lib.backup import back_up
    from catalog.sources.open import open_catalog
    from shelfspace.settings import load_settings
    from shelfspace.workspace import params_file

    workspace = existing_workspace(catalog)

    def say(sentence: str) -> None:
        click.echo(sentence, err=True)

    with workspace.lock(WAIT_SECONDS, holder="a backup", waiting=say):
        made = back_up(workspace, folder)
    for sentence in made.passed_over:
        say(f"passed over: {sentence}")
    click.echo(f"{made.path}: {len(made.files)} files, {made.bytes / 1e6:.1f} MB")
    left_out = "the catalogue's own folder, older versions of the data (DVC), the checkout"
    source = open_catalog(workspace.catalog, cache=workspace.state / "source")
    key = load_settings(params_file(), source.overrides).service.user_key_file
    click.echo(f"not in it: {left_out}{f', the key of shopper ids {key}: keep a copy of it' if key else ''}")


@click.command(epilog="Example: shelfspace restore /mnt/backups/sample-20260301T044500Z.tar")
@click.argument("archive", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--workspaces",
    type=click.Path(path_type=Path),
    help="Folder of all workspaces; default that of this checkout.",
)
@click.option(
    "--forgotten",
    type=click.Path(path_type=Path, exists=True),
    help="A workspace or backup that knows what was forgotten since; default a later backup beside it.",
)
def restore(archive: Path, workspaces: Path | None, forgotten: Path | None) -> None:
    """Unpack an archive as the workspace that it was, whole or not at all.

    Every file is compared with what was written. A workspace that is there is left alone. What was forgotten
    after the backup was made is told, as far as a later backup or the former workspace knows it.
    """
    from assets.lib.restore import restore as unpack
    from shelfspace.workspace import Workspace

    target = unpack(archive, workspaces or Workspace.find("sample").root.parent, click.echo, forgotten)
    click.echo(f"{target} is there again")
    click.echo(
        "if the catalogue's folder lies elsewhere now: shelfspace adopt --catalog FOLDER; "
        "verify all: shelfspace scrub"
    )
