"""Decisions of people as jobs: `rollback` and `approve`, with what the Dagster UI asks for as their config.

They take no lock of the workspace: a rollback does not wait for a run of hours. That run then refuses to
release what was barred meanwhile.
"""

import dagster as dg
from pydantic import Field

from assets.lib.shop import Shop
from catalog.deliveries.ledger import State, read_ledger
from catalog.deliveries.milestones import approve as let_through
from catalog.deliveries.milestones import repeats
from dagster_project.tags import PERSON
from dagster_project.who import person
from releases import roll_back
from releases.bars import Bar
from releases.promotion import approve_champion, approve_release
from releases.release import is_release_name
from shelfspace.approvals import approve_what
from shelfspace.workspace import Workspace

__all__ = ["approve", "approve_any", "rollback", "told"]

LEAST_OF_A_FINGERPRINT = 6


class Decision(dg.Config):
    """Why, and by whom."""

    why: str = Field(default="", description="Your reason; kept in the history.")
    who: str = Field(default="", description="Your name; kept as unverified.")


class Back(Decision):
    """What to go back to."""

    to: str = Field(
        default="",
        description="The release to go back to; empty for the one before. The live one refuses what waits.",
    )


class Yes(Decision):
    """What is approved."""

    what: str = Field(
        description="A held delivery's number or file, a release that waits or was rolled back, or how the "
        "fingerprint of a barred model begins."
    )


def told(workspace: Workspace, bar: Bar) -> list[str]:
    """What a rollback did, a sentence a line."""
    lines = [f"current release of {workspace.name} is now {bar.to}"]
    models = ", ".join(model[:8] for model in bar.champions)
    if models:
        back = workspace.command("approve", RELEASE=bar.releases[-1])
        again = ", ".join(workspace.command("approve", MODEL=model[:8]) for model in bar.champions)
        lines += [
            f"barred until it is judged anew or approved: model {models}; the champion is that of {bar.to}",
            f"to have {bar.releases[-1]} live again after all: {back}; "
            f"to have its model judged again, and no more: {again}",
        ]
    if bar.deliveries:
        numbers = ", ".join(map(str, bar.deliveries))
        lines.append(
            f"held until they are approved: deliveries {numbers}; see: {workspace.command('deliveries')}"
        )
    if bar.source:
        yes = workspace.command("approve", DELIVERY="source")
        lines.append(f"held until it changes again or is approved: the catalogue's own tables ({yes})")
    if bar.again:
        numbers = ", ".join(map(str, bar.again))
        lines.append(f"{bar.to} has them, so they count again with the next run: deliveries {numbers}")
    if not bar.champions and not bar.deliveries and not bar.source:
        lines.append(
            f"barred: release {', '.join(bar.releases)} as it is; it has no other model than {bar.to}, "
            "and no delivery that this one lacks"
        )
    return lines


def approve_any(workspace: Workspace, what: str, who: str, why: str) -> str:
    """Approve what is named; returns what was done, as a sentence.

    Raises:
        CatalogError: no such delivery is held.
        ArtifactError: the release or the model does not wait.
    """
    if is_release_name(what):
        approve_release(workspace, what, who, why)
        return f"release {what} is live, approved by {who}"
    is_hex = len(what) >= LEAST_OF_A_FINGERPRINT and not set(what.lower()) - set("0123456789abcdef")
    held = read_ledger(workspace.state).unfinished(State.HELD)
    if is_hex and not any(what in (str(entry.arrival), entry.name) for entry in held):
        given = approve_champion(workspace, what, who, why)
        again = workspace.command("run retrain")
        return f"{given.what} is barred no more; nothing goes live by that alone: {again} judges it again"
    entry = let_through(workspace, what)
    approve_what(workspace.root, f"delivery {entry.arrival} ({entry.name})", who, why)
    said = f"{entry.name} is approved ({entry.reason}); take it with: {workspace.command('run refresh')}"
    if before := repeats(workspace, entry):
        said += (
            f"; rows that only repeat what {before} said count with that: if it stays held, send this again"
        )
    return said


@dg.op(name="go_back", out=dg.Out(dg.Nothing))
def go_back(context: dg.OpExecutionContext, config: Back) -> None:
    """Roll back, and show it on the release's page."""
    workspace = Workspace.open()
    said = told(workspace, roll_back(workspace, who_asks(context, workspace, config), config.why, config.to))
    observed(context, said)


@dg.op(name="say_yes", out=dg.Out(dg.Nothing))
def say_yes(context: dg.OpExecutionContext, config: Yes) -> None:
    """Approve, and show it on the release's page."""
    workspace = Workspace.open()
    who = who_asks(context, workspace, config)
    observed(context, [approve_any(workspace, config.what, who, config.why)])


def who_asks(context: dg.OpExecutionContext, workspace: Workspace, config: Decision) -> str:
    """The person behind a run: whom a trusted proxy names, else as `person` has it."""
    named = context.run.tags.get(PERSON, "")
    return named if named and Shop().settings.automation.trust_proxy else person(workspace, config.who)


def observed(context: dg.OpExecutionContext, said: list[str]) -> None:
    """Say what was decided in the log, and on the page of the release."""
    for sentence in said:
        context.log.warning(sentence)
    context.log_event(dg.AssetObservation(asset_key="release", description="\n".join(said)))


@dg.job(
    description="Go back to a release and bar what came after it; config: to, why, who.",
    executor_def=dg.in_process_executor,
    tags={"shelfspace/job": "rollback"},
)
def rollback() -> None:
    """Roll back."""
    go_back()


@dg.job(
    description="Approve a held delivery, a release that waits, a barred model; config: what, why, who.",
    executor_def=dg.in_process_executor,
    tags={"shelfspace/job": "approve"},
)
def approve() -> None:
    """Approve."""
    say_yes()
