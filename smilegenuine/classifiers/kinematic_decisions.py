"""What a decision from smile kinematics gives: a class, or none where there is nothing to tell."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from .log_odds import LogOddsClassifierMixin

if TYPE_CHECKING:
    from .kinematics import KinematicsClassifier

#: What is said where nothing was measured, and where what was says too little.
NO_SMILE, CANNOT_TELL = "no smile found", "cannot tell"


class KinematicDecisionsMixin(LogOddsClassifierMixin):
    """Gives `predict` and `decide` to classifiers of tables in which any column may be NaN."""

    least_certainty: float
    columns_: list[str]
    conditions_: list[str]
    quantiles_: np.ndarray

    @abstractmethod
    def unusual(self, X: Any) -> np.ndarray:
        """Say which rows are like none that were learnt."""

    @abstractmethod
    def likeliest_condition(self, X: Any) -> np.ndarray:
        """Say under which condition each row was measured, by the looks of it."""

    @abstractmethod
    def _table(self, X: Any) -> np.ndarray:
        """The columns that are looked at, in their order; NaN for what is not there."""

    @abstractmethod
    def _limited(self, odds: np.ndarray) -> np.ndarray:
        """Log-odds that come ever nearer to those of `most_certainty`."""

    @abstractmethod
    def _parts(self) -> list[tuple[KinematicsClassifier, float]]:
        """Those whose log-odds are added up, before they are limited, and what each counts."""

    @abstractmethod
    def _added(self, table: np.ndarray) -> np.ndarray:
        """What each figure of a table adds to that, (n, n_columns); 0 of what is not known."""

    def predict(self, X: Any) -> np.ndarray:
        """Give the more probable class, and none where nothing is known.

        Parameters
        ----------
        X : table

        Returns
        -------
        array of shape (n,)
            Of `classes_`; where a row is all NaN −1 (−2 where −1 is a class), or "no smile found"
            where classes are texts.
        """
        nothing = ~np.isfinite(self._table(X)).any(axis=1)
        said = super().predict(X)
        return np.where(nothing, _absent(self.classes_), said) if nothing.any() else said

    def decide(self, X: Any) -> np.ndarray:
        """Give the more probable class where that can be said.

        Parameters
        ----------
        X : table

        Returns
        -------
        array of object of shape (n,)
            Of `classes_`; "no smile found" where a row is all NaN; "cannot tell" where no class has
            a probability of `least_certainty`, or where the figures are like none that were learnt.
        """
        nothing = ~np.isfinite(self._table(X)).any(axis=1)
        p = self.predict_proba(X)
        said = self.classes_[p.argmax(axis=1)].astype(object)
        said[(p.max(axis=1) < self.least_certainty) | self.unusual(X)] = CANNOT_TELL
        said[nothing] = NO_SMILE
        return np.asarray(said)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _absent(classes: np.ndarray) -> Any:
    """What stands for none of the classes."""
    if classes.dtype.kind in "OUS":
        return NO_SMILE
    absent = -1
    while absent in classes:
        absent -= 1
    return absent
