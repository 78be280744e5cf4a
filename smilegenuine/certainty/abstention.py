"""When to decide and when to abstain: p-values over subjects, and what came of decisions.

Pure functions on arrays, for conformal prediction where the clips of a person resemble each other.
"""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_consistent_length, column_or_1d

from ..classifiers.subject_folds import check_groups

#: Sums of weights such as 1/30 are exact to rounding only.
ROUNDING = 1e-9


def conformal_p_values(calibration: Any, groups: Any, scores: Any) -> np.ndarray:
    """Compute how usual scores are among those of other people.

    Parameters
    ----------
    calibration : array-like of shape (m,)
        Nonconformity scores of clips whose class is known: how little a clip looks like its class.
    groups : array-like of shape (m,)
        Whose clips they are.
    scores : array-like of shape (n,)
        Nonconformity scores of clips of new people.

    Returns
    -------
    array of shape (n,)
        p = (1 + sum over the K known people of the share of their clips whose score is at least as
        large) / (K + 1). If a clip is drawn from a new person who is drawn as the known ones were,
        p ≤ α in at most a share α of cases.

    Raises
    ------
    ValueError
        Different lengths, no clips, or scores that are NaN.

    Notes
    -----
    Clips of a person are not exchangeable with clips of others, people are. So everybody has the
    same weight, however many clips there are of them: with N_k clips each counts 1/((K + 1) N_k),
    and the new person, of whom nothing is known, counts 1/(K + 1) at infinity.

    References
    ----------
    Lee, Barber & Willett (2023), Distribution-free inference with hierarchical data,
    arXiv:2306.06342; Vovk, Gammerman & Shafer (2005), Algorithmic learning in a random world,
    doi:10.1007/b106715.

    Examples
    --------
    >>> from smilegenuine.certainty.abstention import conformal_p_values
    >>> conformal_p_values([1, 2, 3, 8], ["ada", "ada", "ben", "cem"], [0, 2.5, 9])
    array([1.  , 0.75, 0.25])
    """
    known, new = np.asarray(calibration, dtype=float), np.asarray(scores, dtype=float)
    if known.ndim != 1 or not len(known):
        raise ValueError(f"calibration must hold the scores of some clips, (m,), not {known.shape}")
    if np.isnan(known).any() or np.isnan(new).any():
        raise ValueError("scores are NaN for some clips, and nothing can be said of them; leave "
                         "them out")
    who, n_clips = np.unique(check_groups(groups, len(known), "clips"), return_inverse=True,
                             return_counts=True)[1:]
    order = np.argsort(known)
    weight = (1.0 / n_clips[who] / (len(n_clips) + 1))[order]
    # What lies at or above each score, the new person at infinity included.
    above = np.append(np.cumsum(weight[::-1])[::-1], 0.0) + 1.0 / (len(n_clips) + 1)
    return np.asarray(above[np.searchsorted(known[order], new, side="left")])


def subjects_needed(error_rate: float) -> int:
    """Return how many subjects have to be held out before anything can be decided.

    Parameters
    ----------
    error_rate : float
        Between 0 and 1.

    Returns
    -------
    int
        The least K for which 1/(K + 1) ≤ `error_rate`; class by class, of each class.

    Raises
    ------
    ValueError
        No such number.

    Examples
    --------
    >>> from smilegenuine.certainty.abstention import subjects_needed
    >>> [subjects_needed(rate) for rate in (0.2, 0.1, 0.05, 0.01)]
    [4, 9, 19, 99]
    """
    return math.ceil(1.0 / (check_error_rate(error_rate) + ROUNDING)) - 1


