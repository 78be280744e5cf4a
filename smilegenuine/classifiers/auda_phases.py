"""The AU-wise and cross-AU branches: a small dense network a phase."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import nn

from ..clips.record import Clip
from ..clips.steps import check_positive
from ..features.auda import AUDA, LEVELS, auda_features, signals_of
from ..nets.phase_mlp import PhaseMLP
from .deep import DeepClipClassifier
from .shared_docs import documented


@documented
class AUDAPhaseClassifier(DeepClipClassifier):
    """AU-wise or cross-AU AUDA features of each phase, and a small dense network a phase.

    Takes clips with `aus` and, for the phases, `smile` (see `AUDA`).

    Parameters
    ----------
    level : {"au", "cross"}, default="au"
        "au": 119 features a phase; "cross": 1088.
    windows : tuple of int, default=(9, 27)
        Regression windows in frames at 50 fps, see `AUDA`.
    phases : tuple of str, default=("onset", "apex", "offset", "smile")
        See `AUDA`. A phase that a clip does not have is all zeros.
    n_hidden : tuple of int, optional
        Units of the layers of each phase's network. Without it those published: (16,) for level
        "au", (128, 16) for level "cross".
    {training}

    Attributes
    ----------
    mean_, scale_ : array of shape (n_phases, n_features)
        Mean and standard deviation of each feature in the clips trained on; the network sees
        (feature − mean) / scale.
    {fitted}

    References
    ----------
    Pawlus, Smolka, Kawulok & Kawulok (2025), on genuine-smile recognition from the dynamics of
    action units.

    Examples
    --------
    >>> from smilegenuine import AUDAPhaseClassifier
    >>> from smilegenuine.datasets import make_smile_signals
    >>> smiles = make_smile_signals(8, 4, random_state=0)
    >>> clf = AUDAPhaseClassifier("au", max_epochs=2, random_state=0)
    >>> clf.fit(smiles.data, smiles.target).transform(smiles.data).shape
    (32, 64)
    """

    sequences = False

    def __init__(self, level: str = "au", *, windows: Sequence[int] = (9, 27),
                 phases: Sequence[str] = ("onset", "apex", "offset", "smile"),
                 n_hidden: Sequence[int] | None = None, lr: float = 1e-3, max_epochs: int = 100,
                 batch_size: int = 16, patience: int | None = 15,
                 validation_fraction: float | None = 0.2, class_weight: Any = "balanced",
                 norm_penalty: float = 1e-3, device: str = "auto", mixed_precision: bool = False,
                 random_state: Any = None, verbose: int | bool = False) -> None:
        self.level = level
        self.windows = windows
        self.phases = phases
        self.n_hidden = n_hidden
        super().__init__(lr=lr, max_epochs=max_epochs, batch_size=batch_size, patience=patience,
                         validation_fraction=validation_fraction, class_weight=class_weight,
                         norm_penalty=norm_penalty, device=device, mixed_precision=mixed_precision,
                         random_state=random_state, verbose=verbose)

    def _check_own_params(self) -> None:
        if self.level not in LEVELS[1:]:
            raise ValueError(f"level must be 'au' or 'cross', not {self.level!r}")
        AUDA(self.level, self.windows, self.phases).get_feature_names_out()  # raises
        if self.n_hidden is not None:
            if not isinstance(self.n_hidden, Sequence) or not len(self.n_hidden):
                raise ValueError("n_hidden must be a tuple of at least one number of units, not "
                                 f"{self.n_hidden!r}")
            for units in self.n_hidden:
                check_positive("each of n_hidden", units, whole=True, at_least=1)

    def _module(self) -> tuple[type[nn.Module], dict[str, Any]]:
        published = (16,) if self.level == "au" else (128, 16)
        return PhaseMLP, {"n_phases": self.mean_.shape[0], "n_features": self.mean_.shape[1],
                          "n_hidden": tuple(self.n_hidden or published)}

    def check_clip(self, clip: Clip) -> None:
        """Raise a `ClipError` where a clip cannot be used.

        Parameters
        ----------
        clip : Clip
        """
        signals_of(clip)

    def _input(self, clip: Clip) -> np.ndarray:
        """Return features, (n_phases, n_features), float32."""
        features = auda_features(*signals_of(clip), levels=(self.level,), windows=self.windows,
                                 phases=self.phases)[self.level]
        return features.reshape(len(self.phases), -1)
