"""DeepMarkerNet as an estimator: MeshSmileNet that also learns to predict the D-Markers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import nn

from ..clips.record import Clip
from ..clips.steps import check_positive
from ..nets.deepmarkernet import DeepMarkerNet
from .meshsmilenet import MeshTrunkClassifier, markers_of
from .net_batches import mean_and_scale, within_spreads
from .shared_docs import documented


@documented
class DeepMarkerNetClassifier(MeshTrunkClassifier):
    """DeepMarkerNet: MeshSmileNet's trunk with two heads, one for the class, one for the D-Markers.

    Takes clips with `landmarks` (see `FaceLandmarks`). The D-Markers of the clips trained on, which
    `DMarkers` gives, are what the second head learns to predict; to decide, landmarks are enough.

    Parameters
    ----------
    {mesh}
    marker_weight : float, default=0.5
        Of the second task in the loss: the mean squared error of the D-Markers, which are scaled to
        mean 0 and variance 1 over the clips trained on.
    {trunk}
    {training}

    Attributes
    ----------
    n_points_ : int
        Points that the network sees.
    marker_mean_, marker_scale_ : array of shape (225,)
        Mean and standard deviation of the D-Markers of the clips trained on.
    {fitted}

    Notes
    -----
    Early stopping looks at the class alone. The published loss is 0.2 times the cross-entropy and
    0.8 times the sigmoid of the mean squared error, whose gradient fades where the error is large.
    See also `MeshSmileNetClassifier`.

    References
    ----------
    Hasan, Rafat, Rahman, Mohammed & Rahman (2024), DeepMarkerNet: leveraging supervision from the
    Duchenne marker for spontaneous smile recognition, Pattern Recognition Letters.
    doi:10.1016/j.patrec.2024.09.015

    Examples
    --------
    >>> from smilegenuine import Clip, DeepMarkerNetClassifier
    >>> from smilegenuine.datasets import make_smiles
    >>> smiles = make_smiles(4, 2, random_state=0)
    >>> clips = [Clip(landmarks=mesh, times=t, subject=s) for mesh, t, s in
    ...          zip(smiles.landmarks, smiles.times, smiles.groups)]
    >>> clf = DeepMarkerNetClassifier("outlines", n_layers=2, n_time_layers=1, n_windows=2,
    ...                               max_epochs=1, random_state=0).fit(clips, smiles.target)
    >>> clf.predict_proba(clips).shape
    (8, 2)
    """

    def __init__(self, points: str | Sequence[int] = "all", *, head_motion: bool = False,
                 exaggeration: float = 5.0, rate: float = 10.0, n_frames: int = 16,
                 n_windows: int = 5, marker_weight: float = 0.5, n_layers: int = 6,
                 n_time_layers: int = 3, n_curves: int | None = None, dropout: float = 0.1,
                 lr: float = 5e-4, max_epochs: int = 100, batch_size: int = 16,
                 patience: int | None = 15, validation_fraction: float | None = 0.2,
                 class_weight: Any = "balanced", norm_penalty: float = 0.0, device: str = "auto",
                 mixed_precision: bool = False, random_state: Any = None,
                 verbose: int | bool = False) -> None:
        self.marker_weight = marker_weight
        super().__init__(points, head_motion=head_motion, exaggeration=exaggeration, rate=rate,
                         n_frames=n_frames, n_windows=n_windows, n_layers=n_layers,
                         n_time_layers=n_time_layers, n_curves=n_curves, dropout=dropout, lr=lr,
                         max_epochs=max_epochs, batch_size=batch_size, patience=patience,
                         validation_fraction=validation_fraction, class_weight=class_weight,
                         norm_penalty=norm_penalty, device=device, mixed_precision=mixed_precision,
                         random_state=random_state, verbose=verbose)

    def _check_net_params(self) -> None:
        check_positive("marker_weight", self.marker_weight)
        super()._check_net_params()

    def _module(self) -> tuple[type[nn.Module], dict[str, Any]]:
        return DeepMarkerNet, {**self._trunk_options(), "n_markers": len(self.marker_mean_)}

    def _second_weight(self) -> float:
        return float(self.marker_weight)

    def _targets(self, items: list[Clip], codes: np.ndarray, train: np.ndarray) -> np.ndarray:
        """Return the class and the scaled D-Markers, (n, 1 + 225)."""
        markers = np.stack([markers_of(clip) for clip in items])
        self.marker_mean_, self.marker_scale_ = mean_and_scale(markers[train])
        scaled = within_spreads((markers - self.marker_mean_) / self.marker_scale_)
        return np.column_stack([codes, scaled])
