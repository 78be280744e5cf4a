"""AUDA: the dynamics of facial action units, frame by frame, unit by unit and between units.

Pawlus, Smolka, Kawulok & Kawulok (2025). Three levels, each a pure function on arrays, and one
transformer over them. All start from the same slopes: regression windows of 0.18 s and 0.54 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from sklearn import get_config

from ..clips.au_table import AU_NAMES
from ..clips.record import Clip, as_clips
from ..clips.steps import check_positive, require_fields
from .clip_features import ClipFeatures, check_chosen, check_measured, check_option
from .dynamics import Slopes, fill_invalid, sliding_regression, window_frames
from .phases import PHASES, detect_phases

LEVELS = ("frame", "au", "cross")

#: Columns a and b of the 136 pairs, a before b in the order of the action units.
PAIR_A, PAIR_B = np.array(list(combinations(range(len(AU_NAMES)), 2))).T


def auda_features(aus: np.ndarray, smile: np.ndarray, times: np.ndarray, *,
                  levels: Sequence[str] = LEVELS, windows: Sequence[int] = (9, 27),
                  phases: Sequence[str] = PHASES[:4], trailing: bool = False
                  ) -> dict[str, np.ndarray]:
    """Compute any of the three levels of one clip; slopes and phases are computed once for all.

    Parameters
    ----------
    aus : array of shape (T, 17)
        Intensities, without NaN.
    smile : array of shape (T,)
        Smile intensity, without NaN, from which the phases are found.
    times : array of shape (T,)
        Seconds.
    levels : sequence of {"frame", "au", "cross"}, default=all three
    windows : sequence of int, default=(9, 27)
        Regression windows in frames at 50 fps.
    phases : sequence of str, default=("onset", "apex", "offset", "smile")
    trailing : bool, default=False
        Windows that end at their frame, for streaming.

    Returns
    -------
    dict of str to array
        "frame": shape (T, 154); "au": (476,); "cross": (4352,), for two windows and four phases.
    """
    fps = 1.0 / float(np.median(np.diff(times)))
    lengths = [window_frames(w, fps) for w in windows]
    slopes = [sliding_regression(aus, times, n, trailing=trailing) for n in lengths]
    adjusted = [s.adjusted for s in slopes]
    features = {}
    if "frame" in levels:
        second = [sliding_regression(s.slope, times, n, trailing=trailing)
                  for s, n in zip(slopes, lengths, strict=True)]
        features["frame"] = frame_features(aus, smile, slopes, second)
    if "au" in levels or "cross" in levels:
        spans = detect_phases(smile, times)
    if "au" in levels:
        features["au"] = np.concatenate(
            [au_features(aus, adjusted, times, spans[p]) for p in phases])
    if "cross" in levels:
        absdiffs = [pair_differences(d) for d in adjusted]
        features["cross"] = np.concatenate(
            [cross_features(adjusted, times, spans[p], absdiffs=absdiffs) for p in phases])
    return features


def frame_features(aus: np.ndarray, smile: np.ndarray, first: Sequence[Slopes],
                   second: Sequence[Slopes]) -> np.ndarray:
    """Compute the frame-wise level: values, slopes and slopes of slopes of every action unit.

    Parameters
    ----------
    aus : array of shape (T, 17)
        Intensities.
    smile : array of shape (T,)
        Smile intensity.
    first : sequence of Slopes
        Of the intensities, for each window.
    second : sequence of Slopes
        Of the first slopes δ, for each window.

    Returns
    -------
    array of shape (T, 17 + 4 · len(first) · 17 + 1), for two windows (T, 154)
        The AUs; δ for each window; δ̂ for each window; the same two for the second order; the smile
        intensity.
    """
    parts = [aus, *(s.slope for s in first), *(s.adjusted for s in first),
             *(s.slope for s in second), *(s.adjusted for s in second), smile[:, None]]
    return np.hstack(parts)


def au_features(aus: np.ndarray, adjusted: Sequence[np.ndarray], times: np.ndarray,
                phase: slice) -> np.ndarray:
    """Compute the AU-wise level of one phase.

    Parameters
    ----------
    aus : array of shape (T, 17)
        Intensities.
    adjusted : sequence of arrays of shape (T, 17)
        δ̂ for each window, the shortest first.
    times : array of shape (T,)
        Seconds.
    phase : slice
        Frames of the phase; may be empty.

    Returns
    -------
    array of shape (17 · (3 + 2 · len(adjusted)),), for two windows (119,)
        For each AU: mean of v; max v − min v; for each window max δ̂ and min δ̂; the time from
        max δ̂ to min δ̂ of the longest window (s, signed). Zeros where the phase is empty.
    """
    n_stats = 3 + 2 * len(adjusted)
    v = aus[phase]
    if not len(v):
        return np.zeros(aus.shape[1] * n_stats)
    t = times[phase]
    stats = [v.mean(axis=0), np.ptp(v, axis=0)]
    for d in adjusted:
        stats += [d[phase].max(axis=0), d[phase].min(axis=0)]
    longest = adjusted[-1][phase]
    stats.append(t[first_max(-longest)] - t[first_max(longest)])
    return np.stack(stats, axis=1).ravel()


def cross_features(adjusted: Sequence[np.ndarray], times: np.ndarray, phase: slice, *,
                   absdiffs: Sequence[np.ndarray] | None = None) -> np.ndarray:
    """Compute the cross-AU level of one phase: how differently, and how far apart, two AUs move.

    Parameters
    ----------
    adjusted : sequence of arrays of shape (T, 17)
        δ̂ for each window, the shortest first.
    times : array of shape (T,)
        Seconds.
    phase : slice
        Frames of the phase; may be empty.
    absdiffs : sequence of arrays of shape (136, T), optional
        What `pair_differences` gives for each window, where it is known already.

    Returns
    -------
    array of shape (136 · 4 · len(adjusted),), for two windows (1088,)
        For each pair of AUs a, b and each window: mean and max of |δ̂a − δ̂b|; time of a's maximum
        less time of b's; time of a's minimum less time of b's (s, signed). Zeros where the phase is
        empty.
    """
    t = times[phase]
    if not len(t):
        return np.zeros(len(PAIR_A) * 4 * len(adjusted))
    if absdiffs is None:
        absdiffs = [pair_differences(d) for d in adjusted]
    stats = []
    for d, difference in zip(adjusted, absdiffs, strict=True):
        inside = difference[:, phase]
        top, bottom = t[first_max(d[phase])], t[first_max(-d[phase])]
        stats += [inside.mean(axis=1), inside.max(axis=1), top[PAIR_A] - top[PAIR_B],
                  bottom[PAIR_A] - bottom[PAIR_B]]
    return np.stack(stats, axis=1).ravel()


def pair_differences(adjusted: np.ndarray) -> np.ndarray:
    """Compute |δ̂a − δ̂b| of the 136 pairs of action units.

    Parameters
    ----------
    adjusted : array of shape (T, 17)

    Returns
    -------
    array of shape (136, T)
    """
    columns = np.ascontiguousarray(adjusted.T)
    return np.abs(columns[PAIR_A] - columns[PAIR_B])


def first_max(signals: np.ndarray) -> np.ndarray:
    """Return the frame of each column's maximum; of frames that differ by rounding only, the first.

    Parameters
    ----------
    signals : array of shape (T, K)

    Returns
    -------
    array of int of shape (K,)

    Notes
    -----
    Repeated movements give equal slopes whose last bits differ, and a plain argmax would let those
    bits decide between moments that lie seconds apart.
    """
    top = signals.max(axis=0)
    return np.asarray((signals >= top - 1e-9 * np.abs(signals).max(axis=0)).argmax(axis=0))


def feature_names(level: str, windows: Sequence[int] = (9, 27),
                  phases: Sequence[str] = PHASES[:4]) -> np.ndarray:
    """Return the names of a level's features, in their order.

    Parameters
    ----------
    level : {"frame", "au", "cross"}
    windows : sequence of int, default=(9, 27)
    phases : sequence of str, default=("onset", "apex", "offset", "smile")

    Returns
    -------
    array of str

    Examples
    --------
    >>> [str(name) for name in feature_names("au")[:3]], len(feature_names("cross"))
    (['onset_AU01_mean', 'onset_AU01_range', 'onset_AU01_adjslope9_max'], 4352)
    """
    if level == "frame":
        kinds = [*(f"slope{w}" for w in windows), *(f"adjslope{w}" for w in windows),
                 *(f"slope{w}_2nd" for w in windows), *(f"adjslope{w}_2nd" for w in windows)]
        names = [*AU_NAMES, *(f"{au}_{kind}" for kind in kinds for au in AU_NAMES), "smile"]
    elif level == "au":
        stats = ["mean", "range", *(f"adjslope{w}_{m}" for w in windows for m in ("max", "min")),
                 f"adjslope{windows[-1]}_maxmin_lag"]
        names = [f"{p}_{au}_{s}" for p in phases for au in AU_NAMES for s in stats]
    else:
        stats = [f"adjslope{w}_{s}" for w in windows
                 for s in ("absdiff_mean", "absdiff_max", "argmax_lag", "argmin_lag")]
        names = [f"{p}_{a}x{b}_{s}" for p in phases for a, b in combinations(AU_NAMES, 2)
                 for s in stats]
    return np.array(names, dtype=object)


class AUDA(ClipFeatures, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Action Unit Dynamics Analysis: features of a clip from its 17 action units.

    Takes clips with `aus` (so also OpenFace tables and (T, 17) arrays, see `as_clips`), and their
    `smile` intensity for the phases; where a clip has no `smile`, the intensity of AU12, the lip
    corner puller, stands in for it.

    Parameters
    ----------
    level : {"au", "frame", "cross"}, default="au"
        "au": 119 numbers a phase; "cross": 1088 a phase; "frame": 154 a frame, so that
        `transform` gives a list with an array a clip, and no table for a classifier.
    windows : tuple of int, default=(9, 27)
        Regression windows in frames at 50 fps (0.18 s and 0.54 s), increasing, each at least 3. At
        another frame rate the odd number of frames nearest to the same duration is taken, at least
        3: below 12 fps or so, short windows come out the same.
    phases : tuple of str, default=("onset", "apex", "offset", "smile")
        Of "onset", "apex", "offset", "smile", "sequence". A phase that a clip does not have gives
        zeros. Not used by level "frame".
    trailing : bool, default=False
        Regression windows that end at their frame instead of being centred on it.

    Attributes
    ----------
    n_features_out_ : int
        Number of features, for two windows and four phases 154, 476 or 4352.

    Notes
    -----
    Frames that are not `valid` are bridged by straight lines. Features of a clip depend on that
    clip alone, so nothing can leak between subjects here.

    References
    ----------
    Pawlus, Smolka, Kawulok & Kawulok (2025), on genuine-smile recognition from the dynamics of
    action units.

    Examples
    --------
    >>> import numpy as np
    >>> from smilegenuine import AUDA, Clip
    >>> t = np.arange(0, 3, 0.02)
    >>> aus = np.zeros((len(t), 17))
    >>> aus[:, 8] = 4 * np.sin(np.pi * t / 3) ** 2  # AU12
    >>> AUDA(level="au").fit_transform([Clip(aus=aus, times=t)]).shape
    (1, 476)
    """

    def __init__(self, level: str = "au", windows: Sequence[int] = (9, 27),
                 phases: Sequence[str] = ("onset", "apex", "offset", "smile"), *,
                 trailing: bool = False) -> None:
        self.level = level
        self.windows = windows
        self.phases = phases
        self.trailing = trailing

    def transform(self, X: Any) -> Any:
        """Compute the features.

        Parameters
        ----------
        X : list of recordings
            Clips with `aus`, (T, 17) arrays, or OpenFace-like tables.

        Returns
        -------
        array of shape (n_clips, n_features_out_), or a list of arrays of shape (T, 154)
            The list for level "frame". DataFrames after ``set_output(transform="pandas")``.

        Raises
        ------
        ClipError
            A clip without action units, with fewer than three valid frames, or with times that
            cannot be seconds.
        """
        self._check_params()
        rows = [auda_features(*signals_of(clip), levels=(self.level,), windows=self.windows,
                              phases=self.phases, trailing=self.trailing)[self.level]
                for clip in as_clips(X)]
        if self._container() != "pandas":
            return rows if self.level == "frame" else np.array(rows)
        names = self.get_feature_names_out()
        if self.level == "frame":
            return [pd.DataFrame(row, columns=names) for row in rows]
        index = X.index if isinstance(X, pd.Series) else None
        return pd.DataFrame(np.array(rows), columns=names, index=index)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the features, such as "onset_AU12_adjslope27_max".

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        array of str
        """
        self._check_params()
        return feature_names(self.level, self.windows, self.phases)

    def set_output(self, *, transform: str | None = None) -> AUDA:
        """Choose the container of `transform`.

        Parameters
        ----------
        transform : {"default", "pandas"} or None
            None leaves it as it is.

        Returns
        -------
        self
        """
        if transform not in (None, "default", "pandas"):
            raise ValueError(f"transform must be 'default' or 'pandas', not {transform!r}")
        if transform is not None:
            # The attribute that scikit-learn's clone carries over.
            self._sklearn_output_config = {"transform": transform}
        return self

    def _container(self) -> str:
        own: dict[str, str] = getattr(self, "_sklearn_output_config", {})
        return str(own.get("transform", get_config()["transform_output"]))

    def _check_params(self) -> None:
        check_option("level", self.level, LEVELS)
        if not isinstance(self.windows, Sequence) or not len(self.windows):
            raise ValueError("windows must be a tuple of at least one window, as the published "
                             f"(9, 27), not {self.windows!r}")
        for w in self.windows:
            check_positive("each of windows", w, whole=True, at_least=3)
        if list(self.windows) != sorted(set(self.windows)):
            raise ValueError(f"windows must increase, {self.windows!r} does not")
        check_chosen("phases", self.phases, PHASES)


def signals_of(clip: Clip) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a clip's action units, smile intensity and times, without gaps.

    Parameters
    ----------
    clip : Clip
        With `aus` and timing.

    Returns
    -------
    aus : array of shape (T, 17)
        Frames that are not valid are bridged by straight lines.
    smile : array of shape (T,)
        The clip's, likewise bridged; AU12 where it has none.
    times : array of shape (T,)
        Seconds.

    Raises
    ------
    ClipError
        No action units, no timing, fewer than three valid frames, or fewer than 4 or more than
        1000 frames a second.
    """
    require_fields(clip, ("aus",), "AUDA", "run an action-unit step first (HOGActionUnits), or "
                   "read them from files (load_openface(…).data)")
    require_fields(clip, ("times",), "AUDA", "give Clip(…, fps=…)")
    measured = np.asarray(clip.aus)
    usable = clip.mask & np.isfinite(measured).all(axis=1)
    if clip.smile is not None:
        usable &= np.isfinite(clip.smile)
    check_measured(clip, usable, 3, "are valid")
    aus = fill_invalid(measured, clip.times, usable)
    smile = aus[:, AU_NAMES.index("AU12")] if clip.smile is None else \
        fill_invalid(clip.smile, clip.times, usable)
    return aus, smile, clip.times
