"""The published systems by name, each one scikit-learn `Pipeline` from video to decision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .base import ClipTransformer, open_memory
from .classifiers.auda_svm import AUDASVMEnsemble
from .face.align import FaceAligner
from .signals.action_units import load_drawn_action_units
from .signals.smile_intensity import LBPSmileIntensity


def make_system(name: str, *, action_units: ClipTransformer | None = None, memory: Any = None,
                n_jobs: int | None = None, verbose: int | bool = False, **overrides: Any
                ) -> Pipeline:
    """Make a published system as a `Pipeline`: ``fit(videos, y)``, ``predict(videos)``.

    Parameters
    ----------
    name : {"auda-svm"}
        "auda-svm": faces → smile intensity → action units → AUDA → multi-level SVM ensemble. Its
        steps are called `faces`, `smile`, `aus` and `ensemble`.
    action_units : ClipTransformer, optional
        A trained estimator of action units. It is used as it is: fitting the pipeline does not
        train it again. Without it, the one that comes with the package, which was trained on drawn
        people (see `load_drawn_action_units`). Clips whose `aus` are known need neither.
    memory : str, Path or joblib.Memory, optional
        Cache folder of the steps. Each clip is kept by itself: over folds, candidates of a grid
        search and repeated runs, a face is aligned once. (The pipeline's own parameter `memory`
        is scikit-learn's: it keeps whole training sets, faces and all, fold by fold.)
    n_jobs : int, optional
        Clips measured, and machines trained, at the same time.
    verbose : int or bool, default=False
        Show progress.
    **overrides
        Nested parameters as `Pipeline.set_params` takes them, such as ``ensemble__C=10``,
        ``faces__size=112`` or ``smile="passthrough"``.

    Returns
    -------
    sklearn.pipeline.Pipeline

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
        raise ValueError(f"there is no system {name!r}; there is {', '.join(sorted(SYSTEMS))}")
    memory = None if memory is None else open_memory(memory)
    system = SYSTEMS[name](action_units, memory, n_jobs, verbose)
    return system.set_params(**overrides)


def _auda_svm(action_units: ClipTransformer | None, memory: Any, n_jobs: int | None,
              verbose: int | bool) -> Pipeline:
    run: dict[str, Any] = {"n_jobs": n_jobs, "verbose": verbose}
    if action_units is not None:
        check_is_fitted(action_units)
    else:
        action_units = load_drawn_action_units(**run, memory=memory)
    return Pipeline([
        ("faces", FaceAligner(**run, memory=memory)),
        ("smile", LBPSmileIntensity(**run, memory=memory)),
        ("aus", FrozenEstimator(action_units)),
        ("ensemble", AUDASVMEnsemble(n_jobs=n_jobs)),
    ])


#: Name -> what makes it.
SYSTEMS: dict[str, Callable[..., Pipeline]] = {"auda-svm": _auda_svm}


