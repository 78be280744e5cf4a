"""What a model of smile kinematics says about a recording: of each of its smiles, and why."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..classifiers.kinematic_decisions import CANNOT_TELL, NO_SMILE
from ..classifiers.opening import classes_of
from ..clip import Clip
from ..errors import ClipError
from ..explain.kinematics import classifier_of, reasons_of
from ..explain.kinematics_words import short_words
from ..features.kinematics import Smile
from .words import class_words

# Why nothing can be told of a smile.
_UNUSUAL = "it is like no smile that the model knows"
_UNSURE = "neither class is probable enough"
_UNMEASURED = "nothing of it could be measured"
# Decimals of seconds; smiles are found in steps of a fiftieth of one.
_DECIMALS = 3


class ToldSmile(NamedTuple):
    """What is said of a smile.

    Attributes
    ----------
    smile : Smile
    decision : object
        One of the model's classes, or "cannot tell".
    probabilities : array of shape (2,)
    reasons : DataFrame
        The smile's rows of `smilegenuine.explain.reasons`, with the words for classes in the names
        of its columns.
    why : str
        The strongest figure that speaks for the decision, in a few words; or why there is none.
    """

    smile: Smile
    decision: Any
    probabilities: np.ndarray
    reasons: pd.DataFrame
    why: str


def tells_smiles(model: Any) -> bool:
    """Say whether a model answers for each smile of a recording, and can say why.

    Parameters
    ----------
    model : estimator
        Such as `load_pretrained("kinematics")` gives.

    Returns
    -------
    bool
    """
    try:
        classifier_of(model)
    except ValueError:
        return False
    return True


def measured_clip(model: Any, clip: Clip) -> Clip:
    """Find the landmarks of a clip, where it has none.

    Parameters
    ----------
    model : KinematicsPipeline
    clip : Clip

    Returns
    -------
    Clip

    Raises
    ------
    ClipError
        There is no face in it, or nothing to look at.
    """
    if len(model.steps) > 2:
        clip = model[:-2].transform([clip])[0]
    if clip.landmarks is None:
        raise ClipError(clip.label, "has neither landmarks nor pictures to find them in, and this "
                        "model looks at landmarks; give the video itself")
    return clip


def told_smiles(model: Any, clip: Clip, *, reasons: bool = True) -> list[ToldSmile]:
    """Find the smiles of a clip, and decide about each by itself.

    Parameters
    ----------
    model : KinematicsPipeline
        One that `tells_smiles`.
    clip : Clip
        With landmarks, see `measured_clip`.
    reasons : bool, default=True
        Say why, too.

    Returns
    -------
    list of ToldSmile
        In their order; empty where nobody smiles.

    Raises
    ------
    ClipError
        Too few frames have a face.
    """
    smiles = model.steps[-2][1].find_smiles(clip)
    if not smiles:
        return []
    classifier = classifier_of(model)
    figures, said, known = model.decide_smiles(smiles)
    odd, probabilities = classifier.unusual(figures), classifier.predict_proba(figures)
    table = reasons_of(classifier, smiles if reasons else [],
                       names=class_words(classes_of(model)))
    told = []
    for k, smile in enumerate(smiles):
        decision = said[k].item() if isinstance(said[k], np.generic) else said[k]
        rows = table[table["smile"] == k + 1].reset_index(drop=True)
        why = _why(decision, bool(odd[k]), rows) if known[k] else _UNMEASURED
        told.append(ToldSmile(smile, decision, probabilities[k], rows, why))
    return told


def smile_rows(model: Any, told: list[ToldSmile]) -> list[dict[str, Any]]:
    """Give what is said of a recording for programs.

    Parameters
    ----------
    model : KinematicsPipeline
    told : list of ToldSmile
        Of one recording.

    Returns
    -------
    list of dict
        A row a smile, see `row_titles`. A recording without a smile has a row as well, with smile 0
        and NaN.
    """
    titles, nan = row_titles(model), float("nan")
    rows: list[tuple[Any, ...]] = [
        (k, round(t.smile.start, _DECIMALS), round(t.smile.end, _DECIMALS), t.decision,
         *map(float, t.probabilities), t.why) for k, t in enumerate(told, 1)]
    rows = rows or [(0, nan, nan, NO_SMILE, nan, nan, "")]
    return [dict(zip(titles, row, strict=True)) for row in rows]


def row_titles(model: Any) -> list[str]:
    """Name the columns of `smile_rows`.

    Parameters
    ----------
    model : KinematicsPipeline

    Returns
    -------
    list of str
    """
    return ["smile", "start", "end", "decision", *(f"P({c})" for c in classes_of(model)), "why"]


def _why(decision: Any, odd: bool, rows: pd.DataFrame) -> str:
    if decision == CANNOT_TELL:
        return _UNUSUAL if odd else _UNSURE
    mine = rows[(rows["speaks_for"] == decision) & (rows["contribution"] != 0)]
    if mine.empty:
        return ""
    strongest = mine.iloc[0]
    return short_words(strongest["parameter"], strongest["value"])
