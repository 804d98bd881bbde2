"""Tags of runs: why a run was asked for, as the Dagster UI shows it and later runs look it up."""

__all__ = ["ATTEMPT", "CAUSE", "DECISION", "NEED", "PERSON", "TRAINED", "WORKSPACE"]

CAUSE = "shelfspace/cause"
"""The kind of cause: delivery, source, drift, schedule; of a run that a person asked for, that."""
NEED = "shelfspace/need"
"""Key of what it was asked for; the same on all attempts."""
ATTEMPT = "shelfspace/attempt"
"""The how-manieth of them it is."""
PERSON = "shelfspace/person"
"""Whom the proxy before the UI names; it counts where `automation.trust_proxy` says so."""
WORKSPACE = "shelfspace/workspace"
"""Several workspaces may share a Dagster home."""
TRAINED = "shelfspace/trained"
"""Whether it trained a challenger: yes, or no where nothing had changed (assets/lib/stage.py)."""
DECISION = "shelfspace/decision"
"""What a drift report calls for: retrain or refresh_ranking; its reason is the cause in the configuration."""
