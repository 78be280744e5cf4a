"""Classifiers of two classes whose decision value is the log-odds of the second."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.base import ClassifierMixin


class LogOddsClassifierMixin(ClassifierMixin):
    """Gives `predict_proba` and `predict` to classifiers with a `decision_function` of log-odds."""

    classes_: np.ndarray

    @abstractmethod
    def decision_function(self, X: Any) -> np.ndarray:
        """Give the log-odds of `classes_[1]`."""

    def predict_proba(self, X: Any) -> np.ndarray:
        """Give the probabilities of the classes.

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
        """Give the more probable class.

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
