"""smilegenuine: tell a genuine (spontaneous) smile from a posed one, in scikit-learn's manner."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .answers import EarlyDecision as EarlyDecision
    from .answers import answer_recordings as answer_recordings
    from .answers import early_accuracy as early_accuracy
    from .answers import early_decision as early_decision
    from .benchmark import run_benchmark as run_benchmark
    from .certainty.abstention import abstention_scores as abstention_scores
    from .certainty.abstention import subjects_needed as subjects_needed
    from .certainty.calibration import CalibratedSystem as CalibratedSystem
    from .certainty.conformal import SubjectConformalClassifier as SubjectConformalClassifier
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
    from .classifiers.kinematics_classifier import KinematicsClassifier as KinematicsClassifier
    from .classifiers.landmark_transformer import (
        LandmarkTransformerClassifier as LandmarkTransformerClassifier,
    )
    from .classifiers.meshsmilenet import MeshSmileNetClassifier as MeshSmileNetClassifier
    from .classifiers.point_cloud_nets import P4TransformerClassifier as P4TransformerClassifier
    from .classifiers.point_cloud_nets import PSTNetClassifier as PSTNetClassifier
    from .classifiers.realsmilenet import RealSmileNetClassifier as RealSmileNetClassifier
    from .clips.au_table import AU_NAMES as AU_NAMES
    from .clips.degraded import DegradedFrames as DegradedFrames
    from .clips.degraded import degrade as degrade
    from .clips.errors import ClipError as ClipError
    from .clips.errors import NoFaceError as NoFaceError
    from .clips.errors import VideoError as VideoError
    from .clips.record import Clip as Clip
    from .clips.record import as_clip as as_clip
    from .clips.record import as_clips as as_clips
    from .clips.steps import ClipTransformer as ClipTransformer
    from .clips.steps import transform_clips as transform_clips
    from .evaluation.effects import effect_sizes as effect_sizes
    from .evaluation.evaluate import Evaluation as Evaluation
    from .evaluation.evaluate import evaluate as evaluate
    from .evaluation.evaluate import subject_scores as subject_scores
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
    from .features.phases import detect_phases as detect_phases
    from .features.smile_kinematics import SmileKinematics as SmileKinematics
    from .live import LiveDecision as LiveDecision
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
    from .report import write_evaluation_report as write_evaluation_report
    from .report import write_report as write_report
    from .signals.action_units import HOGActionUnits as HOGActionUnits
    from .signals.action_units import load_drawn_action_units as load_drawn_action_units
    from .signals.blendshape_units import BlendshapeActionUnits as BlendshapeActionUnits
    from .signals.smile_intensity import LBPSmileIntensity as LBPSmileIntensity
    from .systems.adapting import adapt as adapt
    from .systems.fusion import StackingFusion as StackingFusion
    from .systems.kinematics_pipeline import KinematicsPipeline as KinematicsPipeline
    from .systems.named_systems import make_system as make_system
    from .systems.persistence import load_model as load_model
    from .systems.persistence import save_model as save_model
    from .systems.pretrained import load_pretrained as load_pretrained

# Public name -> room. Imported when first asked for, so that `import smilegenuine` is quick and
# nobody pays for a room they do not enter.
_ROOMS = {
    "AU_NAMES": "clips.au_table",
    "ClipError": "clips.errors",
    "NoFaceError": "clips.errors",
    "VideoError": "clips.errors",
    "Clip": "clips.record",
    "as_clip": "clips.record",
    "as_clips": "clips.record",
    "DegradedFrames": "clips.degraded",
    "degrade": "clips.degraded",
    "ClipTransformer": "clips.steps",
    "transform_clips": "clips.steps",
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
    "SmileKinematics": "features.smile_kinematics",
    "KinematicsClassifier": "classifiers.kinematics_classifier",
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
    "StackingFusion": "systems.fusion",
    "make_system": "systems.named_systems",
    "AdaptedKinematicsClassifier": "classifiers.adapted_kinematics",
    "KinematicsPipeline": "systems.kinematics_pipeline",
    "adapt": "systems.adapting",
    "load_pretrained": "systems.pretrained",
    "Evaluation": "evaluation.evaluate",
    "evaluate": "evaluation.evaluate",
    "subject_scores": "evaluation.evaluate",
    "run_benchmark": "benchmark",
    "load_model": "systems.persistence",
    "save_model": "systems.persistence",
    "SignalsDisplay": "plotting",
    "CalibratedSystem": "certainty.calibration",
    "SubjectConformalClassifier": "certainty.conformal",
    "abstention_scores": "certainty.abstention",
    "subjects_needed": "certainty.abstention",
    "effect_sizes": "evaluation.effects",
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
    "answer_recordings": "answers",
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
