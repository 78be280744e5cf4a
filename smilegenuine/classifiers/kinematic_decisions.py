"""Decisions from smile kinematics: a class, or none where nothing can be told."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, NamedTuple

import numpy as np

from .log_odds import LogOddsClassifierMixin

#: The decisions where nothing was measured, and where the figures tell too little.
NO_SMILE, CANNOT_TELL = "no smile found", "cannot tell"


class MixtureTerm(NamedTuple):
    """A term of log-odds: weight · Σ log(p₁ / p₀) of a smile's figures, summed over signals.

    Attributes
    ----------
    weight : float
    values : array of shape (n_columns,)
        The figures, standardised; NaN for what is not known, which is integrated out.
    blocks, mixtures : dict
        Of each signal its columns, and the mixtures p₀ and p₁ of either class; see `blocks_` and
        `mixtures_` of `KinematicsClassifier`.
    """

    weight: float
    values: np.ndarray
    blocks: dict[str, list[int]]
    mixtures: dict[str, list[dict[str, np.ndarray]]]


class KinematicDecisionsMixin(LogOddsClassifierMixin):
    """Mixin with `predict` and `decide` for classifiers of tables in which any column may be NaN.

    It is also what such a classifier offers to be explained. The log-odds of a row are
    ``limited(s)``, where s is the sum of `linear_terms` and of the log ratios of `mixture_terms`.

    Attributes
    ----------
    columns_ : list of str
        The columns that are looked at.
    kept_ : array of int of shape (n_columns,)
        Their places among all columns.
    conditions_, quantiles_ : as in `KinematicsClassifier`
    """

    least_certainty: float
    columns_: list[str]
    kept_: np.ndarray
    conditions_: list[str]
    quantiles_: np.ndarray

    @abstractmethod
    def unusual(self, X: Any) -> np.ndarray:
        """Return which rows are like none that were learnt."""

    @abstractmethod
    def likeliest_condition(self, X: Any) -> np.ndarray:
        """Return the condition under which each row was most likely measured."""

    @abstractmethod
    def table(self, X: Any) -> np.ndarray:
        """Return the columns that are looked at; see `KinematicsClassifier.table`."""

    @abstractmethod
    def limited(self, odds: np.ndarray) -> np.ndarray:
        """Return log-odds that come ever nearer to those of `most_certainty`."""

    @abstractmethod
    def mixture_terms(self, row: np.ndarray) -> list[MixtureTerm]:
        """Return the terms by which mixtures decide about a row of `table`, (n_columns,)."""

    @abstractmethod
    def linear_terms(self, table: np.ndarray) -> np.ndarray:
        """Return what each figure adds by itself, (n, n_columns); 0 for what is not known."""

    def predict(self, X: Any) -> np.ndarray:
        """Return the more probable class, and none where nothing is known.

        Parameters
        ----------
        X : table

        Returns
        -------
        array of shape (n,)
            Of `classes_`; where a row is all NaN −1 (−2 where −1 is a class), or "no smile found"
            where classes are texts.
        """
        nothing = ~np.isfinite(self.table(X)).any(axis=1)
        classes = super().predict(X)
        return np.where(nothing, _absent(self.classes_), classes) if nothing.any() else classes

    def decide(self, X: Any) -> np.ndarray:
        """Return the more probable class where that can be said.

        Parameters
        ----------
        X : table

        Returns
        -------
        array of object of shape (n,)
            Of `classes_`; "no smile found" where a row is all NaN; "cannot tell" where no class has
            a probability of `least_certainty`, or where the figures are like none that were learnt.
        """
        nothing = ~np.isfinite(self.table(X)).any(axis=1)
        p = self.predict_proba(X)
        decisions = self.classes_[p.argmax(axis=1)].astype(object)
        decisions[(p.max(axis=1) < self.least_certainty) | self.unusual(X)] = CANNOT_TELL
        decisions[nothing] = NO_SMILE
        return np.asarray(decisions)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _absent(classes: np.ndarray) -> Any:
    """Return what stands for none of the classes."""
    if classes.dtype.kind in "OUS":
        return NO_SMILE
    absent = -1
    while absent in classes:
        absent -= 1
    return absent
