"""Named jobs: every stage, every loop, and what runs on the side.

Selection strings break beside DVC, so none is needed.
"""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from assets.collection import RAW
from dagster_project.decisions import approve, rollback
from dagster_project.graph import JOBS as GROUPS_OF
from dagster_project.scrub import scrub

__all__ = ["JOBS"]

DESCRIPTIONS = {
    "chain": "Everything: collect, validate, prepare, extract, train, judge, release, package, watch.",
    "retrain": "Collect again and train a challenger; unchanged data trains nothing.",
    "refresh": "A changed catalogue under the same model: changed rows only, a new release, no training.",
    "renew": "All that was made of the catalogue, but for the model, made anew; an erasure ends with it.",
    "prepare": "Validation, preprocessing and features, as one stage of DVC.",
    "learn": "Training and evaluation, as one stage of DVC.",
    "publish": "Release and packaging, as one stage of DVC.",
    "tune": "Search better settings on the validation rows; a killed study is taken up.",
    "cross_validate": "Judge the challenger's settings fold by fold, beside the text baseline.",
}
BY_SENSORS = (
    dg.AssetCheckKey(dg.AssetKey("deliveries"), "nothing_waits_for_a_person"),
    dg.AssetCheckKey(dg.AssetKey("alerts"), "all_is_well"),
)
"""Checks of what sensors keep up to date; no run makes or judges it."""
REFRESHED = ("products", "quarantine", "events", "stock", "texts")
"""What a refresh makes of preprocessing."""


def _selection(name: str, groups: tuple[str, ...]) -> dg.AssetSelection:
    if name == "collection":
        # The verdict on the snapshot is the validation stage's own work.
        return dg.AssetSelection.groups(*groups).without_checks()
    if name == "refresh":
        others = [group for group in groups if group != "preprocessing"]
        return dg.AssetSelection.groups(*others) | dg.AssetSelection.assets(*REFRESHED)
    selection: dg.AssetSelection = dg.AssetSelection.groups(*groups)
    if "validation" in groups:
        selection = selection | dg.AssetSelection.checks_for_assets(*(dg.AssetKey(asset) for asset in RAW))
    return selection


def _job(name: str, groups: tuple[str, ...]) -> UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        name,
        selection=_selection(name, groups) - dg.AssetSelection.checks(*BY_SENSORS),
        description=DESCRIPTIONS.get(name, f"The {name} stage alone, on what the stages before it left."),
        # One process a run: a torch import costs seconds, and the workspace lock is held once.
        executor_def=dg.in_process_executor,
        tags={"shelfspace/job": name},
    )


JOBS: list[UnresolvedAssetJobDefinition | dg.JobDefinition] = [
    *(_job(name, groups) for name, groups in GROUPS_OF.items()),
    scrub,
    rollback,
    approve,
]
