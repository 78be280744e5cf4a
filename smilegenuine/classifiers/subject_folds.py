"""Whose clips are whose, and folds inside the training data that no subject straddles."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from ..clips.record import Clip, as_clips


def check_groups(groups: Any, n: int, unit: str) -> np.ndarray:
    """Return groups as an array that names the subject of each of n clips or samples.

    Parameters
    ----------
    groups : array-like of shape (n,)
    n : int
    unit : str
        "clips" or "samples", for the messages.

    Returns
    -------
    array of shape (n,)

    Raises
    ------
    ValueError
        Another length, or gaps.
    """
    subjects = np.asarray(groups)
    if subjects.shape != (n,):
        raise ValueError(f"groups has the shape {subjects.shape} for {n} {unit}")
    if pd.isna(subjects).any():
        raise ValueError(f"groups names no subject for some {unit}; name all, or leave groups out")
    return subjects


def subjects_of(clips: list[Clip], groups: Any = None) -> np.ndarray | None:
    """Return the subject of each clip: from `groups` where given, else from the clips.

    Parameters
    ----------
    clips : list of Clip
    groups : array-like of shape (n_clips,), optional

    Returns
    -------
    array of str of shape (n_clips,), or None
        None, with a warning, where no clip has a subject. Clips without one among others that have
        one count as a subject each.

    Raises
    ------
    ValueError
        `groups` has another length, or gaps.
    """
    if groups is not None:
        return check_groups(groups, len(clips), "clips")
    named = [clip.subject for clip in clips]
    unknown = sum(s is None for s in named)
    if unknown:
        warnings.warn(f"{unknown} of {len(clips)} clips have no subject, so one person may be on "
                      "both sides of an inner fold; give Clip(…, subject=…), or groups to fit",
                      stacklevel=4)
    if unknown == len(clips):
        return None
    return np.array([s if s is not None else f"clip {i} without a subject"
                     for i, s in enumerate(named)])


def inner_splits(y: np.ndarray, groups: np.ndarray | None, n_splits: int, *,
                 random_state: Any = None) -> list[tuple[np.ndarray, np.ndarray]]:
    """Split training data into folds for choices that must not see their own subjects.

    Parameters
    ----------
    y : array of shape (n,)
        Classes.
    groups : array of shape (n,) or None
        Subjects; None: every sample is a subject of its own.
    n_splits : int
        Folds wanted. Fewer are made where subjects or clips of a class are scarce.
    random_state : int, RandomState or None, default=None
        Draws which subjects share a fold. None: the same ones every time.

    Returns
    -------
    list of (train, test) index arrays
        Every sample is in one test fold; every train part has all classes.

    Raises
    ------
    ValueError
        One class only, one subject only, or a class that only one subject shows.
    """
    if random_state is not None:
        inner_splits(y, groups, n_splits)  # raises by the names of subjects where there can be none
        order, drawn = _shuffled(groups, len(y), check_random_state(random_state))
        return [(np.sort(order[train]), np.sort(order[test]))
                for train, test in inner_splits(y[order], drawn, n_splits)]
    classes, counts = np.unique(y, return_counts=True)
    if len(classes) < 2:
        raise ValueError(f"y has one class only, '{classes[0]}'; clips of both are needed")
    if groups is None:
        most = int(counts.min())
        scarce = f"class '{classes[counts.argmin()]}' has only one sample"
    else:
        if len(np.unique(groups)) < 2:
            raise ValueError(f"all clips are of one subject, '{groups[0]}'; inner folds need at "
                             "least two subjects")
        of_class = [len(np.unique(groups[y == c])) for c in classes]
        most = min(of_class)
        scarce = f"only one subject shows class '{classes[int(np.argmin(of_class))]}'"
    for k in range(min(n_splits, most), 1, -1):
        splitter = StratifiedKFold(k) if groups is None else StratifiedGroupKFold(k)
        with warnings.catch_warnings():
            # The least populated class may have fewer clips than folds; what counts is checked.
            warnings.simplefilter("ignore", UserWarning)
            splits = list(splitter.split(np.zeros(len(y)), y, groups))
        if all(len(np.unique(y[train])) == len(classes) for train, _ in splits):
            return splits
    raise ValueError(f"{scarce}; with it in a test fold there is nothing to learn that class from. "
                     "Add clips of that class")


def _shuffled(groups: np.ndarray | None, n: int, rng: np.random.RandomState
              ) -> tuple[np.ndarray, np.ndarray | None]:
    """Draw an order of samples, and number their subjects in it at random."""
    order = rng.permutation(n)
    if groups is None:
        return order, None
    names, who = np.unique(groups, return_inverse=True)
    return order, rng.permutation(len(names))[who][order]


def held_out_split(y: np.ndarray, groups: np.ndarray | None, fraction: float, seed: int
                   ) -> tuple[np.ndarray, np.ndarray]:
    """Set subjects aside inside the training data, both classes on both sides.

    Parameters
    ----------
    y : array of shape (n,)
        Classes.
    groups : array of shape (n,) or None
        Subjects; None: every sample is a subject of its own.
    fraction : float
        Share of the samples to set aside, about; between 0 and 1.
    seed : int
        Another seed sets other subjects aside.

    Returns
    -------
    train, aside : arrays of int
        Positions. Of the possible divisions, the one that is nearest to `fraction` and to the
        share of the classes in `y`.

    Raises
    ------
    ValueError
        See `inner_splits`.
    """
    halves = inner_splits(y, groups, 2)  # raises where nothing can be set aside
    rng = np.random.default_rng(seed)
    names, subject = np.unique(np.arange(len(y)) if groups is None else groups, return_inverse=True)
    codes = np.unique(y, return_inverse=True)[1]
    counts = np.stack([np.bincount(subject, codes == c, len(names))
                       for c in range(codes.max() + 1)])
    goal = fraction * counts.sum(axis=1)
    best, least = None, np.inf
    for _ in range(50):
        # Subjects in random order, each set aside where that brings the classes nearer to the goal,
        # or shows a class that nobody set aside shows.
        aside, so_far = np.zeros(len(names), bool), np.zeros(len(goal))
        for s in rng.permutation(len(names)):
            nearer = _distance(so_far + counts[:, s], goal) < _distance(so_far, goal)
            if nearer or (counts[so_far == 0, s] > 0).any():
                aside[s], so_far = True, so_far + counts[:, s]
        both_sides = (so_far > 0).all() and (counts.sum(axis=1) - so_far > 0).all()
        if both_sides and _distance(so_far, goal) < least - 1e-12:
            best, least = aside, _distance(so_far, goal)
    if best is None:
        return halves[0]
    return np.flatnonzero(~best[subject]), np.flatnonzero(best[subject])


def _distance(counts: np.ndarray, goal: np.ndarray) -> float:
    return float((((counts - goal) / goal) ** 2).sum())


def clips_and_labels(X: Any, y: Any, groups: Any = None
                     ) -> tuple[list[Clip], np.ndarray, np.ndarray, np.ndarray | None]:
    """Check what a classifier of clips is fitted on.

    Parameters
    ----------
    X : list of recordings
    y : array-like of shape (n_clips,)
    groups : array-like of shape (n_clips,), optional

    Returns
    -------
    clips : list of Clip
    classes : array of shape (2,)
    codes : array of int of shape (n_clips,)
        Position of each label in `classes`.
    subjects : array of shape (n_clips,), or None
        See `subjects_of`.

    Raises
    ------
    ValueError
        Lengths differ, or there are not two classes.
    """
    clips = as_clips(X)
    y = column_or_1d(y, warn=True)
    if len(y) != len(clips):
        raise ValueError(f"{len(clips)} clips but {len(y)} labels")
    classes, codes = coded_labels(y)
    return clips, classes, codes, subjects_of(clips, groups)


def coded_labels(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the two classes, and the index of each label among them.

    Parameters
    ----------
    y : array of shape (n,)

    Returns
    -------
    classes : array of shape (2,)
    codes : array of int of shape (n,)

    Raises
    ------
    ValueError
        There are not two classes.
    """
    check_classification_targets(y)
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"y has one class only, '{classes[0]}'; clips of both are needed")
    if len(classes) > 2:
        raise ValueError("Only binary classification is supported. The type of the target is "
                         f"multiclass: {len(classes)} classes")
    return classes, codes
