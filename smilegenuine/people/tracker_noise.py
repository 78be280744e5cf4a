"""What a landmark tracker makes of how a face moves: the signals as MediaPipe would give them.

Published kinematics are of recordings of 1920 × 1080 pixels at 50 Hz. A webcam's are of fewer
pixels and other rates, and what trembles then is the tracker. A classifier that has never seen that
takes the difference between two cameras for one between two kinds of smile.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter


class Tracker(NamedTuple):
    """How a tracker errs; ranges are of values that differ from recording to recording.

    Attributes
    ----------
    gain : (float, float)
        How much of a movement it shows.
    blur_s : (float, float)
        Standard deviation in seconds of what smears movements.
    white : float
        Standard deviation of errors that are new in every frame.
    coloured : float
        The same of errors that stay for 0.05 to 0.2 s.
    drift : float
        The same of errors that stay for 0.6 s.
    spread : float
        Standard deviation of the logarithm by which the last three differ between recordings.
    """

    gain: tuple[float, float]
    blur_s: tuple[float, float]
    white: float
    coloured: float
    drift: float
    spread: float


#: As measured on drawn people seen by MediaPipe, at 24 to 60 Hz and 160 to 640 pixels, and on real
#: recordings (`benchmarks/tracker_noise.py`); in mouth widths and eye widths. The highest gain is
#: that of real faces, by whose landmarks the published figures were measured themselves.
LIPS = Tracker((0.55, 1.05), (0.02, 0.08), 0.0025, 0.0035, 0.003, 0.8)
EYELIDS = Tracker((0.4, 1.1), (0.02, 0.09), 0.0016, 0.0025, 0.004, 0.8)

# One side of the lips trembles for itself by this share of what both do.
_ONE_SIDE = 0.8
_SLOW_S = 0.6
_SHORT_S = (0.05, 0.2)
_REST_S = 0.1
_WARM_UP = 64


def as_tracked(times: np.ndarray, lips: np.ndarray, eyelids: np.ndarray,
               rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return signals as a landmark tracker would show them.

    Parameters
    ----------
    times : array of shape (T,)
        Seconds, evenly spaced.
    lips, eyelids : arrays of shape (T, 2)
        True signals, left and right; see `make_smile_signals`.
    rng : numpy.random.Generator

    Returns
    -------
    lips, eyelids : arrays of shape (T, 2)
        Lips are 0.5 on average in the first tenth of a second, as measured signals are.
    """
    rate = 1.0 / float(np.median(np.diff(times)))
    seen = _seen(lips, 0.5, LIPS, rate, rng)
    seen += rng.normal(0.0, _ONE_SIDE * LIPS.white, seen.shape)
    begin = max(2, round(_REST_S * rate))
    seen *= 0.5 / seen[:begin].mean()
    return seen, _seen(eyelids, eyelids[:1], EYELIDS, rate, rng)


def _seen(signal: np.ndarray, rest: np.ndarray | float, tracker: Tracker, rate: float,
          rng: np.random.Generator) -> np.ndarray:
    gain, blur = rng.uniform(*tracker.gain), rng.uniform(*tracker.blur_s)
    level = float(np.exp(rng.normal(0.0, tracker.spread)))
    smeared = gaussian_filter1d(signal, blur * rate, axis=0, mode="nearest")
    n = len(signal)
    error = (rng.normal(0.0, tracker.white, n)
             + _lasting(n, rate, rng.uniform(*_SHORT_S), tracker.coloured, rng)
             + _lasting(n, rate, _SLOW_S, tracker.drift, rng))
    return np.asarray(rest + gain * (smeared - rest) + level * error[:, None])


def _lasting(n: int, rate: float, seconds: float, sd: float, rng: np.random.Generator
             ) -> np.ndarray:
    """Draw noise whose correlation falls to 1/e within some seconds."""
    keep = np.exp(-1.0 / (rate * seconds))
    fresh = rng.normal(0.0, sd * np.sqrt(1.0 - keep * keep), n + _WARM_UP)
    return np.asarray(lfilter([1.0], [1.0, -keep], fresh)[_WARM_UP:])
