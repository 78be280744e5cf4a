"""Smoothing over real timestamps."""

from __future__ import annotations

import numpy as np
import pytest

from smilegenuine.face.smooth import robust_level, smooth_path


def uneven_times(n: int, seed: int = 0) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).uniform(0.02, 0.05, n))


@pytest.mark.parametrize("n", [4, 7, 60])
def test_a_parabola_passes_unchanged(n):
    t = uneven_times(n)
    path = (3 - 2j) + (1 + 4j) * t - (2 - 1j) * t ** 2
    np.testing.assert_allclose(smooth_path(t, path, 0.08), path, rtol=1e-5)


def test_noise_shrinks_and_nothing_lags():
    t = np.arange(400) / 50
    clean = np.sin(2 * np.pi * 0.8 * t)
    noisy = clean + 0.1 * np.random.default_rng(0).normal(size=400)
    smooth = smooth_path(t, noisy, 0.06)
    assert (smooth - clean)[20:-20].std() < 0.06
    lags = [np.mean(smooth[50:-50] * np.roll(clean, k)[50:-50]) for k in range(-5, 6)]
    assert int(np.argmax(lags)) == 5


@pytest.mark.parametrize(("n", "width"), [(3, 0.1), (50, 0.0)])
def test_left_as_it_is(n, width):
    path = np.random.default_rng(0).normal(size=(n, 2))
    np.testing.assert_array_equal(smooth_path(uneven_times(n), path, width), path)


def test_columns_are_smoothed_alike():
    t = uneven_times(30)
    path = np.random.default_rng(0).normal(size=(30, 2)) * (1 + 2j)
    both = smooth_path(t, path, 0.1)
    np.testing.assert_allclose(both[:, 1], smooth_path(t, path[:, 1], 0.1))


def test_the_level_ignores_gross_errors():
    rng = np.random.default_rng(0)
    times = np.arange(60) * 0.15
    values = 0.5 + 0.01j + 0.01 * (rng.normal(size=60) + 1j * rng.normal(size=60))
    values[20:23] += 0.3j  # a blink
    values[::11] -= 0.4
    t = np.linspace(0, 9, 50)
    level = robust_level(t, times, values, 0.7)
    assert abs(level - (0.5 + 0.01j)).max() < 0.02


def test_the_level_far_from_any_measurement_is_the_nearest():
    level = robust_level(np.array([0.0, 50.0, 100.0]), np.array([40.0, 40.1, 60.0]),
                         np.array([1j, 1j, 3j]), 0.7)
    assert level[0] == pytest.approx(1j)
    assert 1 <= level[1].imag <= 3
    assert np.isfinite(level).all()


def test_one_measurement():
    level = robust_level(np.arange(3.0), np.array([1.0]), np.array([2 + 1j]), 0.5)
    np.testing.assert_allclose(level, 2 + 1j)
