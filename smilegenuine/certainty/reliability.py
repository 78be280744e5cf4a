"""How far probabilities can be believed: what they said, and how often it came true.

Pure functions on arrays; `plotting.ReliabilityDisplay` draws them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.calibration import calibration_curve
from sklearn.utils import check_random_state

from ..classifiers.subject_folds import check_groups
from ..clips.steps import check_positive


def reliability_curve(y_true: Any, probabilities: Any, groups: Any = None, *, n_bins: int = 5,
                      confidence: float = 0.95, n_resamples: int = 1000, random_state: Any = 0
                      ) -> pd.DataFrame:
    """Compare probabilities with how often they came true, in bins of equal count.

    Parameters
    ----------
    y_true : array-like of bool or {0, 1} of shape (n,)
        Whether a clip is of the class that the probabilities are of.
    probabilities : array-like of shape (n,)
        Of clips that the model was not trained on.
    groups : array-like of shape (n,), optional
        Subjects. Without it every clip is taken for a subject of its own, and intervals are too
        narrow where people have several.
    n_bins : int, default=5
        Fewer are given where many probabilities are the same.
    confidence : float, default=0.95
        Of the intervals, between 0 and 1.
    n_resamples : int, default=1000
        Times that as many subjects are drawn anew, with replacement.
    random_state : int, RandomState or None, default=0

    Returns
    -------
    DataFrame
        A row a bin: `predicted` (mean probability), `observed` (share of the class), `lower` and
        `upper` (interval of `observed`), `clips`, `subjects`.

    Raises
    ------
    ValueError
        Different lengths, labels that are not two, or probabilities that are none.

    Notes
    -----
    Bins are those of scikit-learn's `calibration_curve` with ``strategy="quantile"``. Intervals are
    percentiles over resampled subjects, the bins' bounds kept. In a bin of which all clips are of
    one class resampling finds no spread; there it is the exact binomial interval (Clopper & Pearson
    1934) of as many observations as there are subjects. With few subjects in a bin, any interval
    is a rough one.

    Examples
    --------
    >>> from smilegenuine.certainty.reliability import reliability_curve
    >>> reliability_curve([0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.6, 0.7, 0.9], list("aabbcc"),
    ...                   n_bins=2)[["predicted", "observed", "clips", "subjects"]]
       predicted  observed  clips  subjects
    0   0.200000  0.333333      3         2
    1   0.733333  0.666667      3         2
    """
    y, p = checked_probabilities(y_true, probabilities)
    check_positive("n_bins", n_bins, whole=True, at_least=1)
    check_positive("n_resamples", n_resamples, whole=True, at_least=1)
    check_positive("confidence", confidence)
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must be between 0 and 1, such as 0.95, not {confidence!r}")
    observed, predicted, bins = _binned(y, p, n_bins)
    who = np.unique(np.arange(len(y)) if groups is None else check_groups(groups, len(y), "clips"),
                    return_inverse=True)[1]
    shape = (int(who.max()) + 1, len(observed))
    clips, of_class = np.zeros(shape), np.zeros(shape)
    np.add.at(clips, (who, bins), 1.0)
    np.add.at(of_class, (who, bins), y)
    times = check_random_state(random_state).multinomial(
        shape[0], np.full(shape[0], 1.0 / shape[0]), n_resamples)
    drawn = times @ clips
    shares = np.divide(times @ of_class, drawn, out=np.full(drawn.shape, np.nan), where=drawn > 0)
    tail = (1.0 - confidence) / 2.0
    subjects = (clips > 0).sum(axis=0)
    lower, upper = np.zeros(len(observed)), np.ones(len(observed))
    for b, share in enumerate(shares.T):
        share = share[~np.isnan(share)]
        if 0 < observed[b] < 1 and len(share):
            lower[b], upper[b] = np.quantile(share, [tail, 1.0 - tail])
        else:
            exact = stats.binomtest(round(observed[b] * subjects[b]), int(subjects[b]))
            lower[b], upper[b] = exact.proportion_ci(confidence)
    return pd.DataFrame({"predicted": predicted, "observed": observed, "lower": lower,
                         "upper": upper, "clips": clips.sum(axis=0).astype(int),
                         "subjects": subjects})


def expected_calibration_error(y_true: Any, probabilities: Any, *, n_bins: int = 10) -> float:
    """Return the mean distance between probabilities and how often they came true.

    Parameters
    ----------
    y_true : array-like of bool or {0, 1} of shape (n,)
    probabilities : array-like of shape (n,)
    n_bins : int, default=10
        Of equal count.

    Returns
    -------
    float
        Between 0 and 1, weighted by the clips in the bins. It depends on their number, and with few
        clips it is above 0 for the best probabilities too: compare systems on the same clips.

    References
    ----------
    Pakdaman Naeini, Cooper & Hauskrecht (2015), Obtaining well calibrated probabilities using
    Bayesian binning, doi:10.1609/aaai.v29i1.9602.

    Examples
    --------
    >>> from smilegenuine.certainty.reliability import expected_calibration_error
    >>> round(expected_calibration_error([0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.6, 0.7, 0.9],
    ...                                  n_bins=2), 3)
    0.1
    """
    y, p = checked_probabilities(y_true, probabilities)
    check_positive("n_bins", n_bins, whole=True, at_least=1)
    observed, predicted, bins = _binned(y, p, n_bins)
    return float(np.average(np.abs(predicted - observed), weights=np.bincount(bins)))


def _binned(y: np.ndarray, p: np.ndarray, n_bins: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return share and mean probability of each bin that is not empty, and the bin of each clip."""
    observed, predicted = calibration_curve(y, p, n_bins=n_bins, strategy="quantile")
    bounds = np.percentile(p, np.linspace(0.0, 1.0, n_bins + 1) * 100.0)  # as it makes them
    bins = np.unique(np.searchsorted(bounds[1:-1], p), return_inverse=True)[1]
    return observed, predicted, bins


def checked_probabilities(y_true: Any, probabilities: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return labels as 0 and 1, and probabilities as floats; or raise a `ValueError`."""
    y, p = np.asarray(y_true), np.asarray(probabilities, dtype=float)
    if p.ndim != 1 or y.shape != p.shape or not len(p):
        raise ValueError(f"y_true and probabilities must be as long as each other, (n,), not "
                         f"{y.shape} and {p.shape}")
    if not np.isin(y, (0, 1)).all():
        raise ValueError("y_true must say whether a clip is of the class, 0 or 1; write "
                         "y == 'spontaneous'")
    if not ((p >= 0.0) & (p <= 1.0)).all():  # NaN is not either
        raise ValueError("probabilities must be between 0 and 1; decision values are none")
    return y.astype(int), p
