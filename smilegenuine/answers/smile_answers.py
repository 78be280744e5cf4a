"""Answers of a model of smile kinematics: about each smile of a recording, and why."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..classifiers.kinematic_decisions import CANNOT_TELL
from ..classifiers.opening import classes_of, unwrapped
from ..clips.errors import ClipError
from ..clips.record import Clip
from ..explain.kinematic_reasons import classifier_of, reasons_of
from ..explain.kinematics_words import short_words
from ..features.smile_kinematics import Smile
from ..running.foreign_text import class_names

# Why nothing can be told of a smile.
_UNUSUAL = "it is like no smile that the model knows"
_UNSURE = "neither class is probable enough"
_UNMEASURED = "nothing of it could be measured"


class SmileAnswer(NamedTuple):
    """What a model says of a smile.

    Attributes
    ----------
    smile : Smile
    decision : object
        One of the model's classes, or "cannot tell".
    probabilities : array of shape (2,)
    reasons : DataFrame
        The smile's rows of `smilegenuine.explain.reasons`.
    why : str
        The strongest figure that speaks for the decision, in a few words; or why there is none.
    """

    smile: Smile
    decision: Any
    probabilities: np.ndarray
    reasons: pd.DataFrame
    why: str


def answers_by_smile(model: Any) -> bool:
    """Return whether a model answers for each smile of a recording, and can say why.

    Parameters
    ----------
    model : estimator
        Such as `load_pretrained("kinematics")`, also frozen, or of a search.

    Returns
    -------
    bool
    """
    try:
        classifier_of(model)
    except ValueError:
        return False
    return True


def ask_by_smile(model: Any, clip: Clip, *, reasons: bool = True) -> list[SmileAnswer]:
    """Find the smiles of a clip, and decide about each by itself.

    Parameters
    ----------
    model : KinematicsPipeline
        One that `answers_by_smile`.
    clip : Clip
        With landmarks.
    reasons : bool, default=True
        Work out why, too.

    Returns
    -------
    list of SmileAnswer
        In their order; empty where nobody smiles.

    Raises
    ------
    ClipError
        It has no landmarks, or too few frames have a face.
    """
    if clip.landmarks is None:
        raise ClipError(clip.label, "has neither landmarks nor pictures to find them in, and this "
                        "model looks at landmarks; give the video itself")
    model = unwrapped(model)
    (smiles,) = model.measured([clip])
    if not smiles:
        return []
    classifier, decided = classifier_of(model), model.decide_smiles(smiles)
    unusual = classifier.unusual(decided.figures)
    probabilities = classifier.predict_proba(decided.figures)
    table = reasons_of(classifier, smiles if reasons else [], names=class_names(classes_of(model)))
    answers = []
    for k, smile in enumerate(smiles):
        decision = decided.decisions[k]
        rows = table[table["smile"] == k + 1].reset_index(drop=True)
        why = _why(decision, bool(unusual[k]), rows) if decided.known[k] else _UNMEASURED
        answers.append(SmileAnswer(
            smile, decision.item() if isinstance(decision, np.generic) else decision,
            probabilities[k], rows, why))
    return answers


def _why(decision: Any, unusual: bool, rows: pd.DataFrame) -> str:
    if decision == CANNOT_TELL:
        return _UNUSUAL if unusual else _UNSURE
    reasons = rows[(rows["speaks_for"] == decision) & (rows["contribution"] != 0)]
    if reasons.empty:
        return ""
    strongest = reasons.iloc[0]
    return short_words(strongest["parameter"], strongest["value"])
