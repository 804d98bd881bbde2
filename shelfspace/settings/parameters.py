"""All sections together."""

from typing import Any

from shelfspace.settings.alerts import Alerts
from shelfspace.settings.automation import Automation
from shelfspace.settings.data import Collection, Features, Fetch, Media, Preprocessing, Validation
from shelfspace.settings.erasure import Erasure
from shelfspace.settings.events import Events
from shelfspace.settings.insights import Insights
from shelfspace.settings.learning import Augmentation, CrossValidation, Model, Training, Tuning
from shelfspace.settings.operation import (
    Evaluation,
    Gate,
    Graph,
    Monitoring,
    ReleaseSettings,
    Service,
)
from shelfspace.settings.section import Section

__all__ = ["SEE", "Settings", "merge"]

SEE = "see docs/parameters.md for what it takes"
"""The remedy where a value is not one that its setting takes."""


class Settings(Section):
    """All of params.yaml."""

    workspaces: tuple[str, ...] = ("sample",)
    seed: int = 0
    collection: Collection = Collection()
    media: Media = Media()
    fetch: Fetch = Fetch()
    validation: Validation = Validation()
    preprocessing: Preprocessing = Preprocessing()
    features: Features = Features()
    model: Model = Model()
    training: Training = Training()
    tuning: Tuning = Tuning()
    cross_validation: CrossValidation = CrossValidation()
    augmentation: Augmentation = Augmentation()
    evaluation: Evaluation = Evaluation()
    gate: Gate = Gate()
    graph: Graph = Graph()
    insights: Insights = Insights()
    release: ReleaseSettings = ReleaseSettings()
    service: Service = Service()
    events: Events = Events()
    monitoring: Monitoring = Monitoring()
    automation: Automation = Automation()
    alerts: Alerts = Alerts()
    erasure: Erasure = Erasure()


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`base` with `over` laid over it, section by section; neither is changed."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged
