"""The mathematics of adapting: what has moved, what is learnt on top, and what to believe."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit, softmax

# A subject's smiles resemble each other: all of them say as much as so many of as many people.
_SMILES_A_SUBJECT = 2.0
# Of few subjects, the spread of a column is a guess: so many more would show that of a class.
_GUESSED = 5.0
_NEWTON_STEPS, _NEWTON_CLOSE = 100, 1e-10


class Moments(NamedTuple):
    """What a fitted classifier expects of its standardised columns.

    Attributes
    ----------
    means, variances : arrays of shape (2, n_columns)
        Of posed and of spontaneous smiles.
    """

    means: np.ndarray
    variances: np.ndarray


def moved(rows: np.ndarray, positive: np.ndarray, who: np.ndarray, expected: Moments
          ) -> tuple[np.ndarray, np.ndarray]:
    """Estimate how far columns have moved from where they were expected, and been stretched.

    Parameters
    ----------
    rows : array of shape (n, n_columns)
        Standardised; NaN for what is not known.
    positive : array of bool of shape (n,)
    who : array of int of shape (n,)
        Number of the subject.
    expected : Moments

    Returns
    -------
    shift : array of shape (n_columns,)
        To be subtracted; the same for both classes.
    stretch : array of shape (n_columns,)
        Standard deviation within classes, over the expected one. Both are shrunk, to 0 and 1, by
        how much differences of all columns exceed those that so few subjects show by chance. A
        column that is not known of both classes has not moved.
    """
    n = rows.shape[1]
    shift, chance, spread = np.zeros(n), np.full(n, np.inf), np.zeros(n)
    known = np.isfinite(rows)
    for j in range(n):
        classes = [known[:, j] & of for of in (~positive, positive)]
        if not all(of.any() for of in classes):
            continue
        aside, squares = np.zeros(who.max() + 1), 0.0
        for of, mean in zip(classes, expected.means[:, j], strict=True):
            around = rows[of, j] - rows[of, j].mean()
            shift[j] += 0.5 * (rows[of, j].mean() - mean)
            np.add.at(aside, who[of], 0.5 * around / of.sum())
            squares += 0.5 * np.var(rows[of, j])
        people = len(np.unique(who[known[:, j]]))
        # What the mean of a subject adds to that of all, squared; and a guess, for few tell little.
        chance[j] = (people**2 * (aside**2).sum() + _GUESSED) / (people + _GUESSED) / people
        spread[j] = 0.5 * np.log(max(squares, 1e-3) / expected.variances[:, j].mean())
    return _shrunk(shift, chance), np.exp(_shrunk(spread, chance))


def _shrunk(differences: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Shrink differences toward 0 by how much of their variance is chance (empirical Bayes)."""
    known = np.isfinite(chance)
    excess = differences[known]**2 - chance[known]
    real = max(0.0, float(np.mean(excess))) if known.any() else 0.0
    return np.asarray(differences * real / (real + chance)) if real else np.zeros_like(differences)


def balanced(positive: np.ndarray) -> np.ndarray:
    """Return weights by which both classes count alike.

    Parameters
    ----------
    positive : array of bool of shape (n,)

    Returns
    -------
    array of shape (n,)
        1 on average.
    """
    share = positive.mean()
    return np.asarray(np.where(positive, 0.5 / share, 0.5 / (1.0 - share)))


def penalised_logistic(columns: np.ndarray, positive: np.ndarray, weight: np.ndarray,
                       start: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Fit log-odds that are linear in columns, with independent normal priors, by Newton's method.

    Parameters
    ----------
    columns : array of shape (n, d)
    positive : array of bool of shape (n,)
    weight : array of shape (n,)
        Of the rows.
    start, precision : arrays of shape (d,)
        Means and inverse variances of the priors; all precisions above 0.

    Returns
    -------
    array of shape (d,)
        The most probable coefficients.
    """
    sign = np.where(positive, -1.0, 1.0)

    def cost(theta: np.ndarray) -> float:
        far = theta - start
        return float(weight @ np.logaddexp(0.0, sign * (columns @ theta))
                     + 0.5 * precision @ (far * far))

    theta, least = start.copy(), cost(start)
    for _ in range(_NEWTON_STEPS):
        p = expit(columns @ theta)
        slope = columns.T @ (weight * (p - positive)) + precision * (theta - start)
        curve = (columns.T * (weight * p * (1.0 - p))) @ columns + np.diag(precision)
        step = cho_solve(cho_factor(curve), slope)
        gain, length = float(slope @ step), 1.0
        if gain < _NEWTON_CLOSE:
            break
        # Far from the solution a full step can go too far; convex, so some step does not.
        while cost(theta - length * step) > least - 1e-4 * length * gain and length > 1e-9:
            length *= 0.5
        theta = theta - length * step
        least = cost(theta)
    return theta


def weights_of(loss: np.ndarray, who: np.ndarray) -> np.ndarray:
    """Weigh alternatives by what they lost on held-out subjects.

    Parameters
    ----------
    loss : array of shape (n_alternatives, n)
    who : array of int of shape (n,)
        Number of the subject.

    Returns
    -------
    array of shape (n_alternatives,)
        They add up to 1. Each counts by the likelihood, as if a subject were two smiles.
    """
    return np.asarray(softmax(-loss.mean(axis=1) * _SMILES_A_SUBJECT * len(np.unique(who))))
