"""Support vector machines on D-Markers, from clips with landmarks to a decision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..clips.record import Clip
from ..features.dmarkers import DMarkers
from .clip_svm import ClipSVMEnsemble
from .shared_docs import documented


@documented
class DMarkerSVMEnsemble(ClipSVMEnsemble):
    """One SVM on the D-Markers of lips, eyelids and cheeks each, and an SVM over their decisions.

    Takes clips with `landmarks` (see `FaceLandmarks`). The second level is trained on subject-wise
    out-of-fold decision values and calibrated inside the training subjects.

    Parameters
    ----------
    alignment : {"rigid", "published"}, default="rigid"
        See `DMarkers`, as for the next four.
    smooth : float, default=0.06
        In seconds.
    rest : float, default=0.1
        In seconds.
    signals : tuple of str, default=("lip", "eyelid", "cheek")
        There is a machine for each of them.
    phases : tuple of str, default=("onset", "apex", "offset")
    {machines}

    Attributes
    ----------
    classes_ : array of shape (2,)
    ensemble_ : BlockSVMEnsemble
        Over the table of all features; blocks are named "lip", "eyelid" and "cheek".

    Notes
    -----
    The published system selects among the features, and fuses regions by the sum or the product of
    their posteriors; here a machine over the regions' decision values is trained.

    References
    ----------
    Dibeklioğlu, Salah & Gevers (2015), Recognition of genuine smiles, IEEE Transactions on
    Multimedia 17(3), doi:10.1109/TMM.2015.2394777.

    Examples
    --------
    >>> from smilegenuine import Clip, DMarkerSVMEnsemble
    >>> from smilegenuine.datasets import make_smiles
    >>> smiles = make_smiles(6, 2, random_state=0)
    >>> clips = [Clip(landmarks=mesh, times=t, subject=s) for mesh, t, s in
    ...          zip(smiles.landmarks, smiles.times, smiles.groups)]
    >>> clf = DMarkerSVMEnsemble().fit(clips, smiles.target)
    >>> clf.decision_values(clips).shape
    (12, 3)
    """

    def __init__(self, alignment: str = "rigid", *, smooth: float = 0.06, rest: float = 0.1,
                 signals: Sequence[str] = ("lip", "eyelid", "cheek"),
                 phases: Sequence[str] = ("onset", "apex", "offset"), C: float = 1.0,
                 kernel: str = "rbf", gamma: str | float = "scale", final_C: float = 0.1,
                 class_weight: Any = "balanced", cv: int = 5, n_jobs: int | None = None) -> None:
        self.alignment = alignment
        self.smooth = smooth
        self.rest = rest
        self.signals = signals
        self.phases = phases
        super().__init__(C=C, kernel=kernel, gamma=gamma, final_C=final_C,
                         class_weight=class_weight, cv=cv, n_jobs=n_jobs)

    def _markers(self) -> DMarkers:
        return DMarkers(self.alignment, smooth=self.smooth, rest=self.rest, signals=self.signals,
                        phases=self.phases)

    def _check_params(self) -> None:
        self.get_feature_names_out()  # raises

    def _blocks(self) -> dict[str, np.ndarray]:
        names = self.get_feature_names_out()
        return {signal: np.flatnonzero([name.split("_")[1] == signal for name in names])
                for signal in self.signals}

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the D-Markers.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        array of str of shape (n_features,)
        """
        return self._markers().get_feature_names_out()

    def features_of(self, clip: Clip) -> np.ndarray:
        """Compute the D-Markers.

        Parameters
        ----------
        clip : Clip

        Returns
        -------
        array of shape (n_features,)
        """
        return np.asarray(self._markers().set_output(transform="default").transform([clip]))[0]
