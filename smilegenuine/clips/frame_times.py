"""When the frames of a clip were taken: where the time of a frame comes from.

The first that is known decides, in `Clip.times`: the `times` that the clip was given; the `fps`
that it was given, at even steps from 0; the times of its frame source. Those are, of a video, the
container's stamps, mended where they do not increase (`clips.video.VideoFrames`); of images, the
frame rate that they were opened with; of another source, what it says. A table of action units
brings its own (`clips.au_table`). `FrameSource.timed` yields the times of frames as they are
reached, before all are known.
"""

from __future__ import annotations

import numpy as np

from .errors import ClipError
from .record import Clip


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
