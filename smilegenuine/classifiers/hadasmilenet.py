"""HadaSmileNet as an estimator: MeshSmileNet's trunk fused with the D-Markers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import nn

from ..clips.record import Clip
from ..nets.hadasmilenet import HadaSmileNet
from ..nets.marker_fusions import FUSIONS
from .meshsmilenet import MeshTrunkClassifier, markers_of
from .net_batches import mean_and_scale, within_spreads
from .shared_docs import documented


@documented
class HadaSmileNetClassifier(MeshTrunkClassifier):
    """HadaSmileNet: the product of what MeshSmileNet's trunk sees and of the D-Markers.

    Takes clips with `landmarks` (see `FaceLandmarks`).

    Parameters
    ----------
    fusion : str, default="hadamard"
        How the two are put together, one of the fifteen that the paper compares: "concat",
        "gated_concat", "additive", "attention", "cross_attention", "multihead_attention",
        "multihead_cross_attention", "bilinear", "factorized_bilinear", "film", "hadamard",
        "hadamard_gated_concat", "bilinear_hadamard", "factorized_bilinear_hadamard",
        "film_hadamard". See `smilegenuine.nets.marker_fusions`.
    {mesh}
    {trunk}
    {training}

    Attributes
    ----------
    n_points_ : int
        Points that the network sees.
    marker_mean_, marker_scale_ : array of shape (225,)
        Mean and standard deviation of the D-Markers of the clips trained on; the network sees
        (value − mean) / scale.
    {fitted}

    Notes
    -----
    The D-Markers describe the whole clip, the windows parts of it. In "cross_attention" and
    "multihead_cross_attention" the landmarks do not count, as published: a single key leaves
    attention nothing to choose. See also `MeshSmileNetClassifier`.

    References
    ----------
    Hasan, Mohammed, Rahman & Koehn (2025), HadaSmileNet: Hadamard fusion of handcrafted and
    deep-learning features for enhancing facial emotion recognition of genuine smiles, ICDM.
    arXiv:2509.18550

    Examples
    --------
    >>> from smilegenuine import Clip, HadaSmileNetClassifier
    >>> from smilegenuine.datasets import make_smiles
    >>> smiles = make_smiles(4, 2, random_state=0)
    >>> clips = [Clip(landmarks=mesh, times=t, subject=s) for mesh, t, s in
    ...          zip(smiles.landmarks, smiles.times, smiles.groups)]
    >>> clf = HadaSmileNetClassifier("film", points="outlines", n_layers=2, n_time_layers=1,
    ...                              n_windows=2, max_epochs=1, random_state=0)
    >>> clf.fit(clips, smiles.target).predict_proba(clips).shape
    (8, 2)
    """

    def __init__(self, fusion: str = "hadamard", *, points: str | Sequence[int] = "all",
                 head_motion: bool = False, exaggeration: float = 5.0, rate: float = 10.0,
                 n_frames: int = 16, n_windows: int = 5, n_layers: int = 6, n_time_layers: int = 3,
                 n_curves: int | None = None, dropout: float = 0.1, lr: float = 5e-4,
                 max_epochs: int = 100, batch_size: int = 16, patience: int | None = 15,
                 validation_fraction: float | None = 0.2, class_weight: Any = "balanced",
                 norm_penalty: float = 0.0, device: str = "auto", mixed_precision: bool = False,
                 random_state: Any = None, verbose: int | bool = False) -> None:
        self.fusion = fusion
        super().__init__(points, head_motion=head_motion, exaggeration=exaggeration, rate=rate,
                         n_frames=n_frames, n_windows=n_windows, n_layers=n_layers,
                         n_time_layers=n_time_layers, n_curves=n_curves, dropout=dropout, lr=lr,
                         max_epochs=max_epochs, batch_size=batch_size, patience=patience,
                         validation_fraction=validation_fraction, class_weight=class_weight,
                         norm_penalty=norm_penalty, device=device, mixed_precision=mixed_precision,
                         random_state=random_state, verbose=verbose)

    def _check_net_params(self) -> None:
        if self.fusion not in FUSIONS:
            raise ValueError(f"fusion must be one of {', '.join(FUSIONS)}, not {self.fusion!r}")
        if not FUSIONS[self.fusion].sees_landmarks:
            warnings.warn(f"with fusion={self.fusion!r}, as published, only the D-Markers count "
                          "and the landmarks do not; the network on them is trained for nothing",
                          stacklevel=4)
        super()._check_net_params()

    def _module(self) -> tuple[type[nn.Module], dict[str, Any]]:
        return HadaSmileNet, {**self._trunk_options(), "fusion": self.fusion,
                              "n_markers": len(self.marker_mean_)}

    def _input(self, clip: Clip) -> dict[str, np.ndarray]:
        return {"x": super()._input(clip), "markers": markers_of(clip)}

    def _learn_scaling(self, inputs: list[dict[str, np.ndarray]]) -> None:
        super()._learn_scaling(inputs)
        self.marker_mean_, self.marker_scale_ = mean_and_scale(
            np.stack([x["markers"] for x in inputs]))

    def _scaled(self, x: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        markers = within_spreads((x["markers"] - self.marker_mean_) / self.marker_scale_)
        return {"x": super()._scaled(x["x"]), "markers": markers}
