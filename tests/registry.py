"""Every public estimator, once: how to make it, what it takes, and what it is exempt from, and why.

The contract tests run over this list; `test_contract.py` finds an estimator that is missing here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from drawn import aligned_action_units, aligned_smiles, known_clips, known_meshes
from faces_as_seen import bundle, why_no_landmarker
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from smilegenuine import (
    AUDA,
    AdaptedKinematicsClassifier,
    AUDAPhaseClassifier,
    AUDASequenceClassifier,
    AUDASVMEnsemble,
    BlendshapeActionUnits,
    BlockSVMEnsemble,
    CalibratedSystem,
    Clip,
    DeepMarkerNetClassifier,
    DMarkers,
    DMarkerSVMEnsemble,
    FaceAligner,
    FaceLandmarks,
    FaceViTClassifier,
    HadamardClassifier,
    HadaSmileNetClassifier,
    HOGActionUnits,
    KinematicsClassifier,
    KinematicsPipeline,
    LandmarkTransformerClassifier,
    LBPSmileIntensity,
    MeshSmileNetClassifier,
    P4TransformerClassifier,
    PSTNetClassifier,
    RealSmileNetClassifier,
    SmileKinematics,
    StackingFusion,
    SubjectConformalClassifier,
)
from smilegenuine.datasets import make_kinematics, make_smiles

# Networks compute in single precision, whose last digit depends on what else is in a batch.
SINGLE_PRECISION = 1e-5


@dataclass(frozen=True)
class Entry:
    """An estimator under contract.

    Attributes
    ----------
    make : callable giving an unfitted estimator, small enough for tests
    clips : callable giving clips to fit on and their labels; None for estimators of tables
    measure : callable from what `transform` or `decision_function` gives to a list of arrays
    tolerance : how far a clip's values may depend on its neighbours
    exempt : dict of the name of a check to the reason why it does not apply
    missing : why it cannot run here, or an empty text
    """

    make: Callable[[], Any]
    clips: Callable[[], tuple[list[Clip], Any]] | None
    measure: Callable[[Any], list[Any]] = list
    tolerance: float = 1e-9
    exempt: dict[str, str] = field(default_factory=dict)
    missing: str = ""


@functools.cache
def _short_videos() -> tuple[list[Clip], Any]:
    """Drawn once: most of the time would go into drawing them anew for each test."""
    smiles = make_smiles(3, 2, fps=5, size=96, random_state=5)
    clips = [c.replace(frames=np.stack([*(c.frames or ())]), fps=5) for c in smiles.data]
    return clips, smiles.target


def _faces() -> tuple[list[Clip], Any]:
    smiles = aligned_smiles()
    return smiles.data[:8], smiles.target[:8]


def _coded_faces() -> tuple[list[Clip], Any]:
    units = aligned_action_units()
    return units.data[:4], None


def _signals() -> tuple[list[Clip], Any]:
    smiles = known_clips(8, 4, random_state=2)
    return smiles.data, smiles.target


def _few_signals() -> tuple[list[Clip], Any]:
    """Half of the clips, with two subjects at least, have to be enough for a fit of their own."""
    smiles = known_clips(4, 2, random_state=3)
    return smiles.data, smiles.target


def _few_faces() -> tuple[list[Clip], Any]:
    """Of nobody: noise, as long and as many as the signals are."""
    rng = np.random.default_rng(4)
    clips = [Clip(faces=rng.integers(0, 256, (24 + i, 20, 20, 3), dtype=np.uint8), fps=10,
                  name=f"noise {i}", subject=f"nobody {i // 2}") for i in range(8)]
    return clips, np.tile([0, 1], 4)


def _meshes() -> tuple[list[Clip], Any]:
    smiles = known_meshes(4, 2, random_state=3)
    return smiles.data, smiles.target


def _seen_faces() -> tuple[list[Clip], Any]:
    """True landmarks, and blendshapes of nobody."""
    rng = np.random.default_rng(7)
    clips = known_meshes(4, 2, random_state=3).data
    return [c.replace(blendshapes=rng.random((c.n_frames, 52))) for c in clips], None


def _more_meshes() -> tuple[list[Clip], Any]:
    smiles = known_meshes(10, 4, random_state=2, fps=12.5)
    return smiles.data, smiles.target


#: What makes the networks on the face mesh small enough for tests: a few points, short windows.
SMALL_MESH: dict[str, Any] = {"points": tuple(range(0, 478, 20)), "n_frames": 4, "n_windows": 2,
                              "max_epochs": 2, "random_state": 0}
SMALL_TRUNK: dict[str, Any] = {**SMALL_MESH, "n_layers": 1, "n_time_layers": 1}


def _fusion() -> StackingFusion:
    return StackingFusion([("au", AUDAPhaseClassifier("au", max_epochs=5, random_state=0)),
                           ("svm", AUDASVMEnsemble(levels=("au",), cv=2))], random_state=0)


def _line() -> Any:
    return make_pipeline(AUDA(phases=("onset",)), StandardScaler(), LogisticRegression(C=0.01))


def _kinematics() -> KinematicsPipeline:
    return KinematicsPipeline([
        ("kinematics", SmileKinematics().set_output(transform="pandas")),
        ("classifier", KinematicsClassifier(n_components=1))])


@functools.cache
def _prior() -> KinematicsClassifier:
    smiles = make_kinematics(400, random_state=0)
    table = smiles.data.reindex(columns=SmileKinematics().get_feature_names_out())
    return KinematicsClassifier(1, random_state=0).fit(table, smiles.target)


def _adapted() -> KinematicsPipeline:
    return KinematicsPipeline([
        ("kinematics", SmileKinematics().set_output(transform="pandas")),
        ("classifier", AdaptedKinematicsClassifier(_prior(), cv=2))])


_OVER = {"estimator has a default": "as in scikit-learn's meta-estimators, nobody can guess it",
         "7 is no list of clips": "it takes tables too, and refuses a number as no table"}

REGISTRY: dict[str, Entry] = {
    "FaceAligner": Entry(lambda: FaceAligner(size=48), _short_videos,
                         lambda clips: [c.faces for c in clips]),
    "FaceLandmarks": Entry(lambda: FaceLandmarks(max_faces=1, model=bundle()), _short_videos,
                           lambda clips: [c.landmarks for c in clips],
                           missing=why_no_landmarker()),
    "LBPSmileIntensity": Entry(LBPSmileIntensity, _faces, lambda clips: [c.smile for c in clips]),
    "HOGActionUnits": Entry(lambda: HOGActionUnits(n_components=20), _coded_faces,
                            lambda clips: [c.aus for c in clips]),
    "BlendshapeActionUnits": Entry(BlendshapeActionUnits, _seen_faces,
                                   lambda clips: [c.aus for c in clips]),
    "AUDA": Entry(AUDA, _signals),
    "AUDASVMEnsemble": Entry(lambda: AUDASVMEnsemble(levels=("au",), cv=3), _signals),
    "BlockSVMEnsemble": Entry(BlockSVMEnsemble, None),
    "RealSmileNetClassifier": Entry(
        lambda: RealSmileNetClassifier(rate=5.0, size=16, max_epochs=2, random_state=0),
        _few_faces, tolerance=SINGLE_PRECISION),
    "AUDASequenceClassifier": Entry(
        lambda: AUDASequenceClassifier(n_hidden=6, max_epochs=2, random_state=0),
        _few_signals, tolerance=SINGLE_PRECISION),
    "AUDAPhaseClassifier": Entry(
        lambda: AUDAPhaseClassifier(max_epochs=2, random_state=0),
        _few_signals, tolerance=SINGLE_PRECISION),
    "DMarkers": Entry(DMarkers, _meshes),
    "SmileKinematics": Entry(SmileKinematics, _meshes),
    "KinematicsClassifier": Entry(KinematicsClassifier, None),
    "KinematicsPipeline": Entry(
        _kinematics, _meshes,
        exempt={"steps has a default": "as in scikit-learn's Pipeline, nobody can guess them",
                **dict.fromkeys(("labels must make sense", "one subject is not enough",
                                 "unknown subjects are said"),
                                "its classifier takes tables, which know of no subjects")}),
    "AdaptedKinematicsClassifier": Entry(
        _adapted, _meshes,
        exempt={"labels may be texts": "they are those of its prior",
                "steps has a default": "as in scikit-learn's Pipeline, nobody can guess them",
                **dict.fromkeys(("labels must make sense", "one subject is not enough",
                                 "unknown subjects are said"),
                                "its classifier takes tables, which know of no subjects")}),
    "DMarkerSVMEnsemble": Entry(lambda: DMarkerSVMEnsemble(cv=3), _more_meshes),
    "MeshSmileNetClassifier": Entry(lambda: MeshSmileNetClassifier(**SMALL_TRUNK), _meshes,
                                    tolerance=SINGLE_PRECISION),
    "DeepMarkerNetClassifier": Entry(lambda: DeepMarkerNetClassifier(**SMALL_TRUNK), _meshes,
                                     tolerance=SINGLE_PRECISION),
    "HadaSmileNetClassifier": Entry(lambda: HadaSmileNetClassifier(**SMALL_TRUNK), _meshes,
                                    tolerance=SINGLE_PRECISION),
    "LandmarkTransformerClassifier": Entry(
        lambda: LandmarkTransformerClassifier(**SMALL_MESH, n_hidden=8, n_layers=1), _meshes,
        tolerance=SINGLE_PRECISION),
    "PSTNetClassifier": Entry(lambda: PSTNetClassifier(**SMALL_MESH, n_hidden=2), _meshes,
                              tolerance=SINGLE_PRECISION),
    "P4TransformerClassifier": Entry(
        lambda: P4TransformerClassifier(**SMALL_MESH, n_hidden=8, n_layers=1), _meshes,
        tolerance=SINGLE_PRECISION),
    "FaceViTClassifier": Entry(
        lambda: FaceViTClassifier(rate=5.0, size=16, n_hidden=8, n_layers=1, max_epochs=2,
                                  random_state=0), _few_faces, tolerance=SINGLE_PRECISION),
    "HadamardClassifier": Entry(
        lambda: HadamardClassifier(n_components=8, lr=0.02, max_epochs=20, random_state=0), None),
    "CalibratedSystem": Entry(lambda: CalibratedSystem(_line(), cv=2), _few_signals, exempt=_OVER),
    "SubjectConformalClassifier": Entry(lambda: SubjectConformalClassifier(
        _line(), 0.5, holdout=0.5, random_state=0), _few_signals, exempt=_OVER),
    "StackingFusion": Entry(
        _fusion, _signals, tolerance=SINGLE_PRECISION,
        exempt={"estimators has a default": "as in scikit-learn's stacking, nobody can guess them",
                "7 is no list of clips": "it takes tables too, and refuses a number as no table"}),
}
