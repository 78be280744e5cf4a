"""Groups of inputs, exchanged between clips: what permutation importance asks about."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from ..features.clip_phases import IN_ORDER, phase_of_frames
from .input_meaning import Meaning, nearest_frames
from .nodes import Seen

#: Kinds of groups, in the order in which they are reported.
KINDS = ("branch", "au", "pair", "smile", "phase", "region")


@lru_cache(maxsize=64)
def table_groups(meaning: Meaning) -> dict[str, list]:
    """Return the groups of a table's columns.

    Parameters
    ----------
    meaning : Meaning

    Returns
    -------
    dict of str to list
        By kind: action units, pairs (tuples), phases and regions that columns belong to.
    """
    columns = meaning.columns
    pairs = columns[columns["other_au"] != ""]
    units = [au for au in pd.unique(columns[["au", "other_au"]].to_numpy().ravel()) if au]
    return {"au": sorted(units),
            "pair": list(dict.fromkeys(zip(pairs["au"], pairs["other_au"], strict=True))),
            "phase": [p for p in columns["phase"].unique() if p],
            "region": [r for r in columns["region"].unique() if r]}


@lru_cache(maxsize=1024)
def columns_of(meaning: Meaning, kind: str, name: object) -> np.ndarray:
    """Return which columns belong to a group.

    Parameters
    ----------
    meaning : Meaning
    kind, name : of the group

    Returns
    -------
    array of bool of shape (n_columns,)
    """
    columns = meaning.columns
    if kind == "branch":
        return np.ones(len(columns), bool)
    if kind == "au":
        return ((columns["au"] == name) | (columns["other_au"] == name)).to_numpy()
    if kind == "pair":
        pair: Any = name
        return ((columns["au"] == pair[0]) & (columns["other_au"] == pair[1])).to_numpy()
    if kind not in ("phase", "region"):
        return np.zeros(len(columns), bool)
    return (columns[kind] == name).to_numpy()


def phases_of_rows(seen: Seen) -> np.ndarray:
    """Return the phase of each row of a sequence.

    Parameters
    ----------
    seen : Seen
        With `moments`.

    Returns
    -------
    array of str of shape (n,)
        "onset", "apex", "offset", or "rest".
    """
    names = phase_of_frames(seen.phases, len(seen.times), "rest")
    return np.asarray(names[nearest_frames(np.asarray(seen.moments), seen.times)])


def spliced(seen: Seen, donor: Seen, phase: str) -> list[tuple[bool, np.ndarray]]:
    """Return a sequence's rows with those of one phase taken from another clip.

    Parameters
    ----------
    seen, donor : Seen
        With `moments`.
    phase : {"onset", "apex", "offset", "rest"}

    Returns
    -------
    list of (bool, array of int)
        Runs of rows in their new order, and whether they are the donor's. As many of them as the
        donor has: how long a phase lasts comes with it.
    """
    own, other = phases_of_rows(seen), phases_of_rows(donor)
    rows = np.arange(len(own))
    if phase == "rest":
        (before, after), (new_before, new_after) = (_around(names) for names in (own, other))
        return [(True, new_before), (False, rows[len(before):len(rows) - len(after)]),
                (True, new_after)]
    new = np.flatnonzero(other == phase)
    old = np.flatnonzero(own == phase)
    if len(old):
        start, stop = int(old[0]), int(old[-1]) + 1
    else:  # where the phase would be: after what comes before it
        earlier = [n for n in IN_ORDER[:IN_ORDER.index(phase)] if (own == n).any()]
        start = stop = int(np.flatnonzero(own == earlier[-1])[-1]) + 1 if earlier else \
            len(_around(own)[0])
    return [(False, rows[:start]), (True, new), (False, rows[stop:])]


def _around(names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows before the first phase and after the last one."""
    active = np.flatnonzero(names != "rest")
    if not len(active):
        return np.arange(len(names)), np.empty(0, int)
    return np.arange(active[0]), np.arange(active[-1] + 1, len(names))


def joined(runs: list[tuple[bool, np.ndarray]], own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Put runs of rows together.

    Parameters
    ----------
    runs : list of (bool, array of int)
        From `spliced`.
    own, other : arrays of shape (n, …), (m, …)
        The clip's rows, and the donor's.

    Returns
    -------
    array
        At least one row: where nothing is left, the first of `own`.
    """
    sequence = np.concatenate([(other if donated else own)[rows] for donated, rows in runs])
    return sequence if len(sequence) else own[:1]


def warped(seen: Seen, donor: Seen, values: np.ndarray) -> np.ndarray:
    """Read another clip's sequence at the moments of this one, phase by phase.

    Parameters
    ----------
    seen, donor : Seen
        With `moments`.
    values : array of shape (m, …)
        Of the donor.

    Returns
    -------
    array of shape (n, …)
        The donor's onset falls on this clip's onset, and so on; where one of them lacks a phase,
        the clips are stretched as a whole.
    """
    own, other = _landmarks_of(seen), _landmarks_of(donor)
    shared = sorted(set(own) & set(other))
    at = np.interp(np.asarray(seen.moments), [own[k] for k in shared], [other[k] for k in shared])
    flat = values.reshape(len(values), -1).astype(float)
    place = np.interp(at, np.asarray(donor.moments), np.arange(len(values)))
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, len(values) - 1)
    share = (place - low)[:, None]
    return ((1.0 - share) * flat[low] + share * flat[high]).reshape(-1, *values.shape[1:])


def _landmarks_of(seen: Seen) -> dict[int, float]:
    """Moments that clips have in common: first, begins and end of the phases, last."""
    moments = np.asarray(seen.moments)
    first, last = float(moments[0]), float(moments[-1])
    landmarks = {0: first, 9: max(last, first + 1e-6)}
    for k, name in enumerate(IN_ORDER):
        span = seen.phases.get(name, slice(0, 0))
        if span.stop > span.start:
            landmarks[1 + 2 * k] = float(seen.times[span.start])
            landmarks[2 + 2 * k] = float(seen.times[span.stop - 1])
    increasing, before = {}, -np.inf  # as np.interp wants them
    for k in sorted(landmarks):
        if landmarks[k] > before:
            increasing[k] = before = landmarks[k]
    return increasing
