"""Scores by subject: no person is ever on both sides of a fold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.metrics import make_scorer, recall_score, roc_auc_score
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.utils.validation import check_consistent_length

from .progress import progress

_SCORES = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "roc_auc": "AUC"}


def subject_scores(estimator: Any, X: Any, y: Any, groups: Any, *, cv: int = 5,
                   n_jobs: int | None = None, verbose: int | bool = False) -> pd.DataFrame:
    """Cross-validate with whole subjects held out.

    Parameters
    ----------
    estimator : classifier or Pipeline
    X : list of recordings
    y : array-like of shape (n_clips,)
    groups : array-like of shape (n_clips,)
        Subjects.
    cv : int, default=5
        Folds; as many as there are subjects, if those are fewer.
    n_jobs : int, optional
        Folds run at the same time.
    verbose : int or bool, default=False
        Show progress.

    Returns
    -------
    DataFrame
        A row a fold, with the columns `fold`, `clips`, `subjects`, `accuracy`, `balanced accuracy`
        and `AUC` (NaN where a fold's subjects show one class only).

    Raises
    ------
    ValueError
        Different lengths, fewer than two subjects, or a fold that leaves one class to train on.
    """
    y, groups = np.asarray(y), np.asarray(groups)
    if groups.ndim != 1:
        raise ValueError(f"groups must name the subject of each clip, (n_clips,), not {groups!r}")
    check_consistent_length(X, y, groups)
    n_subjects = len(np.unique(groups))
    if n_subjects < 2:
        raise ValueError("all clips are of one subject; folds by subject need at least two")
    splits = list(GroupKFold(min(cv, n_subjects)).split(groups, groups=groups))
    for train, _ in splits:
        if len(np.unique(y[train])) < 2:
            raise ValueError(f"{len(splits)} folds by subject leave clips of class '{y[train[0]]}' "
                             "only to train on; add subjects who show the other class")
    scoring = {"accuracy": "accuracy", "balanced_accuracy": make_scorer(_balanced_accuracy),
               "roc_auc": make_scorer(
                   _auc, response_method=("decision_function", "predict_proba"))}
    jobs = (delayed(cross_validate)(estimator, X, y, cv=[split], scoring=scoring,
                                    error_score="raise") for split in splits)
    found = list(progress(Parallel(n_jobs=n_jobs, return_as="generator")(jobs), total=len(splits),
                          verbose=verbose, name="scoring", unit="fold"))
    table = pd.DataFrame({
        "fold": range(1, len(splits) + 1), "clips": [len(test) for _, test in splits],
        "subjects": [len(np.unique(groups[test])) for _, test in splits]})
    for key, title in _SCORES.items():
        table[title] = [fold[f"test_{key}"][0] for fold in found]
    return table


def _balanced_accuracy(y: np.ndarray, predicted: np.ndarray) -> float:
    # As scikit-learn's, but a fold that shows one class only is nothing to warn of here.
    return float(recall_score(y, predicted, labels=np.unique(y), average="macro"))


def _auc(y: np.ndarray, score: np.ndarray) -> float:
    return float(roc_auc_score(y, score)) if len(np.unique(y)) > 1 else np.nan


def format_scores(table: pd.DataFrame) -> str:
    """Write a table of `subject_scores` out, with mean ± standard deviation over folds.

    Parameters
    ----------
    table : DataFrame

    Returns
    -------
    str
    """
    titles = list(_SCORES.values())
    lines = ["fold  clips  subjects  " + "  ".join(f"{t:>17}" for t in titles)]
    for row in table.to_dict("records"):
        cells = "  ".join(f"{_mean(row[t]):>17}" for t in titles)
        lines.append(f"{row['fold']:>4}  {row['clips']:>5}  {row['subjects']:>8}  {cells}")
    means = "  ".join(f"{_mean(*table[t].dropna()):>17}" for t in titles)
    return "\n".join([*lines, f"{'mean ± sd':<21}  {means}"])


def _mean(*scores: float) -> str:
    """The mean and, of several, the standard deviation; a dash for what is not known."""
    if not np.isfinite(scores).any():
        return "-"
    spread = f" ± {np.std(scores, ddof=1):.3f}" if len(scores) > 1 else ""
    return f"{np.mean(scores):.3f}{spread}"
