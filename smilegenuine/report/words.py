"""What reports say in words: action units by their names in FACS, phases, classes, certainty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..explain.explanation import WITH_OTHERS
from ..features.dmarkers import MARKERS
from ..plotting.contribution_maps import signed
from ..running.foreign_text import as_number
from .card_scores import certainty_bins, interval_of, part_of
from .model_card import DRAWN

#: Names of the 17 action units (Ekman, Friesen & Hager 2002, Facial Action Coding System).
UNITS = {
    "AU01": "inner brow raiser", "AU02": "outer brow raiser", "AU04": "brow lowerer",
    "AU05": "upper lid raiser", "AU06": "cheek raiser", "AU07": "lid tightener",
    "AU09": "nose wrinkler", "AU10": "upper lip raiser", "AU12": "lip corner puller",
    "AU14": "dimpler", "AU15": "lip corner depressor", "AU17": "chin raiser",
    "AU20": "lip stretcher", "AU23": "lip tightener", "AU25": "lips part", "AU26": "jaw drop",
    "AU45": "blink",
}

_SIGNALS = {"lip": "lip corners", "eyelid": "eyelids", "cheek": "cheeks"}
_SPANS = {"onset": "in the onset", "apex": "in the apex", "offset": "in the offset",
          "smile": "over the whole smile", "sequence": "over the whole recording",
          "rest": "outside the smile"}
#: Below these probabilities of the class that is said, in words.
_SURE = ((0.6, "hardly leans to either side"), (0.75, "leans that way"),
         (0.9, "is fairly sure"), (1.1, "is sure"))

# Clips from which no share can be told.
_FEW = 20


def what_text(what: str) -> str:
    """Return in words what a contribution is made by.

    Parameters
    ----------
    what : str
        As `Explanation.strongest` calls it: an action unit, a pair of them, a part of the face, a
        feature.

    Returns
    -------
    str

    Examples
    --------
    >>> what_text("AU06"), what_text("AU06×AU12")
    ('AU06, cheek raiser', 'AU06, cheek raiser, and AU12, lip corner puller, together')
    """
    if what.endswith(WITH_OTHERS) and what.removesuffix(WITH_OTHERS) in UNITS:
        return f"{what_text(what.removesuffix(WITH_OTHERS))}, with other units"
    first, cross, second = what.partition("×")
    if cross and first in UNITS and second in UNITS:
        return f"{first}, {UNITS[first]}, and {second}, {UNITS[second]}, together"
    if what in UNITS:
        return f"{what}, {UNITS[what]}"
    return _SIGNALS.get(what, what.replace("_", " ") if what in MARKERS else what)


def span_text(phase: str) -> str:
    """Return in words where in a recording a contribution belongs; nothing where to none.

    Parameters
    ----------
    phase : str
        Of `smilegenuine.explain.explanation.SPANS`.

    Returns
    -------
    str
    """
    return _SPANS.get(phase, phase)


def sentence(row: Mapping[Any, Any], words: list[str], branches: int, most: float) -> str:
    """Return a row of `Explanation.strongest` as a sentence.

    Parameters
    ----------
    row : mapping
        `branch`, `what`, `phase`, `contribution`.
    words : list of two str
        What the classes are called.
    branches : int
        Of the system; with several, the sentence names its own.
    most : float
        The largest contribution, by which numbers are rounded.

    Returns
    -------
    str

    Examples
    --------
    >>> sentence({"branch": "ensemble", "what": "AU06", "phase": "apex", "contribution": 0.41},
    ...          ["posed", "spontaneous"], 1, 0.41)
    'AU06, cheek raiser, in the apex: speaks for spontaneous (+0.41)'
    """
    where = ", ".join(filter(None, [what_text(row["what"]), span_text(row["phase"])]))
    of = f" [{row['branch']}]" if branches > 1 else ""
    value = float(row["contribution"])
    return f"{where}{of}: speaks for {words[int(value > 0)]} ({signed(value, most)})"


def sure_text(probability: float) -> str:
    """Return in words how sure a system is.

    Parameters
    ----------
    probability : float
        Of the class that it says.

    Returns
    -------
    str
    """
    return next(words for bound, words in _SURE if probability < bound)


def percent(share: float) -> str:
    """Write a probability so that nothing is certain.

    Parameters
    ----------
    share : float

    Returns
    -------
    str

    Examples
    --------
    >>> percent(0.774), percent(0.9996), percent(0.0)
    ('77 %', '> 99 %', '< 1 %')
    """
    return "> 99 %" if share > 0.995 else "< 1 %" if share < 0.005 else f"{100 * share:.0f} %"


def held_out_text(info: Mapping[str, Any], probability: float) -> str:
    """Describe how often a system was right on people that it had not been trained on.

    Parameters
    ----------
    info : mapping
        What the model remembers; see `smilegenuine.report.card_scores.scores_to_remember`.
    probability : float
        Of the class that is said now: where it is known, the sentence is about held-out clips of
        which the system was as sure.

    Returns
    -------
    str
    """
    accuracy = as_number(part_of(info, "scores by subject").get("accuracy"))
    if accuracy is None:
        return ("How often this model is right about people whom it was not trained on is not "
                "known: it remembers no scores by subject.")
    tested = part_of(info, "tested")
    parts = ["In tests on people whom it was not trained on, a system made like this one was right "
             f"about {100 * accuracy:.0f} of 100 clips{_how_tested(tested)}.",
             *_no_better(accuracy, tested), *_as_sure(info.get("held out"), probability)]
    if info.get("drawn people"):
        parts.append(DRAWN)
    return " ".join(parts)


def _no_better(accuracy: float, tested: Mapping[str, Any]) -> list[str]:
    bounds = interval_of(tested)
    if min(accuracy, 1.0 if bounds is None else bounds[0]) > 0.5:
        return []
    return ["As far as these tests can tell, that is no better than guessing one of two."]


def _how_tested(tested: Mapping[str, Any]) -> str:
    bounds = interval_of(tested)
    clips, people = as_number(tested.get("clips")), as_number(tested.get("subjects"))
    parts = [] if bounds is None else [
        f"{100 * bounds[2]:g} % interval {100 * bounds[0]:.0f} to {100 * bounds[1]:.0f}"]
    if clips is not None:
        parts.append(f"{clips:.0f} clips" + (f" of {people:.0f} people" if people else ""))
    return f" ({'; '.join(parts)})" if parts else ""


def _as_sure(bins: Any, probability: float) -> list[str]:
    """How often it was right when it was as sure as now."""
    # Where the decision is a tie, rounding may put its probability below a half.
    bins_below = [row for row in certainty_bins(bins) if row[0] <= probability + 1e-9]
    if not bins_below:
        return []
    low, high, clips, right = bins_below[-1]
    span = f"{100 * low:.0f} to {100 * high:.0f} %"
    if not clips:
        return [f"Of no clip in those tests was it as sure as of this one ({span})."]
    few = ", which are few" if clips < _FEW else ""
    return [f"When it was as sure as of this one ({span}), it was right about {right} of {clips} "
            f"clip{'s' * (clips > 1)}{few}."]
