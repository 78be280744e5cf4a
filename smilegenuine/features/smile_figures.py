"""Measuring how a smile moves: durations, amplitudes and speeds of its phases.

The same figures as those that `people.uva_nemo_kinematics` holds of UvA-NEMO recordings, so that
generated motion and recordings can be laid side by side.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d, median_filter

#: Figures of one signal, in the order of the published tables.
FIGURES = (
    "onset_duration_s", "apex_duration_s", "offset_duration_s", "onset_rise", "offset_fall",
    "onset_peak_speed_per_s", "offset_peak_speed_per_s", "apex_wobble", "onset_backtrack_ratio",
    "onset_left_right_difference",
)

#: The rate that the published figures were measured at, in Hz, and the median filter in frames.
RATE = 50.0
FILTER_FRAMES = 25

# For the signals of a tracker: seconds of smoothing of what is measured; those, and the shares of
# the quickest step that count as still, of what the phases are looked for in.
_CALM_S = 0.12
# A face at rest moves its lips slower than this share of the quickest movement of the smile.
_RESTING = 0.05
_CALMS_S, _SLOWS = (0.08, 0.12, 0.16), (0.1, 0.4)


class SmileSpan(NamedTuple):
    """Frame steps at which the phases of a smile meet.

    Attributes
    ----------
    apex : int
        The first step after the onset: the onset is what lies before.
    offset : int
        The first step of the offset, which goes on to the last frame.
    """

    apex: int
    offset: int


def smooth(signal: np.ndarray) -> np.ndarray:
    """Filter a signal at 50 Hz by the median of 25 frames; the ends are carried on.

    Parameters
    ----------
    signal : array of shape (T,)

    Returns
    -------
    array of shape (T,)
    """
    return median_filter(np.asarray(signal, dtype=float), FILTER_FRAMES, mode="nearest")


def smile_span(steps: np.ndarray, slow: float = 0.0) -> SmileSpan:
    """Find the phases: the onset ends with the longest rise before the longest fall.

    Parameters
    ----------
    steps : array of shape (T - 1,)
        Changes of the smoothed lip signal from frame to frame. A step without change ends a run.
    slow : float, default=0.0
        Steps below this share of the largest one the same way count as none here. As published it
        is 0; on the signals of a tracker, a held smile that creeps would pass for the onset.

    Returns
    -------
    SmileSpan
        Without any fall, there is no offset; without any rise before it, no onset.
    """
    start, stop = _longest_run(-steps > slow * np.max(-steps, initial=0.0))
    offset = start if stop > start else len(steps)
    _, top = _longest_run(steps[:offset] > slow * np.max(steps[:offset], initial=0.0))
    return SmileSpan(top, offset)


def tracked_span(lips: np.ndarray) -> SmileSpan:
    """Find the phases in the signal of a landmark tracker.

    A run ends where a movement pauses. In what a tracker gives there are no pauses: how slow is
    still, and how smooth is smooth, is a choice; the mean over several of them depends on none.

    Parameters
    ----------
    lips : array of shape (T,)
        At 50 Hz, the mean of both corners, as tracked.

    Returns
    -------
    SmileSpan
        The mean of those found after smoothing by 0.08, 0.12 and 0.16 s, with steps below 10 % and
        below 40 % of the quickest one taken for none.
    """
    spans = [smile_span(np.diff(smooth(_calmed(lips, calm))), slow)
             for calm in _CALMS_S for slow in _SLOWS]
    apex, offset = np.round(np.mean(spans, axis=0)).astype(int).tolist()
    return SmileSpan(apex, offset)


def _calmed(signal: np.ndarray, seconds: float) -> np.ndarray:
    return np.asarray(gaussian_filter1d(signal, seconds * RATE, mode="nearest"))


def signal_figures(signal: np.ndarray, span: SmileSpan, difference: np.ndarray | None = None
                   ) -> dict[str, float]:
    """Measure one signal at 50 Hz in given phases.

    Parameters
    ----------
    signal : array of shape (T,)
        Lips (smoothed) or eyelids.
    span : SmileSpan
        The phases.
    difference : array of shape (T,), optional
        Left minus right, for `onset_left_right_difference`, which is NaN without it.

    Returns
    -------
    dict of str to float
        Figure -> value, see `FIGURES`. Durations count steps with a change, over 50.
    """
    steps = np.diff(signal)
    onset, apex, offset = np.split(steps, span)
    up, down = np.clip(onset, 0.0, None), np.clip(-offset, 0.0, None)
    moved = np.abs(onset).sum()
    aside = np.nan if difference is None else abs(difference[:span.apex + 1].mean())
    return {
        "onset_duration_s": np.count_nonzero(onset) / RATE,
        "apex_duration_s": np.count_nonzero(apex) / RATE,
        "offset_duration_s": np.count_nonzero(offset) / RATE,
        "onset_rise": float(up.sum()),
        "offset_fall": float(down.sum()),
        "onset_peak_speed_per_s": float(up.max(initial=0.0)) * RATE,
        "offset_peak_speed_per_s": float(down.max(initial=0.0)) * RATE,
        "apex_wobble": float(np.abs(apex).sum()),
        "onset_backtrack_ratio": float(1.0 - up.sum() / moved) if moved else 0.0,
        "onset_left_right_difference": float(aside),
    }


def measure_smile(times: np.ndarray, lips: np.ndarray, eyelids: np.ndarray | None = None, *,
                  tracked: bool = False) -> dict[str, float]:
    """Measure one smile.

    Parameters
    ----------
    times : array of shape (T,)
        Seconds, rising. Other rates than 50 Hz are interpolated.
    lips : array of shape (T, 2)
        How far the left and the right lip corner lie from the middle of the resting mouth, over
        the width of the resting mouth: 0.5 at rest.
    eyelids : array of shape (T, 2), optional
        Height of the left and the right upper lid over the eye's corners, over the eye's width.
    tracked : bool, default=False
        Whether the signals come from a landmark tracker, whose trembling would be measured: the
        lips are smoothed by a Gaussian of 0.12 s first, the phases are those of `tracked_span`,
        what moves slower than 5 % of the quickest step before the smile and after it is left out,
        and the apex lasts from the onset to the offset, as nobody can say in which steps the lips
        do move. False: as published.

    Returns
    -------
    dict of str to float
        `lip_<figure>` and `eyelid_<figure>` for each of `FIGURES`; `video_s`; `smile_start_s`, the
        time of the lips' first movement; `smile_s`, from there to their last one.

    Raises
    ------
    ValueError
        Other shapes, times that do not rise, or NaN.

    Notes
    -----
    The lips' signal, the mean of both corners, is smoothed by a median of 25 frames; its phases are
    those of the eyelids too. The eyelids are taken as they are. The published figures leave no
    other reading: their eyelids change in nearly every frame, as much up as down, which the output
    of a median filter, standing still in every second step, cannot.
    """
    times = np.asarray(times, dtype=float)
    for name, signal in (("lips", lips), ("eyelids", eyelids)):
        if signal is not None and np.shape(signal) != (len(times), 2):
            raise ValueError(f"{name} must be (T, 2), a row for each of {len(times)} times, not "
                             f"{np.shape(signal)}")
        if signal is not None and not np.isfinite(signal).all():
            raise ValueError(f"{name} must be finite: measure where the face is seen")
    if not len(times) or not (np.diff(times) > 0).all():
        raise ValueError("times must rise, and there must be one at least")
    grid = np.arange(times[0], times[-1] + 1e-9, 1.0 / RATE)
    sides = _at(grid, times, lips)
    raw = sides.mean(axis=1)
    lip = smooth(_calmed(raw, _CALM_S) if tracked else raw)
    steps = np.diff(lip)
    span = tracked_span(raw) if tracked else smile_span(steps)
    within = _moving_part(steps) if tracked else slice(0, len(lip))
    if tracked:
        lip, span = lip[within], _within(span, within)
        sides = sides[within]
    figures = {f"lip_{k}": v for k, v in
               signal_figures(lip, span, sides[:, 0] - sides[:, 1]).items()}
    if tracked:
        figures["lip_apex_duration_s"] = (span.offset - span.apex) / RATE
    if eyelids is not None:
        sides = _at(grid, times, eyelids)[within]
        measured = signal_figures(sides.mean(axis=1), span, sides[:, 0] - sides[:, 1])
        figures |= {f"eyelid_{k}": v for k, v in measured.items()}
    moving = np.flatnonzero(steps)
    first, last = (moving[0], moving[-1] + 1) if len(moving) else (len(steps), len(steps))
    return figures | {"video_s": len(grid) / RATE, "smile_start_s": first / RATE,
                      "smile_s": (last - first) / RATE}


def _moving_part(steps: np.ndarray) -> slice:
    """The frames from the first movement to the last that is more than a tracker's trembling."""
    moving = np.flatnonzero(np.abs(steps) > _RESTING * np.abs(steps).max(initial=0.0))
    return slice(int(moving[0]), int(moving[-1]) + 2) if len(moving) else slice(0, len(steps) + 1)


def _within(span: SmileSpan, part: slice) -> SmileSpan:
    apex, offset = (int(np.clip(at, part.start, part.stop - 1)) - part.start for at in span)
    return SmileSpan(apex, offset)


def _at(grid: np.ndarray, times: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """Both sides at the times of the grid; frames that lie there are taken as they are."""
    if len(grid) == len(times) and np.allclose(grid, times, rtol=0, atol=1e-9):
        return np.asarray(sides, dtype=float)
    return np.column_stack([np.interp(grid, times, side) for side in np.transpose(sides)])


def _longest_run(inside: np.ndarray) -> tuple[int, int]:
    """First and past-the-last index of the longest run of True; of equals the first."""
    edges = np.flatnonzero(np.diff(np.r_[0, inside.astype(np.int8), 0]))
    if not len(edges):
        return 0, 0
    starts, stops = edges[::2], edges[1::2]
    best = int(np.argmax(stops - starts))
    return int(starts[best]), int(stops[best])
