"""Every challenger that was judged: what made it, its figures, what the gate said; compared on a page."""

from releases.experiments.differences import differing, experiment_rows
from releases.experiments.page import PAGE, write_page
from releases.experiments.record import Experiment, experiments, named, note_experiment

__all__ = [
    "PAGE",
    "Experiment",
    "differing",
    "experiment_rows",
    "experiments",
    "named",
    "note_experiment",
    "write_page",
]
