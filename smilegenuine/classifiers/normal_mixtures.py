"""Mixtures of normal distributions of which any of the dimensions may be unknown.

A mixture is a dict of the arrays `log_weights` (k,), `means` (k, d) and `covariances` (k, d, d).
What is not known is integrated out: the marginal of a normal distribution is one of what is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from scipy.linalg import solve_triangular

_ROUNDS = 4
# Added to the variances of what is known, where the rest is to be told from it.
_RIDGE = 0.05


def patterns(table: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield rows that know the same columns together.

    Parameters
    ----------
    table : array of shape (n, d)
        NaN for what is not known.

    Yields
    ------
    rows, columns : arrays of int
        Places of the rows, and of what they know; none of those that know nothing.
    """
    known = np.isfinite(table)
    if not len(known):
        return
    kinds, which = np.unique(known, axis=0, return_inverse=True)
    for k, kind in enumerate(kinds):
        if kind.any():
            yield np.flatnonzero(np.ravel(which) == k), np.flatnonzero(kind)


def distances(mixture: Mapping[str, np.ndarray], rows: np.ndarray, known: np.ndarray
              ) -> tuple[np.ndarray, np.ndarray]:
    """Measure how far rows are from each component.

    Parameters
    ----------
    mixture : mapping of str to array
    rows : array of shape (n, m)
        The known columns alone.
    known : array of int of shape (m,)
        Which of the d dimensions they are.

    Returns
    -------
    far : array of shape (k, n)
        Squared Mahalanobis distances.
    size : array of shape (k,)
        Logarithms of the determinants.
    """
    far, size = [], []
    for mean, covariance in zip(mixture["means"], mixture["covariances"], strict=True):
        root = np.linalg.cholesky(covariance[np.ix_(known, known)])
        apart = solve_triangular(root, (rows - mean[known]).T, lower=True)
        far.append((apart * apart).sum(axis=0))
        size.append(2.0 * np.log(np.diag(root)).sum())
    return np.array(far), np.array(size)


def log_likelihoods(mixture: Mapping[str, np.ndarray], rows: np.ndarray, known: np.ndarray
                    ) -> np.ndarray:
    """Return the logarithms of the weighted densities of components, up to a common constant.

    Parameters
    ----------
    mixture, rows, known
        See `distances`.

    Returns
    -------
    array of shape (k, n)
    """
    far, size = distances(mixture, rows, known)
    return np.asarray(mixture["log_weights"][:, None] - 0.5 * (far + size[:, None]))


def completed(rows: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """Fill what is NaN with draws from one normal distribution, given the rest of the row.

    With what is to be expected in its place, a column that is often missing would hardly vary, and
    say the more the less is known of it.

    Parameters
    ----------
    rows : array of shape (n, d)
        Standardised. Each knows something.
    rng : RandomState

    Returns
    -------
    array of shape (n, d)
    """
    missing = ~np.isfinite(rows)
    if not missing.any():
        return rows
    count = np.maximum((~missing).sum(axis=0), 1)
    mean = np.where(missing, 0.0, rows).sum(axis=0) / count
    filled = np.where(missing, mean, rows)
    # Of a column that is never known: as it is in the other class, which the scale is that of.
    spread = np.where(missing.all(axis=0), 1.0, ((filled - mean) ** 2).sum(axis=0) / count)
    covariance = np.diag(spread)
    for k in range(_ROUNDS + 1):
        unknown = np.zeros_like(covariance)
        for index, known in patterns(rows):
            lost = np.setdiff1d(np.arange(len(mean)), known)
            if len(lost):
                across = covariance[np.ix_(known, lost)]
                weights = np.linalg.solve(
                    covariance[np.ix_(known, known)] + _RIDGE * np.eye(len(known)), across)
                left = covariance[np.ix_(lost, lost)] - across.T @ weights
                expected = mean[lost] + (rows[np.ix_(index, known)] - mean[known]) @ weights
                if k == _ROUNDS:
                    expected += rng.multivariate_normal(np.zeros(len(lost)), left, len(index))
                filled[np.ix_(index, lost)] = expected
                unknown[np.ix_(lost, lost)] += len(index) * left
        mean = filled.mean(axis=0)
        covariance = np.cov(filled.T, bias=True).reshape(len(mean), -1) + unknown / len(rows)
    return filled
