"""The multi-level SVM ensemble on AUDA features, from clips to a decision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..clips.record import Clip
from ..features.auda import AUDA, LEVELS, auda_features, feature_names, signals_of
from ..features.phases import PHASES
from .clip_svm import ClipSVMEnsemble
from .shared_docs import documented


@documented
class AUDASVMEnsemble(ClipSVMEnsemble):
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
    {machines}

    Attributes
    ----------
    classes_ : array of shape (2,)
    ensemble_ : BlockSVMEnsemble
        Over the table of all features; blocks are named "au_onset", "cross_apex", ….

    References
    ----------
    Kawulok, Nalepa, Kawulok & Smolka (2021), Dynamics of facial actions for assessing smile
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

    def __init__(self, levels: Sequence[str] = ("au", "cross"), windows: Sequence[int] = (9, 27),
                 phases: Sequence[str] = ("onset", "apex", "offset", "smile"), *, C: float = 1.0,
                 kernel: str = "rbf", gamma: str | float = "scale", final_C: float = 0.1,
                 class_weight: Any = "balanced", cv: int = 5, n_jobs: int | None = None) -> None:
        self.levels = levels
        self.windows = windows
        self.phases = phases
        super().__init__(C=C, kernel=kernel, gamma=gamma, final_C=final_C,
                         class_weight=class_weight, cv=cv, n_jobs=n_jobs)

    def _check_params(self) -> None:
        if isinstance(self.levels, str) or not len(self.levels) or \
                any(level not in LEVELS[1:] for level in self.levels):
            raise ValueError(f"levels must be a tuple of some of 'au', 'cross', not "
                             f"{self.levels!r}")
        AUDA(windows=self.windows, phases=self.phases).get_feature_names_out()  # raises

    def _blocks(self) -> dict[str, slice]:
        blocks, start = {}, 0
        for level in self.levels:
            width = len(feature_names(level, self.windows, PHASES[:1]))
            for phase in self.phases:
                blocks[f"{level}_{phase}"] = slice(start, start + width)
                start += width
        return blocks

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of AUDA's features, level by level.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        array of str of shape (n_features,)
        """
        return np.concatenate([feature_names(level, self.windows, self.phases)
                               for level in self.levels])

    def features_of(self, clip: Clip) -> np.ndarray:
        """Compute AUDA's features, level by level.

        Parameters
        ----------
        clip : Clip

        Returns
        -------
        array of shape (n_features,)
        """
        of_level = auda_features(*signals_of(clip), levels=self.levels, windows=self.windows,
                                 phases=self.phases)
        return np.concatenate([of_level[level] for level in self.levels])

    def check_clip(self, clip: Clip) -> None:
        """Raise a `ClipError` where a clip cannot be used.

        Parameters
        ----------
        clip : Clip
        """
        signals_of(clip)
