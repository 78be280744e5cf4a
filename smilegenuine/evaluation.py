"""Scores by subject: no person is ever on both sides of a fold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, cross_validate

_SCORES = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "roc_auc": "AUC"}


def subject_scores(estimator: Any, X: Any, y: Any, groups: Any, *, cv: int = 5,
                   n_jobs: int | None = None) -> pd.DataFrame:
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

    Returns
    -------
    DataFrame
        A row a fold, with the columns `fold`, `clips`, `subjects`, `accuracy`, `balanced accuracy`
        and `AUC` (NaN where a fold's subjects show one class only).

    Raises
    ------
    ValueError
        Fewer than two subjects.
    """
    groups = np.asarray(groups)
    n_subjects = len(np.unique(groups))
    if n_subjects < 2:
        raise ValueError("all clips are of one subject; folds by subject need at least two")
    splits = list(GroupKFold(min(cv, n_subjects)).split(groups, groups=groups))
    y = np.asarray(y)
    mixed = [len(np.unique(y[test])) > 1 for _, test in splits]
    wanted = list(_SCORES) if all(mixed) else list(_SCORES)[:2]
    found = cross_validate(estimator, X, y, cv=splits, scoring=wanted, n_jobs=n_jobs,
                           error_score="raise")
    table = pd.DataFrame({
        "fold": range(1, len(splits) + 1), "clips": [len(test) for _, test in splits],
        "subjects": [len(np.unique(groups[test])) for _, test in splits]})
    for key, title in _SCORES.items():
        table[title] = found.get(f"test_{key}", np.nan)
    return table


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
        cells = "  ".join(f"{row[t]:>17.3f}" for t in titles)
        lines.append(f"{row['fold']:>4}  {row['clips']:>5}  {row['subjects']:>8}  {cells}")
    means = "  ".join(f"{f'{table[t].mean():.3f} ± {table[t].std(ddof=1):.3f}':>17}"
                      for t in titles)
    return "\n".join([*lines, f"{'mean ± sd':<21}  {means}"])
