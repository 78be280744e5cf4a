"""A transformer on landmarks as an estimator: the plainest network that sees them over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from ..clips.steps import check_positive
from ..nets.landmark_transformer import LandmarkTransformer
from .deep import check_dropout, check_token_width
from .mesh_sequences import MeshSequenceClassifier
from .shared_docs import documented


@documented
class LandmarkTransformerClassifier(MeshSequenceClassifier):
    """A vanilla transformer over time: each frame's landmarks, flattened, are a token.

    Takes clips with `landmarks` (see `FaceLandmarks`). A baseline: see `MeshSmileNetClassifier`,
    whose windows it shares.

    Parameters
    ----------
    {mesh}
    n_hidden : int, default=64
        Width of the tokens; even, and a multiple of the 4 heads.
    n_layers : int, default=2
    dropout : float, default=0.1
    {training}

    Attributes
    ----------
    n_points_ : int
        Points that the network sees.
    {fitted}

    Notes
    -----
    See `smilegenuine.nets.landmark_transformer`.

    References
    ----------
    Vaswani et al. (2017), Attention is all you need, NeurIPS. arXiv:1706.03762
    """

    def __init__(self, points: str | Sequence[int] = "all", *, head_motion: bool = False,
                 exaggeration: float = 5.0, rate: float = 10.0, n_frames: int = 16,
                 n_windows: int = 5, n_hidden: int = 64, n_layers: int = 2, dropout: float = 0.1,
                 lr: float = 1e-3, max_epochs: int = 100, batch_size: int = 16,
                 patience: int | None = 15, validation_fraction: float | None = 0.2,
                 class_weight: Any = "balanced", norm_penalty: float = 0.0, device: str = "auto",
                 mixed_precision: bool = False, random_state: Any = None,
                 verbose: int | bool = False) -> None:
        self.n_hidden = n_hidden
        self.n_layers = n_layers
        self.dropout = dropout
        super().__init__(points, head_motion=head_motion, exaggeration=exaggeration, rate=rate,
                         n_frames=n_frames, n_windows=n_windows, lr=lr, max_epochs=max_epochs,
                         batch_size=batch_size, patience=patience,
                         validation_fraction=validation_fraction, class_weight=class_weight,
                         norm_penalty=norm_penalty, device=device, mixed_precision=mixed_precision,
                         random_state=random_state, verbose=verbose)

    def _check_net_params(self) -> None:
        check_token_width(self.n_hidden)
        check_positive("n_layers", self.n_layers, whole=True, at_least=1)
        check_dropout(self.dropout)

    def _module(self) -> tuple[type[nn.Module], dict[str, Any]]:
        return LandmarkTransformer, {"n_points": self.n_points_, "n_hidden": self.n_hidden,
                                     "n_layers": self.n_layers, "dropout": self.dropout}
