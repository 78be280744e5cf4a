"""Shapley values: what players add to what they are worth together, in all orders of joining.

Of decisions, players are inputs: columns, groups of columns, branches. Where a decision is a sum
over columns, their values are exact and cheap; else all sets of players are asked about, or those
of random orders.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb

import numpy as np

# So many players have few enough sets to ask about each.
_FEW = 10
# Sets that are worked out together.
_AT_ONCE = 512

# From rows, a table or sets of players, to what each is worth.
Decide = Callable[[np.ndarray], np.ndarray]


def shapley_values(value: Decide, n: int, *, n_orders: int,
                   rng: np.random.Generator) -> np.ndarray:
    """Return the Shapley values of players: the fair shares in what they are worth together.

    Parameters
    ----------
    value : callable
        From sets of players (n_sets, n), bool, to what each set is worth (n_sets,). Nobody is worth
        0 and not asked about.
    n : int
        Players. Of up to ten, all sets are asked about; of more, those of random orders.
    n_orders : int
        Random orders, each of them also backwards.
    rng : numpy Generator

    Returns
    -------
    array of shape (n,)
        They add up to what all are worth together.
    """
    if n == 0:
        return np.zeros(0)
    if n > _FEW:
        orders = np.array([rng.permutation(n) for _ in range(n_orders)])
        return _from_orders(value, np.concatenate([orders, orders[:, ::-1]]))
    codes = np.arange(2**n)
    sets = (codes[:, None] >> np.arange(n) & 1).astype(bool)
    worth = np.r_[0.0, value(sets[1:])]
    weights = np.array([1.0 / (n * comb(n - 1, k)) for k in range(n)])
    shares = np.empty(n)
    for player in range(n):
        without = codes[~sets[:, player]]
        gain = worth[without | 1 << player] - worth[without]
        shares[player] = weights[sets[without].sum(axis=1)] @ gain
    return shares


def _from_orders(value: Decide, orders: np.ndarray) -> np.ndarray:
    n = orders.shape[1]
    place = np.argsort(orders, axis=1)
    beginnings = place[:, None] <= np.arange(n)[:, None]  # (n_orders, length of beginning, n)
    sets, which = np.unique(beginnings.reshape(-1, n), axis=0, return_inverse=True)
    parts = np.array_split(sets, -(-len(sets) // _AT_ONCE))
    worth = np.concatenate([value(part) for part in parts])[np.ravel(which)]
    worth = worth.reshape(len(orders), n)
    shares = np.zeros(n)
    np.add.at(shares, orders, np.diff(worth, axis=1, prepend=0.0))
    return shares / len(orders)


def additive_contributions(decide: Decide, start: np.ndarray, end: np.ndarray, *, rows: int = 512
                           ) -> np.ndarray | None:
    """Return what each column contributes to a decision that is a sum over columns.

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


def grouped_shapley_values(decide: Decide, start: np.ndarray, end: np.ndarray,
                           owners: np.ndarray, *, n_orders: int, rng: np.random.Generator
                           ) -> np.ndarray:
    """Return the Shapley values of groups of columns, for any decision.

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
    values = np.zeros(n_groups)
    for _ in range(n_orders):
        order = rng.permutation(n_groups)
        for each in (order, order[::-1]):
            moved = np.arange(n_groups + 1)[:, None] > np.argsort(each)[owners]
            values[each] += np.diff(decide(np.where(moved, end, start)))
    return values / (2 * n_orders)
