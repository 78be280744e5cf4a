"""`LiveDecision`: a fitted model, asked about a film while it runs."""

from __future__ import annotations

import numbers
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..answers.asking import ask, askable
from ..classifiers.opening import open_system
from ..clips.errors import ClipError
from ..clips.record import Clip
from ..clips.steps import check_positive
from ..clips.video import ArrayFrames
from ..face.align import FaceAligner
from ..face.landmarks import FaceLandmarks
from ..features.clip_phases import SmileLevel, smile_level
from .live_steps import FEWEST, LiveMeasuring
from .smile_detection import Found, find_smile, part_of

#: Why there is no probability where nothing is wrong.
WAITING = ("measuring", "no face", "no smile yet")

# Seconds without a frame, or without a face, after which what comes is another recording.
_GAP = 1.0
# Mouth widths that lip corners go apart in a smile at least.
_LIPS = 0.03


@dataclass(frozen=True, eq=False)
class LiveSmile:
    """A smile that was seen, and what the model says of it.

    Parameters
    ----------
    begin, end : float
        Seconds: from the beginning of the onset to the end of the offset, or of what was seen.
    probability : float
        Of the second class; NaN where the model could not say.
    decision : object
        One of the classes, of a model that abstains what it says then, or None.
    whole : bool
        Whether it was seen to its end.
    """

    begin: float
    end: float
    probability: float
    decision: Any
    whole: bool


@dataclass(frozen=True, eq=False)
class LiveMoment:
    """What is known when a frame has come.

    Parameters
    ----------
    time : float
        Seconds, of the frame.
    measured : float
        Seconds, of the newest frame that is measured; what follows is of that one. NaN before.
    face : bool
        Whether there is a face in it.
    smile : float
        Smile intensity (of a model without, AU12 or the distance of the lip corners); NaN where
        it is not known.
    aus : array of shape (17,), or None
        Action units, 0 to 5.
    phase : {"onset", "apex", "offset", ""}
    since : float
        Seconds since the smile began; NaN where nobody smiles.
    probability : float
        Of the second class, for the smile under way; NaN where nothing can be said.
    decision : object
        The class that it speaks for, of a model that abstains what it says then; None where
        nothing can be said.
    reason : str
        Why not; empty where it can.
    box : array of shape (4, 2), or None
        Corners of the face in the newest frame, pixels.
    """

    time: float
    measured: float = np.nan
    face: bool = False
    smile: float = np.nan
    aus: np.ndarray | None = None
    phase: str = ""
    since: float = np.nan
    probability: float = np.nan
    decision: Any = None
    reason: str = "measuring"
    box: np.ndarray | None = field(default=None, repr=False)

    @property
    def measuring(self) -> bool:
        """Whether nothing can be told yet."""
        return bool(np.isnan(self.probability))


class _Answer(NamedTuple):
    """What the model answered last, or why it did not."""

    probability: float = np.nan
    decision: Any = None
    reason: str = ""


