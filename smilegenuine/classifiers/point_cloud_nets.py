"""PSTNet and P4Transformer as estimators: networks for point clouds in motion, on landmarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from ..clips.steps import check_positive
from ..nets.p4transformer import P4Transformer
from ..nets.pstnet import PSTNet
from .deep import check_token_width
from .mesh_sequences import MeshSequenceClassifier
from .shared_docs import documented


@documented
class PSTNetClassifier(MeshSequenceClassifier):
    """PSTNet: point spatio-temporal convolutions over the landmarks as a point cloud.

    Takes clips with `landmarks` (see `FaceLandmarks`). A baseline: see `MeshSmileNetClassifier`,
    whose windows it shares.

    Parameters
    ----------
    {mesh}
    n_hidden : int, default=8
        Channels of the first convolution, 64 as published; the others grow with them.
    radius : float, default=0.1
        Of the neighbourhoods at first, where 1 is about the height of the face; for 478 points.
        Fewer lie further apart: 0.2 suits the outlines, 0.3 two dozen points.
    {training}

    Attributes
    ----------
    n_points_ : int
        Points that the network sees.
    {fitted}

    Notes
    -----
    Smaller than published; see `smilegenuine.nets.pstnet` for what else differs.

    References
    ----------
    Fan, Yu, Ding, Yang & Kankanhalli (2021), PSTNet: point spatio-temporal convolution on point
    cloud sequences, ICLR. arXiv:2205.13713
    """

    def __init__(self, points: str | Sequence[int] = "all", *, head_motion: bool = False,
                 exaggeration: float = 5.0, rate: float = 10.0, n_frames: int = 16,
                 n_windows: int = 5, n_hidden: int = 8, radius: float = 0.1, lr: float = 1e-3,
                 max_epochs: int = 100, batch_size: int = 16, patience: int | None = 15,
                 validation_fraction: float | None = 0.2, class_weight: Any = "balanced",
                 norm_penalty: float = 0.0, device: str = "auto", mixed_precision: bool = False,
                 random_state: Any = None, verbose: int | bool = False) -> None:
        self.n_hidden = n_hidden
        self.radius = radius
        super().__init__(points, head_motion=head_motion, exaggeration=exaggeration, rate=rate,
                         n_frames=n_frames, n_windows=n_windows, lr=lr, max_epochs=max_epochs,
                         batch_size=batch_size, patience=patience,
                         validation_fraction=validation_fraction, class_weight=class_weight,
                         norm_penalty=norm_penalty, device=device, mixed_precision=mixed_precision,
                         random_state=random_state, verbose=verbose)

    def _check_net_params(self) -> None:
        check_positive("n_hidden", self.n_hidden, whole=True, at_least=1)
        check_positive("radius", self.radius, at_least=1e-6)
        if len(self._chosen_points()) < 16:
            raise ValueError("PSTNet needs at least 16 points, which are halved four times")

    def _module(self) -> tuple[type[nn.Module], dict[str, Any]]:
        return PSTNet, {"n_points": self.n_points_, "n_hidden": self.n_hidden,
                        "radius": self.radius}


@documented
class P4TransformerClassifier(MeshSequenceClassifier):
    """P4Transformer: point 4D convolutions of the landmarks, and a transformer over space and time.

    Takes clips with `landmarks` (see `FaceLandmarks`). A baseline: see `MeshSmileNetClassifier`,
    whose windows it shares.

    Parameters
    ----------
    {mesh}
    n_hidden : int, default=64
        Width of the tokens; a multiple of the 4 heads.
    n_layers : int, default=5
    radius : float, default=0.3
        Of the neighbourhoods, where 1 is about the height of the face; for 478 points. Fewer lie
        further apart: 0.4 suits the outlines, 0.5 two dozen points.
    {training}

    Attributes
    ----------
    n_points_ : int
        Points that the network sees.
    {fitted}

    Notes
    -----
    Smaller than published; see `smilegenuine.nets.p4transformer` for what else differs.

    References
    ----------
    Fan, Yang & Kankanhalli (2021), Point 4D transformer networks for spatio-temporal modeling in
    point cloud videos, CVPR. doi:10.1109/CVPR46437.2021.01398
    """

    def __init__(self, points: str | Sequence[int] = "all", *, head_motion: bool = False,
                 exaggeration: float = 5.0, rate: float = 10.0, n_frames: int = 16,
                 n_windows: int = 5, n_hidden: int = 64, n_layers: int = 5, radius: float = 0.3,
                 lr: float = 1e-3, max_epochs: int = 100, batch_size: int = 16,
                 patience: int | None = 15, validation_fraction: float | None = 0.2,
                 class_weight: Any = "balanced", norm_penalty: float = 0.0, device: str = "auto",
                 mixed_precision: bool = False, random_state: Any = None,
                 verbose: int | bool = False) -> None:
        self.n_hidden = n_hidden
        self.n_layers = n_layers
        self.radius = radius
        super().__init__(points, head_motion=head_motion, exaggeration=exaggeration, rate=rate,
                         n_frames=n_frames, n_windows=n_windows, lr=lr, max_epochs=max_epochs,
                         batch_size=batch_size, patience=patience,
                         validation_fraction=validation_fraction, class_weight=class_weight,
                         norm_penalty=norm_penalty, device=device, mixed_precision=mixed_precision,
                         random_state=random_state, verbose=verbose)

    def _check_net_params(self) -> None:
        check_token_width(self.n_hidden)
        check_positive("n_layers", self.n_layers, whole=True, at_least=1)
        check_positive("radius", self.radius, at_least=1e-6)
        if len(self._chosen_points()) < 16:
            raise ValueError("P4Transformer needs at least 16 points, around which it looks")

    def _module(self) -> tuple[type[nn.Module], dict[str, Any]]:
        return P4Transformer, {"n_points": self.n_points_, "n_hidden": self.n_hidden,
                               "n_layers": self.n_layers, "radius": self.radius}
