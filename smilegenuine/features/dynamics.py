"""Sliding regression: how fast, and how steadily, a signal moves around each frame.

Equations 1–2 of Pawlus, Smolka, Kawulok & Kawulok (2025). For a signal v at the times t, in the
window around a frame,

    slope       δ = Σ(t − t̄)(v − v̄) / Σ(t − t̄)²
    correlation r = Σ(t − t̄)(v − v̄) / √(Σ(t − t̄)² Σ(v − v̄)²)
    adjusted    δ̂ = δ·|r|

Pure functions on arrays: time runs along the first axis, signals along the second.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..clips.steps import check_positive

#: Frame rate at which window lengths are stated.
REFERENCE_FPS = 50.0

# Windows are laid out as (signals, frames, window); this many frames at a time keeps the block in
# the processor's cache and the memory constant for long recordings.
_BLOCK = 512


class Slopes(NamedTuple):
    """Sliding regression of signals.

    Attributes
    ----------
    slope : array of shape (T, K)
        δ, in units of the signal a second.
    adjusted : array of shape (T, K)
        δ̂ = δ·|r|.
    """

    slope: np.ndarray
    adjusted: np.ndarray


def window_frames(window: int, fps: float) -> int:
    """Return the window that lasts as long as `window` frames do at 50 fps.

    Parameters
    ----------
    window : int
        Frames at 50 fps; 9 is 0.18 s and 27 is 0.54 s.
    fps : float
        Frame rate in Hz of the signal.

    Returns
    -------
    int
        The odd number nearest to the same duration (of two equally near, the larger), at least 3.

    Examples
    --------
    >>> [window_frames(27, fps) for fps in (25, 30, 50, 60)]
    [13, 17, 27, 33]
    """
    check_positive("window", window, whole=True, at_least=3)
    check_positive("fps", fps, at_least=1e-6)
    # The small push settles ties (an even number of frames) upwards whatever the rounding.
    half = np.floor(window / REFERENCE_FPS * fps / 2.0 + 1e-9)
    return max(3, int(2 * half + 1))


def sliding_regression(values: np.ndarray, times: np.ndarray, n_frames: int, *,
                       trailing: bool = False) -> Slopes:
    """Regress each signal on time in a window around each frame.

    All signals go through in one pass. Deviations are taken from each window's own means, so the
    result is as good as the direct formula's.

    Parameters
    ----------
    values : array of shape (T, K)
        K signals, without NaN (see `fill_invalid`).
    times : array of shape (T,)
        Seconds, strictly increasing; the spacing may vary.
    n_frames : int
        Odd window length in frames, at least 3 (see `window_frames`).
    trailing : bool, default=False
        False: the window is centred on its frame. True: it ends there, for use while a recording
        is still running. Windows are truncated at the ends of the signal, so that T samples give T
        values; where only one sample is left, the slope is 0.

    Returns
    -------
    Slopes
        Both arrays are 0 where the signal is constant in the window.

    References
    ----------
    Pawlus, Smolka, Kawulok & Kawulok (2025), equations 1 and 2.
    """
    values = np.asarray(values, dtype=float)
    times = np.asarray(times, dtype=float)
    if values.ndim != 2 or times.shape != values.shape[:1]:
        raise ValueError(f"values must be (T, K) and times (T,); got {values.shape} and "
                         f"{times.shape}")
    check_positive("n_frames", n_frames, whole=True, at_least=3)
    if n_frames % 2 == 0:
        raise ValueError(f"n_frames must be odd, not {n_frames}")
    before = n_frames - 1 if trailing else n_frames // 2
    after = 0 if trailing else n_frames // 2
    slope = np.empty(values.shape)
    adjusted = np.empty(values.shape)
    for start in range(0, len(values), _BLOCK):
        stop = min(start + _BLOCK, len(values))
        lo, hi = max(0, start - before), min(len(values), stop + after)
        pad = (before - (start - lo), after - (hi - stop))
        block = _regress(values[lo:hi], times[lo:hi], n_frames, pad)
        slope[start:stop], adjusted[start:stop] = block
    return Slopes(slope, adjusted)


def _regress(values: np.ndarray, times: np.ndarray, n_frames: int, pad: tuple[int, int]
             ) -> tuple[np.ndarray, np.ndarray]:
    """Slopes for the frames of a block whose first and last windows lack `pad` samples."""
    window = np.lib.stride_tricks.sliding_window_view
    inside = window(np.pad(np.ones(len(times)), pad), n_frames)  # (B, n): 0 beyond the ends
    count = inside.sum(axis=1)
    t = window(np.pad(times, pad), n_frames)
    t = (t - ((t * inside).sum(axis=1) / count)[:, None]) * inside
    v = window(np.pad(values.T, ((0, 0), pad)), n_frames, axis=1)  # (K, B, n), no copy
    mean = np.einsum("kbn,bn->kb", v, inside / count[:, None])
    v = v - mean[:, :, None]
    if pad != (0, 0):
        v *= inside
    stv = np.einsum("kbn,bn->kb", v, t)
    svv = np.einsum("kbn,kbn->kb", v, v)
    stt = (t * t).sum(axis=1)
    # A constant signal leaves only the rounding of its mean behind; that is no movement.
    moving = svv > count * (8e-16 * np.abs(mean)) ** 2 * 4.0
    slope = np.divide(stv, stt, out=np.zeros_like(stv), where=moving & (stt > 0))
    r = np.divide(np.abs(stv), np.sqrt(stt * svv), out=np.zeros_like(stv),
                  where=moving & (stt > 0))
    return slope.T, (slope * r).T


def fill_invalid(values: np.ndarray, times: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Bridge frames that could not be measured by straight lines between their neighbours.

    Parameters
    ----------
    values : array of shape (T,) or (T, K)
        Signals.
    times : array of shape (T,)
        Seconds.
    valid : array of shape (T,), bool
        Frames to keep. At least one must be True.

    Returns
    -------
    array of the shape of `values`
        Before the first and after the last valid frame, the nearest valid value.
    """
    values = np.asarray(values, dtype=float)
    valid = np.asarray(valid, dtype=bool)
    if valid.all():
        return values
    if not valid.any():
        raise ValueError("no frame is valid; there is nothing to interpolate from")
    columns = values.reshape(len(values), -1)
    filled = np.column_stack([np.interp(times, times[valid], c[valid]) for c in columns.T])
    return filled.reshape(values.shape)
