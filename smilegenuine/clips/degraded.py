"""Recordings as a worse camera would have made them: smaller pictures, fewer of them a second."""

from __future__ import annotations

import numbers
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np

from .errors import ClipError, VideoError
from .fields import SIGNALS
from .record import Clip, as_clip
from .stored_arrays import array_digest
from .video import FrameSource

# Pixels that the shorter side of a picture keeps at least.
_LEAST_SIDE = 4
_UNTIMED = ("nobody knows when its frames were taken, so fewer of them a second cannot be chosen; "
            "give its frame rate")
# Seconds within which two frames are as near to a moment as each other: clocks tick no finer.
_SAME = 1e-6
# Share of frames beyond the asked rate that a recording may have and stay as it is: 29.97 Hz is 30,
# and times that jitter make no faster camera.
_SLACK = 0.01


class DegradedFrames(FrameSource):
    """Frames of another source, made smaller and fewer as they are read.

    Parameters
    ----------
    source : FrameSource
        What is degraded; nothing of it is read or decoded before it is asked for.
    resolution : float, default=1.0
        Width and height in shares of the source's, above 0 and at most 1. Pixels are averaged, as
        those of a coarser sensor are. The shorter side keeps four pixels at least.
    fps : float, optional
        Frames a second, in Hz. Of an even grid in time that begins with the first frame, the frame
        that is nearest to each moment is kept, once; none is invented, so where the source is
        slower it stays as it is. None: all frames.
    times : array of shape (T,), optional
        Seconds of the source's frames, in place of its own.

    Raises
    ------
    TypeError
        `source` is no frame source.
    ValueError
        `resolution` or `fps` is no such number.
    VideoError
        While reading: `fps` is given, and nobody knows when the frames were taken; or there are
        more or fewer `times` than frames.

    Notes
    -----
    Which frames are kept follows from the times of all of them, which cost one pass through a video
    before the one that gives the frames.

    Rates that divide the recording's give frames that follow each other evenly. With others (12.5
    of 30 Hz) their distances differ by one frame of the source, as `times` says.

    Examples
    --------
    >>> import numpy as np
    >>> from smilegenuine import DegradedFrames
    >>> from smilegenuine.clips.video import ArrayFrames
    >>> film = ArrayFrames(np.zeros((50, 120, 160, 3), np.uint8))
    >>> coarse = DegradedFrames(film, resolution=0.25, fps=12.5, times=np.arange(50) / 50)
    >>> [frame.shape for frame in coarse][0], len(coarse.times)
    ((30, 40, 3), 13)
    """

    def __init__(self, source: FrameSource, resolution: float = 1.0, fps: float | None = None, *,
                 times: Any = None) -> None:
        if not isinstance(source, FrameSource):
            raise TypeError(f"source must be a FrameSource, not {type(source).__name__}; "
                            "Clip(frames=…).frames gives one")
        check_condition(resolution, fps)
        self.source, self.resolution = source, float(resolution)
        self.rate = None if fps is None else float(fps)
        self.given_times = None if times is None else np.array(times, dtype=float)
        self.name = source.name

    def __iter__(self) -> Iterator[np.ndarray]:
        if self.rate is None:
            yield from map(self._smaller, self.source)
            return
        times = self._all_times()
        kept, n = set(nearest_frames(times, self.rate).tolist()), 0
        for i, frame in enumerate(self.source):
            n += 1
            if i in kept:
                yield self._smaller(frame)
        if n != len(times):
            raise VideoError(self.name or "frames", f"{n} frames can be decoded where {len(times)} "
                             "are known to be; the video is damaged, re-encode it")

    def _smaller(self, frame: np.ndarray) -> np.ndarray:
        if self.resolution == 1.0:
            return frame
        height, width = frame.shape[:2]
        share = min(1.0, max(self.resolution, _LEAST_SIDE / min(height, width)))
        size = max(1, round(width * share)), max(1, round(height * share))
        return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)

    def _all_times(self) -> np.ndarray:
        times = self.source.times if self.given_times is None else self.given_times
        if times is None:
            raise VideoError(self.name or "frames", _UNTIMED)
        return np.asarray(times, dtype=float)

    @property
    def times(self) -> np.ndarray | None:
        """(T,) float64 seconds from the first frame, or None where nobody knows them."""
        if self.rate is None:
            return self.source.times if self.given_times is None else self.given_times
        times = self._all_times()
        return times[nearest_frames(times, self.rate)]

    @property
    def fps(self) -> float | None:
        """Nominal frame rate in Hz: the source's, or what is asked for where that is less."""
        times, fps = self.given_times, self.source.fps
        if times is not None:
            fps = float(1.0 / np.median(np.diff(times))) if len(times) > 1 else None
        return fps if fps is None or self.rate is None else min(fps, self.rate)

    def content(self) -> Any:
        """Return what the frames depend on, for caches.

        Returns
        -------
        tuple
            What the source says, how it is degraded, and a hash of `times` where they were given.
        """
        given = () if self.given_times is None else (array_digest(self.given_times),)
        return ("degraded", self.source.content(), self.resolution, self.rate, *given)


