"""The phases of a smile: onset, apex and offset, found from the slope of its intensity.

A smile rises (onset), stays (apex) and falls (offset). Rises and falls are runs of frames in which
the smoothed intensity keeps moving one way; the onset is the run that rises most, the offset the
run after it that falls most, and what lies between is the apex, however often it wavers. Following
Dibeklioğlu, Salah & Gevers (2015, doi:10.1109/TMM.2015.2394777), with amplitude in place of length:
the longest run of a measured signal is often a slow drift.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter1d

from .dynamics import fill_invalid

# A part of a rise or fall, beyond a pause, that moves this share of it still belongs to it.
_STEP = 0.3

# Steps between frames that differ from the median by no more than this share of it are even.
_EVEN = 0.1

#: The phases in their order; "smile" is onset start to offset end, "sequence" the whole clip.
PHASES = ("onset", "apex", "offset", "smile", "sequence")


def detect_phases(smile: np.ndarray, times: np.ndarray, *, smooth: float = 0.04,
                  min_share: float = 0.3) -> dict[str, slice]:
    """Find the phases of the main smile of a clip.

    Parameters
    ----------
    smile : array of shape (T,)
        Smile intensity in any unit; higher is more smile. NaN where it is not known.
    times : array of shape (T,)
        Seconds, strictly increasing.
    smooth : float, default=0.04
        Least standard deviation, in seconds, of the Gaussian that smooths the intensity. It grows
        by itself, up to five times, for signals that are noisy.
    min_share : float, default=0.3
        A rise or fall counts from this share of the whole range of the signal on.

    Returns
    -------
    dict of str to slice
        For each name in `PHASES` a slice of frames; empty (``slice(0, 0)``) where the clip does not
        have that phase: no offset when the recording ends in the smile, nothing but "sequence" when
        nobody smiles.

    Notes
    -----
    Where a rise begins and ends is read off its speed near the top, where noise matters least: the
    moments at which it passes 70 % and 40 % of the top speed are extended in a straight line to 0,
    and what the smoothing widened is taken off. A rise of even speed and one that starts and stops
    gently are both found to within a few frames. Where frames do not follow each other evenly, all
    of this is done on even moments in between, and the phases are the frames within them.

    Raises
    ------
    ValueError
        Different lengths, times that do not increase, or no number in `smile`.

    Examples
    --------
    >>> import numpy as np
    >>> t = np.arange(0, 4, 0.02)
    >>> smile = np.clip((t - 0.5) / 0.5, 0, 1) - np.clip((t - 2.5) / 1.0, 0, 1)
    >>> phases = detect_phases(smile, t)
    >>> [f"{t[phases[p]][0]:.1f}-{t[phases[p]][-1]:.1f}" for p in ("onset", "apex", "offset")]
    ['0.5-1.0', '1.0-2.5', '2.5-3.5']
    """
    smile = np.asarray(smile, dtype=float)
    times = np.asarray(times, dtype=float)
    if smile.ndim != 1 or smile.shape != times.shape:
        raise ValueError(f"smile and times must both be (T,); got {smile.shape} and {times.shape}")
    if not (np.diff(times) > 0).all():
        raise ValueError("times must increase strictly")
    known = np.isfinite(smile)
    if not known.any():
        raise ValueError("smile holds no finite number")
    smile = fill_invalid(smile, times, known)
    steps = np.diff(times)
    step = float(np.median(steps)) if len(steps) else 1.0
    if np.abs(steps - step).max(initial=0.0) <= _EVEN * step:
        return _even_phases(smile, times, smooth, min_share)
    grid = np.linspace(times[0], times[-1], 1 + round((times[-1] - times[0]) / step))
    half = 0.5 * (grid[1] - grid[0])
    phases = dict.fromkeys(PHASES, slice(0, 0))
    even = _even_phases(np.interp(grid, times, smile), grid, smooth, min_share)
    for name, part in even.items():
        if part.stop > part.start:
            ends = grid[part.start] - half, grid[part.stop - 1] + half
            phases[name] = slice(*np.searchsorted(times, ends).tolist())
    return phases


def _even_phases(smile: np.ndarray, times: np.ndarray, smooth: float, min_share: float
                 ) -> dict[str, slice]:
    """The phases of a signal without gaps whose frames follow each other evenly."""
    n = len(smile)
    phases = dict.fromkeys(PHASES, slice(0, 0)) | {"sequence": slice(0, n)}
    if n < 5:
        return phases
    curve, sigma, level = _smoothed(smile, times, smooth)
    onset, offset = _main_runs(curve, level, min_share)
    if onset is not None:
        phases["onset"] = _trimmed(onset, curve, times, sigma)
    if offset is not None:
        phases["offset"] = _trimmed(offset, curve, times, sigma)
    if onset is None and offset is None:
        return phases
    start = phases["onset"].start if onset is not None else 0
    stop = phases["offset"].stop if offset is not None else n
    phases["smile"] = slice(start, stop)
    apex = slice(phases["onset"].stop if onset is not None else 0,
                 phases["offset"].start if offset is not None else n)
    if apex.stop > apex.start:
        phases["apex"] = apex
    return phases


def _smoothed(smile: np.ndarray, times: np.ndarray, smooth: float
              ) -> tuple[np.ndarray, float, float]:
    """The intensity smoothed as much as its noise asks for; by how many frames; the noise left."""
    step = float(np.median(np.diff(times)))
    # Second differences of a smooth curve are nearly 0: what is there is noise (√6 of its sd).
    noise = float(np.median(np.abs(np.diff(smile, 2)))) / 0.6745 / np.sqrt(6.0)
    spread = float(np.ptp(gaussian_filter1d(smile, 0.1 / step, mode="nearest")))
    share = 1.0 if spread == 0 else min(1.0, noise / spread / 0.1)
    sigma = max(smooth * (1.0 + 4.0 * share) / step, 0.5)
    curve = gaussian_filter1d(smile, sigma, mode="nearest")
    return curve, sigma, noise / np.sqrt(2.0 * np.sqrt(np.pi) * sigma)


def _main_runs(curve: np.ndarray, level: float, min_share: float
               ) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """The rise and the later fall that together move most, as (first, last) frames."""
    spread = float(np.ptp(curve))
    # White noise alone passes 12 times its smoothed spread in about one clip of a hundred.
    if spread <= 12.0 * level or spread <= 1e-9 * max(1.0, float(np.abs(curve).max())):
        return None, None
    # Wavering below this height does not end a run: a pause in a rise is still the rise.
    runs = turning_runs(curve, max(0.08 * spread, 3.0 * level))
    least = min_share * spread
    rises = [r for r in runs if curve[r[1]] - curve[r[0]] >= least]
    falls = [r for r in runs if curve[r[0]] - curve[r[1]] >= least]

    def gain(rise: tuple[int, int] | None, fall: tuple[int, int] | None) -> float:
        up = 0.0 if rise is None else curve[rise[1]] - curve[rise[0]]
        down = 0.0 if fall is None else curve[fall[0]] - curve[fall[1]]
        return float(up + down)

    pairs: list[tuple[tuple[int, int] | None, tuple[int, int] | None]] = [(None, None)]
    pairs += [(r, None) for r in rises] + [(None, f) for f in falls]
    pairs += [(r, f) for r in rises for f in falls if f[0] >= r[1]]
    return max(pairs, key=lambda pair: gain(*pair))


def turning_runs(curve: np.ndarray, height: float) -> list[tuple[int, int]]:
    """Split a curve at its turning points.

    Parameters
    ----------
    curve : array of shape (T,)
    height : float
        Reversals that are lower are passed over.

    Returns
    -------
    list of tuple of (int, int)
        First and last frame of each run, one way and the other in turn; the last of one is the
        first of the next.
    """
    turns = [0]
    low = high = 0
    direction = 0
    for i in range(1, len(curve)):
        if curve[i] > curve[high]:
            high = i
        if curve[i] < curve[low]:
            low = i
        if direction >= 0 and curve[high] - curve[i] > height and high > turns[-1]:
            turns.append(high)
            direction, low = -1, i
            high = i
        elif direction <= 0 and curve[i] - curve[low] > height and low > turns[-1]:
            turns.append(low)
            direction, high = 1, i
            low = i
        elif direction == 0 and abs(curve[i] - curve[0]) > height:
            direction = 1 if curve[i] > curve[0] else -1
            low = high = i
    end = high if direction > 0 else low if direction < 0 else len(curve) - 1
    if end > turns[-1]:
        turns.append(end)
    if turns[-1] < len(curve) - 1:
        turns.append(len(curve) - 1)
    return list(pairwise(turns))


def _trimmed(run: tuple[int, int], curve: np.ndarray, times: np.ndarray, sigma: float) -> slice:
    """The frames of a run from where it gets going to where it comes to rest."""
    first, last = run
    speed = np.abs(np.gradient(curve, times))
    whole = abs(curve[last] - curve[first])
    begin, end = _around_top(first, last, speed, sigma)
    # A smile may come or go in steps: what moves much before or after the pause belongs to it.
    if abs(curve[begin] - curve[first]) > _STEP * whole:
        begin, _ = _around_top(first, first + _pause(speed[first:begin + 1], -1), speed, sigma)
    if abs(curve[last] - curve[end]) > _STEP * whole:
        _, end = _around_top(end + _pause(speed[end:last + 1], 1), last, speed, sigma)
    return slice(begin, end + 1)


def _pause(speed: np.ndarray, way: int) -> int:
    """Where a movement has slowed down as far as it will, from the first frame on (or back)."""
    faster = np.flatnonzero(np.diff(speed[::way]) > 0)
    steps = int(faster[0]) if len(faster) else len(speed) - 1
    return steps if way > 0 else len(speed) - 1 - steps


def _around_top(first: int, last: int, speed: np.ndarray, sigma: float) -> tuple[int, int]:
    """First and last frame of the movement around the top speed between two frames."""
    inside = speed[first:last + 1]
    top = int(inside.argmax())
    start = _standstill(inside[:top + 1][::-1])
    stop = _standstill(inside[top:])
    widened = min(sigma, (start + stop) / 4.0)
    begin = max(0, round(top - start + widened))
    end = min(len(inside) - 1, round(top + stop - widened))
    return first + begin, first + max(begin, end)


def _standstill(speed: np.ndarray) -> float:
    """Frames from the top speed, which comes first, to where its decay points at 0."""
    high, low = 0.7, 0.4
    at_high, at_low = (_falls_below(speed, share * speed[0]) for share in (high, low))
    return at_low + (at_low - at_high) * low / (high - low)


def _falls_below(speed: np.ndarray, level: float) -> float:
    below = np.flatnonzero(speed < level)
    if not len(below):
        return float(len(speed) - 1)
    i = int(below[0])
    return float(i - 1 + (speed[i - 1] - level) / (speed[i - 1] - speed[i]))
