"""What people decide: `rollback`, `approve`, `pin`, `unpin`."""

import click

from dagster_project.cli.options import catalog_option, existing_workspace

__all__ = ["approve", "pin", "rollback", "unpin"]

why_option = click.option("--why", default="", help="Your reason; kept in the history.")
who_option = click.option(
    "--who",
    default="",
    help="Your name, kept as unverified; default that of a key in SHELFSPACE_KEY, else the user.",
)


@click.command(epilog='Example: shelfspace rollback --why "prices look wrong"')
@click.option(
    "--to", default="", metavar="RELEASE", help="The release to go back to; default the one before."
)
@why_option
@who_option
@catalog_option
def rollback(to: str, why: str, who: str, catalog: str | None) -> None:
    """Go back to the release before, and bar what came after it.

    A running service follows as soon as it has loaded that one. Barred is the model, where it differs, else
    the deliveries taken since, which are held; until a person approves them. To name the live release refuses
    the one that waits.
    """
    from dagster_project.decisions import told
    from dagster_project.who import person
    from releases import roll_back

    workspace = existing_workspace(catalog)
    for line in told(workspace, roll_back(workspace, person(workspace, who), why, to)):
        click.echo(line)


@click.command(epilog="Example: shelfspace approve 12, or approve 000007-3fa9c1d2")
@click.argument("what", metavar="DELIVERY|RELEASE|MODEL")
@why_option
@who_option
@catalog_option
def approve(what: str, why: str, who: str, catalog: str | None) -> None:
    """Say yes to what waits for a person: a held delivery, a release, or a model that is barred.

    A delivery is named by its number or its file (`source` is a change of the catalogue's own tables), a
    model by how its fingerprint begins. A release goes live at once; a model is only barred no more: the next
    retraining may have it judged again. The lists of deliveries and of releases say what waits, and why.
    """
    from dagster_project.decisions import approve_any
    from dagster_project.who import person

    workspace = existing_workspace(catalog)
    click.echo(approve_any(workspace, what, person(workspace, who), why))


@click.command(epilog='Example: shelfspace pin 000007-3fa9c1d2 --why "the sale until Sunday"')
@click.argument("release")
@why_option
@who_option
@catalog_option
def pin(release: str, why: str, who: str, catalog: str | None) -> None:
    """Keep a release: it is never deleted, and while it is live, newer ones wait."""
    from dagster_project.who import person
    from releases import current_id
    from releases import pin as put

    workspace = existing_workspace(catalog)
    put(workspace.root, release, person(workspace, who), why)
    stays = "; newer releases wait while it is live" if current_id(workspace.root) == release else ""
    click.echo(f"release {release} is pinned and is not deleted{stays}")


@click.command(epilog="Example: shelfspace unpin 000007-3fa9c1d2")
@click.argument("release")
@catalog_option
def unpin(release: str, catalog: str | None) -> None:
    """Take a pin away; what waited meanwhile goes on waiting until it is approved, or a newer one comes."""
    from releases import unpin as take
    from releases.waiting import waits_for_a_person

    workspace = existing_workspace(catalog)
    take(workspace.root, release)
    click.echo(f"release {release} is no longer pinned")
    for sentence in waits_for_a_person(workspace):
        click.echo(sentence)