def settled(p_values: Any, error_rate: float) -> np.ndarray:
    """Return which class is left when those are ruled out whose p-value is too small.

    Parameters
    ----------
    p_values : array-like of shape (n, 2)
    error_rate : float
        Between 0 and 1.

    Returns
    -------
    array of int of shape (n,)
        0 or 1: the class that is left; where none is, the one with the larger p-value, which is the
        one that was left at a smaller error rate. −1: neither can be ruled out (or both are, with
        the same p-value).
    """
    p = np.asarray(p_values, dtype=float)
    if p.ndim != 2 or p.shape[1] != 2 or np.isnan(p).any():
        raise ValueError(f"p_values must be numbers for two classes, (n, 2), not {p.shape}"
                         f"{' with NaN' if np.isnan(p).any() else ''}")
    least = p.min(axis=1) <= check_error_rate(error_rate) + ROUNDING
    apart = np.abs(p[:, 0] - p[:, 1]) > ROUNDING
    return np.where(least & apart, p.argmax(axis=1), -1)


def check_error_rate(error_rate: Any) -> float:
    """Return an error rate as a float; raise a `ValueError` unless it is between 0 and 1."""
    if isinstance(error_rate, bool) or not isinstance(error_rate, numbers.Real) or \
            not 0.0 < float(error_rate) < 1.0:
        raise ValueError("error_rate must be a number between 0 and 1, such as 0.1, not "
                         f"{error_rate!r}; no classifier never errs")
    return float(error_rate)


def abstention_scores(y_true: Any, decisions: Any, *, abstain_label: str = "cannot tell",
                      groups: Any = None) -> pd.DataFrame:
    """Count how often clips were decided, and how often wrongly.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels.
    decisions : array-like of shape (n,)
        What `SubjectConformalClassifier.decide` gives.
    abstain_label : str, default="cannot tell"
    groups : array-like of shape (n,), optional
        Subjects. With it everybody has the same weight, however many clips there are of them, as in
        what `SubjectConformalClassifier` promises; without it every clip has.

    Returns
    -------
    DataFrame
        A row for each class and one, "all", for all clips. `clips`: their number; `decided`: share
        decided; `error_decided`: share wrong among those decided, NaN where there are none;
        `error`: share decided wrongly among all, which is what `error_rate` bounds; `coverage`:
        1 − `error`.

    Raises
    ------
    ValueError
        Different lengths, no clips, or labels that are texts on one side and numbers on the other.

    Examples
    --------
    >>> from smilegenuine.certainty.abstention import abstention_scores
    >>> abstention_scores([0, 0, 0, 1], [0, 1, "cannot tell", 1])
         clips   decided  error_decided     error  coverage
    0        3  0.666667       0.500000  0.333333  0.666667
    1        1  1.000000       0.000000  0.000000  1.000000
    all      4  0.750000       0.333333  0.250000  0.750000
    """
    truth = column_or_1d(y_true)
    decisions = column_or_1d(np.asarray(decisions, dtype=object))
    check_consistent_length(truth, decisions)
    if not len(truth):
        raise ValueError("there are no decisions to count")
    decided = np.array([not (isinstance(s, str) and s == abstain_label) for s in decisions])
    texts = {isinstance(s, str) for s in decisions[decided]}
    if texts and texts != {isinstance(label, str) for label in truth.astype(object)}:
        raise ValueError(f"y_true has labels such as {truth.astype(object)[0]!r}, and decisions "
                         f"such as {decisions[decided][0]!r}: they are of different kinds")
    wrong = decided & (decisions != truth.astype(object))
    who = np.arange(len(truth)) if groups is None else check_groups(groups, len(truth), "clips")
    rows = {label: _shares(truth == label, decided, wrong, who) for label in np.unique(truth)}
    rows["all"] = _shares(np.ones(len(truth), bool), decided, wrong, who)
    return pd.DataFrame.from_dict(rows, orient="index")


def _shares(part: np.ndarray, decided: np.ndarray, wrong: np.ndarray, who: np.ndarray
            ) -> dict[str, Any]:
    """Compute the shares of some of the clips, everybody with the same weight."""
    of, counts = np.unique(who[part], return_inverse=True, return_counts=True)[1:]
    weight = 1.0 / counts[of] / len(counts)
    share, error = float(weight @ decided[part]), float(weight @ wrong[part])
    return {"clips": int(part.sum()), "decided": share,
            "error_decided": error / share if share > 0 else np.nan,
            "error": error, "coverage": 1.0 - error}
