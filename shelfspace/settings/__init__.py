"""The typed form of params.yaml: frozen, checked once, and the same for every caller.

`load_settings` reads params.yaml, lays a catalogue's overrides over it and refuses what it does
not know with the name, the value and the remedy. Each class is one section; each field says what
it means and in which unit.
"""

from shelfspace.settings.alerts import Alerts
from shelfspace.settings.automation import Automation
from shelfspace.settings.data import Collection, Features, Fetch, Media, Preprocessing, Validation
from shelfspace.settings.erasure import Erasure
from shelfspace.settings.events import Events
from shelfspace.settings.insights import Insights
from shelfspace.settings.learning import Augmentation, CrossValidation, Model, Training, Tuning
from shelfspace.settings.load import load_settings
from shelfspace.settings.operation import (
    Evaluation,
    Gate,
    Graph,
    Monitoring,
    ReleaseSettings,
    Service,
)
from shelfspace.settings.parameters import Settings, merge
from shelfspace.settings.section import Section

__all__ = [
    "Alerts",
    "Augmentation",
    "Automation",
    "Collection",
    "CrossValidation",
    "Erasure",
    "Evaluation",
    "Events",
    "Features",
    "Fetch",
    "Gate",
    "Graph",
    "Insights",
    "Media",
    "Model",
    "Monitoring",
    "Preprocessing",
    "ReleaseSettings",
    "Section",
    "Service",
    "Settings",
    "Training",
    "Tuning",
    "Validation",
    "load_settings",
    "merge",
]
