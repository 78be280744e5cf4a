"""Classifiers within another: how they are fitted, and what they decide."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logit
from sklearn import get_config
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing  # documented, though nothing public does this
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from ..clips.record import Clip
from ..clips.video import FrameSource
from ..running.parallel import in_parallel

# Probabilities of 0 and 1 have no logit; trees give them.
_SURE = 1e-6


def is_recordings(X: Any) -> bool:
    """Return whether X is a list of recordings (see `as_clips`), and not a table of numbers.

    Parameters
    ----------
    X : object

    Returns
    -------
    bool
    """
    if isinstance(X, (str, os.PathLike, Clip, FrameSource)):
        return True  # `as_clips` will say what is wrong with that
    if isinstance(X, pd.DataFrame) or getattr(X, "ndim", 1) != 1 or not hasattr(X, "__len__"):
        return False
    if not len(X):
        return True
    first = X.iloc[0] if isinstance(X, pd.Series) else X[0]
    return first is None or isinstance(first, (str, os.PathLike, Clip, FrameSource, pd.DataFrame)) \
        or getattr(first, "ndim", 0) > 1


def decisions_of(branch: Any, X: Any) -> np.ndarray:
    """Return a classifier's decision values, of whatever kind it has.

    Parameters
    ----------
    branch : classifier
        Fitted on two classes.
    X : list of recordings, or table

    Returns
    -------
    array of shape (n,)
        `decision_function`, else the log-odds of `predict_proba`.

    Raises
    ------
    ValueError
        It has neither.
    """
    if hasattr(branch, "decision_function"):
        return np.asarray(branch.decision_function(X), dtype=float).reshape(-1)
    if not hasattr(branch, "predict_proba"):
        raise ValueError(f"{type(branch).__name__} has neither decision_function nor "
                         "predict_proba, so there is nothing to fuse; CalibratedClassifierCV gives "
                         "probabilities to any classifier")
    return log_odds(np.asarray(branch.predict_proba(X), dtype=float)[:, 1])


def log_odds(p: np.ndarray) -> np.ndarray:
    """Compute the log-odds of probabilities; of 0 and 1 they are large, and finite."""
    return np.asarray(logit(np.clip(p, _SURE, 1.0 - _SURE)))


def embedding_of(branch: Any, X: Any) -> np.ndarray:
    """Return a classifier's final-branch features.

    Parameters
    ----------
    branch : classifier
        Fitted.
    X : list of recordings, or table

    Returns
    -------
    array of shape (n, width)
        What its `transform` gives; without one, its decision value.
    """
    if not hasattr(branch, "transform"):
        return decisions_of(branch, X)[:, None]
    features = branch.transform(X)
    if hasattr(features, "toarray"):
        features = features.toarray()
    features = np.asarray(features, dtype=float)
    return features.reshape(len(features), -1)


def outputs_of(branch: Any, X: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return a classifier's final-branch features and its decision values; networks run once.

    Parameters
    ----------
    branch : classifier
        Fitted.
    X : list of recordings, or table

    Returns
    -------
    embedding : array of shape (n, width)
    decisions : array of shape (n,)
    """
    embedding = embedding_of(branch, X)
    if not hasattr(branch, "transform"):
        return embedding, embedding[:, 0]
    if hasattr(branch, "decide_embedded"):
        return embedding, np.asarray(branch.decide_embedded(embedding))
    return embedding, decisions_of(branch, X)


def fit_branch(branch: Any, X: Any, y: np.ndarray, subjects: np.ndarray | None,
               train: np.ndarray) -> Any:
    """Fit a branch on some of the clips, with their subjects where it takes them."""
    known = {} if subjects is None else groups_for_fit(branch, np.asarray(subjects)[train])
    return branch.fit(_safe_indexing(X, train), y[train], **known)


def groups_for_fit(model: Any, groups: np.ndarray) -> dict[str, Any]:
    """Return subjects under the name by which a classifier's `fit` takes them.

    Parameters
    ----------
    model : classifier, Pipeline or search
    groups : array of shape (n,)

    Returns
    -------
    dict
        Keyword arguments of `fit`; empty where it takes no groups.
    """
    if get_config()["enable_metadata_routing"]:
        wanted = bool(get_routing_for_object(model).consumes("fit", ["groups"]))
    elif isinstance(model, Pipeline):
        name, last = model.steps[-1]
        return {f"{name}__{key}": value for key, value in groups_for_fit(last, groups).items()}
    elif hasattr(model, "refit") and hasattr(model, "cv"):  # a search
        # Splitters that know no groups would warn of them.
        wanted = bool(get_routing_for_object(model.cv).consumes("split", ["groups"]))
    else:
        wanted = has_fit_parameter(model, "groups")
    return {"groups": groups} if wanted else {}


def fit_crosswise(models: Sequence[Any], X: Any, y: np.ndarray, subjects: np.ndarray | None,
                  splits: list[tuple[np.ndarray, np.ndarray]], n_jobs: int | None
                  ) -> tuple[list[Any], np.ndarray]:
    """Fit classifiers on everything, and ask such as were fitted on folds about the rest.

    Parameters
    ----------
    models : sequence of classifier
        They stay as they are.
    X : list of recordings, or table
    y : array of shape (n,)
        Two classes.
    subjects : array of shape (n,), or None
    splits : list of (train, test) index arrays
        See `inner_splits`.
    n_jobs : int, optional
        Classifiers and folds fitted at the same time.

    Returns
    -------
    fitted : list of classifier
        Clones, each fitted on everything.
    decisions : array of shape (n, n_models)
        Decision values of clones that had not seen the clip.
    """
    parts = [(np.arange(len(y)), None), *splits]
    jobs = [(k, part) for k in range(len(models)) for part in parts]
    calls = ((clone(models[k]), X, y, subjects, train, test) for k, (train, test) in jobs)
    fitted, decisions = [], np.empty((len(y), len(models)))
    for (k, (_, test)), (model, values) in zip(
            jobs, in_parallel(_fit_and_decide, calls, n_jobs=n_jobs), strict=True):
        if test is None:
            fitted.append(model)
        else:
            decisions[test, k] = values
    return fitted, decisions


def _fit_and_decide(branch: Any, X: Any, y: np.ndarray, subjects: np.ndarray | None,
                    train: np.ndarray, test: np.ndarray | None
                    ) -> tuple[Any, np.ndarray | None]:
    """Return a branch fitted on some of the clips; where others are named, its decisions there."""
    fit_branch(branch, X, y, subjects, train)
    if test is None:
        return branch, None
    return None, decisions_of(branch, _safe_indexing(X, test))


def check_fitted(name: str, model: Any, classes: np.ndarray) -> None:
    """Raise a `ValueError` unless a classifier is fitted, on the same two classes.

    Parameters
    ----------
    name : str
        What the message calls it.
    model : classifier
    classes : array of shape (2,)
    """
    try:
        check_is_fitted(model)
    except NotFittedError:
        raise ValueError(f"{name} is to be used as it is, but it is not fitted; fit it, or leave "
                         "'prefit' and FrozenEstimator out") from None
    known = list(getattr(model, "classes_", classes))
    if known != list(classes):
        raise ValueError(f"{name} was fitted on the classes {', '.join(map(str, known))}, and "
                         f"these are {', '.join(map(str, classes))}")