def degrade(clip: Any, resolution: float = 1.0, fps: float | None = None) -> Clip:
    """Return a recording as a worse camera would have made it.

    Parameters
    ----------
    clip : recording
        Anything that `as_clip` takes.
    resolution : float, default=1.0
        Width and height of its pictures in shares of what they are, above 0 and at most 1.
    fps : float, optional
        Frames a second, in Hz; see `DegradedFrames`. None: all frames.

    Returns
    -------
    Clip
        Of the same name and subject. What was measured frame by frame (faces, landmarks, action
        units, …) is thinned as the frames are. Where pictures become smaller it is left out, as it
        would be measured anew. With nothing to degrade, the clip itself.

    Raises
    ------
    ClipError
        There are no pictures to make smaller, or nobody knows when its frames were taken.
    ValueError
        `resolution` or `fps` is no such number.

    Examples
    --------
    >>> import numpy as np
    >>> from smilegenuine import Clip, degrade
    >>> degrade(Clip(aus=np.zeros((100, 17)), fps=50, name="a"), fps=12.5)
    Clip(name='a', n_frames=25, aus=(25, 17))
    """
    check_condition(resolution, fps)
    clip = as_clip(clip)
    if resolution == 1.0 and fps is None:
        return clip
    if resolution != 1.0:
        clip = without_measures(clip)
    if clip.frames is None:
        if resolution != 1.0:
            raise ClipError(clip.label, "has no pictures to make smaller, only what was measured "
                            "in them; leave the resolution at 1, or give the recording")
        return _thinned(clip, fps)
    known = clip.known()
    # What the clip says of its timing counts more than what the source says, or fails to say.
    own = known["times"] is not None or known["fps"] is not None or clip.frames.fps is None
    times = clip.times if own else None
    if own and times is None and fps is not None:
        raise ClipError(clip.label, _UNTIMED)
    frames = DegradedFrames(clip.frames, resolution, fps, times=times)
    if fps is not None and any(known[field] is not None for field in SIGNALS):
        clip = _thinned(clip, fps)
    return clip.replace(frames=frames, times=None, fps=None)


def without_measures(clip: Clip) -> Clip:
    """Return a clip with its pictures alone, where it has pictures; else as it is.

    Parameters
    ----------
    clip : Clip

    Returns
    -------
    Clip
    """
    return clip if clip.frames is None else clip.replace(**dict.fromkeys(SIGNALS))


def _thinned(clip: Clip, fps: float | None) -> Clip:
    """What is known of the frames that are nearest to an even grid in time; no pictures."""
    times = clip.times
    if times is None or fps is None:
        raise ClipError(clip.label, _UNTIMED)
    kept = nearest_frames(times, fps)
    signals = {field: np.asarray(getattr(clip, field))[kept] for field in SIGNALS
               if getattr(clip, field) is not None}
    return clip.replace(frames=None, times=times[kept], fps=None, **signals)


def nearest_frames(times: np.ndarray, fps: float) -> np.ndarray:
    """Choose the frames that are nearest to an even grid in time.

    Parameters
    ----------
    times : array of shape (T,)
        Seconds, increasing.
    fps : float
        Moments of the grid a second, the first at the first frame.

    Returns
    -------
    array of int, increasing
        Positions, each once. Of two frames that are as near, the earlier one. All of them, where
        there are no more than moments, but for one in a hundred.
    """
    times = np.asarray(times, dtype=float)
    n = int(np.floor((times[-1] - times[0]) * fps + _SAME)) + 1
    if len(times) <= (1.0 + _SLACK) * n:
        return np.arange(len(times))
    grid = times[0] + np.arange(n) / fps
    after = np.clip(np.searchsorted(times, grid), 1, len(times) - 1)
    before = after - 1
    later = times[after] - grid < grid - times[before] - _SAME
    return np.unique(np.where(later, after, before))


def check_condition(resolution: Any, fps: Any) -> None:
    """Raise a `ValueError` unless pictures can be made so small, and frames so few.

    Parameters
    ----------
    resolution : float
    fps : float or None
    """
    if not _is_number(resolution) or not 0.0 < resolution <= 1.0:
        raise ValueError(f"resolution must be above 0 and at most 1, a share of the recording's "
                         f"width and height, not {resolution!r}")
    if fps is not None and (not _is_number(fps) or not 0.0 < fps < np.inf):
        raise ValueError(f"fps must be a positive number of frames a second, not {fps!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
