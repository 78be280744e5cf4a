"""smilegenuine: tell a genuine (spontaneous) smile from a posed one, in scikit-learn's manner."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .abstention import abstention_scores as abstention_scores
    from .abstention import subjects_needed as subjects_needed
    from .answers import EarlyDecision as EarlyDecision
    from .answers import early_accuracy as early_accuracy
    from .answers import early_decision as early_decision
    from .au_table import AU_NAMES as AU_NAMES
    from .base import ClipTransformer as ClipTransformer
    from .base import transform_clips as transform_clips
    from .benchmark import run_benchmark as run_benchmark
    from .calibration import CalibratedSystem as CalibratedSystem
    from .classifiers.adapted_kinematics import (
        AdaptedKinematicsClassifier as AdaptedKinematicsClassifier,
    )
    from .classifiers.auda_phases import AUDAPhaseClassifier as AUDAPhaseClassifier
    from .classifiers.auda_sequence import AUDASequenceClassifier as AUDASequenceClassifier
    from .classifiers.auda_svm import AUDASVMEnsemble as AUDASVMEnsemble
    from .classifiers.block_ensemble import BlockSVMEnsemble as BlockSVMEnsemble
    from .classifiers.deepmarkernet import DeepMarkerNetClassifier as DeepMarkerNetClassifier
    from .classifiers.dmarker_svm import DMarkerSVMEnsemble as DMarkerSVMEnsemble
    from .classifiers.face_vit import FaceViTClassifier as FaceViTClassifier
    from .classifiers.hadamard import HadamardClassifier as HadamardClassifier
    from .classifiers.hadasmilenet import HadaSmileNetClassifier as HadaSmileNetClassifier
    from .classifiers.kinematics import KinematicsClassifier as KinematicsClassifier
    from .classifiers.landmark_transformer import (
        LandmarkTransformerClassifier as LandmarkTransformerClassifier,
    )
    from .classifiers.meshsmilenet import MeshSmileNetClassifier as MeshSmileNetClassifier
    from .classifiers.point_cloud_nets import P4TransformerClassifier as P4TransformerClassifier
    from .classifiers.point_cloud_nets import PSTNetClassifier as PSTNetClassifier
    from .classifiers.realsmilenet import RealSmileNetClassifier as RealSmileNetClassifier
    from .clip import Clip as Clip
    from .clip import as_clip as as_clip
    from .clip import as_clips as as_clips
    from .conformal import SubjectConformalClassifier as SubjectConformalClassifier
    from .degraded import DegradedFrames as DegradedFrames
    from .degraded import degrade as degrade
    from .effects import effect_sizes as effect_sizes
    from .errors import ClipError as ClipError
    from .errors import NoFaceError as NoFaceError
    from .errors import VideoError as VideoError
    from .evaluation import Evaluation as Evaluation
    from .evaluation import evaluate as evaluate
    from .evaluation import subject_scores as subject_scores
    from .explain import Explanation as Explanation
    from .explain import LandmarkSaliency as LandmarkSaliency
    from .explain import explain_global as explain_global
    from .explain import landmark_saliency as landmark_saliency
    from .face.align import FaceAligner as FaceAligner
    from .face.blendshapes import BLENDSHAPE_NAMES as BLENDSHAPE_NAMES
    from .face.head_pose import head_angles as head_angles
    from .face.landmarks import FaceLandmarks as FaceLandmarks
    from .features.auda import AUDA as AUDA
    from .features.dmarkers import DMarkers as DMarkers
    from .features.kinematics import SmileKinematics as SmileKinematics
    from .features.phases import detect_phases as detect_phases
    from .fusion import StackingFusion as StackingFusion
    from .live import LiveDecision as LiveDecision
    from .persistence import load_model as load_model
    from .persistence import save_model as save_model
    from .pipelines import make_system as make_system
    from .plotting import AbstentionDisplay as AbstentionDisplay
    from .plotting import ConfusionDisplay as ConfusionDisplay
    from .plotting import ContributionsDisplay as ContributionsDisplay
    from .plotting import EarlyAccuracyDisplay as EarlyAccuracyDisplay
    from .plotting import EarlyDecisionDisplay as EarlyDecisionDisplay
    from .plotting import EffectSizeDisplay as EffectSizeDisplay
    from .plotting import FaceStripDisplay as FaceStripDisplay
    from .plotting import FoldScoresDisplay as FoldScoresDisplay
    from .plotting import ImportanceDisplay as ImportanceDisplay
    from .plotting import KinematicsDisplay as KinematicsDisplay
    from .plotting import LandmarkSaliencyDisplay as LandmarkSaliencyDisplay
    from .plotting import PairMapDisplay as PairMapDisplay
    from .plotting import PhaseMapDisplay as PhaseMapDisplay
    from .plotting import ReliabilityDisplay as ReliabilityDisplay
    from .plotting import RocDisplay as RocDisplay
    from .plotting import SignalsDisplay as SignalsDisplay
    from .plotting import SlopesDisplay as SlopesDisplay
    from .plotting import TrainingDisplay as TrainingDisplay
    from .pretrained import KinematicsPipeline as KinematicsPipeline
    from .pretrained import adapt as adapt
    from .pretrained import load_pretrained as load_pretrained
    from .report import write_evaluation_report as write_evaluation_report
    from .report import write_report as write_report
    from .signals.action_units import HOGActionUnits as HOGActionUnits
    from .signals.action_units import load_drawn_action_units as load_drawn_action_units
    from .signals.blendshape_units import BlendshapeActionUnits as BlendshapeActionUnits
    from .signals.smile_intensity import LBPSmileIntensity as LBPSmileIntensity

# Public name -> room. Imported when first asked for, so that `import smilegenuine` is quick and
# nobody pays for a room they do not enter.
_ROOMS = {
    "AU_NAMES": "au_table",
    "ClipError": "errors",
    "NoFaceError": "errors",
    "VideoError": "errors",
    "Clip": "clip",
    "as_clip": "clip",
    "as_clips": "clip",
    "DegradedFrames": "degraded",
    "degrade": "degraded",
    "ClipTransformer": "base",
    "transform_clips": "base",
    "FaceAligner": "face.align",
    "FaceLandmarks": "face.landmarks",
    "BLENDSHAPE_NAMES": "face.blendshapes",
    "head_angles": "face.head_pose",
    "LBPSmileIntensity": "signals.smile_intensity",
    "HOGActionUnits": "signals.action_units",
    "BlendshapeActionUnits": "signals.blendshape_units",
    "load_drawn_action_units": "signals.action_units",
    "AUDA": "features.auda",
    "detect_phases": "features.phases",
    "DMarkers": "features.dmarkers",
    "SmileKinematics": "features.kinematics",
    "KinematicsClassifier": "classifiers.kinematics",
    "BlockSVMEnsemble": "classifiers.block_ensemble",
    "AUDASVMEnsemble": "classifiers.auda_svm",
    "AUDAPhaseClassifier": "classifiers.auda_phases",
    "AUDASequenceClassifier": "classifiers.auda_sequence",
    "HadamardClassifier": "classifiers.hadamard",
    "RealSmileNetClassifier": "classifiers.realsmilenet",
    "DMarkerSVMEnsemble": "classifiers.dmarker_svm",
    "MeshSmileNetClassifier": "classifiers.meshsmilenet",
    "DeepMarkerNetClassifier": "classifiers.deepmarkernet",
    "HadaSmileNetClassifier": "classifiers.hadasmilenet",
    "LandmarkTransformerClassifier": "classifiers.landmark_transformer",
    "PSTNetClassifier": "classifiers.point_cloud_nets",
    "P4TransformerClassifier": "classifiers.point_cloud_nets",
    "FaceViTClassifier": "classifiers.face_vit",
    "StackingFusion": "fusion",
    "make_system": "pipelines",
    "AdaptedKinematicsClassifier": "classifiers.adapted_kinematics",
    "KinematicsPipeline": "pretrained",
    "adapt": "pretrained",
    "load_pretrained": "pretrained",
    "Evaluation": "evaluation",
    "evaluate": "evaluation",
    "subject_scores": "evaluation",
    "run_benchmark": "benchmark",
    "load_model": "persistence",
    "save_model": "persistence",
    "SignalsDisplay": "plotting",
    "CalibratedSystem": "calibration",
    "SubjectConformalClassifier": "conformal",
    "abstention_scores": "abstention",
    "subjects_needed": "abstention",
    "effect_sizes": "effects",
    "Explanation": "explain",
    "explain_global": "explain",
    "AbstentionDisplay": "plotting",
    "ConfusionDisplay": "plotting",
    "ContributionsDisplay": "plotting",
    "FaceStripDisplay": "plotting",
    "ImportanceDisplay": "plotting",
    "PairMapDisplay": "plotting",
    "PhaseMapDisplay": "plotting",
    "EffectSizeDisplay": "plotting",
    "FoldScoresDisplay": "plotting",
    "ReliabilityDisplay": "plotting",
    "RocDisplay": "plotting",
    "SlopesDisplay": "plotting",
    "TrainingDisplay": "plotting",
    "write_report": "report",
    "write_evaluation_report": "report",
    "EarlyDecision": "answers",
    "early_accuracy": "answers",
    "early_decision": "answers",
    "LiveDecision": "live",
    "EarlyAccuracyDisplay": "plotting",
    "EarlyDecisionDisplay": "plotting",
    "KinematicsDisplay": "plotting",
    "LandmarkSaliency": "explain",
    "landmark_saliency": "explain",
    "LandmarkSaliencyDisplay": "plotting",
}

__all__ = ["__version__", *sorted(_ROOMS)]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        value = getattr(importlib.import_module(f".{_ROOMS[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS})
