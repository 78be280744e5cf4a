"""Where the smiles of a recording are: one after the other, each with its beginning and end.

A smile begins where the lip corners start to move apart, and is over when they have come most of
the way back. What wavers in between belongs to it. All on the lips' signal alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d

from .phases import turning_runs
from .smile_figures import RATE, smooth

# Standard deviation in seconds of the smoothing before anything is looked for: wide enough for
# what a landmark tracker trembles, narrow against the quickest rises (0.3 s).
_CALM = 0.08
# Share of its height that a smile must have lost to be over, and at the end of a recording for
# there to be an offset.
_OVER, _FALLEN = 0.7, 0.3
#: Share of the highest smile of a recording below which a rise is not taken for one beside it.
BESIDE = 0.4
# A fall so many times as deep as all that moved before it ends a smile that was there at first.
_THERE = 3.0
# A rise must be so many times the noise that is left after smoothing.
_ABOVE_NOISE = 8.0
# What moves less than this share of a smile is where it begins, or ends.
_EDGE = 0.05
# Lips that creep for so many seconds, slower than this share of the quickest movement, before a
# smile or after it do not belong to it.
_CREEP_S, _CREEP = 0.3, 0.15


class Bout(NamedTuple):
    """One smile.

    Attributes
    ----------
    start, end : float
        Seconds: the first movement of the onset, the last one of the offset, as far as they are in
        the recording.
    rise : float
        How far the lip corners move apart, over the mouth's width.
    begins, ends : bool
        Whether onset and offset are in the recording.
    """

    start: float
    end: float
    rise: float
    begins: bool
    ends: bool


def find_bouts(times: np.ndarray, lips: np.ndarray, *, least_rise: float = 0.02) -> list[Bout]:
    """Find the smiles of one stretch of a recording.

    Parameters
    ----------
    times : array of shape (T,)
        Seconds, strictly increasing.
    lips : array of shape (T,)
        The lips' signal, over the mouth's width, without NaN; see `marker_signals`.
    least_rise : float, default=0.02
        A smile moves the lip corners apart by this at least, over the mouth's width. The level of
        the noise, and the highest smile beside it, may ask for more.

    Returns
    -------
    list of Bout
        In their order; empty where nobody smiles.
    """
    if len(times) < 2 or times[-1] - times[0] < 4.0 / RATE:
        return []
    grid = np.arange(times[0], times[-1] + 1e-9, 1.0 / RATE)
    even = np.interp(grid, times, lips)
    noise = noise_of(times, lips)
    # Reflected at the ends: the last frame carried on would weigh as much as all before it.
    curve = smooth(gaussian_filter1d(even, _CALM * RATE, mode="reflect"))
    # Of white noise between frames, this smoothing leaves so much. Of more frames than the grid
    # has, only some are looked at.
    step = max(float(np.median(np.diff(times))), 1.0 / RATE)
    left = noise * np.sqrt(step / (2.0 * np.sqrt(np.pi) * _CALM))
    least = max(least_rise, _ABOVE_NOISE * left)
    bouts = _bouts(grid, curve, least)
    highest = max((bout.rise for bout in bouts), default=0.0)
    return [bout for bout in bouts if bout.rise >= BESIDE * highest]


def joined_bouts(bouts: list[Bout], pause: float) -> list[Bout]:
    """Take smiles that follow each other closely as one.

    Parameters
    ----------
    bouts : list of Bout
        In their order.
    pause : float
        Seconds between the end of one and the start of the next, below which they are joined.

    Returns
    -------
    list of Bout
        With the larger rise of those joined.
    """
    joined: list[Bout] = []
    for bout in bouts:
        if joined and bout.start - joined[-1].end < pause:
            last = joined.pop()
            bout = Bout(last.start, bout.end, max(last.rise, bout.rise), last.begins, bout.ends)
        joined.append(bout)
    return joined


def noise_of(times: np.ndarray, signal: np.ndarray) -> float:
    """Estimate the standard deviation of what changes a signal from frame to frame at random.

    Parameters
    ----------
    times : array of shape (T,)
        Seconds.
    signal : array of shape (T,)

    Returns
    -------
    float
        From second differences, which of a smooth movement are nearly nothing; 0 for fewer than
        five frames.
    """
    if len(times) < 5:
        return 0.0
    return float(np.median(np.abs(np.diff(signal, 2)))) / 0.6745 / np.sqrt(6.0)


def _bouts(grid: np.ndarray, curve: np.ndarray, least: float) -> list[Bout]:
    """Smiles of an even, smooth curve: rises of `least` at least, each to the fall that ends it."""
    bouts: list[Bout] = []
    first: int | None = None  # where the rise of the smile that is under way begins
    top = start = 0  # its highest frame, and where it has got going
    for a, b in turning_runs(curve, 0.5 * least):
        up = curve[b] - curve[a]
        if -up >= max(2.0 * least, _THERE * np.ptp(curve[:a + 1])):  # it begins in the smile
            end = a + _reach(curve[a:b + 1])
            bouts = [Bout(float(grid[0]), float(grid[end]), float(-up), False, True)]
            first = None
            continue
        if first is None:
            if up >= least:
                first, top, start = a, b, b - _reach(curve[a:b + 1][::-1])
            continue
        if curve[b] > curve[top]:
            top, start = b, b - _reach(curve[first:b + 1][::-1])
        if curve[top] - curve[b] >= _OVER * (curve[top] - curve[start]):
            end = top + _reach(curve[top:b + 1])
            bouts.append(_bout(grid, curve, start, top, end, True))
            first = None
    if first is not None:
        fallen = curve[top] - curve[-1] >= _FALLEN * (curve[top] - curve[start])
        end = top + _reach(curve[top:]) if fallen else len(curve) - 1
        bouts.append(_bout(grid, curve, start, top, end, bool(fallen)))
    return bouts


def _bout(grid: np.ndarray, curve: np.ndarray, start: int, top: int, end: int, ends: bool) -> Bout:
    return Bout(float(grid[start]), float(grid[end]), float(curve[top] - curve[start]), True, ends)


def _reach(curve: np.ndarray) -> int:
    """Frames from the top, which comes first, to where a fall has come to rest."""
    to_go = np.flatnonzero(curve <= curve[-1] + _EDGE * (curve[0] - curve[-1]))
    curve = curve[:int(to_go[0]) + 1]
    speed = -np.diff(curve)
    # A pause far from where it ends, or a wobble on the way, is no rest.
    low = int(np.argmax(curve <= curve[-1] + (1.0 - _OVER) * (curve[0] - curve[-1])))
    begin = max(low, int(np.argmax(speed))) if len(speed) else 0
    creeps = speed[begin:] < _CREEP * speed.max(initial=0.0)
    pause = round(_CREEP_S * RATE)
    if len(creeps) < pause:
        return len(curve) - 1
    still = np.flatnonzero(np.convolve(creeps, np.ones(pause), "valid") >= pause - 0.5)
    return begin + int(still[0]) if len(still) else len(curve) - 1
