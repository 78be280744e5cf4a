"""Models taken apart, and clips cut: what is asked about the beginning of a clip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ..au_table import AU_NAMES
from ..classifiers.opening import unwrapped
from ..clip import Clip
from ..clip_fields import SIGNALS
from ..errors import ClipError
from ..features.dmarkers import signals_of
from ..video import FrameSource

# A frame belongs to a moment where it is later by no more than this: clocks tick no finer.
_SAME = 1e-6


def asked_model(model: Any) -> Any:
    """Give a fitted classifier of two classes that says probabilities, or raise.

    Parameters
    ----------
    model : estimator
        Of a search, the best estimator is returned.

    Returns
    -------
    classifier

    Raises
    ------
    TypeError
        It is no such classifier.
    NotFittedError
        It is not fitted.
    """
    if isinstance(model, (str, bytes)) or not hasattr(model, "predict"):
        raise TypeError(f"model must be a fitted classifier, not {_called(model)}; load_model(path)"
                        " gives a saved one")
    check_is_fitted(model)
    model = unwrapped(model)
    if not hasattr(model, "predict_proba"):
        raise TypeError(f"{_called(model)} gives no probabilities; end the pipeline in a classifier"
                        " that has predict_proba (CalibratedClassifierCV gives it to any)")
    if len(getattr(model, "classes_", ())) != 2:
        raise TypeError(f"{_called(model)} knows {len(getattr(model, 'classes_', ()))} classes; a "
                        "classifier of two is needed, posed and spontaneous smiles")
    return model


def _called(model: Any) -> str:
    last = model.steps[-1][1] if isinstance(model, Pipeline) else model
    return repr(last) if isinstance(last, str) else type(last).__name__


def first_part(clip: Clip, until: float) -> Clip | None:
    """Give the beginning of a clip, every field cut; lazily, what pictures it has.

    Parameters
    ----------
    clip : Clip
        With timing.
    until : float
        Seconds; frames at this time belong to it.

    Returns
    -------
    Clip or None
        None where there is no frame by then.

    Examples
    --------
    >>> import numpy as np
    >>> from smilegenuine import Clip
    >>> from smilegenuine.early.cutting import first_part
    >>> first_part(Clip(aus=np.zeros((100, 17)), fps=25), until=1.0).n_frames
    26
    """
    times = np.asarray(clip.times)
    n = int(np.searchsorted(times, until + _SAME, side="right"))
    if n == len(times):
        return clip
    if n == 0:
        return None
    cut: dict[str, Any] = {field: value[:n] for field in SIGNALS
                           if (value := getattr(clip, field)) is not None}
    if clip.frames is not None:
        cut["frames"] = _FirstFrames(clip.frames, n)
    known = clip.known()
    if known["times"] is not None:  # else they follow from the frames or the rate, as before
        cut["times"] = times[:n]
        if n == 1:  # without a distance to the next by which its rate would be known
            cut["fps"] = float(clip.fps)
    return clip.replace(**cut)


class _FirstFrames(FrameSource):
    """The first frames of another source."""

    def __init__(self, source: FrameSource, n: int) -> None:
        self.source, self.n, self.name = source, n, source.name

    def __iter__(self) -> Iterator[np.ndarray]:
        return islice(iter(self.source), self.n)

    def __len__(self) -> int:
        return self.n

    @property
    def times(self) -> np.ndarray | None:
        times = self.source.times
        return None if times is None else times[:self.n]

    @property
    def fps(self) -> float | None:
        return self.source.fps

    def content(self) -> Any:
        return ("first", self.n, self.source.content())


class SmileLevel(NamedTuple):
    """How much of a smile there is over time.

    Attributes
    ----------
    times : array of shape (n,)
        Seconds.
    level : array of shape (n,)
        NaN in frames that are not valid.
    kind : {"smile", "AU12", "lips"}
        What it is: smile intensity, the action unit that pulls the lip corners, or how far the lip
        corners of the landmarks are apart.
    """

    times: np.ndarray
    level: np.ndarray
    kind: str


def smile_level(clip: Clip) -> SmileLevel | None:
    """Give what the phases of a clip are found in, see `smilegenuine.features.clip_phases`.

    Parameters
    ----------
    clip : Clip

    Returns
    -------
    SmileLevel or None
        None where nothing of the kind is known.
    """
    if clip.times is None:
        return None
    times = np.asarray(clip.times)
    if clip.smile is not None:
        return SmileLevel(times, np.where(clip.mask, clip.smile, np.nan), "smile")
    if clip.aus is not None:
        aus = np.asarray(clip.aus)[:, AU_NAMES.index("AU12")]
        return SmileLevel(times, np.where(clip.mask, aus, np.nan), "AU12")
    if clip.landmarks is not None:
        try:
            signals, at = signals_of(clip)
        except ClipError:  # too few frames with a face, or too few a second
            return None
        return SmileLevel(at, signals[:, 0].mean(axis=1), "lips")
    return None


class Answer(NamedTuple):
    """What a model says of a clip.

    Attributes
    ----------
    probability : float
        Of the second class; NaN where the model cannot use the clip.
    reason : ClipError or None
        Why not.
    """

    probability: float
    reason: ClipError | None


def ask(model: Any, clips: Sequence[Clip | None]) -> list[Answer]:
    """Ask a model about clips that may be too short for it.

    Parameters
    ----------
    model : classifier
        From `asked_model`, or what decides in it.
    clips : sequence of Clip or None
        From `first_part`.

    Returns
    -------
    list of Answer
    """
    answers = [Answer(np.nan, ClipError("clip", "no frame by then"))] * len(clips)
    # By their length, so that those which are too short are next to each other.
    lengths = {i: len(clip.mask) for i, clip in enumerate(clips) if clip is not None}
    waiting = [sorted(lengths, key=lambda i: lengths[i])]
    while waiting:
        some = waiting.pop()
        if not some:
            continue
        try:
            found = np.asarray(model.predict_proba([clips[i] for i in some]), dtype=float)
        except ClipError as error:
            # One of them is at fault; the error names a clip, but parts of one have one name.
            if len(some) == 1:
                answers[some[0]] = Answer(np.nan, error)
            else:
                half = len(some) // 2
                waiting += [some[:half], some[half:]]
            continue
        for i, p in zip(some, found, strict=True):
            answers[i] = Answer(float(p[1]), None)
    return answers


def checked_moments(name: str, values: Any) -> np.ndarray:
    """Give where to cut as an array, or raise.

    Parameters
    ----------
    name : {"fractions", "times"}
        What messages call it; fractions must lie above 0 and at most at 1.
    values : array-like of shape (k,), or float

    Returns
    -------
    array of shape (k,)

    Raises
    ------
    ValueError
        No numbers, none at all, or not increasing.
    """
    try:
        found = np.atleast_1d(np.asarray(values, dtype=float))
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.ndim != 1 or not len(found) or not np.isfinite(found).all():
        raise ValueError(f"{name} must be numbers, at least one, not {values!r}")
    if name == "fractions" and not ((found > 0) & (found <= 1)).all():
        raise ValueError(f"fractions must be above 0 and at most 1, not {values!r}")
    if not (np.diff(found) > 0).all():
        raise ValueError(f"{name} must increase, not {values!r}")
    return found
