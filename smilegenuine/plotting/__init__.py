"""Pictures, in the manner of scikit-learn's displays. Needs matplotlib (the extra ``plot``)."""

from .decisions import ConfusionDisplay, RocDisplay
from .effects import EffectSizeDisplay
from .reliability import AbstentionDisplay, ReliabilityDisplay
from .results import FoldScoresDisplay
from .saliency import LandmarkSaliencyDisplay
from .signals import SignalsDisplay
from .slopes import SlopesDisplay
from .training import TrainingDisplay

__all__ = ["AbstentionDisplay", "ConfusionDisplay", "EffectSizeDisplay", "FoldScoresDisplay",
           "LandmarkSaliencyDisplay", "ReliabilityDisplay", "RocDisplay", "SignalsDisplay",
           "SlopesDisplay", "TrainingDisplay"]
