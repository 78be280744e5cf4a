"""Beginnings of clips: cut off at a moment, every field alike."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from ..clips.fields import SIGNALS
from ..clips.record import Clip
from ..clips.video import FrameSource

# A frame belongs to a moment where it is later by no more than this: clocks tick no finer.
_SAME = 1e-6


def first_part(clip: Clip, until: float) -> Clip | None:
    """Return the beginning of a clip, every field cut; lazily, what pictures it has.

    Parameters
    ----------
    clip : Clip
        With timing.
    until : float
        Seconds; frames at this time belong to it.

    Returns
    -------
    Clip or None
        None where there is no frame by then.

    Examples
    --------
    >>> import numpy as np
    >>> from smilegenuine import Clip
    >>> from smilegenuine.answers.beginnings import first_part
    >>> first_part(Clip(aus=np.zeros((100, 17)), fps=25), until=1.0).n_frames
    26
    """
    times = np.asarray(clip.times)
    n = int(np.searchsorted(times, until + _SAME, side="right"))
    if n == len(times):
        return clip
    if n == 0:
        return None
    cut: dict[str, Any] = {field: value[:n] for field in SIGNALS
                           if (value := getattr(clip, field)) is not None}
    if clip.frames is not None:
        cut["frames"] = _FirstFrames(clip.frames, n)
    known = clip.known()
    if known["times"] is not None:  # else they follow from the frames or the rate, as before
        cut["times"] = times[:n]
        if n == 1:  # without a distance to the next by which its rate would be known
            cut["fps"] = float(clip.fps)
    return clip.replace(**cut)


class _FirstFrames(FrameSource):
    """The first frames of another source."""

    def __init__(self, source: FrameSource, n: int) -> None:
        self.source, self.n, self.name = source, n, source.name

    def __iter__(self) -> Iterator[np.ndarray]:
        return islice(iter(self.source), self.n)

    def __len__(self) -> int:
        return self.n

    @property
    def times(self) -> np.ndarray | None:
        times = self.source.times
        return None if times is None else times[:self.n]

    @property
    def fps(self) -> float | None:
        return self.source.fps

    def content(self) -> Any:
        return ("first", self.n, self.source.content())


def checked_moments(name: str, values: Any) -> np.ndarray:
    """Return the moments at which to cut as an array, or raise.

    Parameters
    ----------
    name : {"fractions", "times"}
        What messages call it; fractions must lie above 0 and at most at 1.
    values : array-like of shape (k,), or float

    Returns
    -------
    array of shape (k,)

    Raises
    ------
    ValueError
        No numbers, none at all, or not increasing.
    """
    try:
        moments = np.atleast_1d(np.asarray(values, dtype=float))
    except (TypeError, ValueError):
        moments = np.empty(0)
    if moments.ndim != 1 or not len(moments) or not np.isfinite(moments).all():
        raise ValueError(f"{name} must be numbers, at least one, not {values!r}")
    if name == "fractions" and not ((moments > 0) & (moments <= 1)).all():
        raise ValueError(f"fractions must be above 0 and at most 1, not {values!r}")
    if not (np.diff(moments) > 0).all():
        raise ValueError(f"{name} must increase, not {values!r}")
    return moments
