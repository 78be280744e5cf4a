"""Which faces belong to one person, and who counts."""

from __future__ import annotations

import numpy as np
import pytest

from smilegenuine.face.following import Place, follow_faces, main_track, place_of


def chosen(frames, max_gap=3):
    """The places of the main person, None where there is none."""
    main = main_track(follow_faces(frames, max_gap), frames)
    return [frames[i][main[i]] if i in main else None for i in range(len(frames))]


def test_the_place_of_a_face_is_its_box():
    points = np.array([[10.0, 20.0, 5.0], [50.0, 110.0, -5.0], [30.0, 30.0, 0.0]])
    assert place_of(points) == Place(30 + 65j, pytest.approx(60.0))


def test_the_larger_face_counts_whatever_the_order():
    small, large = Place(50 + 50j, 30.0), Place(200 + 60j, 40.0)
    frames = [[small, large], [large, small]] * 5
    assert chosen(frames) == [large] * 10


def test_largest_over_time_and_not_in_a_frame():
    guest, main = Place(50 + 50j, 60.0), Place(200 + 60j, 40.0)
    frames = [[main, guest]] * 3 + [[main]] * 7
    assert chosen(frames) == [main] * 10


def test_a_face_that_moves_is_followed_past_another():
    frames, truth = [], []
    for i in range(30):
        walker = Place(complex(40 + 8 * i, 50), 50.0)
        frames.append([Place(160 + 90j, 45.0), walker][:: 1 if i % 2 else -1])
        truth.append(walker)
    assert chosen(frames) == truth


def test_a_face_that_leaves_and_returns_elsewhere_is_the_same():
    here, there = Place(50 + 50j, 40.0), Place(300 + 60j, 45.0)
    frames = [[here]] * 5 + [[]] * 20 + [[there]] * 6
    assert len(follow_faces(frames, 3)) == 2
    assert chosen(frames) == [here] * 5 + [None] * 20 + [there] * 6


def test_a_small_face_in_the_background_does_not_take_the_place():
    frames = [[Place(50 + 50j, 90.0)]] * 10 + [[Place(300 + 60j, 40.0)]] * 20
    assert chosen(frames) == [Place(50 + 50j, 90.0)] * 10 + [None] * 20


def test_two_who_are_there_together_are_not_joined():
    one, two = Place(50 + 50j, 95.0), Place(300 + 60j, 50.0)
    frames = [[one, two]] * 6 + [[two]] * 3 + [[one]] * 4
    # While the first is away for longer than a gap, the second does not stand in for them.
    assert chosen(frames, max_gap=1) == [one] * 6 + [None] * 3 + [one] * 4


@pytest.mark.parametrize(("away", "tracks"), [(3, 1), (4, 2)])
def test_a_track_bridges_a_gap_of_max_gap_frames(away, tracks):
    face = Place(50 + 50j, 40.0)
    frames = [[face]] + [[]] * away + [[face]]
    assert len(follow_faces(frames, max_gap=3)) == tracks


def test_a_jump_or_a_change_of_size_starts_anew():
    face = Place(50 + 50j, 40.0)
    assert len(follow_faces([[face], [Place(80 + 50j, 40.0)]], 3)) == 2
    assert len(follow_faces([[face], [Place(70 + 50j, 40.0)]], 3)) == 1
    assert len(follow_faces([[face], [Place(50 + 50j, 70.0)]], 3)) == 2
    assert len(follow_faces([[face], [Place(50 + 50j, 20.0)]], 3)) == 2


def test_the_nearest_goes_on():
    before = [Place(50 + 50j, 40.0), Place(70 + 50j, 40.0)]
    now = [Place(66 + 50j, 40.0), Place(56 + 50j, 40.0)]
    assert follow_faces([before, now], 3) == [{0: 0, 1: 1}, {0: 1, 1: 0}]


def test_of_two_near_one_only_the_nearest_goes_on_as_it():
    now = [Place(66 + 50j, 40.0), Place(56 + 50j, 40.0)]
    assert follow_faces([[Place(50 + 50j, 40.0)], now], 3) == [{0: 0, 1: 1}, {1: 0}]


def test_nobody():
    assert follow_faces([[], []], 3) == []
    assert main_track([], [[], []]) == {}
