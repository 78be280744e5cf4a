"""Pictures, in the manner of scikit-learn's displays. Needs matplotlib (the extra ``plot``)."""

from .contribution_maps import PairMapDisplay, PhaseMapDisplay
from .contributions import ContributionsDisplay
from .decisions import ConfusionDisplay, RocDisplay
from .early import EarlyAccuracyDisplay, EarlyDecisionDisplay
from .effects import EffectSizeDisplay
from .face_strip import FaceStripDisplay
from .importance import ImportanceDisplay
from .kinematics import KinematicsDisplay
from .reliability import AbstentionDisplay, ReliabilityDisplay
from .results import FoldScoresDisplay
from .saliency import LandmarkSaliencyDisplay
from .signals import SignalsDisplay
from .slopes import SlopesDisplay
from .training import TrainingDisplay

__all__ = ["AbstentionDisplay", "ConfusionDisplay", "ContributionsDisplay",
           "EarlyAccuracyDisplay", "EarlyDecisionDisplay", "EffectSizeDisplay",
           "FaceStripDisplay", "FoldScoresDisplay", "ImportanceDisplay", "KinematicsDisplay",
           "LandmarkSaliencyDisplay", "PairMapDisplay", "PhaseMapDisplay", "ReliabilityDisplay",
           "RocDisplay", "SignalsDisplay", "SlopesDisplay", "TrainingDisplay"]
