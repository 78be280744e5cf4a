"""The phases of a clip's smile, from whatever is known of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..clips.au_table import AU_NAMES
from ..clips.errors import ClipError
from ..clips.record import Clip
from .dmarkers import signals_of
from .phases import detect_phases

#: The phases that follow each other, in their order; before and after them the face is at rest.
IN_ORDER = ("onset", "apex", "offset")


class SmileLevel(NamedTuple):
    """How much of a smile there is over time.

    Attributes
    ----------
    times : array of shape (n,)
        Seconds.
    level : array of shape (n,)
        NaN in frames that are not valid.
    kind : {"smile", "AU12", "lips"}
        What it is: smile intensity, the action unit that pulls the lip corners, or how far the lip
        corners of the landmarks are apart.
    """

    times: np.ndarray
    level: np.ndarray
    kind: str


def smile_level(clip: Clip) -> SmileLevel | None:
    """Return the signal in which the phases of a clip are found.

    Parameters
    ----------
    clip : Clip

    Returns
    -------
    SmileLevel or None
        None where nothing of the kind is known.
    """
    if clip.times is None:
        return None
    times = np.asarray(clip.times)
    if clip.smile is not None:
        return SmileLevel(times, np.where(clip.mask, clip.smile, np.nan), "smile")
    if clip.aus is not None:
        aus = np.asarray(clip.aus)[:, AU_NAMES.index("AU12")]
        return SmileLevel(times, np.where(clip.mask, aus, np.nan), "AU12")
    if clip.landmarks is not None:
        try:
            signals, at = signals_of(clip)
        except ClipError:  # too few frames with a face, or too few a second
            return None
        return SmileLevel(at, signals[:, 0].mean(axis=1), "lips")
    return None


def phases_of(clip: Clip) -> dict[str, slice]:
    """Find the phases of a clip's smile.

    Parameters
    ----------
    clip : Clip
        With timing. Its `smile` intensity gives the phases; where it has none, AU12, the lip corner
        puller; where it has no action units either, the distance of the landmarks' lip corners.

    Returns
    -------
    dict of str to slice
        See `detect_phases`; nothing where there is none of these, or too little of it.
    """
    known = smile_level(clip)
    if known is None or not np.isfinite(known.level).any():
        return {}
    return detect_phases(known.level, known.times)


def phase_of_frames(phases: dict[str, slice], n_frames: int, rest: str = "") -> np.ndarray:
    """Return the phase of each frame.

    Parameters
    ----------
    phases : dict of str to slice
        From `phases_of` or `detect_phases`.
    n_frames : int
    rest : str, default=""
        Name of the frames before and after the phases, and of all where none was found.

    Returns
    -------
    array of str of shape (n_frames,)
        "onset", "apex", "offset" or `rest`.
    """
    names = np.full(n_frames, rest, dtype=object)
    for name in IN_ORDER:
        names[phases.get(name, slice(0, 0))] = name
    return names


def seconds_of(phases: dict[str, slice], times: np.ndarray) -> dict[str, tuple[float, float]]:
    """Return begin and end, in seconds, of the phases that a clip has.

    Parameters
    ----------
    phases : dict of str to slice
        From `phases_of` or `detect_phases`.
    times : array of shape (T,)
        Seconds.

    Returns
    -------
    dict of str to tuple of (float, float)
        Onset, apex and offset; each ends where the next begins.
    """
    return {name: (float(times[span.start]), float(times[min(span.stop, len(times) - 1)]))
            for name in IN_ORDER if (span := phases.get(name, slice(0, 0))).stop > span.start}
