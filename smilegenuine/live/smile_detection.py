"""Where a smile begins and ends on a film, by what is known so far."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..clips.au_table import AU_NAMES
from ..clips.cutting import cut_clip
from ..clips.record import Clip
from ..features.clip_phases import IN_ORDER, phases_of, smile_level
from ..features.dynamics import fill_invalid

# Frames below which no phase is looked for.
_FEWEST = 5
# Frames whose level is that of the beginning.
_FIRST = 3
# Share of its rise by which a smile has to fall before it can be over.
_FALLEN = 0.5
# Seconds at the end of a film over which its level is read.
_LATELY = 0.15
# An onset that seems to have ended this many seconds ago goes on where the level has risen since by
# this share of the whole rise: of what is just coming nobody has seen the end.
_STILL, _RISING = 0.3, 0.05


class Found(NamedTuple):
    """A smile that is under way, or has just ended.

    Attributes
    ----------
    begin : float
        Seconds: where the onset begins.
    end : float
        Seconds: where the offset ends, as far as it is there; else of the newest frame with a face.
    phase : {"onset", "apex", "offset"}
        Of that frame.
    over : bool
        It has come to rest again.
    """

    begin: float
    end: float
    phase: str
    over: bool


def find_smile(clip: Clip, *, after: float, settle: float, least_rise: dict[str, float]
               ) -> Found | None:
    """Find the smile on the newest part of a film.

    Parameters
    ----------
    clip : Clip
        What is remembered of the film, measured.
    after : float
        Seconds: what is before was another smile.
    settle : float
        Seconds that the face must be at rest after an offset for the smile to be over.
    least_rise : dict of str to float
        How much, in the onset, has to rise what: "AU12" in points, where action units are known;
        "lips", the distance of the lip corners, where only landmarks are.

    Returns
    -------
    Found or None
        None where nobody smiles yet.
    """
    clip = part_of(clip, after, np.inf)
    known = smile_level(clip)
    if known is None or np.isfinite(known.level).sum() < _FEWEST:
        return None
    times, level = known.times, known.level
    seen = np.isfinite(level)
    phases = phases_of(clip)
    onset, offset = phases.get("onset", slice(0, 0)), phases.get("offset", slice(0, 0))
    if onset.stop <= onset.start or not _rises(clip, phases, least_rise):
        return None
    last = int(np.flatnonzero(seen)[-1])
    level = fill_invalid(level, times, seen)
    begin, now = float(times[onset.start]), float(times[last])
    ended = offset.stop > offset.start and offset.start >= onset.stop - 1
    end = float(times[offset.stop - 1]) if ended else now
    base, top = float(level[onset.start]), float(level[onset.start:].max())
    lately = float(np.median(level[times >= now - _LATELY]))
    fallen = (top - lately) >= _FALLEN * (top - base)
    phase = next((name for name in IN_ORDER if phases[name].start <= last < phases[name].stop),
                 "apex")
    if phase == "apex" and ended and fallen:  # it has just come to rest
        phase = "offset"
    reached = float(level[onset.stop - 1])
    if (phase == "apex" and not ended and now - float(times[onset.stop - 1]) <= _STILL
            and level[last] - reached > _RISING * (top - base)):
        phase = "onset"
    return Found(begin, end, phase, ended and fallen and now - end >= settle)


def _rises(clip: Clip, phases: dict[str, slice], least: dict[str, float]) -> bool:
    """Whether what is taken for a smile is more than a tremble."""
    smile = phases["smile"]
    if clip.aus is not None:
        return _rise(np.asarray(clip.aus)[smile, AU_NAMES.index("AU12")]) >= least["AU12"]
    known = smile_level(clip)
    assert known is not None  # or there would be no phases
    return known.kind != "lips" or _rise(known.level[smile]) >= least["lips"]


def _rise(values: np.ndarray) -> float:
    """How far values rise above those that they begin with."""
    values = values[np.isfinite(values)]
    return float(values.max() - np.median(values[:_FIRST])) if len(values) else 0.0


def part_of(clip: Clip, first: float, last: float) -> Clip:
    """Return the frames of a clip from one moment to another, every field cut alike.

    Parameters
    ----------
    clip : Clip
        With times.
    first, last : float
        Seconds; both included. Where no frame is between them, the newest one is given.

    Returns
    -------
    Clip
    """
    times = np.asarray(clip.times)
    start = int(np.searchsorted(times, first))
    stop = int(np.searchsorted(times, last, side="right"))
    if stop <= start:
        start, stop = len(times) - 1, len(times)
    return cut_clip(clip, start, stop)
