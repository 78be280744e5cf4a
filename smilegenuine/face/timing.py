"""When the frames of a clip were taken."""

from __future__ import annotations

import numpy as np

from ..clips.errors import ClipError
from ..clips.record import Clip


def frame_times(clip: Clip, n: int) -> np.ndarray:
    """Return the timestamps of a clip whose frames were read and counted.

    Asked for only after that: a video knows its timestamps once it was read, and would have to be
    read for them alone before.

    Parameters
    ----------
    clip : Clip
        With `fps`, as `as_clips` gives one to every clip.
    n : int
        How many frames there were.

    Returns
    -------
    array of shape (n,)
        Seconds.

    Raises
    ------
    ClipError
        The clip's `times` are of another number of frames.
    """
    times: np.ndarray | None = clip.times
    if times is None:
        times = np.arange(n) / float(clip.fps)
    if len(times) != n:
        raise ClipError(clip.label, f"has {n} frames but {len(times)} times; give the times of "
                        "these frames, or leave `times` out")
    return times
