"""`early_decision`: what a model says of a clip while more and more of it is seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..classifiers.opening import open_system
from ..clips.record import Clip, as_clips
from ..running.parallel import in_parallel
from .asking import Answer, ask, askable
from .beginnings import checked_moments, first_part

#: Shares of a clip at which it is asked, where nothing else is said.
FRACTIONS = tuple(np.arange(1, 21) / 20.0)


@dataclass(frozen=True, eq=False)
class EarlyDecision:
    """What a model says of a clip while more and more of it is seen.

    Parameters
    ----------
    times : array of shape (k,)
        Moments at which the clip is cut, in seconds; frames up to and at them are seen.
    probability : array of shape (k,)
        Of `classes[1]`; NaN where too little is seen for the model.
    reasons : tuple of str of length k
        Why there is no probability; empty where there is one.
    classes : array of shape (2,)
    clip : Clip
        The whole clip, with what the steps of the model measured in it.
    honest : bool
        Whether everything was measured anew from the frames up to each moment.
    """

    times: np.ndarray
    probability: np.ndarray
    reasons: tuple[str, ...]
    classes: np.ndarray
    clip: Clip
    honest: bool

    @property
    def settled(self) -> float:
        """Seconds: the first of `times` from which on the decision stays what it is at the end.

        NaN where there is none at the end.
        """
        if np.isnan(self.probability[-1]):
            return np.nan
        same = (self.probability > 0.5) == (self.probability[-1] > 0.5)
        same &= ~np.isnan(self.probability)
        return float(self.times[len(same) - int(np.argmin(np.r_[same[::-1], False]))])

    def to_frame(self) -> pd.DataFrame:
        """Return a row a moment.

        Returns
        -------
        DataFrame
            `time` (s), `probability`, `decision` (one of `classes`, or None) and `reason`.
        """
        decided = [None if np.isnan(p) else self.classes[int(p > 0.5)] for p in self.probability]
        return pd.DataFrame({"time": self.times, "probability": self.probability,
                             "decision": pd.Series(decided, dtype=object),
                             "reason": list(self.reasons)})


def early_decision(model: Any, clip: Any, *, fractions: Any = None, times: Any = None,
                   honest: bool = False, n_jobs: int | None = None) -> EarlyDecision:
    """Ask a model about a clip of which only the first part is seen.

    Parameters
    ----------
    model : fitted classifier of clips, or Pipeline that ends in one
        With probabilities, of two classes. Of a search the best estimator is asked.
    clip : recording
        One; anything that `as_clip` takes.
    fractions : array-like of shape (k,), default=0.05, 0.1, …, 1
        Where to cut, in shares of the clip's time: above 0 and at most 1.
    times : array-like of shape (k,), optional
        Where to cut, in seconds, instead.
    honest : bool, default=False
        False: faces, landmarks, smile intensity and action units are measured once, in the whole
        clip, and what was measured is cut. Quick, but some of these steps look ahead; see below.
        True: everything is measured anew from the frames up to each moment.
    n_jobs : int, optional
        Moments measured at the same time, with `honest`.

    Returns
    -------
    EarlyDecision

    Raises
    ------
    TypeError, ValueError
        The model gives no probabilities, not of two classes, or there is nothing to ask at.
    NotFittedError
        It is not fitted.
    ClipError
        The model cannot use the clip even as a whole.

    Notes
    -----
    A beginning that is too short for the model has the probability NaN and a reason; the longer
    ones are not affected.

    What looks ahead where `honest` is False, in steps of the package: `FaceAligner` and
    `FaceLandmarks` smooth positions over ±0.15 s, `LBPSmileIntensity` over ±0.4 s, `HOGActionUnits`
    and `BlendshapeActionUnits` over ±0.16 s; `FaceAligner` places the eyes in the head by what was
    seen over ±2 s; `HOGActionUnits` and `BlendshapeActionUnits` know how the face rests from the
    whole clip, which matters most: in a clip that begins in the smile they know the rest that comes
    after it. `BlendshapeActionUnits` also aligns heads by the clip's mean face and knows for
    0.6 s ahead whether closing eyes are a blink. Which of several faces counts is the same from the
    beginning. How much that changes is in the guide (`docs/watching.md`).

    What a model says of a beginning it was in general not trained on: it has seen whole smiles. See
    `early_accuracy` for how often it is right.

    Examples
    --------
    >>> from smilegenuine import AUDASVMEnsemble
    >>> from smilegenuine.datasets import make_smile_signals
    >>> from smilegenuine.answers import early_decision
    >>> smiles = make_smile_signals(8, 2, random_state=0)
    >>> clf = AUDASVMEnsemble(levels=("au",)).fit(smiles.data[:14], smiles.target[:14])
    >>> found = early_decision(clf, smiles.data[15], fractions=[0.001, 0.5, 1.0])
    >>> found.probability.shape, found.reasons[0]
    ((3,), 'is too short: 1 frames, at least 3 are needed')
    """
    model = askable(model)
    if times is not None and fractions is not None:
        raise ValueError("fractions and times both say where to cut; give one of them")
    wanted = checked_moments("times", times) if times is not None else \
        checked_moments("fractions", FRACTIONS if fractions is None else fractions)
    (clip,) = as_clips([clip])
    system = open_system(model)
    (measured,) = system.measure([clip])
    (at_the_end,) = ask(system.decider, [measured], decide=False)
    if at_the_end.reason is not None:
        raise at_the_end.reason
    seen = np.asarray(measured.times)
    moments = wanted if times is not None else seen[0] + wanted * (seen[-1] - seen[0])
    if honest:
        calls = ((model, first_part(clip, t)) for t in moments)
        answers = list(in_parallel(_ask_one, calls, n_jobs=n_jobs))
    else:
        answers = ask(system.decider, [first_part(measured, t) for t in moments], decide=False)
    return EarlyDecision(moments, np.array([answer.probability for answer in answers]),
                         tuple("" if answer.reason is None else answer.reason.problem
                               for answer in answers),
                         np.asarray(model.classes_), measured, honest)


def _ask_one(model: Any, clip: Clip | None) -> Answer:
    return ask(model, [clip], decide=False)[0]
