"""Frames and samples at a rate of their own."""

from __future__ import annotations

import numpy as np
import pytest

from smilegenuine.classifiers.time_sampling import even_times, nearest_frames, resample


def recording(fps, seconds=6.0):
    times = np.arange(round(seconds * fps)) / fps
    return times, np.ones(len(times), bool)


@pytest.mark.parametrize(("fps", "step"), [(50, 5), (30, 3), (100, 10), (10, 1)])
@pytest.mark.parametrize("start", [0.0, 0.02, 1234.567])
def test_every_fifth_frame_of_fifty_a_second_and_every_third_of_thirty(fps, step, start):
    times, valid = recording(fps)
    assert list(nearest_frames(start + times, valid, 10.0)) == list(range(0, len(times), step))


@pytest.mark.parametrize("fps", [24, 25, 120, 29.97])
def test_no_gap_at_rates_that_do_not_divide(fps):
    times, valid = recording(fps)
    picked = nearest_frames(times, valid, 10.0)
    gaps = np.diff(times[picked])
    assert gaps.max() <= 0.15
    assert gaps.min() >= 0.05
    assert len(picked) == pytest.approx(60, abs=1)


def test_a_slow_recording_gives_each_frame_once():
    times, valid = recording(4)
    assert list(nearest_frames(times, valid, 10.0)) == list(range(24))


@pytest.mark.parametrize("fps", [30, 50, 24])
@pytest.mark.parametrize("seed", range(4))
def test_frames_are_picked_once_in_order_and_valid(fps, seed):
    rng = np.random.default_rng(seed)
    times, valid = recording(fps)
    times = times + rng.uniform(-0.3, 0.3, len(times)) / fps
    valid = rng.random(len(valid)) < 0.6
    picked = nearest_frames(times, valid, 10.0)
    assert valid[picked].all()
    assert (np.diff(picked) > 0).all()
    # The nearest: what a search through all frames finds.
    usable = np.flatnonzero(valid)
    for moment in even_times(times, 10.0):
        away = np.abs(times[usable] - moment)
        if away.min() < 0.05 - 1e-5:
            assert np.abs(times[picked] - moment).min() <= away.min() + 1e-5


def test_a_frame_that_is_not_valid_gives_way_to_its_neighbour():
    times, valid = recording(50, 1.0)
    valid[10] = False
    assert list(nearest_frames(times, valid, 10.0)) == [0, 5, 9, 15, 20, 25, 30, 35, 40, 45]


def test_a_moment_in_a_gap_has_no_frame():
    times, valid = recording(50, 1.0)
    valid[8:33] = False
    assert list(nearest_frames(times, valid, 10.0)) == [0, 5, 35, 40, 45]


@pytest.mark.parametrize(("only", "picked"), [(0, [0]), (7, [7]), (49, [])])
def test_a_single_valid_frame_is_picked_where_a_moment_is_near(only, picked):
    times, valid = recording(50, 1.0)
    valid[:] = np.arange(50) == only
    assert list(nearest_frames(times, valid, 10.0)) == picked


def test_a_single_frame_and_none():
    assert list(nearest_frames(np.array([3.0]), np.array([True]), 10.0)) == [0]
    assert len(nearest_frames(np.arange(9) / 25, np.zeros(9, bool), 10.0)) == 0


@pytest.mark.parametrize("fps", [50, 30, 24, 120, 7])
def test_straight_lines_are_read_exactly(fps):
    times, _ = recording(fps)
    lines = np.column_stack([2.0 * times - 1.0, -0.3 * times, np.full(len(times), 4.0)])
    moments = even_times(times, 10.0)
    given = resample(lines, times, 10.0)
    np.testing.assert_allclose(given, np.column_stack(
        [2.0 * moments - 1.0, -0.3 * moments, np.full(len(moments), 4.0)]), atol=1e-12)


def test_moments_reach_from_the_first_time_to_the_last():
    moments = even_times(np.array([2.0, 2.3, 3.0]), 10.0)
    np.testing.assert_allclose(moments, np.linspace(2.0, 3.0, 11))


def test_uneven_times_are_read_where_they_are():
    times = np.array([0.0, 0.05, 0.3, 0.31, 0.6])
    np.testing.assert_allclose(resample(np.square(times)[:, None], times, 10.0)[:, 0],
                               np.interp(np.arange(7) / 10, times, np.square(times)))


def test_one_sample_stays_one():
    np.testing.assert_array_equal(resample(np.array([[3.0, 4.0]]), np.array([9.0]), 10.0),
                                  [[3.0, 4.0]])
