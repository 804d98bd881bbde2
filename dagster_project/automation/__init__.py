"""What runs by itself: deliveries, a source, drift, the week, alerts, the side, and what DVC is told."""

from dagster_project.automation.alerting import ALERTS, ALL_IS_WELL
from dagster_project.automation.definitions import automations, present_settings
from dagster_project.automation.ledger_page import ATTENTION, DELIVERIES
from dagster_project.automation.needs import run_config
from dagster_project.automation.recording import tell_dvc
from dagster_project.automation.shadow_page import SHADOW

__all__ = [
    "ALERTS",
    "ALL_IS_WELL",
    "ATTENTION",
    "DELIVERIES",
    "SHADOW",
    "automations",
    "present_settings",
    "run_config",
    "tell_dvc",
]
