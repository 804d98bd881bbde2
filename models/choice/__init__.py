"""Which encoders a catalogue gets where its settings say `auto`."""

from models.choice.candidates import larger_than
from models.choice.choose import choose_encoders
from models.choice.chosen import Choice, Chosen, auto_modalities

__all__ = ["Choice", "Chosen", "auto_modalities", "choose_encoders", "larger_than"]
