"""Pictures, in the manner of scikit-learn's displays. Needs matplotlib (the extra ``plot``)."""

from .contribution_maps import PairMapDisplay, PhaseMapDisplay
from .contributions import ContributionsDisplay
from .early_curves import EarlyAccuracyDisplay, EarlyDecisionDisplay
from .face_strip import FaceStripDisplay
from .forest_plot import EffectSizeDisplay
from .importance_bars import ImportanceDisplay
from .kinematics_profile import KinematicsDisplay
from .reliability_diagram import AbstentionDisplay, ReliabilityDisplay
from .results import FoldScoresDisplay
from .roc_and_confusion import ConfusionDisplay, RocDisplay
from .saliency import LandmarkSaliencyDisplay
from .signal_curves import SignalsDisplay
from .slopes import SlopesDisplay
from .training import TrainingDisplay

__all__ = ["AbstentionDisplay", "ConfusionDisplay", "ContributionsDisplay",
           "EarlyAccuracyDisplay", "EarlyDecisionDisplay", "EffectSizeDisplay",
           "FaceStripDisplay", "FoldScoresDisplay", "ImportanceDisplay", "KinematicsDisplay",
           "LandmarkSaliencyDisplay", "PairMapDisplay", "PhaseMapDisplay", "ReliabilityDisplay",
           "RocDisplay", "SignalsDisplay", "SlopesDisplay", "TrainingDisplay"]
