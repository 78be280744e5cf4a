"""Descriptors of one signal in the three phases of a smile, 25 each, as D-Markers are.

For measuring how hard the drawn smiles are; written down plainly, without regard to speed.
"""

from itertools import pairwise

import numpy as np

from smilegenuine.features.smile_figures import RATE, smile_span, smooth


def phase_features(signal, difference):
    """25 descriptors of a phase: signal (n,) in frames of 1/50 s, left minus right (n,)."""
    if len(signal) < 3:
        return np.zeros(25)
    d = np.diff(signal)
    up, down = d > 0, d < 0
    seconds, rising, falling = len(d) / RATE, up.sum() / RATE, down.sum() / RATE
    speed, acceleration = d * RATE, np.diff(d) * RATE**2
    mean = lambda x: x.mean() if len(x) else 0.0  # noqa: E731
    total_up, total_down = d[up].sum(), -d[down].sum()
    after, before = up[1:], down[1:]
    return np.array([
        rising, falling, seconds, rising / seconds, falling / seconds, signal.max(),
        signal.mean(), mean(signal[1:][up]), mean(signal[1:][down]), signal.std(), total_up,
        total_down, total_up - total_down, total_up / max(total_up + total_down, 1e-9),
        total_down / max(total_up + total_down, 1e-9), speed.max(), -speed.min(),
        mean(speed[up]), -mean(speed[down]), acceleration.max(), -acceleration.min(),
        mean(acceleration[after]), mean(acceleration[before]),
        (total_up - total_down) / seconds, abs(difference.mean()),
    ])


def clip_features(times, lips, signal=None):
    """75 descriptors: of the lips, or of another (T, 2) signal in the lips' phases."""
    if not np.allclose(np.diff(times), 1 / RATE):
        raise ValueError("50 frames a second")
    lip = smooth(lips.mean(axis=1))
    span = smile_span(np.diff(lip))
    taken = lip if signal is None else signal.mean(axis=1)
    sides = lips if signal is None else signal
    difference = sides[:, 0] - sides[:, 1]
    edges = [0, span.apex, span.offset, len(lip) - 1]
    return np.concatenate([phase_features(taken[a:b + 1], difference[a:b + 1])
                           for a, b in pairwise(edges)])
