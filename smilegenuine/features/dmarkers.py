"""D-Markers: how long, how far, how fast lips, eyelids and cheeks move in the phases of a smile.

Dibeklioğlu, Salah & Gevers (2012, 2015): three signals from the landmarks, 25 descriptors of each
in onset, apex and offset. Time is in seconds throughout, at any frame rate, also a varying one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..clips.record import Clip, as_clips
from ..clips.steps import check_positive, require_fields
from ..face.mesh import METHODS
from ..face.smooth import smooth_path
from .clip_features import ClipFeatures, check_chosen, check_measured, check_option
from .dynamics import fill_invalid
from .marker_signals import SIGNALS, marker_signals
from .phases import PHASES, detect_phases

#: The descriptors of one signal in one phase, in their order.
MARKERS = (
    "duration_increase", "duration_decrease", "duration",
    "duration_ratio_increase", "duration_ratio_decrease",
    "amplitude_max", "amplitude_mean", "amplitude_mean_increase", "amplitude_mean_decrease",
    "amplitude_std", "amplitude_total_increase", "amplitude_total_decrease", "amplitude_net",
    "amplitude_ratio_increase", "amplitude_ratio_decrease",
    "speed_max_increase", "speed_max_decrease", "speed_mean_increase", "speed_mean_decrease",
    "acceleration_max_increase", "acceleration_max_decrease",
    "acceleration_mean_increase", "acceleration_mean_decrease",
    "amplitude_net_per_duration", "amplitude_left_right_difference",
)

# Slower than this, in the signal's unit a second, a signal stands still: what is left is rounding.
_STILL = 1e-6
_LEAST_VALID = 5


def dmarkers(signals: np.ndarray, times: np.ndarray, *, smooth: float = 0.06,
             phases: Sequence[str] = PHASES[:3]) -> np.ndarray:
    """Compute the D-Markers of a clip from its signals.

    Parameters
    ----------
    signals : array of shape (T, K, 2)
        Left and right side of K signals, the lips' first, without NaN; see `marker_signals`.
    times : array of shape (T,)
        Seconds, strictly increasing.
    smooth : float, default=0.06
        Width in seconds of the smoothing of the signals, see `smilegenuine.face.smooth`.
    phases : sequence of str, default=("onset", "apex", "offset")
        Of `PHASES`; they are found by `detect_phases` from the lips, the mean of both sides.

    Returns
    -------
    array of shape (len(phases), K, 25)
        `MARKERS`, see `phase_markers`.

    Raises
    ------
    ValueError
        Wrong shapes, NaN, or times that do not increase.
    """
    signals, times = np.asarray(signals, dtype=float), np.asarray(times, dtype=float)
    if signals.ndim != 3 or signals.shape[2] != 2 or times.shape != signals.shape[:1]:
        raise ValueError(f"signals must be (T, K, 2) and times (T,); got {signals.shape} and "
                         f"{times.shape}")
    if not np.isfinite(signals).all():
        raise ValueError("signals must be finite; fill_invalid bridges frames without a face")
    spans = detect_phases(signals[:, 0].mean(axis=1), times)
    calm = smooth_path(times, signals.reshape(len(times), -1), smooth).reshape(signals.shape)
    return np.stack([phase_markers(calm, times, spans[p]) for p in phases])


def phase_markers(signals: np.ndarray, times: np.ndarray, phase: slice) -> np.ndarray:
    """Compute the D-Markers of signals in one phase.

    Parameters
    ----------
    signals : array of shape (T, K, 2)
        Left and right side of K signals, smoothed.
    times : array of shape (T,)
        Seconds, strictly increasing.
    phase : slice
        Frames of the phase; may be empty.

    Returns
    -------
    array of shape (K, 25)
        `MARKERS` of the mean of both sides, and the distance between them. With v the signal, in
        lengths of the face, and "increase" ("decrease") the steps from frame to frame in which it
        rises (falls):

        - durations (s) and their shares in the whole duration of the phase;
        - amplitudes: maximum of v; mean of v in the phase, the rises and the falls; standard
          deviation; sums of the rises and of the falls; their difference; their shares;
        - speeds (1/s): largest and mean, of the rises and of the falls, all positive;
        - accelerations (1/s²): largest and mean, where the speed grows ("increase") and where it
          shrinks ("decrease"), all positive;
        - net amplitude over duration (1/s); the absolute value of the mean of left minus right.

        Means are over time. Zeros where the phase has fewer than two frames, and where there is
        nothing of the kind, such as falls.
    """
    inside, t = np.asarray(signals)[phase], np.asarray(times)[phase]
    n_signals = np.shape(signals)[1]
    if len(t) < 2:
        return np.zeros((n_signals, len(MARKERS)))
    v = inside.mean(axis=2)
    dt = np.diff(t)
    whole = t[-1] - t[0]
    step, middle = np.diff(v, axis=0), 0.5 * (v[1:] + v[:-1])
    speed = step / dt[:, None]
    up, down = speed > _STILL, speed < -_STILL
    seconds_up, seconds_down = dt @ up, dt @ down
    total_up = np.where(up, step, 0.0).sum(axis=0)
    total_down = np.where(down, -step, 0.0).sum(axis=0)
    moved = total_up + total_down
    mean = dt @ middle / whole
    net = v[-1] - v[0]
    # Where steps of the speed meet: at the inner frames, half a step to either side.
    between = 0.5 * (dt[1:] + dt[:-1])
    bend = np.diff(speed, axis=0) / between[:, None]
    gain, loss = np.clip(bend, 0.0, None), np.clip(-bend, 0.0, None)
    sides = inside[..., 0] - inside[..., 1]
    apart = np.abs(dt @ (0.5 * (sides[1:] + sides[:-1]))) / whole
    columns = [
        seconds_up, seconds_down, np.full(n_signals, whole),
        seconds_up / whole, seconds_down / whole,
        v.max(axis=0), mean, _over(dt @ (middle * up), seconds_up),
        _over(dt @ (middle * down), seconds_down), np.sqrt(dt @ (middle - mean) ** 2 / whole),
        total_up, total_down, net, _over(total_up, moved), _over(total_down, moved),
        np.where(up, speed, 0.0).max(axis=0), np.where(down, -speed, 0.0).max(axis=0),
        _over(total_up, seconds_up), _over(total_down, seconds_down),
        gain.max(axis=0, initial=0.0), loss.max(axis=0, initial=0.0),
        _over(between @ gain, between @ (gain > _STILL)),
        _over(between @ loss, between @ (loss > _STILL)),
        net / whole, apart,
    ]
    return np.stack(columns, axis=1)


def _over(amount: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Divide, 0 where there is nothing to divide by."""
    return np.divide(amount, by, out=np.zeros_like(amount), where=by > 0)


def feature_names(signals: Sequence[str] = SIGNALS, phases: Sequence[str] = PHASES[:3]
                  ) -> np.ndarray:
    """Return the names of the features, by phase, signal and marker.

    Parameters
    ----------
    signals : sequence of str, default=("lip", "eyelid", "cheek")
    phases : sequence of str, default=("onset", "apex", "offset")

    Returns
    -------
    array of str

    Examples
    --------
    >>> len(feature_names()), str(feature_names()[0]), str(feature_names()[-1])
    (225, 'onset_lip_duration_increase', 'offset_cheek_amplitude_left_right_difference')
    """
    return np.array([f"{p}_{s}_{m}" for p in phases for s in signals for m in MARKERS],
                    dtype=object)


class DMarkers(ClipFeatures):
    """D-Markers: dynamics of lips, eyelids and cheeks in the phases of a smile.

    Takes clips with `landmarks`, and gives 25 numbers for each signal and phase.

    Parameters
    ----------
    alignment : {"rigid", "published"}, default="rigid"
        How the head's rotation, place and size are taken out of the landmarks, see
        `smilegenuine.face.mesh.align_head`. "published" leans on the tip of the nose, whose depth
        landmarks of one camera know badly.
    smooth : float, default=0.06
        Width in seconds of the smoothing of the signals, the same at all frame rates; 0 leaves them
        as they are.
    rest : float, default=0.1
        Seconds at the beginning of a clip whose median is the face at rest; 0 takes the first frame
        with a face alone, as published.
    signals : tuple of str, default=("lip", "eyelid", "cheek")
        Any of them. The phases follow the lips in any case.
    phases : tuple of str, default=("onset", "apex", "offset")
        Of "onset", "apex", "offset", "smile", "sequence". A phase that a clip does not have gives
        zeros.

    Attributes
    ----------
    n_features_out_ : int
        Number of features, 225 for three signals and three phases.

    Notes
    -----
    Frames without a face are bridged by straight lines between their neighbours. Features of a clip
    depend on that clip alone, so nothing can leak between subjects here.

    References
    ----------
    Dibeklioğlu, Salah & Gevers (2015), Recognition of genuine smiles, IEEE Transactions on
    Multimedia 17(3), doi:10.1109/TMM.2015.2394777; and (2012), Are you really smiling at me?
    Spontaneous versus posed enjoyment smiles, ECCV, doi:10.1007/978-3-642-33712-3_38.

    Examples
    --------
    >>> from smilegenuine import Clip
    >>> from smilegenuine.datasets import make_smiles
    >>> smiles = make_smiles(1, 2, random_state=0)
    >>> clips = [Clip(landmarks=points, times=t)
    ...          for points, t in zip(smiles.landmarks, smiles.times)]
    >>> DMarkers().fit_transform(clips).shape
    (2, 225)
    """

    def __init__(self, alignment: str = "rigid", *, smooth: float = 0.06, rest: float = 0.1,
                 signals: Sequence[str] = ("lip", "eyelid", "cheek"),
                 phases: Sequence[str] = ("onset", "apex", "offset")) -> None:
        self.alignment = alignment
        self.smooth = smooth
        self.rest = rest
        self.signals = signals
        self.phases = phases

    def transform(self, X: Any) -> Any:
        """Compute the features.

        Parameters
        ----------
        X : list of recordings
            Clips with `landmarks`.

        Returns
        -------
        array of shape (n_clips, n_features_out_)
            A DataFrame after ``set_output(transform="pandas")``.

        Raises
        ------
        ClipError
            A clip without landmarks, with fewer than five frames with a face, or with times that
            cannot be seconds.
        """
        self._check_params()
        wanted = [SIGNALS.index(s) for s in self.signals]
        rows = []
        for clip in as_clips(X):
            signals, times = signals_of(clip, alignment=self.alignment, rest=self.rest)
            markers = dmarkers(signals, times, smooth=self.smooth, phases=self.phases)
            rows.append(markers[:, wanted].ravel())
        return np.array(rows).reshape(-1, len(feature_names(self.signals, self.phases)))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the features, such as "onset_lip_duration_increase".

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        array of str
        """
        self._check_params()
        return feature_names(self.signals, self.phases)

    def _check_params(self) -> None:
        check_option("alignment", self.alignment, METHODS)
        check_positive("smooth", self.smooth)
        check_positive("rest", self.rest)
        check_chosen("signals", self.signals, SIGNALS)
        check_chosen("phases", self.phases, PHASES)


def signals_of(clip: Clip, *, alignment: str = "rigid", rest: float = 0.1
               ) -> tuple[np.ndarray, np.ndarray]:
    """Return the signals of a clip's lips, eyelids and cheeks, without gaps, and its times.

    Parameters
    ----------
    clip : Clip
        With `landmarks` and timing.
    alignment, rest : as in `marker_signals`

    Returns
    -------
    signals : array of shape (T, 3, 2)
        See `marker_signals`. Frames that are not valid are bridged by straight lines.
    times : array of shape (T,)
        Seconds.

    Raises
    ------
    ClipError
        No landmarks, no timing, fewer than five frames with a face, or fewer than 4 or more than
        1000 frames a second.
    """
    require_fields(clip, ("landmarks",), "DMarkers", "run FaceLandmarks first")
    require_fields(clip, ("times",), "DMarkers", "give Clip(…, fps=…)")
    times = np.asarray(clip.times)
    landmarks = np.asarray(clip.landmarks)
    if not clip.mask.all():
        landmarks = np.where(clip.mask[:, None, None], landmarks, np.nan)
    signals = marker_signals(landmarks, times, alignment=alignment, rest=rest)
    known = np.isfinite(signals).all(axis=(1, 2))
    check_measured(clip, known, _LEAST_VALID, "have a face that can be measured")
    return fill_invalid(signals.reshape(len(times), -1), times, known).reshape(signals.shape), times
