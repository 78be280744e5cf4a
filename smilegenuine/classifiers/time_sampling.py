"""Sequences at a rate of their own, so that a network sees the same smile at any frame rate."""

from __future__ import annotations

import numpy as np

from ..clips.errors import ClipError
from ..clips.record import Clip
from ..clips.steps import require_fields

# What to do where a clip has not what a network looks at.
_REMEDIES = {
    "faces": "run FaceAligner on the video first; without pictures, take a system that looks at "
             "action units alone, such as auda-fusion",
    "landmarks": "run FaceLandmarks on the video first; without pictures, give "
                 "Clip(landmarks=…, fps=…), or take a system that looks at action units",
}


def nearest_frames(times: np.ndarray, valid: np.ndarray, rate: float) -> np.ndarray:
    """Pick the frames that are nearest to evenly spaced moments.

    Parameters
    ----------
    times : array of shape (T,)
        Seconds, strictly increasing.
    valid : array of shape (T,), bool
        Frames that may be picked.
    rate : float
        Frames a second wanted: 10 takes every fifth frame of 50 a second, every third of 30.

    Returns
    -------
    array of int of shape (n,)
        Increasing, each frame once. A moment without a valid frame nearer than half a step has
        none.
    """
    usable = np.flatnonzero(valid)
    if not len(usable):
        return usable
    moments = even_times(times, rate)
    seen = times[usable]
    after = np.clip(np.searchsorted(seen, moments), 1, max(1, len(seen) - 1))
    before = after - 1
    after = np.minimum(after, len(seen) - 1)
    # Of two equally near, the earlier; times of one video differ in their last bits.
    nearer = np.where(moments - seen[before] <= seen[after] - moments + 1e-6, before, after)
    near = np.abs(seen[nearer] - moments) <= 0.5 / rate + 1e-6
    return np.asarray(usable[np.unique(nearer[near])])


def sampled_frames(clip: Clip, field: str, rate: float, who: str) -> np.ndarray:
    """Pick the frames of a clip that a network is to see.

    Parameters
    ----------
    clip : Clip
        With the field and timing.
    field : {"faces", "landmarks"}
        What the network looks at.
    rate : float
        Frames a second wanted.
    who : str
        The network, for the messages.

    Returns
    -------
    array of int of shape (n,)
        At least one; see `nearest_frames`.

    Raises
    ------
    ClipError
        The clip has no such field, no timing, or no valid frame.
    """
    require_fields(clip, (field,), who, _REMEDIES[field])
    require_fields(clip, ("times",), who, "give Clip(…, fps=…)")
    picked = nearest_frames(np.asarray(clip.times), clip.mask, rate)
    if not len(picked):
        raise ClipError(clip.label, "no frame is valid, so there is no face to look at. Was the "
                        "face in view?")
    return picked


def even_times(times: np.ndarray, rate: float) -> np.ndarray:
    """Return evenly spaced moments from the first time to the last.

    Parameters
    ----------
    times : array of shape (T,)
        Seconds, increasing.
    rate : float
        Moments a second.

    Returns
    -------
    array of shape (n,)
    """
    n = int(np.floor((times[-1] - times[0]) * rate + 1e-6)) + 1
    return np.asarray(times[0] + np.arange(n) / rate)


def resample(signals: np.ndarray, times: np.ndarray, rate: float) -> np.ndarray:
    """Read signals at evenly spaced moments, by straight lines between samples.

    Parameters
    ----------
    signals : array of shape (T, K)
    times : array of shape (T,)
        Seconds, strictly increasing.
    rate : float
        Samples a second wanted.

    Returns
    -------
    array of shape (n, K)
    """
    moments = even_times(times, rate)
    return np.column_stack([np.interp(moments, times, signal) for signal in signals.T])
