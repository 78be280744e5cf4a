"""Action units from the landmarks and blendshapes of MediaPipe's face mesh.

Blendshapes alone do not do: on drawn people those of the smile saturate, and several units share
one response. So each unit is read from blendshapes and from lengths on the face, by a short linear
recipe (`blendshape_table`), as changes from the person's own face at rest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.ndimage import binary_dilation, gaussian_filter1d, grey_opening

from ..clips.au_table import AU_NAMES
from ..clips.errors import ClipError
from ..clips.record import Clip
from ..clips.steps import ClipTransformer, check_positive, require_fields
from ..face.mesh import align_head
from .blendshape_table import RESTING, SIGNAL_NAMES, measure_signals, unit_weights
from .valid_frames import smooth_signal

NEUTRALS = ("rest", "start", "median", "none")

# A blink is over after so many seconds, closes the eye by at least so much of `eyeBlink`, and its
# ends, where the lids already move, reach so many seconds further.
_LONGEST_BLINK, _LEAST_BLINK, _BLINK_EDGE = 0.6, 0.1, 0.08
# What the lids do in a blink says nothing about these.
_LID_UNITS = [AU_NAMES.index(au) for au in ("AU05", "AU06", "AU07")]
_WIDENED, _CLOSED = AU_NAMES.index("AU05"), AU_NAMES.index("AU45")

# The share of frames that count as rest, and at least so many seconds.
_REST_SHARE, _LEAST_REST = 0.05, 0.2
_REST_SMOOTH = 0.1  # seconds, over which a face has to be at rest
_START = 0.2  # seconds


class BlendshapeActionUnits(ClipTransformer):
    """The 17 action units, 0–5, from MediaPipe's landmarks and blendshapes.

    Adds `aus`. Needs `landmarks` and `blendshapes`, as `FaceLandmarks` finds them; clips whose
    `aus` are known pass unchanged. Nothing is learnt in `fit`: what each unit is read from is
    written down in `smilegenuine.signals.blendshape_table`, and how far each can be trusted in the
    guide to action units. The weights were fitted on drawn people; they have seen nobody else.

    Parameters
    ----------
    neutral : {"rest", "start", "median", "none"}, default="rest"
        Where the person's own face at rest is taken from; its level is taken off every signal
        before it is weighted. "rest": the twentieth of the clip's frames in which the face does
        least. "start": the first 0.2 seconds with a face, for recordings that begin with a neutral
        face. "median": the clip's median, for long recordings of which most is neutral. "none":
        the level of the average drawn person, for clips without any frame at rest; people's own
        levels differ by a point or more, so such intensities compare within a person only.
    smooth : float, default=0.04
        Standard deviation in seconds of the Gaussian that smooths the intensities; 0 for none.
    n_jobs : int, optional
        Clips measured at the same time.
    verbose : int or bool, default=False
        Show progress.
    memory : str, Path, ClipCache or joblib.Memory, optional
        Cache folder of measured clips; see `smilegenuine.clips.cache`.

    Raises
    ------
    ClipError
        In `transform`: a clip has no landmarks or blendshapes, or no valid frame.

    Notes
    -----
    Frames that are not valid, or whose landmarks or blendshapes are NaN, are NaN in `aus` and not
    `valid`. In blinks AU05, AU06 and AU07 are carried over from before to after: a closing eye
    narrows, too, and what the lids would do otherwise cannot be seen. AU05 fades as eyes that stay
    shut close.

    Turning, shifting and scaling the landmarks changes nothing.

    Examples
    --------
    >>> from smilegenuine import FaceLandmarks
    >>> from sklearn.pipeline import make_pipeline
    >>> units = make_pipeline(FaceLandmarks(), BlendshapeActionUnits())
    >>> clips = units.fit_transform(["a.mp4", "b.mp4"])  # doctest: +SKIP
    """

    adds = ("aus",)
    reads = ("landmarks", "blendshapes", "times", "valid")

    def __init__(self, neutral: str = "rest", smooth: float = 0.04, n_jobs: int | None = None,
                 verbose: int | bool = False, memory: Any = None) -> None:
        self.neutral = neutral
        self.smooth = smooth
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.memory = memory

    def _check_params(self) -> None:
        check_positive("smooth", self.smooth)
        if self.neutral not in NEUTRALS:
            raise ValueError(f"neutral must be one of {', '.join(NEUTRALS)}, not {self.neutral!r}")

    def transform_clip(self, clip: Clip) -> Clip:
        frames, signals = clip_signals(clip, type(self).__name__)
        fps = clip.fps or 1.0  # a single frame has no rate, and needs none
        rest = resting_level(signals, fps, self.neutral)
        intensity = smooth_signal(weigh_signals(signals - rest, fps), fps, self.smooth)
        aus = np.full((len(clip.mask), len(AU_NAMES)), np.nan)
        aus[frames] = np.clip(intensity, 0.0, 5.0)
        return clip.replace(aus=aus)


def clip_signals(clip: Clip, who: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the signals that action units are read from, in the frames that have them.

    Parameters
    ----------
    clip : Clip
        With `landmarks` and `blendshapes`.
    who : str
        The step, for messages.

    Returns
    -------
    frames : array of int of shape (n,), n at least 1
        The valid frames with landmarks and blendshapes.
    signals : array of shape (n, n_signals)
        Of `SIGNAL_NAMES`, in those frames.

    Raises
    ------
    ClipError
        The clip lacks the fields, or has no such frame.
    """
    require_fields(clip, ("landmarks", "blendshapes"), who, "run FaceLandmarks first")
    frames = np.flatnonzero(clip.mask)  # a clip's frames with NaN are not valid
    signals = measure_signals(align_head(np.asarray(clip.landmarks)[frames]),
                              np.asarray(clip.blendshapes)[frames])
    sound = np.isfinite(signals).all(axis=1)
    if not sound.any():
        raise ClipError(clip.label, "no frame is valid and has landmarks and blendshapes, so "
                        "action units cannot be measured")
    return frames[sound], signals[sound]


