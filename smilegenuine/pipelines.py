"""The published systems by name, each one scikit-learn `Pipeline` from video to decision."""

from __future__ import annotations

from typing import Any

from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .base import ClipTransformer, open_memory
from .classifiers.auda_svm import AUDASVMEnsemble
from .face.align import FaceAligner
from .fusion import StackingFusion
from .signals.action_units import load_drawn_action_units
from .signals.smile_intensity import LBPSmileIntensity


def make_system(name: str, *, action_units: ClipTransformer | None = None, memory: Any = None,
                device: str = "auto", random_state: Any = None, n_jobs: int | None = None,
                verbose: int | bool = False, **overrides: Any) -> Pipeline:
    """Make a published system as a `Pipeline`: ``fit(videos, y)``, ``predict(videos)``.

    Parameters
    ----------
    name : str
        One of `SYSTEMS`: the rows of the paper's table and the authors' earlier system.

        ============== =========================================================================
        "realsmilenet" faces → RealSmileNet
        "auda-frame"   faces → smile → aus → LSTM over the action units, frame by frame
        "auda-au"      faces → smile → aus → AU-wise features → a dense network a phase
        "auda-cross"   faces → smile → aus → cross-AU features → a dense network a phase
        "auda-fusion"  faces → smile → aus → late fusion of the three
        "fusion"       faces → smile → aus → late fusion of the three and RealSmileNet
        "auda-svm"     faces → smile → aus → multi-level SVM ensemble
        ============== =========================================================================

        The steps are called `faces`, `smile` and `aus`. The last is called `realsmilenet`,
        `auda_frame`, `auda_au`, `auda_cross`, `fusion` or `ensemble`; the branches of a fusion have
        the names of the single systems' last steps.
    action_units : ClipTransformer, optional
        A trained estimator of action units. It is used as it is: fitting the pipeline does not
        train it again. Without it, the one that comes with the package, which was trained on drawn
        people (see `load_drawn_action_units`). Clips whose `aus` are known need neither.
    memory : str, Path or joblib.Memory, optional
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
    memory = None if memory is None else open_memory(memory)
    steps: list[tuple[str, Any]] = [("faces", FaceAligner(**run, memory=memory))]
    if name != "realsmilenet":
        if action_units is not None:
            check_is_fitted(action_units)
        else:
            action_units = load_drawn_action_units(**run, memory=memory)
        steps += [("smile", LBPSmileIntensity(**run, memory=memory)),
                  ("aus", FrozenEstimator(action_units))]
    steps.append(_classifier(name, n_jobs, net))
    return Pipeline(steps).set_params(**overrides)


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
    >>> from smilegenuine.pipelines import set_networks
    >>> set_networks(make_system("auda-fusion"), max_epochs=9)[-1].named_estimators["auda_au"]
    AUDAPhaseClassifier(max_epochs=9)
    """
    nested = system.get_params()
    # What has a patience is a network; others may have parameters of the same names.
    owners = [name.removesuffix("patience") for name in nested
              if name == "patience" or name.endswith("__patience")]
    for param, value in params.items():
        found = [owner + param for owner in owners if owner + param in nested]
        if not found:
            raise ValueError(f"no network of the system has a parameter {param!r}")
        system.set_params(**dict.fromkeys(found, value))
    return system


def _classifier(name: str, n_jobs: int | None, net: dict[str, Any]) -> tuple[str, Any]:
    """The name of a system's last step, and the step."""
    if name == "auda-svm":
        return "ensemble", AUDASVMEnsemble(n_jobs=n_jobs)
    if name not in FUSIONS:
        return name.replace("-", "_"), _branch(name, net)
    branches = [(branch.replace("-", "_"), _branch(branch, net)) for branch in FUSIONS[name]]
    return "fusion", StackingFusion(branches, random_state=net["random_state"], n_jobs=n_jobs)


def _branch(name: str, net: dict[str, Any]) -> Any:
    # Imported here: they need torch, and who asks for the SVM ensemble does not.
    if name == "realsmilenet":
        from .classifiers.realsmilenet import RealSmileNetClassifier

        return RealSmileNetClassifier(**net)
    if name == "auda-frame":
        from .classifiers.auda_sequence import AUDASequenceClassifier

        return AUDASequenceClassifier(**net)
    from .classifiers.auda_phases import AUDAPhaseClassifier

    return AUDAPhaseClassifier(name.removeprefix("auda-"), **net)


#: The systems by name, in the order of the paper's table; the last is the authors' earlier one.
SYSTEMS = ("realsmilenet", "auda-frame", "auda-au", "auda-cross", "auda-fusion", "fusion",
           "auda-svm")

#: Those that are rows of the paper's table; all of them have networks.
TABLE_ROWS = SYSTEMS[:-1]

#: The fusions, and the systems that are their branches.
FUSIONS = {"auda-fusion": ("auda-frame", "auda-au", "auda-cross"),
           "fusion": ("realsmilenet", "auda-frame", "auda-au", "auda-cross")}
