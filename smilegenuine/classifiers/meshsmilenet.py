"""MeshSmileNet as an estimator: from clips with landmarks to a decision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import nn

from ..clips.record import Clip
from ..clips.steps import check_positive
from ..face.mesh import N_POINTS
from ..features.dmarkers import dmarkers, signals_of
from ..nets.meshsmilenet import MeshSmileNet
from .deep import check_dropout
from .mesh_sequences import MeshSequenceClassifier
from .shared_docs import documented

# As published, on all points of the mesh.
_CURVES, _NEIGHBOURS = 100, 20


class MeshTrunkClassifier(MeshSequenceClassifier):
    """Base of the classifiers whose network begins with that of MeshSmileNet.

    A subclass has these parameters besides those of `MeshSequenceClassifier`.

    Parameters
    ----------
    n_layers : int, default=6
        Transformer layers that alternate over time and over tokens.
    n_time_layers : int, default=3
        Transformer layers over time, after the tokens were averaged.
    n_curves : int, optional
        Curves that are walked over each mesh. Without it as published, 100 on 478 points, and in
        proportion on fewer.
    dropout : float, default=0.1
        In the transformers and before them.
    """

    _shared_docs = {"trunk": "Parameters"}

    def __init__(self, points: str | Sequence[int] = "all", *, head_motion: bool = False,
                 exaggeration: float = 5.0, rate: float = 10.0, n_frames: int = 16,
                 n_windows: int = 5, n_layers: int = 6, n_time_layers: int = 3,
                 n_curves: int | None = None, dropout: float = 0.1, lr: float = 5e-4,
                 max_epochs: int = 100, batch_size: int = 16, patience: int | None = 15,
                 validation_fraction: float | None = 0.2, class_weight: Any = "balanced",
                 norm_penalty: float = 0.0, device: str = "auto", mixed_precision: bool = False,
                 random_state: Any = None, verbose: int | bool = False) -> None:
        self.n_layers = n_layers
        self.n_time_layers = n_time_layers
        self.n_curves = n_curves
        self.dropout = dropout
        super().__init__(points, head_motion=head_motion, exaggeration=exaggeration, rate=rate,
                         n_frames=n_frames, n_windows=n_windows, lr=lr, max_epochs=max_epochs,
                         batch_size=batch_size, patience=patience,
                         validation_fraction=validation_fraction, class_weight=class_weight,
                         norm_penalty=norm_penalty, device=device, mixed_precision=mixed_precision,
                         random_state=random_state, verbose=verbose)

    def _check_net_params(self) -> None:
        check_positive("n_layers", self.n_layers, whole=True, at_least=0)
        check_positive("n_time_layers", self.n_time_layers, whole=True, at_least=0)
        n_points = len(self._chosen_points())
        if n_points < 2:
            raise ValueError("points must be at least two, between which curves can be walked")
        if self.n_curves is not None:
            check_positive("n_curves", self.n_curves, whole=True, at_least=1)
            if self.n_curves > n_points:
                raise ValueError(f"n_curves must be at most the number of points, {n_points}, not "
                                 f"{self.n_curves}")
        check_dropout(self.dropout)

    def _trunk_options(self) -> dict[str, Any]:
        n = self.n_points_
        curves = max(1, round(_CURVES / N_POINTS * n)) if self.n_curves is None else self.n_curves
        return {"n_points": n, "n_layers": self.n_layers, "n_time_layers": self.n_time_layers,
                "n_curves": curves, "n_neighbors": min(_NEIGHBOURS, n - 1),
                "dropout": self.dropout}


def markers_of(clip: Clip) -> np.ndarray:
    """Return the D-Markers of a clip, of shape (225,); those that networks are shown."""
    return dmarkers(*signals_of(clip)).ravel()


@documented
class MeshSmileNetClassifier(MeshTrunkClassifier):
    """MeshSmileNet: curves over the face mesh in each frame, then transformers over time and mesh.

    Takes clips with `landmarks` (see `FaceLandmarks`). Frames that are not `valid` are passed over.

    Parameters
    ----------
    {mesh}
    {trunk}
    {training}

    Attributes
    ----------
    n_points_ : int
        Points that the network sees.
    {fitted}

    Notes
    -----
    In the published system coordinates are those of the picture, so that it sees where in the
    picture a face is, and how large; windows of the test are drawn at random; and the epoch is the
    one that is best on the test fold. Here a face is placed by its eyes, windows lie evenly, and
    the epoch is chosen on training subjects held out. Averaged are logits, not probabilities. The
    published AdamW has a weight decay of 0, which makes it Adam.

    All 478 points with the published depth take long on a processor without CUDA: see
    ``points="outlines"`` and fewer layers.

    References
    ----------
    Faroque, Yang, Hossain, Naim, Mohammed & Rahman (2022), Less is more: facial landmarks can
    recognize a spontaneous smile, BMVC.

    Examples
    --------
    >>> from smilegenuine import Clip, MeshSmileNetClassifier
    >>> from smilegenuine.datasets import make_smiles
    >>> smiles = make_smiles(4, 2, random_state=0)
    >>> clips = [Clip(landmarks=mesh, times=t, subject=s) for mesh, t, s in
    ...          zip(smiles.landmarks, smiles.times, smiles.groups)]
    >>> clf = MeshSmileNetClassifier("outlines", n_layers=2, n_time_layers=1, n_windows=2,
    ...                              max_epochs=1, random_state=0).fit(clips, smiles.target)
    >>> clf.predict_proba(clips).shape, clf.transform(clips).shape
    ((8, 2), (8, 256))
    """

    def _module(self) -> tuple[type[nn.Module], dict[str, Any]]:
        return MeshSmileNet, self._trunk_options()
