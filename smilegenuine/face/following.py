"""Which of the faces found frame by frame belong to one person, and who is the main one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

#: A face goes on as the same where its middle moved by less than this part of its size since it
#: was last seen, and its size changed by less than this factor.
_MOVED = 0.6
_GREW = 1.6
#: Two stretches are taken for the same person where their sizes differ by less than this factor.
_SAME_SIZE = 2.0


class Place(NamedTuple):
    """Where a face is in a frame.

    Attributes
    ----------
    middle : complex
        In pixels, x + iy.
    size : float
        In pixels: the square root of the area that the face takes up.
    """

    middle: complex
    size: float


def place_of(points: np.ndarray) -> Place:
    """Return the place of a face from its landmarks.

    Parameters
    ----------
    points : array of shape (n, 2) or (n, 3)
        In pixels.

    Returns
    -------
    Place
    """
    (x0, y0), (x1, y1) = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    return Place(complex(x0 + x1, y0 + y1) / 2, float(np.sqrt((x1 - x0) * (y1 - y0))))


def follow_faces(frames: Sequence[Sequence[Place]], max_gap: int) -> list[dict[int, int]]:
    """Link the faces of each frame to those of the frames before it.

    The nearest pairs first; each face takes part in one track only.

    Parameters
    ----------
    frames : sequence of sequence of Place
        The faces of each frame, in any order.
    max_gap : int
        Frames for which a face may be missing and still go on as the same track.

    Returns
    -------
    list of dict of int to int
        One for each track, in the order of their appearance: frame to which of its faces.
    """
    tracks: list[dict[int, int]] = []
    last: list[tuple[int, Place]] = []  # of each track: when and where it was seen last
    for i, places in enumerate(frames):
        pairs = sorted(
            (abs(place.middle - before.middle) / before.size, t, k)
            for t, (seen, before) in enumerate(last) if i - seen <= max_gap + 1
            for k, place in enumerate(places) if _goes_on(before, place))
        followed: set[int] = set()
        moved: set[int] = set()
        for _, t, k in pairs:
            if t in moved or k in followed:
                continue
            moved.add(t)
            followed.add(k)
            tracks[t][i], last[t] = k, (i, places[k])
        for k, place in enumerate(places):
            if k not in followed:
                tracks.append({i: k})
                last.append((i, place))
    return tracks


def _goes_on(before: Place, now: Place) -> bool:
    return (abs(now.middle - before.middle) < _MOVED * before.size
            and 1 / _GREW < now.size / before.size < _GREW)


def main_track(tracks: Sequence[dict[int, int]], frames: Sequence[Sequence[Place]]
               ) -> dict[int, int]:
    """Choose the person who counts: the largest over time, with all stretches.

    The first is the track with the largest sum over its frames of the face's size. Others are
    taken for the same person, who left and came back, where they do not overlap in time with what
    was chosen and have a similar size; nobody is recognised by the features.

    Parameters
    ----------
    tracks : sequence of dict of int to int
        From `follow_faces`.
    frames : sequence of sequence of Place
        As given to it.

    Returns
    -------
    dict of int to int
        Frame to which of its faces; empty where there is no face.
    """
    sizes = [np.array([frames[i][k].size for i, k in track.items()]) for track in tracks]
    chosen: dict[int, int] = {}
    for t in largest_over_time(sizes, [set(track) for track in tracks]):
        chosen |= tracks[t]
    return chosen


def largest_over_time(sizes: Sequence[np.ndarray], spans: Sequence[set[int]]) -> list[int]:
    """Choose the tracks of the person who counts.

    Parameters
    ----------
    sizes : sequence of array
        For each track, in the order of their appearance, the size of the face in its frames.
    spans : sequence of set of int
        For each track the frames in which nobody else can be the same person.

    Returns
    -------
    list of int
        The track with the largest sum of sizes, then those that do not overlap in time with what
        was chosen and have a similar size.
    """
    # Of those that are as large, the first to appear.
    order = sorted(range(len(sizes)), key=lambda t: -sizes[t].sum())
    chosen: list[int] = []
    taken: set[int] = set()
    for t in order:
        ratio = np.median(sizes[t]) / np.median(sizes[order[0]])
        if 1 / _SAME_SIZE < ratio < _SAME_SIZE and taken.isdisjoint(spans[t]):
            chosen.append(t)
            taken |= spans[t]
    return chosen
