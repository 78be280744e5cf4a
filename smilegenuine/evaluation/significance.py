"""Whether a difference between two systems, or a score, is more than the luck of the folds.

Pure functions on arrays. Folds of a cross-validation share training data, so their scores are not
independent; taken as if they were, intervals are too narrow and differences too soon significant.
"""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np
from scipy import stats

# Differences of equal fractions (0.9 − 0.8, 0.7 − 0.6) agree to rounding only.
_ROUNDING = 1e-12


def corrected_resampled_ttest(a: Any, b: Any, n_train: float, n_test: float
                              ) -> tuple[float, float]:
    """Compare the scores of two systems over the same folds, with the variance corrected.

    Parameters
    ----------
    a, b : array-like of shape (k,)
        Scores of the two systems, fold by fold; k is at least 2.
    n_train, n_test : float
        Clips in the training and in the test part; of folds of unequal size, their means.

    Returns
    -------
    t : float
        Positive where `a` is better; with k − 1 degrees of freedom.
    p : float
        Two-sided.

    Raises
    ------
    ValueError
        Fewer than two folds, different lengths, scores that are not finite, or sizes that are not
        positive.

    Notes
    -----
    t = mean(d) / sqrt((1/k + n_test/n_train)·s²), where d = a − b and s² is its variance (with
    k − 1). Where all differences are the same there is no variance to test against: t = 0 and
    p = 1 if they are zero, t = ±∞ and p = 0 if not, which is the limit of the test and no proof.

    References
    ----------
    Nadeau & Bengio (2003), Inference for the generalization error, doi:10.1023/A:1024068626366.

    Examples
    --------
    >>> from smilegenuine.evaluation.significance import corrected_resampled_ttest
    >>> t, p = corrected_resampled_ttest([0.90, 0.85, 0.95], [0.80, 0.80, 0.90], 200, 100)
    >>> round(t, 3), round(p, 3)
    (2.53, 0.127)
    """
    first, second = _scores("a", a), _scores("b", b)
    if len(first) != len(second):
        raise ValueError(f"a has {len(first)} scores and b has {len(second)}; the test compares "
                         "them fold by fold, so give both for the same folds")
    difference = first - second
    mean = float(difference.mean())
    error = _standard_error(difference, n_train, n_test)
    rounding = _ROUNDING * max(np.abs(first).max(), np.abs(second).max())
    if np.ptp(difference) <= rounding:
        return (0.0, 1.0) if abs(mean) <= rounding else (math.copysign(math.inf, mean), 0.0)
    t = mean / error
    return t, float(2.0 * stats.t.sf(abs(t), len(difference) - 1))


def corrected_interval(scores: Any, n_train: float, n_test: float, confidence: float = 0.95
                       ) -> tuple[float, float]:
    """Return the confidence interval of a cross-validated score, with the variance corrected.

    Parameters
    ----------
    scores : array-like of shape (k,)
        One a fold; k is at least 2.
    n_train, n_test : float
        Clips in the training and in the test part; of folds of unequal size, their means.
    confidence : float, default=0.95
        Between 0 and 1.

    Returns
    -------
    lower, upper : float
        Around the mean, from the t distribution with k − 1 degrees of freedom. They are not cut
        off at 0 and 1.

    Raises
    ------
    ValueError
        Fewer than two folds, scores that are not finite, sizes that are not positive, or a
        `confidence` that is not between 0 and 1.

    References
    ----------
    Nadeau & Bengio (2003), Inference for the generalization error, doi:10.1023/A:1024068626366.

    Examples
    --------
    >>> from smilegenuine.evaluation.significance import corrected_interval
    >>> [round(bound, 3) for bound in corrected_interval([0.90, 0.85, 0.95], 200, 100)]
    [0.704, 1.096]
    """
    check_confidence(confidence)
    values = _scores("scores", scores)
    error = _standard_error(values, n_train, n_test)
    half = float(stats.t.ppf(0.5 + confidence / 2.0, len(values) - 1)) * error
    return float(values.mean()) - half, float(values.mean()) + half


def exact_mcnemar(only_a: int, only_b: int) -> float:
    """Compare two systems on the same clips by those that only one of them gets right.

    Parameters
    ----------
    only_a, only_b : int
        Clips that only the one, and only the other, gets right.

    Returns
    -------
    float
        Two-sided p of the exact (binomial) test that both are as likely; 1 where there are none.

    Raises
    ------
    ValueError
        A count that is not a whole number of at least 0.

    References
    ----------
    McNemar (1947), Note on the sampling error of the difference between correlated proportions or
    percentages, doi:10.1007/BF02295996.

    Examples
    --------
    >>> from smilegenuine.evaluation.significance import exact_mcnemar
    >>> round(exact_mcnemar(9, 2), 3)
    0.065
    """
    for name, count in (("only_a", only_a), ("only_b", only_b)):
        if isinstance(count, bool) or not isinstance(count, numbers.Integral) or count < 0:
            raise ValueError(f"{name} must be a number of clips, 0 or more, not {count!r}")
    n = int(only_a) + int(only_b)
    return float(stats.binomtest(int(only_a), n, 0.5).pvalue) if n else 1.0


def check_confidence(confidence: Any) -> None:
    """Raise a `ValueError` unless a confidence is a number between 0 and 1."""
    if not _is_number(confidence) or not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must be between 0 and 1, such as 0.95, not {confidence!r}")


def _scores(name: str, scores: Any) -> np.ndarray:
    values = np.asarray(scores, dtype=float)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(f"{name} must hold the scores of two folds or more, (k,), not "
                         f"{values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} holds scores that are not finite; leave these folds out")
    return values


def _standard_error(values: np.ndarray, n_train: float, n_test: float) -> float:
    """Of the mean over folds: training parts overlap, for which n_test/n_train makes up."""
    for name, n in (("n_train", n_train), ("n_test", n_test)):
        if not _is_number(n) or not (math.isfinite(n) and n > 0):
            raise ValueError(f"{name} must be a positive number of clips, not {n!r}")
    share = 1.0 / len(values) + n_test / n_train
    return math.sqrt(share * float(values.var(ddof=1)))


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
