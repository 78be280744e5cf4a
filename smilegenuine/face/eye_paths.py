"""From the tracks of a clip to the eye positions of its main face, frame by frame."""

from __future__ import annotations

import itertools

import numpy as np

from .following import largest_over_time
from .smooth import robust_level, smooth_path, stretches
from .tracks import FaceTrack

#: Standard deviation in seconds of the time over which the eyes' detected places in the head are
#: averaged: some ten detections, against the errors of single ones; a brow that is raised for a
#: second, or a head that turns, shifts what the flow takes for the head, and this has to follow.
LEVEL_WIDTH = 0.7


def main_face(tracks: list[FaceTrack]) -> list[FaceTrack]:
    """Choose the face that counts: the largest over time, with all its stretches.

    The first is the track with the largest sum over its frames of the eye distance. Others are
    taken for the same person, who left and came back, where they do not overlap in time with what
    was chosen and have a similar size.

    Parameters
    ----------
    tracks : list of FaceTrack

    Returns
    -------
    list of FaceTrack
        The largest first; empty where there is no face.
    """
    faces = [track for track in tracks if track.is_face and track.index]
    sizes = [np.array([abs(pose.q) for pose in track.poses]) for track in faces]
    return [faces[k] for k in largest_over_time(sizes, [_seen(track) for track in faces])]


def _seen(track: FaceTrack) -> set[int]:
    """Frames of a track up to its last detection: what comes after may have been the wall."""
    return {i for i in track.index if i <= track.seen[-1]}


def eye_path(tracks: list[FaceTrack], times: np.ndarray, *, smooth: float, max_gap: float
             ) -> tuple[np.ndarray, np.ndarray]:
    """Return the eye positions of the main face.

    Parameters
    ----------
    tracks : list of FaceTrack
        From `main_face`.
    times : array of shape (T,)
        Seconds.
    smooth : float
        Width of the smoothing of the positions, in seconds.
    max_gap : float
        Longest gap that is interpolated, in seconds.

    Returns
    -------
    eyes : array of shape (T, 2), complex
        The image's left and right eye in pixels of the frame, NaN where there is no face.
    tracked : array of shape (T,), bool
        Frames in which the face itself was followed; False in gaps.
    """
    n = len(times)
    eyes = np.full((n, 2), complex(np.nan, np.nan))
    tracked = np.zeros(n, bool)
    for track in reversed(tracks):  # so that the largest has the last word
        path = _track_eyes(track, times)
        for run in stretches(np.asarray(track.index)):
            index = track.index[run]
            eyes[index] = smooth_path(times[index], path[run], smooth)
        tracked[track.index] = True
    known = np.flatnonzero(tracked)
    for a, b in itertools.pairwise(known):
        moved = abs(eyes[b] - eyes[a]).max()
        # Not from place to place in a cut: a face moves less than its width in so short a gap.
        if b - a > 1 and times[b] - times[a] <= max_gap and moved < 2 * abs(np.diff(eyes[a])):
            part = ((times[a + 1:b] - times[a]) / (times[b] - times[a]))[:, None]
            eyes[a + 1:b] = (1 - part) * eyes[a] + part * eyes[b]
    return eyes, tracked


def _track_eyes(track: FaceTrack, times: np.ndarray) -> np.ndarray:
    """(n, 2) complex: eyes in the frame, for the frames of one track."""
    index = np.asarray(track.index)
    p = np.array([pose.p for pose in track.poses])
    q = np.array([pose.q for pose in track.poses])
    t_eyes, eyes = times[track.eyes_index], np.asarray(track.eyes)
    # The level moves slowly: worked out at the detections, interpolated between them.
    knots = np.unique(np.concatenate([t_eyes, times[index[[0, -1]]]]))
    levels = (robust_level(knots, t_eyes, eyes[:, side], LEVEL_WIDTH) for side in (0, 1))
    return np.column_stack([p + q * np.interp(times[index], knots, level) for level in levels])