def weigh_signals(signals: np.ndarray, fps: float) -> np.ndarray:
    """Compute intensities from changes of the signals from rest, blinks bridged in lid units.

    Parameters
    ----------
    signals : array of shape (n, n_signals)
        Of `SIGNAL_NAMES`, the resting level taken off.
    fps : float
        Frame rate in Hz.

    Returns
    -------
    array of shape (n, 17)
        Neither smoothed nor limited to 0 to 5.
    """
    intensity = signals @ unit_weights().T
    blinks = find_blinks(signals[:, SIGNAL_NAMES.index("eyeBlink")], fps)
    closed = intensity[:, _CLOSED].copy()
    if blinks.any() and not blinks.all():
        at, known = np.flatnonzero(blinks), np.flatnonzero(~blinks)
        for signal in (*(intensity[:, k] for k in _LID_UNITS), closed):
            signal[at] = np.interp(at, known, signal[known])
    # Eyes that stay shut are not opened wide, whatever lids and irises seem to do.
    intensity[:, _WIDENED] *= 1.0 - np.clip(closed / 5.0, 0.0, 1.0)
    return intensity


def find_blinks(closure: np.ndarray, fps: float) -> np.ndarray:
    """Return the frames in which the eyes blink: close and open again within 0.6 seconds.

    Parameters
    ----------
    closure : array of shape (n,)
        How far the eyes are closed, 0 to 1, from any level.
    fps : float
        Frame rate in Hz.

    Returns
    -------
    array of shape (n,), bool
        The frames on either side of a blink, in which lids begin and cease to move, included.
    """
    n = 2 * round(0.5 * _LONGEST_BLINK * fps) + 1
    if n < 3:
        return np.zeros(len(closure), bool)
    # What lasts longer than the window stays; what is shorter stands out.
    lasting = grey_opening(np.pad(closure, n, mode="edge"), n)[n:-n]
    shut = closure - lasting > _LEAST_BLINK
    edge = round(_BLINK_EDGE * fps)
    return binary_dilation(shut, iterations=edge) if edge and shut.any() else shut


def resting_level(signals: np.ndarray, fps: float, neutral: str) -> np.ndarray:
    """Compute the level of each signal in the person's face at rest.

    Parameters
    ----------
    signals : array of shape (n, n_signals)
        Of `SIGNAL_NAMES`.
    fps : float
        Frame rate in Hz.
    neutral : {"rest", "start", "median", "none"}
        See `BlendshapeActionUnits`.

    Returns
    -------
    array of shape (n_signals,)
    """
    if neutral == "none":
        return np.array([RESTING[name] for name in SIGNAL_NAMES])
    few = max(1, round(_START * fps))
    chosen = {"median": slice(None), "start": slice(few)}
    at = _resting_frames(signals, fps) if neutral == "rest" else chosen[neutral]
    level: np.ndarray = np.median(signals[at], axis=0)
    return level


def _resting_frames(signals: np.ndarray, fps: float) -> np.ndarray:
    """The frames in which all units together do least."""
    intensity = weigh_signals(signals, fps)
    n = min(len(signals), max(round(_REST_SHARE * len(signals)), round(_LEAST_REST * fps), 1))
    # A unit does nothing where few frames lie below it. (Some seem to fall when others rise, but by
    # less than those rise, so that a smile does not pass for rest.)
    away = np.abs(intensity - np.quantile(intensity, _REST_SHARE, axis=0)).sum(axis=1)
    away = gaussian_filter1d(away, _REST_SMOOTH * fps, mode="nearest")
    return np.argsort(away, kind="stable")[:n]
