"""Ways to run a trained encoder, and the choice among them by measurement.

The network is cut into its encoders and its head (`parts`); each can be run by several ways (`ways`),
is tried on real rows beside eager float32 (`trials`, `agreement`), and the quickest that agrees runs it
(`choice`, `runner`). Eager float32 is always there and is what the others are judged by.
"""

from models.inference.backends.agreement import Agreement
from models.inference.backends.backends import EAGER, WAYS
from models.inference.backends.choice import AUTO, Choice, choose

__all__ = ["AUTO", "EAGER", "WAYS", "Agreement", "Choice", "choose"]
