"""Ask a fitted model about clips: what it decides, how probable that is, or why it says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..classifiers.opening import steps_of, unwrapped
from ..clips.errors import ClipError
from ..clips.record import Clip


class Answer(NamedTuple):
    """What a model says of a clip.

    Attributes
    ----------
    probabilities : array of shape (2,)
        Of its classes; NaN where the model cannot use the clip.
    decision : object
        One of its classes; of a model that abstains, what it says then. None where it cannot use
        the clip, or where nobody asked.
    reason : ClipError or None
        Why it cannot.
    """

    probabilities: np.ndarray
    decision: Any
    reason: ClipError | None

    @property
    def probability(self) -> float:
        """Of the second class."""
        return float(self.probabilities[1])


def askable(model: Any) -> Any:
    """Return a fitted classifier of two classes that has probabilities; or raise.

    Parameters
    ----------
    model : estimator
        Of a search, the best estimator is returned, of a frozen model what is frozen.

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
    last = steps_of(model)[-1][1]
    return repr(last) if isinstance(last, str) else type(last).__name__


def ask(model: Any, clips: Sequence[Clip | None], *, decide: bool = True) -> list[Answer]:
    """Ask a model about clips of which some may be unusable, such as too short.

    Parameters
    ----------
    model : fitted classifier
        See `askable`.
    clips : sequence of Clip or None
        None for one of which there is nothing, see `first_part`.
    decide : bool, default=True
        Also ask for decisions, for which a model that abstains is asked once more.

    Returns
    -------
    list of Answer
        In the order of the clips.
    """
    nothing = np.full(2, np.nan)
    answers = [Answer(nothing, None, ClipError("clip", "no frame by then"))] * len(clips)
    # By their length, so that those which are too short are next to each other.
    lengths = {i: len(clip.mask) for i, clip in enumerate(clips) if clip is not None}
    waiting = [sorted(lengths, key=lambda i: lengths[i])]
    while waiting:
        batch = waiting.pop()
        if not batch:
            continue
        try:
            answered = _answers(model, [clips[i] for i in batch], decide)
        except ClipError as error:
            # One of them is at fault; the error names a clip, but parts of one have one name.
            if len(batch) == 1:
                answers[batch[0]] = Answer(nothing, None, error)
            else:
                half = len(batch) // 2
                waiting += [batch[:half], batch[half:]]
            continue
        for i, answer in zip(batch, answered, strict=True):
            answers[i] = answer
    return answers


def _answers(model: Any, clips: list[Clip | None], decide: bool) -> list[Answer]:
    probabilities = np.asarray(model.predict_proba(clips), dtype=float)
    decisions: Any = [None] * len(clips)
    if decide:
        decisions = model.decide(clips) if hasattr(model, "decide") else \
            model.classes_[probabilities.argmax(axis=1)]
    return [Answer(p, label.item() if isinstance(label, np.generic) else label, None)
            for p, label in zip(probabilities, decisions, strict=True)]
