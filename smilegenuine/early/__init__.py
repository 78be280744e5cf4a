"""How soon a decision can be had: what a model says of the beginning of a clip.

A clip is cut at a moment, every field of it, and the model is asked about what is left: phases,
slopes and all other features are those of the beginning alone.
"""

from .accuracy import early_accuracy
from .decision import EarlyDecision, early_decision

__all__ = ["EarlyDecision", "early_accuracy", "early_decision"]
