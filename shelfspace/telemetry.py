"""Telemetry of every tool, off by default.

Dagster has no variable for it: `telemetry: {enabled: false}` in dagster.yaml is its only switch.
"""

import os

__all__ = ["QUIET", "quiet_telemetry"]

QUIET = {
    "GX_ANALYTICS_ENABLED": "false",  # Great Expectations
    "DO_NOT_TRACK": "1",  # Evidently; also DVC's and others' common switch
    "BENTOML_DO_NOT_TRACK": "True",  # compared with "true" after lower()
    "DVC_NO_ANALYTICS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
"""Environment variable to the value that silences its tool."""


def quiet_telemetry() -> None:
    """Set each variable of `QUIET` that the environment does not set already.

    Call it before the tools are imported: Great Expectations and BentoML read theirs once.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
