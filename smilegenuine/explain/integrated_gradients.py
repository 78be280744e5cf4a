"""Integrated gradients: a decision, added up along the straight way from a baseline to a clip.

Sundararajan, Taly & Yan (2017), arXiv:1703.01365. What an input contributes is how far it is from
the baseline, times the mean gradient along the way; the contributions add up to the difference of
the decisions. For machines with a kernel in numpy, for networks in torch (`network_paths`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

# Gauss-Legendre nodes for what is smooth along the way.
_NODES = 48


def machine_path(machine: Any, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return what each column contributes to the decision value of a support vector machine.

    Parameters
    ----------
    machine : SVC
        Fitted on two classes, with a linear kernel, or an RBF kernel whose `gamma` is a number.
    start, end : arrays of shape (n_columns,)
        As the machine sees them.

    Returns
    -------
    array of shape (n_columns,)
        They add up to the decision value at `end` less that at `start`: exactly for a linear
        kernel, to some 1e-9 of it for the other.
    """
    moved = end - start
    if machine.kernel == "linear":
        return np.asarray(moved * machine.coef_[0])
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    at = start + (0.5 * (nodes + 1.0))[:, None] * moved
    vectors, dual = machine.support_vectors_, machine.dual_coef_[0]
    distance = ((at**2).sum(axis=1)[:, None] + (vectors**2).sum(axis=1)
                - 2.0 * at @ vectors.T)
    pull = dual * np.exp(-machine.gamma * np.maximum(distance, 0.0)) * (0.5 * weights)[:, None]
    gradient = -2.0 * machine.gamma * (pull.sum(axis=1) @ at - pull.sum(axis=0) @ vectors)
    return np.asarray(moved * gradient)


def additive_path(decide: Any, start: np.ndarray, end: np.ndarray, *, rows: int = 512
                  ) -> np.ndarray | None:
    """Return what each column contributes, where contributions simply add up.

    Parameters
    ----------
    decide : callable
        From a table (n, n_columns) to decisions (n,).
    start, end : arrays of shape (n_columns,)
    rows : int, default=512
        Of the table that is asked about at once.

    Returns
    -------
    array of shape (n_columns,), or None
        The decision with one column moved, less that with none. None where these do not add up to
        the decision with all moved, so that they are not what columns contribute.
    """
    at_start, at_end = decide(np.stack([start, end]))
    change = np.empty(len(start))
    for first in range(0, len(start), rows):
        columns = np.arange(first, min(first + rows, len(start)))
        table = np.tile(start, (len(columns), 1))
        table[np.arange(len(columns)), columns] = end[columns]
        change[columns] = decide(table) - at_start
    scale = abs(at_end - at_start) + np.abs(change).sum()
    return change if abs(change.sum() - (at_end - at_start)) <= 1e-7 * scale + 1e-12 else None


def shapley_path(decide: Any, start: np.ndarray, end: np.ndarray, owners: np.ndarray, *,
                 n_orders: int, rng: np.random.Generator) -> np.ndarray:
    """Return what groups of columns contribute to any decision, by Shapley's values.

    Columns are moved from one end to the other group by group, in random orders, each order also
    backwards; what the decision changes by when a group is moved is what it contributes.

    Parameters
    ----------
    decide : callable
        From a table (n, n_columns) to decisions (n,).
    start, end : arrays of shape (n_columns,)
    owners : array of int of shape (n_columns,)
        The group of each column, from 0.
    n_orders : int
        Random orders; twice as many are asked about.
    rng : numpy Generator

    Returns
    -------
    array of shape (n_groups,)
        They add up to the decision at `end` less that at `start`, whatever the number of orders.

    References
    ----------
    Castro, Gómez & Tejada (2009), Polynomial calculation of the Shapley value based on sampling,
    doi:10.1016/j.cor.2008.04.004.
    """
    n_groups = int(owners.max()) + 1
    found = np.zeros(n_groups)
    for _ in range(n_orders):
        order = rng.permutation(n_groups)
        for each in (order, order[::-1]):
            place = np.empty(n_groups, dtype=int)
            place[each] = np.arange(n_groups)
            steps = np.arange(n_groups + 1)[:, None] > place[owners][None]
            decided = decide(np.where(steps, end, start))
            found[each] += np.diff(decided)
    return found / (2 * n_orders)
