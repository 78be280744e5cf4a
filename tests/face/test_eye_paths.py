"""Choosing the main face from tracks, and its eye positions."""

from __future__ import annotations

import numpy as np
import pytest

from smilegenuine.face.eye_paths import eye_path, main_face
from smilegenuine.face.optical_flow import Pose


class Track:
    """What `paths` uses of a `FaceTrack`: a head that moves to the right."""

    def __init__(self, index: range, distance: float, *, at: complex = 100 + 80j,
                 is_face: bool = True) -> None:
        self.index = list(index)
        self.poses = [Pose(at + 0.5 * i, complex(distance)) for i in index]
        self.eyes_index = self.index[::4]
        self.eyes = [(-0.5 + 0.02j, 0.5 + 0.02j)] * len(self.eyes_index)
        self.seen = self.index
        self.is_face = is_face


def test_the_largest_sum_wins_and_comes_first():
    long, wide = Track(range(100), 30), Track(range(50), 55)
    assert main_face([wide, long]) == [long]
    assert main_face([Track(range(100), 200, is_face=False), wide, long]) == [long]


def test_stretches_of_one_person_are_joined():
    first, again = Track(range(40), 50), Track(range(60, 90), 45)
    assert main_face([again, first]) == [first, again]
    # Somebody in the background, and somebody who was there at the same time, are others.
    assert main_face([first, Track(range(60, 90), 20)]) == [first]
    assert main_face([first, Track(range(35, 90), 30)]) == [first]


def test_no_tracks():
    assert main_face([]) == []


def test_eyes_of_a_track():
    times = np.arange(30) / 30
    track = Track(range(5, 25), 40)
    eyes, tracked = eye_path([track], times, smooth=0.05, max_gap=0.5)
    np.testing.assert_array_equal(np.flatnonzero(tracked), track.index)
    np.testing.assert_array_equal(np.isnan(eyes[:, 0].real), ~tracked)
    expected = 100 + 80j + 0.5 * np.arange(5, 25) + 40 * (0.5 + 0.02j)
    np.testing.assert_allclose(eyes[tracked, 1], expected, atol=1e-6)


@pytest.mark.parametrize(("at", "filled"), [(100 + 80j, True), (300 + 80j, False)])
def test_short_gaps_are_bridged_unless_the_face_jumps(at, filled):
    times = np.arange(40) / 30
    tracks = [Track(range(20), 40), Track(range(26, 40), 40, at=at)]
    eyes, tracked = eye_path(tracks, times, smooth=0.0, max_gap=0.5)
    assert not tracked[20:26].any()
    assert np.isfinite(eyes[20:26].real).all() == filled
    eyes, _ = eye_path(tracks, times, smooth=0.0, max_gap=0.1)
    assert np.isnan(eyes[20:26].real).all()
