"""Classifiers of two classes whose decision value is the log-odds of the second."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression


class LogOddsClassifierMixin(ClassifierMixin):
    """Mixin with `predict_proba` and `predict` for classifiers that decide by log-odds."""

    classes_: np.ndarray

    @abstractmethod
    def decision_function(self, X: Any) -> np.ndarray:
        """Return the log-odds of `classes_[1]`."""

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of the classes.

        Parameters
        ----------
        X : list of recordings, or table
            What `fit` takes.

        Returns
        -------
        array of shape (n, 2)
            Of `classes_`, in their order.
        """
        p = expit(self.decision_function(X))
        return np.column_stack([1.0 - p, p])

    def predict(self, X: Any) -> np.ndarray:
        """Return the more probable class.

        Parameters
        ----------
        X : list of recordings, or table
            What `fit` takes.

        Returns
        -------
        array of shape (n,)
        """
        positive = self.decision_function(X) > 0
        return np.asarray(self.classes_[positive.astype(int)])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


def calibrate(value: np.ndarray, positive: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Fit log-odds to decision values of machines that had not seen the clips (Platt 1999).

    Parameters
    ----------
    value : array of shape (n,)
        Decision values.
    positive : array of bool of shape (n,)
        Whether the clip is of the second class.
    weight : array of shape (n,)
        Of the clips.

    Returns
    -------
    slope, offset : float
        Log-odds = slope · decision value + offset. Where decision values say nothing, there is a
        warning, and odds are about even.
    """
    spread = float(value.std())
    # Machines that found nothing say the same of everybody, but for rounding.
    scale = spread if spread > 1e-9 * (1.0 + abs(float(value.mean()))) else 1.0
    regression = LogisticRegression().fit(value[:, None] / scale, positive, sample_weight=weight)
    slope = float(regression.coef_[0, 0]) / scale
    if slope <= 0:
        warnings.warn("on held-out subjects the decision values say nothing about the class, so "
                      "probabilities are those of chance; more subjects are needed", stacklevel=3)
        # Decisions stay the machine's own, and nobody is to be sure of them.
        return 1e-3 / scale, 0.0
    return slope, float(regression.intercept_[0])
