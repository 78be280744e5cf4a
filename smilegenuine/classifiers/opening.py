"""What a fitted system is made of, under whatever wrappers it comes.

This is the one place that knows how pipelines, searches, frozen, calibrated and abstaining models,
and combinations of classifiers keep what they have fitted. Explanations, reports, early and live
decisions and the command line all use it, so that they agree.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ..clips.record import Clip, as_clips
from ..clips.steps import ClipTransformer
from .branches import decisions_of, log_odds

# How users of scikit-learn say that a branch is left out, or that a step does nothing.
_LEFT_OUT = ("drop", "passthrough", None)
# Attributes that hold a network's training: its parameters are skorch's, and not ours to set.
_OPAQUE = ("net_",)


class OpenedSystem(NamedTuple):
    """A fitted system, taken apart.

    Attributes
    ----------
    steps : tuple of (str, ClipTransformer)
        The fitted steps that measure clips, in their order, with their names, without wrappers.
    decider : estimator
        What decides about the clips that the steps return: a classifier of clips, or a pipeline of
        features and a classifier of tables. What changes the decision of the whole system, such as
        calibration, is still around it.
    name : str
        Of the decider: its name in the pipeline; without one, that of its class.
    """

    steps: tuple[tuple[str, ClipTransformer], ...]
    decider: Any
    name: str

    def measure(self, clips: Any) -> list[Clip]:
        """Measure clips by all steps, so that `decider` can take them.

        Parameters
        ----------
        clips : list of recordings
            Anything that `as_clips` takes.

        Returns
        -------
        list of Clip

        Raises
        ------
        ClipError
            A clip cannot be opened or measured.
        """
        clips = as_clips(clips)
        for _, step in self.steps:
            clips = step.transform(clips)
        return clips


def open_system(model: Any) -> OpenedSystem:
    """Take a fitted system apart into the steps that measure clips and what decides.

    Parameters
    ----------
    model : fitted classifier
        Of clips, alone or at the end of a `Pipeline`; also in a `FrozenEstimator`, of a search
        (`GridSearchCV` and its like: the best estimator), or in anything that wraps one fitted
        classifier as its `estimator_`, such as `CalibratedSystem` and `SubjectConformalClassifier`;
        in any order. Combinations of several (`StackingFusion`, `VotingClassifier`, …) decide as a
        whole; `branches_of` returns what they combine.

    Returns
    -------
    OpenedSystem

    Raises
    ------
    NotFittedError
        The model is not fitted.
    ValueError
        A search that kept no estimator.

    Examples
    --------
    >>> from smilegenuine import AUDASVMEnsemble, CalibratedSystem, FaceAligner
    >>> from smilegenuine.classifiers.opening import open_system
    >>> from smilegenuine.datasets import make_smile_signals
    >>> from sklearn.pipeline import make_pipeline
    >>> smiles = make_smile_signals(6, 2, random_state=0)
    >>> line = make_pipeline(FaceAligner(), AUDASVMEnsemble(levels=("au",), cv=2))
    >>> opened = open_system(CalibratedSystem(line, cv=2).fit(smiles.data, smiles.target))
    >>> [name for name, _ in opened.steps], type(opened.decider).__name__, opened.name
    (['facealigner'], 'CalibratedSystem', 'audasvmensemble')
    """
    model = unwrapped(model)
    check_is_fitted(model)
    steps = steps_of(model)
    measuring = tuple(takewhile(lambda step: isinstance(step[1], ClipTransformer), steps[:-1]))
    if len(measuring) < len(steps) - 1:
        return OpenedSystem(measuring, _last_steps(model, steps[len(measuring):]), steps[-1][0])
    decider = steps[-1][1]
    name = steps[-1][0] if isinstance(model, Pipeline) else type(decider).__name__
    inner = inner_of(decider)
    if inner is None:
        return OpenedSystem(measuring, decider, name)
    opened = open_system(inner)
    if opened.steps:  # the steps come first, and what wrapped the whole wraps what decides
        decider = copy.copy(decider)
        decider.estimator_ = opened.decider
    return OpenedSystem(measuring + opened.steps, decider,
                        name if isinstance(model, Pipeline) else opened.name)


def _last_steps(model: Pipeline, steps: list[tuple[str, Any]]) -> Pipeline:
    """Return the last steps of a pipeline, as a pipeline of its own kind where that is possible."""
    tail = model[len(model.steps) - len(steps):]
    return tail if [step for _, step in tail.steps] == [step for _, step in steps] \
        else Pipeline(steps)


def unwrapped(model: Any) -> Any:
    """Return the model within: of a frozen one what is frozen, of a search the best estimator.

    Parameters
    ----------
    model : object
        Anything else is returned as it is.

    Returns
    -------
    object

    Raises
    ------
    NotFittedError
        A search that is not fitted.
    ValueError
        A search that kept no estimator.
    """
    while True:
        if isinstance(model, FrozenEstimator):
            model = model.estimator
        elif is_search(model):
            check_is_fitted(model)
            if not hasattr(model, "best_estimator_"):
                raise ValueError(f"{type(model).__name__} kept no estimator; fit it with "
                                 "refit=True")
            model = model.best_estimator_
        else:
            return model


def is_search(model: Any) -> bool:
    """Return whether a model is a search over parameters, such as `GridSearchCV`."""
    return not isinstance(model, FrozenEstimator) and hasattr(model, "refit") \
        and hasattr(model, "estimator")


def steps_of(model: Any) -> list[tuple[str, Any]]:
    """Return the steps of a pipeline and of the pipelines in it; any other estimator is a step.

    Parameters
    ----------
    model : estimator
        Fitted or not.

    Returns
    -------
    list of (str, estimator)
        Names and steps, frozen ones and fitted searches unwrapped, without those that do nothing.
        A step of an inner pipeline is called ``outer-inner``.
    """
    if not isinstance(model, Pipeline):
        return [(type(model).__name__, model)]
    steps: list[tuple[str, Any]] = []
    for name, step in model.steps:
        if isinstance(step, str) or step is None:
            continue
        step = step if is_search(step) and not hasattr(step, "best_estimator_") else \
            unwrapped(step)
        steps += [(f"{name}-{inner}", part) for inner, part in steps_of(step)] \
            if isinstance(step, Pipeline) else [(name, step)]
    return steps


def measuring_templates(model: Any) -> list[tuple[ClipTransformer, bool]]:
    """Return the steps with which a model that is not fitted will measure clips.

    Parameters
    ----------
    model : classifier or Pipeline
        As it is before `fit`; also within meta-estimators, as their `estimator`. Of a search, whose
        candidates may measure differently, no steps are returned.

    Returns
    -------
    list of (ClipTransformer, bool)
        In their order; and whether a step is frozen, so that no fit changes it.
    """
    while not isinstance(model, Pipeline):
        if is_search(model) or not hasattr(model, "estimator"):
            return []
        model = model.estimator
    templates: list[tuple[ClipTransformer, bool]] = []
    for _, step in model.steps[:-1]:
        if step in _LEFT_OUT:
            continue
        frozen = isinstance(step, FrozenEstimator)
        inner = steps_of(step.estimator if frozen else step)
        templates += [(part, frozen) for _, part in inner]
    return list(takewhile(lambda template: isinstance(template[0], ClipTransformer), templates))


def inner_of(model: Any) -> Any:
    """Return the one fitted classifier that another wraps, its `estimator_`; else None."""
    if hasattr(model, "estimators_"):  # of an ensemble, `estimator_` is a template of its members
        return None
    return getattr(model, "estimator_", None)


def branches_of(model: Any) -> dict[str, Any]:
    """Return the fitted classifiers whose decisions a model combines.

    Parameters
    ----------
    model : fitted classifier
        `StackingFusion`, or scikit-learn's `StackingClassifier`, `VotingClassifier` and
        `CalibratedClassifierCV` (one a fold).

    Returns
    -------
    dict of str to classifier
        By their names; empty where a model combines none.
    """
    if hasattr(model, "calibrated_classifiers_"):
        folds = model.calibrated_classifiers_
        return {f"fold {k}": fold.estimator for k, fold in enumerate(folds, 1)}
    named = getattr(model, "named_estimators_", {})
    return {name: branch for name, branch in named.items()
            if not isinstance(branch, str) and branch is not None}


def combiner_of(model: Any) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return how a model's decision follows from those of what it wraps or combines.

    Parameters
    ----------
    model : fitted classifier
        One with an `inner_of`, or one of scikit-learn's with `branches_of`.

    Returns
    -------
    callable or None
        From decision values of the branches, (n, n_branches), to the model's log-odds, (n,). None
        where a decision rests on more than those. Where a model combines probabilities, they are
        taken to be those of the branches' log-odds.
    """
    if hasattr(model, "calibrated"):
        return lambda decisions: model.calibrated(decisions[:, 0])
    if inner_of(model) is not None:  # abstains, or has another threshold
        return lambda decisions: decisions[:, 0]
    if hasattr(model, "calibrated_classifiers_"):
        return lambda decisions: _mean_log_odds(np.column_stack([
            _calibrated(fold, column)
            for fold, column in zip(model.calibrated_classifiers_, decisions.T, strict=True)]))
    if getattr(model, "voting", None) == "soft":
        weights = [weight for weight, (_, branch) in zip(model.weights, model.estimators,
                                                         strict=True)
                   if branch not in _LEFT_OUT] if model.weights is not None else None
        return lambda decisions: _mean_log_odds(expit(decisions), weights)
    if hasattr(model, "stack_method_") and not getattr(model, "passthrough", True):
        methods = [m for m in model.stack_method_ if m not in _LEFT_OUT]
        return lambda decisions: decisions_of(model.final_estimator_, np.column_stack([
            _RESPONSES[method](of_branch)
            for method, of_branch in zip(methods, decisions.T, strict=True)]))
    return None


