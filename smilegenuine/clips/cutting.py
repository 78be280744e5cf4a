"""Parts of clips: consecutive frames, every field cut alike, and pictures as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from .fields import SIGNALS
from .record import Clip
from .video import FrameSource


def cut_clip(clip: Clip, start: int, stop: int) -> Clip:
    """Return the frames of a clip from one to before another; nothing is decoded.

    Parameters
    ----------
    clip : Clip
        With timing.
    start, stop : int
        Positions of frames, 0 <= start < stop <= T.

    Returns
    -------
    Clip
        Its times are those of the frames in the whole clip.

    Examples
    --------
    >>> import numpy as np
    >>> from smilegenuine import Clip
    >>> from smilegenuine.clips.cutting import cut_clip
    >>> part = cut_clip(Clip(aus=np.zeros((100, 17)), fps=25), 50, 75)
    >>> part.n_frames, float(part.times[0])
    (25, 2.0)
    """
    cut: dict[str, Any] = {field: value[start:stop] for field in SIGNALS
                           if (value := getattr(clip, field)) is not None}
    if clip.frames is not None:
        cut["frames"] = FramesPart(clip.frames, start, stop)
    if start or clip.known()["times"] is not None:  # else they follow from frames or rate still
        cut["times"] = np.asarray(clip.times)[start:stop]
        if stop - start == 1:  # without a distance to the next by which its rate would be known
            cut["fps"] = float(clip.fps)
    return clip.replace(**cut)


class FramesPart(FrameSource):
    """Consecutive frames of another source.

    Parameters
    ----------
    source : FrameSource
        Read from its beginning, and no further than to the last of them.
    start, stop : int
        Positions of the first frame and of the one behind the last.
    """

    def __init__(self, source: FrameSource, start: int, stop: int) -> None:
        self.source, self.start, self.stop, self.name = source, start, stop, source.name

    def __iter__(self) -> Iterator[np.ndarray]:
        return islice(iter(self.source), self.start, self.stop)

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def times(self) -> np.ndarray | None:
        """(T,) float64 seconds from the first frame of the whole source, or None."""
        times = self.source.times
        return None if times is None else times[self.start:self.stop]

    @property
    def fps(self) -> float | None:
        """Nominal frame rate of the source in Hz, or None."""
        return self.source.fps

    def content(self) -> Any:
        """Return which frames they are, and what those of the source depend on.

        Returns
        -------
        tuple
        """
        return ("part", self.start, self.stop, self.source.content())
