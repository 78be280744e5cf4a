"""AUDA straight from its definitions: a regression a window, loops over units and pairs.

Slow and plain on purpose, and independent of the package: the tests compare with it, and the
benchmark measures against it.
"""

from __future__ import annotations

import math

import numpy as np


def odd_window(window: int, fps: float) -> int:
    """The odd number of frames nearest to the duration of `window` frames at 50 fps, at least 3."""
    wanted = window / 50.0 * fps
    return min(range(3, 999, 2), key=lambda n: (abs(n - wanted), -n))


def regression(v: np.ndarray, t: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Slope and adjusted slope of one signal, window by window."""
    slope, adjusted = np.zeros(len(v)), np.zeros(len(v))
    for i in range(len(v)):
        window = range(max(0, i - n // 2), min(len(v), i + n // 2 + 1))
        t_mean = math.fsum(t[j] for j in window) / len(window)
        v_mean = math.fsum(v[j] for j in window) / len(window)
        tv = math.fsum((t[j] - t_mean) * (v[j] - v_mean) for j in window)
        tt = math.fsum((t[j] - t_mean) ** 2 for j in window)
        vv = math.fsum((v[j] - v_mean) ** 2 for j in window)
        if len({float(v[j]) for j in window}) == 1:
            continue
        slope[i] = tv / tt
        adjusted[i] = slope[i] * abs(tv / math.sqrt(tt * vv))
    return slope, adjusted


def slopes(aus: np.ndarray, t: np.ndarray, fps: float) -> dict[str, np.ndarray]:
    """All eight slope signals of each action unit, by name, each (T, 17)."""
    out = {}
    for window in (9, 27):
        n = odd_window(window, fps)
        pairs = [regression(aus[:, k], t, n) for k in range(aus.shape[1])]
        out[f"slope{window}"] = np.column_stack([p[0] for p in pairs])
        out[f"adj{window}"] = np.column_stack([p[1] for p in pairs])
        pairs = [regression(out[f"slope{window}"][:, k], t, n) for k in range(aus.shape[1])]
        out[f"slope{window}_2nd"] = np.column_stack([p[0] for p in pairs])
        out[f"adj{window}_2nd"] = np.column_stack([p[1] for p in pairs])
    return out


def top(values: list[float]) -> int:
    """Where the maximum is; of values that differ by rounding only, the first."""
    highest, scale = max(values), max(abs(v) for v in values)
    for i, v in enumerate(values):
        if v >= highest - 1e-9 * scale:
            return i
    raise AssertionError("a maximum is among its values")


def bottom(values: list[float]) -> int:
    """Where the minimum is, likewise."""
    return top([-v for v in values])


def frame_level(aus: np.ndarray, smile: np.ndarray, s: dict[str, np.ndarray]) -> np.ndarray:
    """(T, 154)."""
    order = ("slope9", "slope27", "adj9", "adj27", "slope9_2nd", "slope27_2nd", "adj9_2nd",
             "adj27_2nd")
    return np.column_stack([aus, *(s[name] for name in order), smile])


def au_level(aus: np.ndarray, s: dict[str, np.ndarray], t: np.ndarray, phase: range) -> list[float]:
    """119 numbers of one phase."""
    out: list[float] = []
    for k in range(17):
        if len(phase) == 0:
            out += [0.0] * 7
            continue
        v = [aus[i, k] for i in phase]
        d9 = [s["adj9"][i, k] for i in phase]
        d27 = [s["adj27"][i, k] for i in phase]
        lag = t[phase[bottom(d27)]] - t[phase[top(d27)]]
        out += [sum(v) / len(v), max(v) - min(v), max(d9), min(d9), max(d27), min(d27), lag]
    return out


def cross_level(s: dict[str, np.ndarray], t: np.ndarray, phase: range) -> list[float]:
    """1088 numbers of one phase."""
    out: list[float] = []
    for a in range(17):
        for b in range(a + 1, 17):
            for name in ("adj9", "adj27"):
                if len(phase) == 0:
                    out += [0.0] * 4
                    continue
                x = [s[name][i, a] for i in phase]
                y = [s[name][i, b] for i in phase]
                apart = [abs(p - q) for p, q in zip(x, y, strict=True)]
                out += [sum(apart) / len(apart), max(apart),
                        t[phase[top(x)]] - t[phase[top(y)]],
                        t[phase[bottom(x)]] - t[phase[bottom(y)]]]
    return out


def all_levels(aus: np.ndarray, smile: np.ndarray, t: np.ndarray, fps: float,
               phases: dict[str, slice]) -> dict[str, np.ndarray]:
    """The three levels of one clip, the phases given."""
    s = slopes(aus, t, fps)
    found = [range(*phases[p].indices(len(t))) for p in ("onset", "apex", "offset", "smile")]
    return {"frame": frame_level(aus, smile, s),
            "au": np.concatenate([au_level(aus, s, t, p) for p in found]),
            "cross": np.concatenate([cross_level(s, t, p) for p in found])}
