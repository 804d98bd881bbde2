"""Which groups of assets each job covers: the one list that Dagster, DVC and the command line share."""

from collections.abc import Mapping

__all__ = ["DVC_STAGES", "JOBS", "LOOPS", "SIDE", "STAGES", "stages_of"]

STAGES = (
    "collection",
    "validation",
    "preprocessing",
    "features",
    "training",
    "evaluation",
    "release",
    "insights",
    "packaging",
    "monitoring",
)
"""Groups of the chain, in its order; each is a job of its own too."""

SIDE: Mapping[str, str] = {"tune": "tuning", "cross_validate": "cross_validation"}
"""Job to the group that it runs on the side: it feeds no stage by itself."""

DVC_STAGES: Mapping[str, tuple[str, ...]] = {
    "prepare": ("validation", "preprocessing", "features"),
    "learn": ("training", "evaluation"),
    "publish": ("release", "insights", "packaging"),
}
"""Stage of dvc.yaml, and job, to its groups: all that follows the snapshot and precedes live traffic.

They are few since `dvc commit` looks at every output of the file once for each stage that it is told of.
"""

LOOPS: Mapping[str, tuple[str, ...]] = {
    "chain": STAGES,
    "retrain": STAGES[:-1],
    # Of preprocessing the clean tables and texts alone.
    "refresh": ("collection", "validation", "preprocessing", "release", "insights", "packaging"),
    "renew": STAGES[:4] + STAGES[6:9],
    **DVC_STAGES,
    **{job: (group,) for job, group in SIDE.items()},
}
"""Jobs that are no single stage: everything, ending with a first drift report; collect and train again;
new data under the same model; all but the training, which an erasure ends with; what DVC calls; the two that
run on the side."""

JOBS: Mapping[str, tuple[str, ...]] = {
    **{stage: (stage,) for stage in STAGES},
    # A release carries the insights, which are taken of its vectors.
    "release": ("release", "insights"),
    **LOOPS,
}
"""Every job to the groups that it covers, wholly or in part."""


def stages_of(job: str) -> list[str]:
    """DVC stages whose outputs a job may have changed."""
    covered = set(JOBS.get(job, ()))
    return [stage for stage, groups in DVC_STAGES.items() if covered & set(groups)]
