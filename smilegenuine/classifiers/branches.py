"""Classifiers as branches of another: what they are asked, and how they are fitted."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logit
from sklearn import get_config
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing  # documented, though nothing public does this
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from ..clips.record import Clip
from ..clips.video import FrameSource

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
        return True  # the door will say what is wrong with that
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
    found = branch.transform(X)
    if hasattr(found, "toarray"):
        found = found.toarray()
    found = np.asarray(found, dtype=float)
    return found.reshape(len(found), -1)


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


def spread_of(values: np.ndarray) -> np.ndarray:
    """Return each column's standard deviation, 1 where a column does not vary."""
    spread = values.std(axis=0)
    return np.where(spread > 1e-12, spread, 1.0)


def fit_branch(branch: Any, X: Any, y: np.ndarray, subjects: np.ndarray | None,
               train: np.ndarray) -> Any:
    """Fit a branch on some of the clips, and tell it the subjects where it asks for them."""
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


def fit_and_ask(branch: Any, X: Any, y: np.ndarray, subjects: np.ndarray | None,
                train: np.ndarray, test: np.ndarray | None) -> tuple[Any, np.ndarray | None]:
    """Fit a branch on some of the clips, and give its decisions on others; or the branch itself."""
    fit_branch(branch, X, y, subjects, train)
    if test is None:
        return branch, None
    return None, decisions_of(branch, _safe_indexing(X, test))


def check_fitted_branch(name: str, branch: Any, classes: np.ndarray) -> None:
    """Raise a `ValueError` unless a branch is fitted, on the same two classes."""
    try:
        check_is_fitted(branch)
    except NotFittedError:
        raise ValueError(f"branch {name!r} is not fitted; fit it, or leave cv='prefit' out"
                         ) from None
    if not np.array_equal(branch.classes_, classes):
        raise ValueError(f"branch {name!r} was fitted on the classes "
                         f"{', '.join(map(str, branch.classes_))}, and these are "
                         f"{', '.join(map(str, classes))}")
