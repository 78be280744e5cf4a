"""What the SVM ensembles on features of clips share: a table of blocks, and SVMs over it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ..clips.record import Clip, as_clips
from .block_ensemble import BlockSVMEnsemble
from .log_odds import LogOddsClassifierMixin
from .subject_folds import clips_and_labels


class ClipSVMEnsemble(LogOddsClassifierMixin, BaseEstimator, ABC):
    """Base of the SVM ensembles on features of clips.

    A subclass has parameters of its own besides these, which are those of `BlockSVMEnsemble`, and
    defines `_check_params`, `_blocks`, `features_of` and `get_feature_names_out`. To be explained
    it offers the last two and `decide_features`.

    Parameters
    ----------
    C : float, default=1.0
        Of the first-level machines.
    kernel : {"rbf", "linear"}, default="rbf"
        Of the first-level machines.
    gamma : "scale", "auto" or float, default="scale"
    final_C : float, default=0.1
        Of the second-level machine.
    class_weight : dict, "balanced" or None, default="balanced"
    cv : int, default=5
        Inner subject-wise folds.
    n_jobs : int, optional
        Machines trained at the same time.

    Attributes
    ----------
    classes_ : array of shape (2,)
    ensemble_ : BlockSVMEnsemble
        Over the table of all features.
    """

    _shared_docs = {"machines": "Parameters"}

    # With metadata routing switched on, `groups` comes here without being asked for.
    __metadata_request__fit = {"groups": True}

    def __init__(self, *, C: float, kernel: str, gamma: str | float, final_C: float,
                 class_weight: Any, cv: int, n_jobs: int | None) -> None:
        self.C = C
        self.kernel = kernel
        self.gamma = gamma
        self.final_C = final_C
        self.class_weight = class_weight
        self.cv = cv
        self.n_jobs = n_jobs

    @abstractmethod
    def _check_params(self) -> None:
        """Raise for parameters that make no sense."""

    @abstractmethod
    def _blocks(self) -> dict[str, Any]:
        """Return the columns of each block."""

    @abstractmethod
    def features_of(self, clip: Clip) -> np.ndarray:
        """Compute the features that a clip is decided by.

        Parameters
        ----------
        clip : Clip

        Returns
        -------
        array of shape (n_features,)

        Raises
        ------
        ClipError
            The clip lacks what is measured, or has too little of it.
        """

    @abstractmethod
    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of these features.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        array of str of shape (n_features,)
        """

    def check_clip(self, clip: Clip) -> None:
        """Raise a `ClipError` where a clip cannot be used.

        Parameters
        ----------
        clip : Clip
        """
        self.features_of(clip)

    def fit(self, X: Any, y: Any, groups: Any = None) -> ClipSVMEnsemble:
        """Fit on clips.

        Parameters
        ----------
        X : list of recordings
            Anything that `as_clips` takes and that has what is measured.
        y : array-like of shape (n_clips,)
            1 spontaneous and 0 posed, or any two labels.
        groups : array-like of shape (n_clips,), optional
            Subjects, for the inner folds; without it, those of the clips.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Lengths differ, one class or one subject only.
        ClipError
            A clip lacks what is measured, or has too little of it.
        """
        self._check_params()
        clips, classes, codes, subjects = clips_and_labels(X, y, groups)
        ensemble = BlockSVMEnsemble(
            self._blocks(), C=self.C, kernel=self.kernel, gamma=self.gamma, final_C=self.final_C,
            class_weight=self.class_weight, cv=self.cv, n_jobs=self.n_jobs)
        # Put into place when all of it is fitted: half of a new fit would answer too.
        self.ensemble_ = ensemble.fit(self._table(clips), classes[codes], subjects)
        self.classes_ = self.ensemble_.classes_
        return self

    def _table(self, X: Any) -> np.ndarray:
        """Return the features of clips, (n_clips, n_features)."""
        return np.array([self.features_of(clip) for clip in as_clips(X)])

    def decision_values(self, X: Any) -> np.ndarray:
        """Return the first level's decision values.

        Parameters
        ----------
        X : list of recordings

        Returns
        -------
        array of shape (n_clips, n_blocks)
            Positive for `classes_[1]`; blocks as in ``ensemble_.block_models_``.
        """
        check_is_fitted(self)
        return self.ensemble_.decision_values(self._table(X))

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the calibrated log-odds of `classes_[1]`.

        Parameters
        ----------
        X : list of recordings

        Returns
        -------
        array of shape (n_clips,)
        """
        check_is_fitted(self)
        return self.decide_features(self._table(X))

    def decide_features(self, features: np.ndarray) -> np.ndarray:
        """Compute the calibrated log-odds of `classes_[1]` from features.

        Parameters
        ----------
        features : array of shape (n_clips, n_features)
            See `features_of`.

        Returns
        -------
        array of shape (n_clips,)
        """
        check_is_fitted(self)
        return self.ensemble_.decision_function(features)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        return tags
