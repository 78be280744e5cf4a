"""A plain vision transformer on face frames as an estimator."""

from __future__ import annotations

from typing import Any

from torch import nn

from ..clips.steps import check_positive
from ..nets.vit import FaceViT
from .deep import check_token_width
from .face_sequences import FaceSequenceClassifier
from .shared_docs import documented


@documented
class FaceViTClassifier(FaceSequenceClassifier):
    """A plain vision transformer on each frame of the aligned face; frames are averaged.

    Takes clips with `faces`. A baseline: it sees how a face looks, and nothing of how it moves.

    Parameters
    ----------
    {faces}
    patch : int, default=8
        Side of the patches in pixels; it divides `size`.
    n_hidden : int, default=64
        Width of the tokens; a multiple of the 4 heads.
    n_layers : int, default=3
    {training}

    Attributes
    ----------
    {fitted}

    References
    ----------
    Dosovitskiy et al. (2021), An image is worth 16x16 words: transformers for image recognition at
    scale, ICLR. arXiv:2010.11929
    """

    def __init__(self, *, rate: float = 10.0, size: int = 48, augment: bool = False, patch: int = 8,
                 n_hidden: int = 64, n_layers: int = 3, lr: float = 1e-3, max_epochs: int = 100,
                 batch_size: int = 16, patience: int | None = 15,
                 validation_fraction: float | None = 0.2, class_weight: Any = "balanced",
                 norm_penalty: float = 0.0, device: str = "auto", mixed_precision: bool = False,
                 random_state: Any = None, verbose: int | bool = False) -> None:
        self.patch = patch
        self.n_hidden = n_hidden
        self.n_layers = n_layers
        super().__init__(rate=rate, size=size, augment=augment, lr=lr, max_epochs=max_epochs,
                         batch_size=batch_size, patience=patience,
                         validation_fraction=validation_fraction, class_weight=class_weight,
                         norm_penalty=norm_penalty, device=device, mixed_precision=mixed_precision,
                         random_state=random_state, verbose=verbose)

    def _check_net_params(self) -> None:
        check_positive("patch", self.patch, whole=True, at_least=1)
        check_token_width(self.n_hidden)
        check_positive("n_layers", self.n_layers, whole=True, at_least=1)
        if self.size % self.patch:
            raise ValueError(f"patch must divide size, and {self.patch} does not divide "
                             f"{self.size}")

    def _module(self) -> tuple[type[nn.Module], dict[str, Any]]:
        return FaceViT, {"size": self.size, "patch": self.patch, "n_hidden": self.n_hidden,
                         "n_layers": self.n_layers}
