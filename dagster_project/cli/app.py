"""The command `shelfspace`: what it offers, and how it ends when something is refused.

This module and its neighbours import no heavy library at the top: `shelfspace --help` answers at once.
"""

import sys
from importlib.metadata import version
from pathlib import Path

import click

from dagster_project.cli.adopt import adopt
from dagster_project.cli.alerts import alerts
from dagster_project.cli.backup import backup, restore
from dagster_project.cli.decisions import approve, pin, rollback, unpin
from dagster_project.cli.deliveries import deliveries
from dagster_project.cli.experiments import experiments
from dagster_project.cli.export import export
from dagster_project.cli.fetch import fetch_media
from dagster_project.cli.forget import forget
from dagster_project.cli.jobs import demo, run, summary
from dagster_project.cli.keys import keys
from dagster_project.cli.releases import releases
from dagster_project.cli.reproduce import reproduce
from dagster_project.cli.scrub import scrub
from dagster_project.cli.servers import daemon, drift, serve, ui, webserver
from dagster_project.cli.shadow import shadow
from dagster_project.cli.synonyms import synonyms
from shelfspace.errors import SettingsError, ShelfspaceError
from shelfspace.machine import machine_fault

__all__ = ["main", "shelfspace"]

CODE = Path(__file__).resolve().parents[2]
REFUSED, INTERRUPTED = 2, 130
"""Exit statuses: our own refusals (click's own for a wrong option, too), and Ctrl-C as a shell reports it."""


def check_checkout(here: Path) -> None:
    """Refuse to work for one checkout from within another: a copied .venv stays with the one it came from.

    Raises:
        SettingsError: the folder is a checkout, and not the one whose code this is.
    """
    if (here / "dagster_project" / "cli" / "app.py").is_file() and here.resolve() != CODE:
        remedy = (
            f"it runs the code of {CODE} and would change the workspaces there: "
            f"delete {here / '.venv'} and run make install, or go to {CODE}"
        )
        raise SettingsError("environment", sys.prefix, remedy)


class Commands(click.Group):
    """Commands that end with one sentence where the platform refuses; a bug keeps its traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command and turn a refusal or Ctrl-C into a line and an exit status."""
        try:
            check_checkout(Path.cwd())
            return super().invoke(ctx)
        except ShelfspaceError as error:
            click.echo(str(error), err=True)
            ctx.exit(REFUSED)
        except Exception as error:
            said = machine_fault(error)
            if said is None:
                raise
            click.echo(said, err=True)
            ctx.exit(REFUSED)
        except KeyboardInterrupt:
            click.echo("stopped; run the same again to go on where it was", err=True)
            ctx.exit(INTERRUPTED)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order they were added, which is the order they are needed in."""
        del ctx
        return list(self.commands)


def say_version(ctx: click.Context, parameter: click.Parameter, asked: bool) -> None:
    """Print the version and end; looked up only when it is asked for."""
    del parameter
    if asked:
        click.echo(f"shelfspace {version('shelfspace')}")
        ctx.exit()


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: shelfspace demo, then shelfspace serve. Each command has a --help of its own.",
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=say_version,
              help="Show the version and exit.")  # fmt: skip
def shelfspace() -> None:
    """One vector per product, from data to a served release."""


COMMANDS = (
    *(demo, run, ui, daemon, webserver, serve, drift, summary, fetch_media),
    *(experiments, deliveries, shadow, approve, releases, rollback, pin, unpin, reproduce, forget),
    *(export, adopt, scrub, backup, restore, synonyms, keys, alerts),
)
for command in COMMANDS:
    shelfspace.add_command(command)


def main() -> None:
    """The console script."""
    sys.exit(shelfspace(prog_name="shelfspace"))
