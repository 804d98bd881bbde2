"""What Dagster loads: assets, checks, jobs, automation and the one resource. No logic lives here."""

import dagster as dg

from assets import (
    collection,
    cross_validation,
    evaluation,
    features,
    graph,
    model_inputs,
    monitoring,
    packaging,
    preprocessing,
    release,
    search,
    training,
    tuning,
    validation,
)
from assets.lib.shop import NoPickleIOManager, Shop
from dagster_project.automation import automations
from dagster_project.jobs import JOBS
from shelfspace.settings import load_settings
from shelfspace.workspace import PROJECT

_sensors, _schedules = automations(load_settings(PROJECT / "params.yaml").automation)

defs = dg.Definitions(
    assets=[
        collection.raw,
        validation.media_findings,
        validation.validation_report,
        preprocessing.catalogue,
        preprocessing.splits,
        model_inputs.texts,
        model_inputs.featurizer,
        model_inputs.images,
        model_inputs.sounds,
        *features.FEATURES,
        tuning.tuning,
        cross_validation.cross_validation,
        training.challenger,
        evaluation.evaluation,
        evaluation.model_card,
        evaluation.champion,
        release.product_embeddings,
        graph.graph_vectors,
        release.search_index,
        search.lexical_index,
        search.modality_vectors,
        search.bought_together,
        search.search_fusion,
        release.release,
        packaging.bento,
        monitoring.live_requests,
        monitoring.drift_report,
    ],
    asset_checks=[*validation.CHECKS, *preprocessing.CHECKS, *training.CHECKS, *release.CHECKS],
    jobs=JOBS,
    sensors=_sensors,
    schedules=_schedules,
    resources={"shop": Shop(), "io_manager": NoPickleIOManager()},
    executor=dg.in_process_executor,
)
