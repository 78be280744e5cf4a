"""Smile kinematics: how long, how far and how fast lips and eyelids move in a smile.

Twenty figures in seconds and in lengths of the face, measured as the published aggregate figures of
UvA-NEMO were: whoever has a video can lay it beside 1,236 recordings that may not be handed on.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..clips.errors import ClipError
from ..clips.record import Clip, as_clips, listed
from ..clips.steps import check_positive, check_rate, require_fields
from ..face.mesh import LEFT_EYE_OUTER, METHODS, RIGHT_EYE_OUTER
from .clip_features import ClipFeatures, check_measured, check_option
from .dynamics import fill_invalid
from .marker_signals import marker_signals
from .smile_bouts import BESIDE, Bout, find_bouts, joined_bouts, noise_of
from .smile_figures import FIGURES, measure_smile

#: The signals that are measured.
SIGNALS = ("lip", "eyelid")

#: The columns in their order.
KINEMATICS = tuple(f"{signal}_{figure}" for signal in SIGNALS for figure in FIGURES)

# Seconds before and after a smile that belong to its measurement, where no other smile is there.
_BEFORE, _AFTER = 0.6, 1.0
# Smiles that follow each other within so many seconds are one recorded smile that came and went.
_PAUSE = 2.0
_LEAST_VALID = 5
_ABSENT = 1e-12
# Still falling so fast, as a share of the fastest fall, with so much of the rise still to go, a
# smile that the recording cuts off has no offset to be measured.
_STILL_FALLING, _TO_GO = 0.5, 0.15
_AT_THE_END = 0.1  # seconds
# More noise between frames than this, in eye widths, and it is no eyelid that is followed.
_NO_EYELID = 0.03


class Smile(NamedTuple):
    """One smile of a recording.

    Attributes
    ----------
    start, end : float
        Seconds in the recording: first movement of the onset, last one of the offset.
    rise : float
        How far the lip corners move apart, over the mouth's width.
    begins, ends : bool
        Whether onset and offset are whole in the recording, and could be measured.
    figures : dict of str to float
        `KINEMATICS`; NaN for what could not be measured.
    """

    start: float
    end: float
    rise: float
    begins: bool
    ends: bool
    figures: dict[str, float]


class SmileKinematics(ClipFeatures):
    """How long, how far and how fast lips and eyelids move in a smile: twenty figures a recording.

    Takes clips with `landmarks`, at any frame rate. Of several smiles in a recording the one that
    moves the lips most is measured, those that follow each other within 2 s as one; `find_smiles`
    gives all, each by itself.

    Parameters
    ----------
    alignment : {"rigid", "published"}, default="rigid"
        How the head's rotation, place and size are taken out, see
        `smilegenuine.face.mesh.align_head`.
    rest : float, default=0.1
        Seconds before a smile whose median is the face at rest.
    least_rise : float, default=0.02
        A smile moves the lip corners apart by this at least, over the mouth's width. What stands
        out too little of the noise, or is small beside the highest smile of the recording, is none
        either.
    max_gap : float, default=0.25
        Seconds without a face that are bridged by a straight line. A longer gap ends a stretch, and
        smiles are looked for in each stretch by itself.
    max_yaw : float, default=40.0
        Degrees that the head may be turned to a side for both eyes to be measured.
    tracked : "auto" or bool, default="auto"
        Whether to allow for the trembling of a landmark tracker, see the notes. "auto": of clips,
        but not of signals that are given themselves.

    Attributes
    ----------
    n_features_out_ : int
        20.

    Notes
    -----
    **The figures**, `lip_…` and `eyelid_…` each: `onset_duration_s`, `apex_duration_s`,
    `offset_duration_s` (moving steps at 50 Hz, over 50), `onset_rise`, `offset_fall` (sums of the
    steps up, and down), `onset_peak_speed_per_s`, `offset_peak_speed_per_s`, `apex_wobble` (sum of
    all steps), `onset_backtrack_ratio` (what falls of all that moves in the onset) and
    `onset_left_right_difference` (size of the mean difference of both sides; lips over the mouth's
    width, eyelids over the eye's). Lips are in mouth widths, lids in eye widths.

    **How**: the signals are interpolated at 50 Hz, the lips' filtered by a median of 0.5 s. The
    offset is what follows the begin of the longest falling run, the onset what comes before the end
    of the longest rising run before it; see `smilegenuine.features.smile_figures`. Eyelids, in the
    same phases, are not filtered: the published figures leave no other reading.

    **From landmarks**, something is added, or the trembling of a tracker would be measured: the
    lips are smoothed by a Gaussian of 0.12 s before the median, the phases are the mean of those
    found with several amounts of smoothing and several readings of what is still, and the apex
    lasts from the onset to the offset (`smilegenuine.features.smile_figures.measure_smile`,
    ``tracked``). A smile is measured from at most 0.6 s before its first movement to 1 s after its
    last. How near the figures come to the true ones is in docs/pretrained.md.

    **What cannot be measured is NaN**: the onset of a smile that is there, or under way, at the
    first frame; the offset of one that lasts to the end of the recording, with the apex, which has
    no end then, or that is cut off in its fall; the eyelids where the head is turned by more than
    `max_yaw` or where they jump from frame to frame as no eyelid does (glasses, hair); everything
    where nobody smiles.

    References
    ----------
    Dibeklioğlu, Salah & Gevers (2015), Recognition of genuine smiles, IEEE Transactions on
    Multimedia 17(3), doi:10.1109/TMM.2015.2394777, whose descriptors these are.

    Examples
    --------
    >>> from smilegenuine import SmileKinematics
    >>> from smilegenuine.datasets import make_smile_signals
    >>> smiles = make_smile_signals(1, 2, random_state=0)
    >>> kinematics = SmileKinematics().set_output(transform="pandas")
    >>> signals = list(zip(smiles.times, smiles.lips, smiles.eyelids))
    >>> kinematics.fit_transform(signals)["lip_onset_duration_s"].round(2).tolist()
    [0.4, 1.84]
    """

    def __init__(self, alignment: str = "rigid", *, rest: float = 0.1, least_rise: float = 0.02,
                 max_gap: float = 0.25, max_yaw: float = 40.0,
                 tracked: str | bool = "auto") -> None:
        self.alignment = alignment
        self.rest = rest
        self.least_rise = least_rise
        self.max_gap = max_gap
        self.max_yaw = max_yaw
        self.tracked = tracked

    def transform(self, X: Any) -> Any:
        """Measure the smiles.

        Parameters
        ----------
        X : list of recordings, or of signals
            Clips with `landmarks`; or tuples ``(times, lips)`` or ``(times, lips, eyelids)`` of
            seconds (T,) and signals (T, 2), left and right, as `marker_signals` and
            `make_smile_signals` give them. Signals are measured from end to end, each as one
            smile.

        Returns
        -------
        array of shape (n_clips, 20)
            `KINEMATICS`, NaN for what cannot be measured. A DataFrame after
            ``set_output(transform="pandas")``.

        Raises
        ------
        ClipError
            A clip without landmarks, with fewer than five frames with a face, or with times that
            cannot be seconds; signals of other shapes, with NaN, or with such times.
        TypeError
            `X` is neither a list of clips nor one of tuples.
        """
        self._check_params()
        rows = [self._row(item, f"item {i}") for i, item in enumerate(self._opened(X))]
        return np.array(rows).reshape(-1, len(KINEMATICS))

    def find_smiles(self, clip: Any) -> list[Smile]:
        """Find all smiles of a recording, and measure each by itself.

        Parameters
        ----------
        clip : recording
            A clip with `landmarks`.

        Returns
        -------
        list of Smile
            In their order; empty where nobody smiles.

        Raises
        ------
        ClipError
            See `transform`.
        """
        self._check_params()
        (clip,) = as_clips([clip])
        return self._smiles(clip, pause=0.0)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the features, `KINEMATICS`.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        array of str
        """
        return np.array(KINEMATICS, dtype=object)

    def _row(self, item: Any, name: str) -> list[float]:
        if isinstance(item, tuple):
            signals = _signals_given(item, name)
            try:
                figures = _figures(*signals, least_rise=self.least_rise,
                                   tracked=self.tracked is True)
            except ValueError as error:
                raise ClipError(name, str(error)) from None
        else:
            smiles = self._smiles(item, pause=_PAUSE)
            figures = max(smiles, key=lambda s: s.rise).figures if smiles else _nothing()
        return [figures[name] for name in KINEMATICS]

    def _stretches(self, clip: Clip) -> list[tuple[np.ndarray, np.ndarray]]:
        """Times and landmarks of the stretches in which there is a face, gaps bridged."""
        require_fields(clip, ("landmarks",), "SmileKinematics", "run FaceLandmarks first")
        require_fields(clip, ("times",), "SmileKinematics", "give Clip(…, fps=…)")
        times, landmarks = np.asarray(clip.times, dtype=float), np.asarray(clip.landmarks)
        seen = clip.mask & np.isfinite(landmarks).all(axis=(1, 2))
        check_measured(clip, seen, _LEAST_VALID, "have a face that can be measured")
        at = np.flatnonzero(seen)
        step = float(np.median(np.diff(times)))
        breaks = np.flatnonzero(np.diff(times[at]) > self.max_gap + step) + 1
        return [(times[run], landmarks[run].astype(float)) for run in np.split(at, breaks)
                if len(run) >= _LEAST_VALID]

    def _smiles(self, clip: Clip, pause: float) -> list[Smile]:
        """The smiles of a recording; those that follow each other within `pause` seconds as one."""
        smiles = []
        for times, landmarks in self._stretches(clip):
            signals = marker_signals(landmarks, times, alignment=self.alignment, rest=self.rest)
            known = np.isfinite(signals).all(axis=(1, 2))
            if known.sum() < _LEAST_VALID:
                continue
            lips = fill_invalid(signals[:, 0], times, known).mean(axis=1)
            bouts = joined_bouts(find_bouts(times, lips, least_rise=self.least_rise), pause)
            for k, bout in enumerate(bouts):
                after = 0.5 * (bouts[k - 1].end + bout.start) if k else -np.inf
                before = 0.5 * (bout.end + bouts[k + 1].start) if k + 1 < len(bouts) else np.inf
                inside = known & (times >= max(bout.start - _BEFORE, after)) & (
                    times <= min(bout.end + _AFTER, before))
                if inside.sum() >= _LEAST_VALID:
                    smiles.append(self._measured(bout, times[inside], landmarks[inside]))
        highest = max((smile.rise for smile in smiles), default=0.0)
        return [smile for smile in smiles if smile.rise >= BESIDE * highest]

    def _measured(self, bout: Bout, times: np.ndarray, landmarks: np.ndarray) -> Smile:
        signals = marker_signals(landmarks, times, alignment=self.alignment, rest=self.rest)
        lips, eyelids = signals[:, 0], signals[:, 1]
        turned = np.abs(_yaw(landmarks)) > self.max_yaw
        unseen = turned.mean() > 0.2 or noise_of(times, eyelids.mean(axis=1)) > _NO_EYELID
        figures = _figures(times, lips, None if unseen else eyelids, begins=bout.begins,
                           ends=bout.ends, tracked=self.tracked is not False)
        begins, ends = (bool(np.isfinite(figures[f"lip_{phase}_duration_s"]))
                        for phase in ("onset", "offset"))
        return Smile(bout.start, bout.end, bout.rise, begins, ends, figures)

    def _check_params(self) -> None:
        check_option("alignment", self.alignment, METHODS)
        for name in ("rest", "least_rise", "max_gap", "max_yaw"):
            check_positive(name, getattr(self, name))
        if not (self.tracked == "auto" or isinstance(self.tracked, bool)):
            raise ValueError(f"tracked must be 'auto', True or False, not {self.tracked!r}")

    def _opened(self, X: Any) -> list[Any]:
        """Open clips; leave tuples of signals as they are."""
        if isinstance(X, tuple) and X and isinstance(X[0], np.ndarray) and X[0].ndim == 1:
            raise TypeError("X is one tuple of signals; for a single one write [X]")
        items = list(listed(X))
        given = [isinstance(item, tuple) for item in items]
        if all(given):
            return items
        if any(given):
            raise TypeError(f"item {given.index(not given[0])}: X must hold clips, or tuples of "
                            "signals, and not some of both")
        if isinstance(items[0], list):
            raise TypeError("item 0: signals must be tuples (times, lips) or (times, lips, "
                            "eyelids), not lists")
        return as_clips(items)


def _figures(times: np.ndarray, lips: np.ndarray, eyelids: np.ndarray | None, *,
             least_rise: float = 0.0, begins: bool = True, ends: bool = True,
             tracked: bool = False) -> dict[str, float]:
    """Measure one smile; NaN for the phases that are not, or not whole, in the signals."""
    measured = measure_smile(times, lips, eyelids, tracked=tracked)
    figures = _nothing() | {name: measured[name] for name in KINEMATICS if name in measured}
    rise, fall = measured["lip_onset_rise"], measured["lip_offset_fall"]
    if max(rise, fall) < max(least_rise, _ABSENT):
        return _nothing()
    lost = []
    if rise <= _ABSENT or not begins:
        lost += ["onset", "apex"]
    elif _cut_off(-times[::-1], lips[::-1].mean(axis=1)):
        lost += ["onset"]
    if fall <= _ABSENT or not ends:
        lost += ["apex", "offset"]
    elif _cut_off(times, lips.mean(axis=1)):
        lost += ["offset"]
    return {name: np.nan if name.split("_")[1] in lost else value
            for name, value in figures.items()}


def _cut_off(times: np.ndarray, lips: np.ndarray) -> bool:
    """Whether the signals end in the fall of the smile, well above where they begin."""
    top = int(np.argmax(lips))
    span = times[-1] - times[top]
    if span < _AT_THE_END:
        return True
    ends = np.arange(times[top] + _AT_THE_END, times[-1] + 1e-9, 0.5 * _AT_THE_END)
    ends[-1] = times[-1]
    falls = np.interp(ends - _AT_THE_END, times, lips) - np.interp(ends, times, lips)
    to_go = lips[-1] - lips[0]
    return bool(falls[-1] > _STILL_FALLING * falls.max()
                and to_go > _TO_GO * (lips[top] - lips[0]))


def _yaw(landmarks: np.ndarray) -> np.ndarray:
    """How far the head is turned to a side in each frame, in degrees."""
    across = landmarks[:, RIGHT_EYE_OUTER] - landmarks[:, LEFT_EYE_OUTER]
    return np.degrees(np.arctan2(across[:, 2], np.linalg.norm(across[:, :2], axis=1)))


def _nothing() -> dict[str, float]:
    return dict.fromkeys(KINEMATICS, np.nan)


def _signals_given(item: tuple, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Times, lips and eyelids of a tuple."""
    if not 2 <= len(item) <= 3:
        raise ClipError(name, "signals must be tuples (times, lips) or (times, lips, eyelids), not "
                        f"of {len(item)} things")
    try:
        times, lips, eyelids = (None if part is None else np.asarray(part, dtype=float)
                                for part in (*item, None)[:3])
    except (TypeError, ValueError):
        raise ClipError(name, "times, lips and eyelids must be arrays of numbers") from None
    if times is None or lips is None:
        raise ClipError(name, "times and lips must be given; only eyelids may be None")
    clip = Clip(times=times, name=name)
    if len(times) > 1:
        check_rate(clip)
    return times, lips, eyelids
