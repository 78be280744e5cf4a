"""Beginnings of clips: cut off at a moment, every field alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..clips.cutting import cut_clip
from ..clips.record import Clip

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
    return cut_clip(clip, 0, n) if n else None


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
