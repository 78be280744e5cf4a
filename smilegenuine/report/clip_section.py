"""What a report says about one clip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

from ..answers.recordings import RecordingAnswers
from ..classifiers.opening import classes_of
from ..clips.record import Clip
from ..explain.explanation import Explanation
from ..explain.local import explain
from ..features.clip_phases import phases_of
from ..plotting.contribution_maps import signed
from ..running.foreign_text import as_number, class_names, visible
from .model_card import info_of
from .page import Html, element, facts, folded, joined, name_of, table
from .pictures import contributions as contributions_picture
from .pictures import curves, face_strip, when_text
from .words import held_out_text, percent, sentence, span_text, sure_text, what_text

_SENTENCES, _ROWS = 6, 12
_STRETCHES = 6
# Shares of what contributes, below which something is not worth a sentence.
_NOTHING, _MUCH = 1e-6, 0.1


# What contributions are compared with, see `explain`.
_BASELINE = ("the average of the clips that it was trained on and, where it looks at faces, this "
             "face before it moves")


class Section(NamedTuple):
    """What is said of a clip.

    Attributes
    ----------
    html : Html
    note : str
        For the table above all clips; empty where nothing is the matter.
    """

    html: Html
    note: str


def clip_section(answers: RecordingAnswers, name: str, number: int, model: Any, *,
                 background: Any = None, contributions: bool = True) -> Section:
    """Write what a report says about a clip.

    Parameters
    ----------
    answers : RecordingAnswers
        What the model says of it.
    name : str
        What the clip is called.
    number : int
        Of the clip in the report, from 1.
    model : estimator
        As it was given.
    background : list of Clip or None
        See `smilegenuine.explain.explain`.
    contributions : bool, default=True
        Say what the decision rests on.

    Returns
    -------
    Section
    """
    clip, (answer,) = answers.clip, answers.answers
    label, probabilities = answer.decision, answer.probabilities
    words = class_names(classes_of(model))
    classes = list(classes_of(model))
    k = classes.index(label) if label in classes else int(probabilities.argmax())
    sure = float(probabilities[k])
    phases = phases_of(clip)
    explained, why_not = _explained(model, clip, background) if contributions else (None, "")
    no_smile = _no_smile(phases)
    parts = [
        element("h2", name_of(name)),
        *no_smile,
        _decision(words[k], sure, None if label in classes else label, model),
        element("p", held_out_text(info_of(model), sure)),
        face_strip(clip, phases), curves(clip, phases, _units(explained)),
        *([] if not contributions else _why(explained, why_not, words, float(probabilities[1]))),
        element("h3", "What was measured"), facts(measured_facts(clip, phases)),
        _in_numbers(explained)]
    notes = [*(["no smile found"] if no_smile else []), *gaps_note(clip)]
    return made_section(parts, number, "; ".join(notes))


def made_section(parts: Sequence[Html | None], number: int, note: str) -> Section:
    """Return parts of a page as the section about a recording, the `number`-th of the report."""
    section = element("section", *parts, class_="clip", id=f"clip-{number}")
    return Section(joined(section, Html("\n")), note)


def gaps_note(clip: Clip) -> list[str]:
    """Return how many frames were not measured; empty where all were."""
    bad = int((~clip.mask).sum())
    return [f"{bad} of {len(clip.mask)} not measured"] if bad else []


def class_decided(word: str, probability: float) -> Html:
    """Return the paragraph about a decision for a class."""
    return element("p", "Decision: ", element("strong", word), f". Probability "
                   f"{percent(probability)}; the model {sure_text(probability)}.", class_="said")


def _no_smile(phases: dict[str, slice]) -> list[Html]:
    """What is to be said before any decision about a clip in which nobody smiles."""
    if any(span.stop > span.start for name, span in phases.items() if name != "sequence"):
        return []
    return [element("p", element("strong", "No smile was found in this recording. "),
                    "A model says something of every clip; of this one it says nothing to go by.",
                    class_="said")]


def _decision(word: str, sure: float, abstained: Any, model: Any) -> Html:
    if abstained is None:
        return class_decided(word, sure)
    rate = as_number(getattr(model, "error_rate", None))
    promise = "" if rate is None else f", given that at most {100 * rate:g} % are to be wrong"
    return element("p", "Decision: ", element("strong", visible(abstained)),
                   f". {word[0].upper()}{word[1:]} is more probable, {percent(sure)}, which is not "
                   f"enough to decide{promise}.", class_="said")


def _explained(model: Any, clip: Clip, background: Any) -> tuple[Explanation | None, str]:
    try:
        explanation = explain(model, clip, background=background)
    except Exception as error:  # whatever somebody's model raises; the decision stands without it
        return None, f"{type(error).__name__}: {error}"
    if not np.isfinite(explanation.table["contribution"]).all():
        return None, "the decision is infinitely sure"
    return explanation, ""


def _units(explanation: Explanation | None) -> list[str]:
    """The action units that count most, to be drawn."""
    if explanation is None:
        return []
    size = explanation.by_au().abs()
    strongest = size[size > _NOTHING].sort_values(ascending=False, kind="stable")
    return [str(unit) for unit in strongest.index[:3]]


# -- why ------------------------------------------------------------------------------------------

def _why(explanation: Explanation | None, why_not: str, words: list[str], probability: float
         ) -> list[Html]:
    title = element("h3", "What it rests on")
    if explanation is None:
        return [title, element("p", "It cannot be said: ", name_of(why_not), ".")]
    log_odds = abs(float(expit(explanation.decision)) - probability) < 1e-3
    rows, most, branches = _strongest(explanation)
    if rows.empty:
        return [title, element("p", "Nothing in this clip moves the decision from where it would "
                                    "be anyway.")]
    sentences = [element("li", sentence(row, words, branches, most))
                 for row in rows[:_SENTENCES].to_dict("records")]
    return [title, element("p", "The strongest contributions:"), element("ol", *sentences),
            element("p", _unit_text(explanation, words, log_odds), class_="quiet"),
            contributions_picture(explanation, words, log_odds)]


def _strongest(explanation: Explanation) -> tuple[pd.DataFrame, float, int]:
    """The strongest contributions, the largest magnitude, and how many branches there are."""
    rows = explanation.strongest(_ROWS)
    size = rows["contribution"].abs()
    total = float(explanation.table["contribution"].abs().sum())
    return (rows[size > _NOTHING * max(total, 1.0)], float(size.max()) if len(size) else 0.0,
            len(explanation.over_time.columns))


def _in_numbers(explanation: Explanation | None) -> Html | None:
    if explanation is None:
        return None
    rows, most, branches = _strongest(explanation)
    if rows.empty:
        return None
    cells = [(what_text(row["what"]), span_text(row["phase"]),
              *([name_of(row["branch"])] if branches > 1 else []),
              signed(row["contribution"], most)) for row in rows.to_dict("records")]
    titles = ["What", "Where", *(["Branch"] if branches > 1 else []), "Contribution"]
    return folded(f"The {len(cells)} strongest contributions in numbers",
                  table(titles, cells, label="Contributions", numbers=1))


def _unit_text(explanation: Explanation, words: list[str], log_odds: bool) -> str:
    baseline = explanation.baseline_decision
    added = explanation.decision - baseline
    most = max(abs(added), abs(baseline))
    if log_odds:
        unit = (f"In log-odds: +0.69 doubles the odds of {words[1]}, −0.69 halves them. The model "
                f"would give {words[1]} {percent(float(expit(baseline)))} at its baseline, "
                f"{_BASELINE}; this clip adds {signed(added, most)}.")
    else:
        unit = ("In units of the model's decision value, which is no log-odds. At its baseline, "
                f"{_BASELINE}, it is {signed(baseline, most)}; this clip adds "
                f"{signed(added, most)}.")
    rest = explanation.not_placed
    if abs(rest) > _MUCH * max(abs(added), _MUCH):
        unit += f" Of that {signed(rest, most)} belongs to no part that can be named."
    return unit + (" Contributions say what the model used, which is not the same as what is true "
                   "of smiles.")


# -- what was measured ----------------------------------------------------------------------------

def measured_facts(clip: Clip, phases: dict[str, slice] | None = None) -> list[tuple[str, Any]]:
    """Describe how long a recording is, its phases, and what could not be measured.

    Parameters
    ----------
    clip : Clip
    phases : dict of str to slice, optional
        Of its smile; without them nothing is said of phases.

    Returns
    -------
    list of (str, object)
        What about, and what there is to say.
    """
    times = np.asarray(clip.times)
    n, rate = len(times), clip.fps
    length = f"{times[-1] - times[0] + 1.0 / rate:.2f} s" if rate else "one frame"
    return [("Recording", f"{n} frames, {length}" + (f", {rate:.3g} a second" if rate else "")),
            *([] if phases is None else [("Phases", _phases_text(clip, phases))]),
            ("Frames that could not be measured", _gaps(clip.mask, times)),
            *([("Subject", name_of(clip.subject))] if clip.subject else [])]


def _phases_text(clip: Clip, phases: dict[str, slice]) -> str:
    complete = set(phases) >= {"onset", "apex", "offset"} and all(
        phases[p].stop > phases[p].start for p in ("onset", "apex", "offset"))
    return when_text(clip, phases) + (
        "" if complete else " What is measured in a phase that is not there counts as 0.")


def _gaps(mask: np.ndarray, times: np.ndarray) -> str:
    """Which frames are not valid, as stretches of time."""
    bad = np.flatnonzero(~mask)
    if not len(bad):
        return "none"
    runs = np.split(bad, np.flatnonzero(np.diff(bad) > 1) + 1)
    spans = [f"{times[run[0]]:.2f}" + (f" to {times[run[-1]]:.2f}" if len(run) > 1 else "") + " s"
             for run in runs[:_STRETCHES]]
    more = f", and {len(runs) - _STRETCHES} stretches more" if len(runs) > _STRETCHES else ""
    return (f"{len(bad)} of {len(mask)}, without a face or with one that could not be followed: "
            f"{', '.join(spans)}{more}. What lies between is interpolated or left out.")
