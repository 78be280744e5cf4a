"""The published systems by name, each one scikit-learn `Pipeline` from video to decision."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ..clips.cache import open_cache
from ..clips.steps import ClipTransformer
from ..face.align import FaceAligner
from ..face.landmarks import FaceLandmarks
from ..signals.action_units import load_drawn_action_units
from ..signals.smile_intensity import LBPSmileIntensity
from .fusion import StackingFusion


class _Branch(NamedTuple):
    """A classifier, what it looks at, and whether it is a network."""

    room: str  # imported when asked for: most need torch, and who takes an SVM does not
    estimator: str
    looks_at: str
    network: bool = True
    options: dict[str, Any] = {}


_BRANCHES = {
    "realsmilenet": _Branch("realsmilenet", "RealSmileNetClassifier", "faces"),
    "auda-frame": _Branch("auda_sequence", "AUDASequenceClassifier", "aus"),
    "auda-au": _Branch("auda_phases", "AUDAPhaseClassifier", "aus", options={"level": "au"}),
    "auda-cross": _Branch("auda_phases", "AUDAPhaseClassifier", "aus", options={"level": "cross"}),
    "auda-svm": _Branch("auda_svm", "AUDASVMEnsemble", "aus", network=False),
    "dmarkers": _Branch("dmarker_svm", "DMarkerSVMEnsemble", "landmarks", network=False),
    "meshsmilenet": _Branch("meshsmilenet", "MeshSmileNetClassifier", "landmarks"),
    "deepmarkernet": _Branch("deepmarkernet", "DeepMarkerNetClassifier", "landmarks"),
    "hadasmilenet": _Branch("hadasmilenet", "HadaSmileNetClassifier", "landmarks"),
    "landmark-transformer": _Branch("landmark_transformer", "LandmarkTransformerClassifier",
                                    "landmarks"),
    "pstnet": _Branch("point_cloud_nets", "PSTNetClassifier", "landmarks"),
    "p4transformer": _Branch("point_cloud_nets", "P4TransformerClassifier", "landmarks"),
    "vit": _Branch("face_vit", "FaceViTClassifier", "faces"),
}

#: The fusions, and the systems that are their branches.
FUSIONS = {
    "auda-fusion": ("auda-frame", "auda-au", "auda-cross"),
    "fusion": ("realsmilenet", "auda-frame", "auda-au", "auda-cross"),
    "full-fusion": ("realsmilenet", "auda-frame", "auda-au", "auda-cross", "dmarkers",
                    "meshsmilenet"),
}

#: The rows of the core paper's table, in its order.
TABLE_ROWS = ("realsmilenet", "auda-frame", "auda-au", "auda-cross", "auda-fusion", "fusion")

#: The systems that look at the face mesh, with those that its papers compare them with.
LANDMARK_ROWS = ("dmarkers", "vit", "landmark-transformer", "pstnet", "p4transformer",
                 "meshsmilenet", "deepmarkernet", "hadasmilenet")

#: All systems by name.
SYSTEMS = (*TABLE_ROWS, "auda-svm", *LANDMARK_ROWS, "full-fusion")

#: Those in which networks are trained.
NETWORKS = tuple(name for name in SYSTEMS if name in FUSIONS or _BRANCHES[name].network)


def make_system(name: str, *, action_units: ClipTransformer | None = None, memory: Any = None,
                device: str = "auto", random_state: Any = None, n_jobs: int | None = None,
                verbose: int | bool = False, **overrides: Any) -> Pipeline:
    """Make a published system as a `Pipeline`: ``fit(videos, y)``, ``predict(videos)``.

    Parameters
    ----------
    name : str
        One of `SYSTEMS`: the rows of the core paper's table, the authors' earlier system, and the
        systems that look at the face mesh with those that they are compared with.

        ====================== =================================================================
        "realsmilenet"         faces → RealSmileNet
        "auda-frame"           faces → smile → aus → LSTM over the action units, frame by frame
        "auda-au"              faces → smile → aus → AU-wise features → a dense network a phase
        "auda-cross"           faces → smile → aus → cross-AU features → a dense network a phase
        "auda-fusion"          faces → smile → aus → late fusion of the three
        "fusion"               faces → smile → aus → late fusion of the three and RealSmileNet
        "auda-svm"             faces → smile → aus → multi-level SVM ensemble
        "dmarkers"             landmarks → D-Markers → SVM ensemble
        "vit"                  faces → a plain vision transformer
        "landmark-transformer" landmarks → a plain transformer
        "pstnet"               landmarks → PSTNet
        "p4transformer"        landmarks → P4Transformer
        "meshsmilenet"         landmarks → MeshSmileNet
        "deepmarkernet"        landmarks → DeepMarkerNet
        "hadasmilenet"         landmarks → D-Markers and MeshSmileNet's trunk, multiplied
        "full-fusion"          landmarks → faces → smile → aus → late fusion of "fusion",
                               "dmarkers" and "meshsmilenet"
        ====================== =================================================================

        The steps are called `landmarks`, `faces`, `smile` and `aus`. The last has the system's name
        with `_` for `-`, and is called `fusion` in all fusions, `ensemble` in "auda-svm"; the
        branches of a fusion have the names of the single systems' last steps.
    action_units : ClipTransformer, optional
        A trained estimator of action units. It is used as it is: fitting the pipeline does not
        train it again. Without it, the one that comes with the package, which was trained on drawn
        people (see `load_drawn_action_units`). `BlendshapeActionUnits()` takes them from the face
        mesh, and brings the step `landmarks` with it. Clips whose `aus` are known need neither.
    memory : str, Path, ClipCache or joblib.Memory, optional
        Cache folder of the steps. Each clip is kept by itself: over folds, candidates of a grid
        search and repeated runs, a face is aligned once. (The pipeline's own parameter `memory`
        is scikit-learn's: it keeps whole training sets, faces and all, fold by fold.)
    device : str, default="auto"
        Of the networks: "auto" (CUDA where there is a device), "cpu", "cuda", "cuda:1".
    random_state : int, RandomState or None, default=None
        Of the networks and of the fusion's held-out subjects.
    n_jobs : int, optional
        Clips measured, and machines or branches trained, at the same time.
    verbose : int or bool, default=False
        Show progress.
    **overrides
        Nested parameters as `Pipeline.set_params` takes them, such as ``ensemble__C=10``,
        ``faces__size=112``, ``fusion__realsmilenet__lr=1e-4``, ``fusion__auda_cross="drop"`` or
        ``smile="passthrough"``.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Faces, smile intensity and action units are measured once, however many branches look at
        them.

    Raises
    ------
    ValueError
        There is no such system or parameter.
    NotFittedError
        `action_units` is not trained.

    Examples
    --------
    >>> from smilegenuine import make_system
    >>> list(make_system("auda-svm", ensemble__C=10.0).named_steps)
    ['faces', 'smile', 'aus', 'ensemble']
    """
    if name not in SYSTEMS:
        raise ValueError(f"there is no system {name!r}; there is {', '.join(SYSTEMS)}")
    run: dict[str, Any] = {"n_jobs": n_jobs, "verbose": verbose}
    net: dict[str, Any] = {"device": device, "random_state": random_state, "verbose": verbose}
    memory = open_cache(memory)
    measure = {**run, "memory": memory}
    seen = set(looks_at(name))
    if "aus" in seen:
        seen |= {"faces", "smile"}
        if action_units is None:
            action_units = load_drawn_action_units(**measure)
        check_is_fitted(action_units)
        seen.update(set(action_units.reads) & {"landmarks"})
    steps: dict[str, Any] = {}
    if "landmarks" in seen:
        steps["landmarks"] = FaceLandmarks(**measure)
    if "faces" in seen:
        steps["faces"] = FaceAligner(**measure)
    if "aus" in seen:
        steps["smile"] = LBPSmileIntensity(**measure)
        steps["aus"] = FrozenEstimator(action_units)
    last = _classifier(name, n_jobs, net)
    return Pipeline([*steps.items(), last]).set_params(**overrides)


def looks_at(name: str) -> frozenset[str]:
    """Return what the branches of a system look at.

    Parameters
    ----------
    name : str
        One of `SYSTEMS`.

    Returns
    -------
    frozenset of str
        Fields of `Clip`: "faces", "aus", "landmarks".
    """
    return frozenset(_BRANCHES[branch].looks_at for branch in FUSIONS.get(name, (name,)))


def set_networks(system: Any, **params: Any) -> Any:
    """Set parameters of all networks of a system, as single rows and as branches of a fusion.

    Parameters
    ----------
    system : estimator
        A pipeline from `make_system`, or anything with nested parameters.
    **params
        Such as ``max_epochs=30, lr=1e-4``; set where they are known.

    Returns
    -------
    estimator
        The system given.

    Raises
    ------
    ValueError
        No part of the system knows a parameter.

    Examples
    --------
    >>> from smilegenuine import make_system
    >>> from smilegenuine.systems.named_systems import set_networks
    >>> set_networks(make_system("auda-fusion"), max_epochs=9)[-1].named_estimators["auda_au"]
    AUDAPhaseClassifier(max_epochs=9)
    """
    nested = system.get_params()
    # What has a patience is a network; others may have parameters of the same names.
    owners = [name.removesuffix("patience") for name in nested
              if name == "patience" or name.endswith("__patience")]
    for param, value in params.items():
        names = [owner + param for owner in owners if owner + param in nested]
        if not names:
            raise ValueError(f"no network of the system has a parameter {param!r}")
        system.set_params(**dict.fromkeys(names, value))
    return system


def _classifier(name: str, n_jobs: int | None, net: dict[str, Any]) -> tuple[str, Any]:
    """Make a system's last step, and name it."""
    if name in FUSIONS:
        branches = [(_step(branch), _branch(branch, None, net)) for branch in FUSIONS[name]]
        return "fusion", StackingFusion(branches, random_state=net["random_state"], n_jobs=n_jobs)
    return _step(name), _branch(name, n_jobs, net)


def _step(name: str) -> str:
    return "ensemble" if name == "auda-svm" else name.replace("-", "_")


def _branch(name: str, n_jobs: int | None, net: dict[str, Any]) -> Any:
    room, estimator, _, network, options = _BRANCHES[name]
    made = getattr(importlib.import_module(f"..classifiers.{room}", __package__), estimator)
    return made(**options, **(net if network else {"n_jobs": n_jobs}))
