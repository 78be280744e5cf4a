"""Integrated gradients: a decision, added up along the straight way from a baseline to a clip.

Sundararajan, Taly & Yan (2017), arXiv:1703.01365. What an input contributes is how far it is from
the baseline, times the mean gradient along the way; the contributions add up to the difference of
the decisions. Here of machines with a kernel, in numpy; of networks see `network_gradients`.
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
