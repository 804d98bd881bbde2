"""What Dagster loads: assets, checks, jobs, automation and the one resource. No logic lives here."""

import dagster as dg

from assets import (
    collection,
    cross_validation,
    evaluation,
    features,
    graph,
    insights,
    interactions,
    model_inputs,
    monitoring,
    packaging,
    preprocessing,
    published_insights,
    release,
    search,
    training,
    tuning,
    validation,
)
from assets.lib.shop import NoPickleIOManager, Shop
from dagster_project.automation import (
    ALERTS,
    ALL_IS_WELL,
    ATTENTION,
    DELIVERIES,
    SHADOW,
    automations,
    present_settings,
)
from dagster_project.code_references import with_code_references
from dagster_project.jobs import JOBS

_MODULES = [
    collection,
    validation,
    preprocessing,
    model_inputs,
    features,
    tuning,
    cross_validation,
    training,
    evaluation,
    graph,
    search,
    interactions,
    *insights.MODULES,
    release,
    published_insights,
    packaging,
    monitoring,
]
_sensors, _schedules = automations(present_settings())

defs = dg.Definitions(
    assets=[*with_code_references(dg.load_assets_from_modules(_MODULES)), DELIVERIES, ALERTS, SHADOW],
    asset_checks=[*dg.load_asset_checks_from_modules(_MODULES), ATTENTION, ALL_IS_WELL],
    jobs=JOBS,
    sensors=_sensors,
    schedules=_schedules,
    resources={"shop": Shop(), "io_manager": NoPickleIOManager()},
    executor=dg.in_process_executor,
)
