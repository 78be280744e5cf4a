"""The frame-wise AUDA branch: an LSTM over the action units and their dynamics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import nn

from ..clips.au_table import AU_NAMES
from ..clips.record import Clip
from ..clips.steps import check_positive
from ..features.auda import AUDA, auda_features, signals_of
from ..nets.auda_sequence import AUDASequenceNet
from .deep import DeepClipClassifier
from .shared_docs import documented
from .time_sampling import even_times, resample

# Samples a second beyond which signals of faces hold nothing new, and training takes too long.
_MOST_RATE = 250.0


def stream_names(windows: Sequence[int] = (9, 27)) -> list[str]:
    """Name the streams of the frame-wise level in their order.

    Parameters
    ----------
    windows : sequence of int, default=(9, 27)
        See `AUDA`.

    Returns
    -------
    list of str

    Examples
    --------
    >>> stream_names()[:5], len(stream_names())
    (['aus', 'slope9', 'slope27', 'adjslope9', 'adjslope27'], 10)
    """
    kinds = [f"{kind}{w}{order}" for order in ("", "_2nd") for kind in ("slope", "adjslope")
             for w in windows]
    return ["aus", *kinds, "smile"]


@documented
class AUDASequenceClassifier(DeepClipClassifier):
    """Frame-wise AUDA: an LSTM a stream over the action units and their dynamics.

    Takes clips with `aus` (so also OpenFace tables and (T, 17) arrays, see `as_clips`).

    Parameters
    ----------
    streams : tuple of str, default=("aus",)
        Of the ten that AUDA has frame by frame: "aus", "slope9", "slope27", "adjslope9",
        "adjslope27", the same four with "_2nd" for slopes of slopes, and "smile". The published
        row is that of the action units alone.
    windows : tuple of int, default=(9, 27)
        Regression windows in frames at 50 fps, see `AUDA`; streams are named after them.
    rate : float, default=10.0
        Samples a second that the network sees, read off the signals by straight lines. Slopes are
        taken at the recording's own rate before. The published system sees all 50 frames a second;
        on drawn people ten do as well, in a fifth of the time.
    memory_span : float or None, default=4.0
        Seconds over which the LSTM can remember when training starts (see `AUDASequenceNet`). None:
        torch's initial gates, as published, which remember a few samples; with some hundred clips
        to learn from, little more than chance comes of that.
    n_hidden : int, default=150
        Hidden units of each stream; the smile intensity has 10, or `n_hidden` where that is less.
    {training}

    Attributes
    ----------
    mean_, scale_ : array of shape (n_signals,)
        Mean and standard deviation of each signal in the clips trained on; the network sees
        (signal − mean) / scale.
    {fitted}

    References
    ----------
    Pawlus, Smolka, Kawulok & Kawulok (2025), on genuine-smile recognition from the dynamics of
    action units.

    Examples
    --------
    >>> from smilegenuine import AUDASequenceClassifier
    >>> from smilegenuine.datasets import make_smile_signals
    >>> smiles = make_smile_signals(8, 4, random_state=0)
    >>> clf = AUDASequenceClassifier(max_epochs=2, random_state=0)
    >>> clf.fit(smiles.data, smiles.target).transform(smiles.data).shape
    (32, 150)
    """

    sequences = True

    def __init__(self, streams: Sequence[str] = ("aus",), *, windows: Sequence[int] = (9, 27),
                 rate: float = 10.0, memory_span: float | None = 4.0, n_hidden: int = 150,
                 lr: float = 1e-3, max_epochs: int = 100, batch_size: int = 16,
                 patience: int | None = 15, validation_fraction: float | None = 0.2,
                 class_weight: Any = "balanced", norm_penalty: float = 1e-3, device: str = "auto",
                 mixed_precision: bool = False, random_state: Any = None,
                 verbose: int | bool = False) -> None:
        self.streams = streams
        self.windows = windows
        self.rate = rate
        self.memory_span = memory_span
        self.n_hidden = n_hidden
        super().__init__(lr=lr, max_epochs=max_epochs, batch_size=batch_size, patience=patience,
                         validation_fraction=validation_fraction, class_weight=class_weight,
                         norm_penalty=norm_penalty, device=device, mixed_precision=mixed_precision,
                         random_state=random_state, verbose=verbose)

    def _check_own_params(self) -> None:
        AUDA(level="frame", windows=self.windows).get_feature_names_out()  # raises
        known = stream_names(self.windows)
        if isinstance(self.streams, str) or not isinstance(self.streams, Sequence) or \
                not len(self.streams) or any(s not in known for s in self.streams):
            raise ValueError(f"streams must be a tuple of some of {', '.join(known)}, not "
                             f"{self.streams!r}")
        if len(set(self.streams)) < len(self.streams):
            raise ValueError(f"streams names one twice: {self.streams!r}")
        check_positive("rate", self.rate, at_least=0.1)
        if self.rate > _MOST_RATE:
            raise ValueError(f"rate must be at most {_MOST_RATE:g} samples a second, not "
                             f"{self.rate!r}; there is nothing more to see between frames")
        check_positive("n_hidden", self.n_hidden, whole=True, at_least=1)
        if self.memory_span is not None:
            check_positive("memory_span", self.memory_span)

    def _module(self) -> tuple[type[nn.Module], dict[str, Any]]:
        shapes = {s: (1, min(10, self.n_hidden)) if s == "smile" else (len(AU_NAMES), self.n_hidden)
                  for s in self.streams}
        steps = None if self.memory_span is None else self.memory_span * self.rate
        return AUDASequenceNet, {"streams": shapes, "n_remembered": steps}

    def check_clip(self, clip: Clip) -> None:
        """Raise a `ClipError` where a clip cannot be used.

        Parameters
        ----------
        clip : Clip
        """
        signals_of(clip)

    def input_times(self, clip: Clip) -> np.ndarray:
        """Return the times of the samples that the network sees.

        Parameters
        ----------
        clip : Clip

        Returns
        -------
        array of shape (T,)
            Seconds.
        """
        return even_times(signals_of(clip)[2], self.rate)

    def _input(self, clip: Clip) -> np.ndarray:
        """Return signals at `rate`, (T, n_signals), float32."""
        aus, smile, times = signals_of(clip)
        frame = auda_features(aus, smile, times, levels=("frame",), windows=self.windows)["frame"]
        # All streams but the last, the smile intensity, are as wide as there are action units.
        of = dict(zip(stream_names(self.windows), np.split(
            frame, np.arange(len(AU_NAMES), frame.shape[1], len(AU_NAMES)), axis=1), strict=True))
        chosen = np.hstack([of[stream] for stream in self.streams])
        return resample(chosen, times, self.rate).astype(np.float32)
