"""Zero-phase smoothing of positions by their real timestamps."""

from __future__ import annotations

import itertools

import numpy as np


def robust_level(t: np.ndarray, times: np.ndarray, values: np.ndarray, width: float) -> np.ndarray:
    """Follow the slow level of measurements among which there are gross errors.

    At each time: the weighted median of the measurements nearby, then their mean with Tukey's
    biweight about it.

    Parameters
    ----------
    t : array of shape (n,)
        Times to give the level at, in seconds.
    times : array of shape (m,)
        Times of the measurements, increasing, in seconds; m >= 1.
    values : array of shape (m,), complex
        The measurements.
    width : float
        Standard deviation of the Gaussian weight in time, in seconds. Where no measurement is that
        near, the nearest ones still decide.

    Returns
    -------
    array of shape (n,), complex
    """
    level = np.empty(len(t), complex)
    for i, now in enumerate(t):
        lo, hi = np.searchsorted(times, (now - 3 * width, now + 3 * width))
        middle = int(np.searchsorted(times, now))
        lo, hi = max(0, min(lo, middle - 3)), min(len(times), max(hi, middle + 3))
        v, apart = values[lo:hi], (times[lo:hi] - now) / width
        weight = np.exp(-0.5 * np.minimum(apart * apart, 18.0))
        centre = complex(_weighted_median(v.real, weight), _weighted_median(v.imag, weight))
        off = abs(v - centre)
        spread = max(6.0 * _weighted_median(off, weight), 0.03)
        weight *= np.maximum(0.0, 1.0 - (off / spread) ** 2) ** 2
        level[i] = (weight @ v) / weight.sum() if weight.sum() > 0 else centre
    return level


def _weighted_median(values: np.ndarray, weight: np.ndarray) -> float:
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(cumulated, 0.5 * cumulated[-1])])


def smooth_path(times: np.ndarray, values: np.ndarray, width: float) -> np.ndarray:
    """Smooth a path by local quadratic regression with Gaussian weights.

    A quadratic keeps the turning points of a head movement where they are, which an average of the
    same width would flatten.

    Parameters
    ----------
    times : array of shape (n,)
        Seconds, increasing.
    values : array of shape (n,) or (n, k), float or complex
        The path.
    width : float
        Standard deviation of the weight, in seconds; 0 leaves the path as it is.

    Returns
    -------
    array of the shape of `values`
    """
    n = len(times)
    if width <= 0 or n < 4:
        return values.copy()
    reach = min(n - 1, max(2, round(3 * width / float(np.median(np.diff(times))))))
    index = np.arange(n)[:, None] + np.arange(-reach, reach + 1)
    outside = (index < 0) | (index >= n)
    index = np.clip(index, 0, n - 1)
    x = (times[index] - times[:, None]) / width
    weight = np.exp(-0.5 * np.minimum(x * x, 50.0))
    weight[outside] = 0.0
    # Value at 0 of the weighted least-squares parabola, as one set of weights on the values.
    m = [(weight * x ** k).sum(axis=1) for k in range(5)]
    normal = np.array([[m[i + j] for j in range(3)] for i in range(3)]).transpose(2, 0, 1)
    normal += 1e-9 * np.eye(3)
    first = np.linalg.solve(normal, np.broadcast_to([[1.0], [0.0], [0.0]], (n, 3, 1)))[..., 0]
    kernel = weight * (first[:, :1] + first[:, 1:2] * x + first[:, 2:] * x * x)
    return np.einsum("ij,ij...->i...", kernel, values[index])


def stretches(index: np.ndarray) -> list[slice]:
    """Return the parts of an increasing index that have no gap in them.

    Parameters
    ----------
    index : array of int of shape (n,)
        Frames.

    Returns
    -------
    list of slice
        Into `index`.
    """
    edges = np.flatnonzero(np.diff(index) > 1) + 1
    return [slice(int(a), int(b)) for a, b in itertools.pairwise([0, *edges, len(index)])]
