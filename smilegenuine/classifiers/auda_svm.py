"""The multi-level SVM ensemble on AUDA features, from clips to a decision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ..clip import as_clips
from ..features.auda import AUDA, LEVELS, auda_features, feature_names, signals_of
from ..features.phases import PHASES
from .block_ensemble import BlockSVMEnsemble
from .log_odds import LogOddsClassifierMixin
from .subject_folds import clips_and_labels


class AUDASVMEnsemble(LogOddsClassifierMixin, BaseEstimator):
    """One SVM for each level and phase of AUDA, and an SVM over their decision values.

    Takes clips with `aus` (and `smile`, for the phases). The second level is trained on
    subject-wise out-of-fold decision values and calibrated inside the training subjects.

    Parameters
    ----------
    levels : tuple of {"au", "cross"}, default=("au", "cross")
        Levels of AUDA.
    windows : tuple of int, default=(9, 27)
        Regression windows in frames at 50 fps, see `AUDA`.
    phases : tuple of str, default=("onset", "apex", "offset", "smile")
        See `AUDA`.
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
        Over the table of all features; blocks are named "au_onset", "cross_apex", ….

    References
    ----------
    Kawulok, Nalepa, Nurzynska & Smolka (2021), Dynamics of facial actions for assessing smile
    genuineness, doi:10.1371/journal.pone.0244647.

    Examples
    --------
    >>> from smilegenuine import AUDASVMEnsemble
    >>> from smilegenuine.datasets import make_smiles
    >>> smiles = make_smiles(8, 4, random_state=0)
    >>> clips = [c.replace(aus=a) for c, a in zip(smiles.data, smiles.aus)]
    >>> clf = AUDASVMEnsemble(levels=("au",)).fit(clips, smiles.target)
    >>> clf.predict_proba(clips[:3]).shape
    (3, 2)
    """

    # With metadata routing switched on, `groups` comes here without being asked for.
    __metadata_request__fit = {"groups": True}

    def __init__(self, levels: Sequence[str] = ("au", "cross"), windows: Sequence[int] = (9, 27),
                 phases: Sequence[str] = ("onset", "apex", "offset", "smile"), *, C: float = 1.0,
                 kernel: str = "rbf", gamma: str | float = "scale", final_C: float = 0.1,
                 class_weight: Any = "balanced", cv: int = 5, n_jobs: int | None = None) -> None:
        self.levels = levels
        self.windows = windows
        self.phases = phases
        self.C = C
        self.kernel = kernel
        self.gamma = gamma
        self.final_C = final_C
        self.class_weight = class_weight
        self.cv = cv
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any, groups: Any = None) -> AUDASVMEnsemble:
        """Fit on clips.

        Parameters
        ----------
        X : list of recordings
            Clips with `aus`, (T, 17) arrays, or OpenFace-like tables.
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
            A clip without action units.
        """
        self._check_params()
        clips, classes, codes, subjects = clips_and_labels(X, y, groups)
        self.ensemble_ = BlockSVMEnsemble(
            self._blocks(), C=self.C, kernel=self.kernel, gamma=self.gamma, final_C=self.final_C,
            class_weight=self.class_weight, cv=self.cv, n_jobs=self.n_jobs)
        self.ensemble_.fit(self._table(clips), classes[codes], subjects)
        self.classes_ = self.ensemble_.classes_
        return self

    def _check_params(self) -> None:
        if isinstance(self.levels, str) or not len(self.levels) or \
                any(level not in LEVELS[1:] for level in self.levels):
            raise ValueError(f"levels must be a tuple of some of 'au', 'cross', not "
                             f"{self.levels!r}")
        AUDA(windows=self.windows, phases=self.phases)._check_params()

    def _blocks(self) -> dict[str, slice]:
        blocks, start = {}, 0
        for level in self.levels:
            width = len(feature_names(level, self.windows, PHASES[:1]))
            for phase in self.phases:
                blocks[f"{level}_{phase}"] = slice(start, start + width)
                start += width
        return blocks

    def _table(self, X: Any) -> np.ndarray:
        """(n_clips, n_features): the levels side by side."""
        rows = []
        for clip in as_clips(X):
            found = auda_features(*signals_of(clip), levels=self.levels, windows=self.windows,
                                  phases=self.phases)
            rows.append(np.concatenate([found[level] for level in self.levels]))
        return np.array(rows)

    def decision_values(self, X: Any) -> np.ndarray:
        """Give the first level's decision values.

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
        """Give the calibrated log-odds of `classes_[1]`.

        Parameters
        ----------
        X : list of recordings

        Returns
        -------
        array of shape (n_clips,)
        """
        check_is_fitted(self)
        return self.ensemble_.decision_function(self._table(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        return tags