#: From log-odds of a branch to what its methods return of the second class.
_RESPONSES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "predict_proba": expit,
    "decision_function": np.asarray,
    "predict": lambda decisions: (decisions > 0).astype(float),
}


def _calibrated(fold: Any, decisions: np.ndarray) -> np.ndarray:
    """Compute the probabilities of one of the models of a `CalibratedClassifierCV`."""
    if not hasattr(fold.estimator, "decision_function"):
        p = expit(decisions)
        decisions = np.column_stack([1.0 - p, p]) if fold.method == "temperature" else p
    probabilities = np.asarray(fold.calibrators[0].predict(decisions), dtype=float)
    return probabilities[:, -1] if probabilities.ndim == 2 else probabilities


def _mean_log_odds(p: np.ndarray, weights: Any = None) -> np.ndarray:
    return log_odds(np.average(p, axis=1, weights=weights))


def classes_of(model: Any) -> np.ndarray:
    """Return the classes of a fitted classifier, under any wrapper.

    Parameters
    ----------
    model : fitted classifier

    Returns
    -------
    array of shape (n_classes,)
    """
    return np.asarray(unwrapped(model).classes_)


def fitted_parts(model: Any, *, deciding: bool = False, templates: bool = False
                 ) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Iterate over a model and all estimators in it that have a share in what it predicts.

    Parameters
    ----------
    model : estimator
        Under any wrapper. Of what is not fitted, the parts are those that are to be fitted.
    deciding : bool, default=False
        Pass over the steps of pipelines before the last one.
    templates : bool, default=False
        Also the estimators that were given to `fit` as templates, of which copies were fitted.

    Yields
    ------
    path : tuple of str
        The names of the branches that lead to it, and "top" for what fuses them.
    part : estimator
        Each once. The nets of skorch are passed over.
    """
    yield from _walk(model, (), deciding, templates, set())


def _walk(value: Any, path: tuple[str, ...], deciding: bool, templates: bool, visited: set[int]
          ) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, (list, tuple, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _walk(item, path, deciding, templates, visited)
    if not isinstance(value, BaseEstimator) or isinstance(value, type) or id(value) in visited:
        return
    visited.add(id(value))
    if isinstance(value, FrozenEstimator):
        yield from _walk(value.estimator, path, deciding, templates, visited)
        return
    yield path, value
    for name, part in _parts_of(value, deciding, templates):
        yield from _walk(part, (*path, name) if name else path, deciding, templates, visited)


def _parts_of(model: Any, deciding: bool, templates: bool) -> Iterator[tuple[str, Any]]:
    """Yield what an estimator holds, with the name of the branch, with "top", or with ""."""
    attributes = dict(vars(model))
    if isinstance(model, Pipeline) and deciding:
        attributes["steps"] = model.steps[-1:]
    branches = branches_of(model)
    yield from branches.items()
    for name in ("final_estimator_", "projection_"):
        yield "top", attributes.pop(name, None)
    template_names = {name.removesuffix("_") for name in attributes if name.endswith("_")}
    if branches or "best_estimator_" in attributes:
        template_names |= {"estimator", "estimators", "final_estimator"}
    yield from (("", part) for name, part in attributes.items()
                if (templates or name not in template_names) and name not in _OPAQUE)


# -- how a system runs, which does not change what it computes ------------------------------------

def set_run(model: Any, **params: Any) -> None:
    """Set parameters of how a system runs, such as `n_jobs` and `verbose`, in all of its parts.

    Parameters
    ----------
    model : estimator
        Under any wrapper, fitted or not.
    **params
        Set where a part has them.
    """
    for _, part in fitted_parts(model, templates=True):
        known = part.get_params(deep=False)
        new = {name: value for name, value in params.items()
               if name in known and known[name] != value}
        if new:
            part.set_params(**new)


def move_networks(model: Any, device: str) -> None:
    """Put the trained networks of a system on a device.

    Parameters
    ----------
    model : estimator
        Fitted, under any wrapper.
    device : str
        "auto", "cpu", "cuda", "cuda:1".

    Raises
    ------
    ValueError
        There is no such device.
    """
    for _, part in fitted_parts(model):
        if hasattr(part, "net_") and part.device != device:
            from .net_training import find_device  # here, because it needs torch

            find_device(device)
            # As when it is loaded: the weights go where the parameter says.
            part.__setstate__({**part.__getstate__(), "device": device})