class LiveDecision:
    """Asks a model about a smile while it is being smiled.

    Give it the frames of a camera one by one; it measures each of them once, remembers a trailing
    window, and asks the model about the smile that is under way, from its beginning to now.

    Parameters
    ----------
    model : fitted classifier, or Pipeline that ends in one
        From video, with probabilities, of two classes.
    window : float, default=15.0
        Seconds that are remembered; a smile that lasts longer is decided by what was remembered.
    every : float, default=0.2
        Seconds between two times that the model is asked.
    delay : float, default=0.15
        Seconds that a frame waits before its face is cut out: positions of the eyes are smoothed
        looking both ways, and the chip stands as still as in a recording.
    lead : float, default=1.0
        Seconds before the onset that are given to the model with the smile, if they are there:
        recordings begin at rest.
    settle : float, default=0.5
        Seconds at rest after which a smile is over.
    least_rise : float, default=0.5
        Points of AU12 (0 to 5) by which a smile rises at least; less is no smile. Of models that
        measure no action units the lip corners must go apart by 0.03 mouth widths.

    Attributes
    ----------
    smiles : list of LiveSmile
        Those that are over.
    classes_ : array of shape (2,)
    clip_ : Clip or None
        What is remembered, as it was measured last; it holds until the next frame.
    curve_ : SmileLevel or None
        How much of a smile there was in the window, as it was measured last.

    Raises
    ------
    TypeError, ValueError
        The model is no such classifier, or a parameter makes no sense.
    NotFittedError
        The model is not fitted.
    ImportError, RuntimeError
        The model looks for landmarks, and MediaPipe or its model is not there.

    Notes
    -----
    What is said of a frame is known `delay` after it at the earliest, `delay` plus `every` after it
    at the latest, and the time that computing takes; see the guide (`docs/watching.md`).

    Each frame is looked at once: face or landmarks, patterns, gradients. What needs a whole clip is
    computed on the window each time: smoothing, the face at rest, phases, `BlendshapeActionUnits`,
    the features of the classifier, and steps that this class does not know; for those that look at
    pictures, and for models without `FaceAligner` and `FaceLandmarks`, the pictures of the window
    are kept.

    Of a model that measures neither smile intensity nor action units nor landmarks, as
    RealSmileNet's, nobody knows where a smile begins; it is asked about the whole window.

    Use it as a context manager, or call `close`, where the model looks for landmarks.

    Examples
    --------
    >>> from smilegenuine import load_model
    >>> from smilegenuine.live import LiveDecision
    >>> with LiveDecision(load_model("model.skops")) as live:  # doctest: +SKIP
    ...     for time, frame in camera:
    ...         print(live.update(frame, time).probability)
    """

    def __init__(self, model: Any, *, window: float = 15.0, every: float = 0.2,
                 delay: float = 0.15, lead: float = 1.0, settle: float = 0.5,
                 least_rise: float = 0.5) -> None:
        for name, value in (("window", window), ("every", every), ("delay", delay),
                            ("lead", lead), ("settle", settle), ("least_rise", least_rise)):
            check_positive(name, value)
        if window < 1.0 or window < delay + every:
            raise ValueError(f"window must be at least 1 s, and longer than delay and every, not "
                             f"{window!r}")
        self.model = askable(model)
        self.window, self.every, self.delay = float(window), float(every), float(delay)
        self.lead, self.settle, self.least_rise = float(lead), float(settle), float(least_rise)
        self.classes_ = np.asarray(self.model.classes_)
        system = open_system(self.model)
        head, self._tail = [step for _, step in system.steps], system.decider
        sees = any(isinstance(step, (FaceAligner, FaceLandmarks)) for step in head)
        self._measuring = LiveMeasuring(head, self.delay, keep_pictures=not sees)
        self.smiles: list[LiveSmile] = []
        self._forget_all()

    def _forget_all(self) -> None:
        self._last = self._asked = -np.inf
        self._after = -np.inf
        self._now: LiveMoment = LiveMoment(np.nan)
        self._smile: Found | None = None
        self._answer = _Answer()
        self.clip_: Clip | None = None
        self.curve_: SmileLevel | None = None

    # -- frames ------------------------------------------------------------------------------------

    def update(self, frame: Any, time: float) -> LiveMoment:
        """Take the next frame.

        Parameters
        ----------
        frame : array of shape (H, W, 3) or (H, W), uint8
            RGB or grey.
        time : float
            Seconds, later than that of the frame before. After more than a second without a frame
            everything is measured anew: it is another recording.

        Returns
        -------
        LiveMoment

        Raises
        ------
        TypeError, ValueError
            No picture, or a time that does not increase.
        """
        picture = _as_picture(frame)
        if isinstance(time, bool) or not isinstance(time, numbers.Real) or not np.isfinite(time):
            raise TypeError(f"time must be a number of seconds, not {time!r}")
        time = float(time)
        if time <= self._last:
            raise ValueError(f"time must increase: a frame at {time:.3f} s came after one at "
                             f"{self._last:.3f} s. For another recording call reset()")
        if time - self._last > _GAP and np.isfinite(self._last):
            self.reset()
        self._last = time
        self._measuring.add(picture, time)
        self._measuring.forget(time - self.window)
        if time - self._asked >= self.every - 1e-6:
            self._asked = time
            self._look()
        self._now = LiveMoment(**{**vars(self._now), "time": time, "box": self._measuring.box()})
        return self._now

    def finish(self) -> LiveMoment:
        """End the film: measure the frames that wait, and decide about a last smile.

        Returns
        -------
        LiveMoment
        """
        if not np.isfinite(self._last):  # none ever came
            return self._now
        self._measuring.finish()
        self._look()
        if self._smile is not None:
            # Nobody will see it come to rest for longer than it has.
            last = None if self.clip_ is None else self._find(self.clip_, settle=0.0)
            self._close_smile(self._smile, whole=last is not None and last.over)
        self._now = LiveMoment(**{**vars(self._now), "time": self._last})
        return self._now

    def reset(self) -> None:
        """Forget all frames; what was decided remains in `smiles`.

        A smile under way is decided by what was seen of it.
        """
        self.finish()
        self._measuring.reset()
        self._forget_all()

    def close(self) -> None:
        """Let go of what MediaPipe holds. No frame can be taken afterwards but after `reset`."""
        self._measuring.close()

    def __enter__(self) -> LiveDecision:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    # -- what is known -----------------------------------------------------------------------------

    def _look(self) -> None:
        """Measure the window, and ask the model about the smile in it."""
        trail = self._measuring.trail
        if len(trail) < FEWEST:
            self._now = LiveMoment(self._last)
            return
        times, faces = trail["time"], trail["face"]
        gone = float(times[-1] - times[faces][-1]) if faces.any() else np.inf
        if gone > _GAP and self._smile is not None:
            self._close_smile(self._smile, whole=False)
        if not faces.any() or gone > _GAP:
            self._after = float(times[-1])
            self._now = LiveMoment(self._last, measured=float(times[-1]), reason="no face")
            return
        try:
            clip = self.clip_ = self._measuring.clip()
        except ClipError as error:
            self._now = LiveMoment(self._last, measured=float(times[-1]), reason=error.problem)
            return
        self.curve_ = smile_level(clip)
        if self.curve_ is None and clip.landmarks is None:
            self._now = self._moment(clip, self._ask(clip))
            return
        self._follow(clip)

    def _follow(self, clip: Clip) -> None:
        """Find the smile under way, and what the model says of it."""
        begun = self._smile
        if begun is not None and begun.begin < float(clip.times[0]):
            self._close_smile(begun, whole=False)  # its onset is forgotten
        self._smile = found = self._find(clip, settle=self.settle)
        if found is None:
            self._answer = _Answer(reason="no smile yet")
            self._now = self._moment(clip, self._answer)
            return
        first = max(self._after, found.begin - self.lead)
        last = found.end + self.settle if found.over else np.inf
        self._answer = self._ask(part_of(clip, first, last))
        self._now = self._moment(clip, self._answer)
        if found.over:
            self._close_smile(found, whole=True)

    def _find(self, clip: Clip, *, settle: float) -> Found | None:
        return find_smile(clip, after=self._after, settle=settle,
                          least_rise={"AU12": self.least_rise, "lips": _LIPS})

    def _close_smile(self, found: Found, *, whole: bool) -> None:
        p, decision, _ = self._answer
        self.smiles.append(LiveSmile(found.begin, found.end, p, decision, whole))
        self._after = found.end if whole else self._last
        self._smile, self._answer = None, _Answer()

    def _ask(self, clip: Clip) -> _Answer:
        (answer,) = ask(self._tail, [clip])
        if answer.reason is not None:
            return _Answer(reason=answer.reason.problem)
        return _Answer(answer.probability, answer.decision)

    def _moment(self, clip: Clip, answer: _Answer) -> LiveMoment:
        now, known = float(clip.times[-1]), self.curve_
        seen = bool(clip.mask[-1])
        found = self._smile
        level = np.nan
        if known is not None and len(known.times) and known.times[-1] == now:
            level = float(known.level[-1])
        aus = None if clip.aus is None or not seen else np.array(clip.aus[-1])
        return LiveMoment(self._last, measured=now, face=seen, smile=level, aus=aus,
                          phase="" if found is None else found.phase,
                          since=np.nan if found is None else now - found.begin,
                          **answer._asdict())


def _as_picture(frame: Any) -> np.ndarray:
    picture = np.asarray(frame)
    if (picture.ndim not in (2, 3) or 0 in picture.shape
            or (picture.ndim == 3 and picture.shape[2] not in (1, 3, 4))):
        raise ValueError(f"frame must be one picture, (H, W, 3), RGB, not of shape "
                         f"{picture.shape}")
    return next(iter(ArrayFrames(picture[None], "frame")))
