"""D-Markers straight from their definitions: frame by frame, step by step.

Plain on purpose, and independent of the package (but for where the phases lie, which are given):
the tests compare with it, and the benchmark measures against it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

STILL = 1e-6  # a signal that moves less in a second stands still


def head_frame(points: np.ndarray) -> np.ndarray:
    """One frame (478, 3) with the plane of eye centres and nose tip turned to the camera."""
    left = (points[33] + points[133]) / 2
    right = (points[362] + points[263]) / 2
    middle = (left + right) / 2
    apart = math.sqrt(sum((right - left) ** 2))
    x = (right - left) / apart
    z = np.cross(x, points[1] - middle)
    z = z / math.sqrt(sum(z**2))
    y = np.cross(z, x)
    return np.array([[np.dot(p - middle, axis) / apart for axis in (x, y, z)]
                     for p in points[[61, 291, 50, 280, 33, 133, 159, 362, 263, 386]]])


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """As seen from the front."""
    return math.hypot(a[0] - b[0], a[1] - b[1])


def opening(left: np.ndarray, right: np.ndarray, lid: np.ndarray) -> float:
    """Height of a lid over the line through the eye's corners, over their distance."""
    width = distance(left, right)
    across = ((right[0] - left[0]) / width, (right[1] - left[1]) / width)
    return (across[0] * (left[1] - lid[1]) - across[1] * (left[0] - lid[0])) / width


def signals(landmarks: np.ndarray, t: np.ndarray, rest: float) -> np.ndarray:
    """(T, 3, 2): lip, eyelid and cheek of either side."""
    frames = [head_frame(points) for points in landmarks]
    begin = [f for f, now in zip(frames, t, strict=True) if now <= t[0] + rest * (1 + 1e-9)]
    resting = np.median(begin, axis=0)
    lips, cheeks = (resting[0] + resting[1]) / 2, (resting[2] + resting[3]) / 2
    mouth, face = distance(resting[0], resting[1]), distance(resting[2], resting[3])
    return np.array([[
        (distance(f[0], lips) / mouth, distance(f[1], lips) / mouth),
        (opening(f[4], f[5], f[6]), opening(f[7], f[8], f[9])),
        (distance(f[2], cheeks) / face, distance(f[3], cheeks) / face),
    ] for f in frames])


def smoothed(v: np.ndarray, t: np.ndarray, width: float) -> np.ndarray:
    """Value, at each frame, of the parabola that fits (T, K) best with Gaussian weights in time."""
    reach = max(2, round(3 * width / float(np.median(np.diff(t)))))
    out = np.empty_like(v)
    for i in range(len(t)):
        near = slice(max(0, i - reach), min(len(t), i + reach + 1))
        x = (t[near] - t[i]) / width
        weight = np.exp(-x * x / 2)
        powers = np.column_stack([np.ones_like(x), x, x * x])
        normal = powers.T @ (weight[:, None] * powers) + 1e-9 * np.eye(3)
        out[i] = np.linalg.solve(normal, powers.T @ (weight[:, None] * v[near]))[0]
    return out


def mean_over(values: list[float], seconds: list[float]) -> float:
    """Mean over time, 0 where there is none."""
    return sum(v * s for v, s in zip(values, seconds, strict=True)) / sum(seconds) if seconds else 0


def describe(left: list[float], right: list[float], t: list[float]) -> list[float]:
    """25 numbers of one signal in one phase."""
    if len(t) < 2:
        return [0.0] * 25
    v = [(a + b) / 2 for a, b in zip(left, right, strict=True)]
    steps = range(len(t) - 1)
    dt = [t[i + 1] - t[i] for i in steps]
    speed = [(v[i + 1] - v[i]) / dt[i] for i in steps]
    middle = [(v[i] + v[i + 1]) / 2 for i in steps]
    apart = [(left[i] - right[i] + left[i + 1] - right[i + 1]) / 2 for i in steps]
    rise = [i for i in steps if speed[i] > STILL]
    fall = [i for i in steps if speed[i] < -STILL]
    whole = t[-1] - t[0]
    up, down = sum(dt[i] for i in rise), sum(dt[i] for i in fall)
    gained = sum(v[i + 1] - v[i] for i in rise)
    lost = sum(v[i] - v[i + 1] for i in fall)
    mean = mean_over(middle, dt)
    bends = [(2 * (speed[i + 1] - speed[i]) / (dt[i] + dt[i + 1]), (dt[i] + dt[i + 1]) / 2)
             for i in steps[:-1]]
    faster = [(b, s) for b, s in bends if b > STILL]
    slower = [(-b, s) for b, s in bends if b < -STILL]
    both = gained + lost
    return [
        up, down, whole, up / whole, down / whole,
        max(v), mean, mean_over([middle[i] for i in rise], [dt[i] for i in rise]),
        mean_over([middle[i] for i in fall], [dt[i] for i in fall]),
        math.sqrt(mean_over([(m - mean) ** 2 for m in middle], dt)),
        gained, lost, v[-1] - v[0], gained / both if both else 0.0, lost / both if both else 0.0,
        max([speed[i] for i in rise], default=0.0), max([-speed[i] for i in fall], default=0.0),
        gained / up if rise else 0.0, lost / down if fall else 0.0,
        max([b for b, _ in faster], default=0.0), max([b for b, _ in slower], default=0.0),
        mean_over([b for b, _ in faster], [s for _, s in faster]),
        mean_over([b for b, _ in slower], [s for _, s in slower]),
        (v[-1] - v[0]) / whole, abs(mean_over(apart, dt)),
    ]


def all_markers(landmarks: np.ndarray, t: np.ndarray,
                find_phases: Callable[[np.ndarray, np.ndarray], dict[str, slice]], *,
                rest: float = 0.1, width: float = 0.06) -> np.ndarray:
    """225 numbers of a clip of which every frame shows a face, aligned as published."""
    raw = signals(landmarks, t, rest)
    phases = find_phases(raw[:, 0].mean(axis=1), t)
    calm = smoothed(raw.reshape(len(t), 6), t, width).reshape(len(t), 3, 2)
    out: list[float] = []
    for name in ("onset", "apex", "offset"):
        part = phases[name]
        for k in range(3):
            out += describe(list(calm[part, k, 0]), list(calm[part, k, 1]), list(t[part]))
    return np.array(out)
