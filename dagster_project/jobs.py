"""Named jobs: every stage, every loop, and what runs on the side.

Selection strings break beside DVC, so none is needed.
"""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from assets.lib.preconditions import BLOCKING
from dagster_project.graph import LOOPS, STAGES

__all__ = ["JOBS"]

DESCRIPTIONS = {
    "chain": "Everything: collect, validate, prepare, extract, train, judge, release, package, watch.",
    "retrain": "Collect again and train a challenger; unchanged data trains nothing.",
    "refresh": "A changed catalogue under the same model: changed rows only, a new release, no training.",
    "tune": "Search better settings on the validation rows; a killed study is taken up.",
    "cross_validate": "Judge the challenger's settings fold by fold, beside the text baseline.",
}


def _job(name: str, assets: tuple[str, ...]) -> UnresolvedAssetJobDefinition:
    selection: dg.AssetSelection = dg.AssetSelection.assets(*assets)
    if name == "collection":
        # The verdict on the snapshot is the validation stage's own work.
        selection = selection.without_checks()
    if name == "validation":
        raw = STAGES["collection"]
        checks = [dg.AssetCheckKey(dg.AssetKey(a), c) for a in raw for c in BLOCKING.get(a, ())]
        selection = selection | dg.AssetSelection.checks(*checks)
    return dg.define_asset_job(
        name,
        selection=selection,
        description=DESCRIPTIONS.get(name, f"The {name} stage alone, on what the stages before it left."),
        # One process a run: a torch import costs seconds, and the workspace lock is held once.
        executor_def=dg.in_process_executor,
        tags={"shelfspace/job": name},
    )


JOBS = [_job(name, assets) for name, assets in {**STAGES, **LOOPS}.items()]
