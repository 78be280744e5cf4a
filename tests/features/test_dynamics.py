"""Sliding regression against the formula written out, at every rate and at the ends."""

from __future__ import annotations

import direct_auda
import numpy as np
import pytest

from smilegenuine.features.dynamics import fill_invalid, sliding_regression, window_frames


@pytest.mark.parametrize("fps", [24, 25, 29.97, 30, 48, 50, 60, 90, 120])
@pytest.mark.parametrize("window", [9, 27])
def test_window_is_the_odd_count_of_the_same_duration(window, fps):
    n = window_frames(window, fps)
    assert n % 2 == 1
    assert n >= 3
    assert n == 3 or abs(n / fps - window / 50) <= 1.0 / fps + 1e-12
    assert n == direct_auda.odd_window(window, fps)


def test_published_windows_at_50_hz():
    assert [window_frames(w, 50) for w in (9, 27)] == [9, 27]


@pytest.mark.parametrize("fps", [25, 30, 50, 60])
@pytest.mark.parametrize("n", [3, 9, 27])
def test_agrees_with_the_direct_formula(fps, n):
    rng = np.random.default_rng(fps + n)
    values = np.round(5 * rng.random((61, 4)), 2) * rng.integers(0, 2, 4)
    times = np.arange(61) / fps
    got = sliding_regression(values, times, n)
    for k in range(4):
        slope, adjusted = direct_auda.regression(values[:, k], times, n)
        np.testing.assert_allclose(got.slope[:, k], slope, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(got.adjusted[:, k], adjusted, rtol=1e-9, atol=1e-12)


def test_uneven_times_count():
    rng = np.random.default_rng(5)
    times = np.cumsum(rng.uniform(0.01, 0.05, 40))
    values = (3.0 * times + 1.0)[:, None]
    got = sliding_regression(values, times, 9)
    np.testing.assert_allclose(got.slope, 3.0, rtol=1e-9)
    np.testing.assert_allclose(got.adjusted, 3.0, rtol=1e-9)


def test_large_offsets_and_late_times_lose_nothing():
    rng = np.random.default_rng(6)
    values, times = rng.random((50, 1)), np.arange(50) / 50
    near = sliding_regression(values, times, 9)
    far = sliding_regression(values + 1e5, times + 3600.0, 9)
    np.testing.assert_allclose(far.adjusted, near.adjusted, rtol=1e-6)


def test_a_constant_has_no_slope_and_no_correlation():
    got = sliding_regression(np.full((30, 1), 0.1), np.arange(30) / 30, 9)
    assert not got.slope.any()
    assert not got.adjusted.any()


def test_a_block_border_changes_nothing():
    rng = np.random.default_rng(7)
    values, times = rng.random((1100, 2)), np.arange(1100) / 50
    whole = sliding_regression(values, times, 27)
    part = sliding_regression(values[480:560], times[480:560], 27)
    np.testing.assert_allclose(whole.slope[500:530], part.slope[20:50], rtol=1e-9)


def test_trailing_windows_do_not_look_ahead():
    rng = np.random.default_rng(8)
    values, times = rng.random((40, 3)), np.arange(40) / 50
    whole = sliding_regression(values, times, 9, trailing=True)
    running = sliding_regression(values[:25], times[:25], 9, trailing=True)
    np.testing.assert_allclose(whole.slope[:25], running.slope, rtol=1e-12)
    centred = sliding_regression(values, times, 9)
    np.testing.assert_allclose(whole.slope[8:], centred.slope[4:-4], rtol=1e-9)


def test_shorter_than_the_window():
    got = sliding_regression(np.array([[0.0], [1.0], [2.0], [3.0]]), np.arange(4.0), 27)
    np.testing.assert_allclose(got.slope, 1.0)


def test_one_frame_has_no_slope():
    assert sliding_regression(np.array([[2.0]]), np.array([0.0]), 9).slope.tolist() == [[0.0]]


def test_even_window_is_refused():
    with pytest.raises(ValueError, match="must be odd"):
        sliding_regression(np.zeros((9, 1)), np.arange(9.0), 4)


def test_lengths_must_agree():
    with pytest.raises(ValueError, match=r"got \(9, 1\) and \(8,\)"):
        sliding_regression(np.zeros((9, 1)), np.arange(8.0), 3)


def test_fill_invalid_draws_straight_lines():
    times = np.array([0.0, 1.0, 3.0, 4.0])
    values = np.array([[0.0, 5.0], [np.nan, np.nan], [3.0, 2.0], [np.nan, np.nan]])
    filled = fill_invalid(values, times, np.array([True, False, True, False]))
    np.testing.assert_allclose(filled, [[0, 5], [1, 4], [3, 2], [3, 2]])


def test_fill_invalid_needs_something_to_go_by():
    with pytest.raises(ValueError, match="no frame is valid"):
        fill_invalid(np.zeros(3), np.arange(3.0), np.zeros(3, bool))
