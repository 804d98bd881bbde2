"""The job `scrub`: what `shelfspace scrub` does, as a run with its schedule, and what is too old goes."""

import dagster as dg

from assets.lib.retention import delete_old
from assets.lib.scrub import Scrubbed, told
from assets.lib.scrub import scrub as read_all
from assets.lib.shop import Shop
from bentos.build import bento_checks
from dagster_project.old_runs import delete_old_runs
from shelfspace.settings import Automation

__all__ = ["scrub", "scrub_schedule"]


@dg.op(name="read_all_that_is_kept", out=dg.Out(dg.Nothing))
def read_kept(context: dg.OpExecutionContext, shop: Shop) -> None:
    """Delete what is too old to be kept, and verify every byte of the rest against its checksums."""
    gone = delete_old_runs(context.instance, shop.settings.automation.keep_runs_days)
    context.log.info(f"{len(gone)} runs are older than automation.keep_runs_days and are deleted")
    for what, count in delete_old(shop.workspace, shop.settings).items():
        if count:
            context.log.info(f"{count:,} {what} are older than automation.keep_..._days and are deleted")
    found = read_all(shop.workspace, bento_checks(shop.workspace))
    context.log.info(told(found))
    context.add_output_metadata(figures(found))
    if found.damages:
        raise dg.Failure(
            description="\n".join(damage.said for damage in found.damages),
            metadata={**figures(found), "damaged": len(found.damages)},
            allow_retries=False,
        )


def figures(found: Scrubbed) -> dict[str, float | int]:
    """Metadata of a scrub."""
    return {
        "megabytes": round(sum(found.bytes.values()) / 1e6, 1),
        "megabytes_per_second": round(found.megabytes_per_second, 1),
        "seconds": round(found.seconds, 2),
    }


@dg.job(
    description="Delete what is too old to be kept and read all the rest; damage fails the run, "
    "named with the way back.",
    executor_def=dg.in_process_executor,
    tags={"shelfspace/job": "scrub"},
)
def scrub() -> None:
    """Verify what is kept."""
    read_kept()


def scrub_schedule(settings: Automation) -> dg.ScheduleDefinition:
    """The schedule of the scrub, with the interval of params.yaml."""
    return dg.ScheduleDefinition(
        name="weekly_scrub",
        job=scrub,
        cron_schedule=settings.scrub,
        execution_timezone=settings.timezone,
        run_config={
            "resources": {"shop": {"config": {"launched_by": "schedule", "cause": "the weekly scrub"}}}
        },
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Deletes what is too old to be kept, reads the rest and fails where a byte is not as it "
        "was written.",
    )
