"""What a report says about a recording whose smiles are decided about one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..answers.recordings import RecordingAnswers
from ..answers.smile_answers import SmileAnswer
from ..classifiers.opening import classes_of
from ..clips.record import Clip
from ..explain.kinematic_reasons import classifier_of
from ..explain.kinematics_words import number_text, short_words
from ..features.clip_phases import IN_ORDER
from ..features.smile_kinematics import SIGNALS, Smile
from ..plotting.contribution_maps import signed
from ..running.foreign_text import class_names, visible
from .clip_section import Section, class_decided, gaps_note, made_section, measured_facts
from .model_card import info_of
from .page import Html, element, facts, folded, name_of, table
from .pictures import smile_curves, smile_figures, smile_strips
from .sampled_models import expected_text, is_sampled
from .words import held_out_text, percent

_SENTENCES = 5
# Smiles of a recording that are drawn and explained; all are in its table.
_MOST = 6

_READING = ("Contributions are in log-odds: +0.69 doubles the odds of {1}, −0.69 halves them. They "
            "add up to the decision; of a smile of which nothing is known it would be 0. What is "
            "usual is said of each figure by itself; beside the others, one that is usual for both "
            "can still speak for one of them. Contributions say what the model used, which is not "
            "the same as what is true of smiles.")


def smiles_section(answers: RecordingAnswers, name: str, number: int, model: Any, *,
                   contributions: bool = True) -> Section:
    """Write what a report says about a recording and its smiles.

    Parameters
    ----------
    answers : RecordingAnswers
        What the model says of its smiles.
    name : str
        What the recording is called.
    number : int
        Of the recording in the report, from 1.
    model : KinematicsPipeline
    contributions : bool, default=True
        Say what the decisions rest on.

    Returns
    -------
    Section
    """
    clip, decided = answers.clip, answers.answers
    smiles = [answer.smile for answer in decided]
    parts: list[Any] = [element("h2", name_of(name))]
    if decided:
        parts += [_lead(decided, model), _expected(model), smiles_table(decided, model),
                  smile_curves(clip, smiles), *_each(clip, decided, model, contributions)]
    else:
        parts += [_nothing(), smile_curves(clip, smiles)]
    parts += [element("h3", "What was measured"), facts(measured_facts(clip))]
    return made_section(parts, number, "".join(gaps_note(clip)))


def smiles_table(answers: Sequence[SmileAnswer], model: Any) -> Html:
    """Make a table of the smiles of a recording.

    Parameters
    ----------
    answers : sequence of SmileAnswer
    model : KinematicsPipeline

    Returns
    -------
    Html
    """
    words = class_names(classes_of(model))
    rows = [(str(k), decision_word(a.decision, model), f"{a.smile.start:.2f}", f"{a.smile.end:.2f}",
             percent(a.probabilities[1])) for k, a in enumerate(answers, 1)]
    return table(["Smile", "Decision", "Start (s)", "End (s)", f"P({words[1]})"], rows,
                 label="Smiles of the recording", numbers=3)


def decision_word(decision: Any, model: Any) -> str:
    """Return what a decision is called: a class by its word, all else as it is.

    Parameters
    ----------
    decision : object
        One of the model's classes, "cannot tell" or "no smile found".
    model : KinematicsPipeline

    Returns
    -------
    str
    """
    by_label = dict(zip(classes_of(model), class_names(classes_of(model)), strict=True))
    return by_label.get(decision, visible(decision))


def counted(decisions: Sequence[Any], model: Any) -> str:
    """Count decisions in words, such as "2 posed, 1 cannot tell".

    Parameters
    ----------
    decisions : sequence of object
        See `decision_word`.
    model : KinematicsPipeline

    Returns
    -------
    str
        The classes first, in their order; those that do not occur are left out.
    """
    known = [*classes_of(model), *dict.fromkeys(decisions)]
    return ", ".join(f"{list(decisions).count(decision)} {decision_word(decision, model)}"
                     for decision in dict.fromkeys(known) if decision in decisions)


# -- what leads the section -----------------------------------------------------------------------

def _nothing() -> Html:
    return element("p", element("strong", "No smile was found in this recording. "),
                   "The lip corners do not move apart in it as they do in a smile, or by too "
                   "little to be told from the trembling of the measurement. So there is nothing "
                   "to say of one.", class_="said")


def _lead(answers: Sequence[SmileAnswer], model: Any) -> Html | None:
    if len(answers) == 1:
        return _decision(answers[0], model)
    return element("p", f"{len(answers)} smiles: ", element("strong", counted(
        [answer.decision for answer in answers], model)), ".", class_="said")


def _decision(answer: SmileAnswer, model: Any) -> Html:
    words, classes = class_names(classes_of(model)), list(classes_of(model))
    likely = int(answer.probabilities.argmax())
    sure = float(answer.probabilities[likely])
    if answer.decision in classes:
        return class_decided(words[likely], sure)
    more = f"{words[likely][0].upper()}{words[likely][1:]} would be more probable, {percent(sure)}"
    least = float(classifier_of(model).least_certainty)
    why = f"{answer.why[0].upper()}{answer.why[1:]}."
    if sure > 0.5:
        why = f"{more}, which is less than the {percent(least)} that are asked for." \
            if sure < least else f"{why} {more}."
    return element("p", "Decision: ", element("strong", visible(answer.decision)), f". {why}",
                   class_="said")


def _expected(model: Any) -> Html | None:
    """How far to believe it, where that is the same of all smiles."""
    info = info_of(model)
    return element("p", expected_text(info)) if is_sampled(info) else None


# -- each smile -----------------------------------------------------------------------------------

def _each(clip: Clip, answers: Sequence[SmileAnswer], model: Any, contributions: bool) -> list[Any]:
    """The parts about each smile; of very many, about those that move the lips most."""
    highest = sorted(range(len(answers)), key=lambda k: -answers[k].smile.rise)[:_MOST]
    shown = sorted(highest)
    strips = smile_strips(clip, [answers[k].smile for k in shown])
    words, info = class_names(classes_of(model)), info_of(model)
    parts: list[Any] = []
    if len(shown) < len(answers):
        parts.append(element("p", f"More is said below of the {len(shown)} smiles that move the "
                                  "lips most.", class_="quiet"))
    for k, strip in zip(shown, strips, strict=True):
        answer, smile = answers[k], answers[k].smile
        parts += [element("h3", f"Smile {k + 1}, from {smile.start:.2f} to {smile.end:.2f} s"),
                  _decision(answer, model) if len(answers) > 1 else None,
                  None if is_sampled(info) else
                  element("p", held_out_text(info, float(answer.probabilities.max()))), strip,
                  _not_measured(answer.smile)]
        if contributions:
            parts += _why(answer, words)
    if contributions and any(len(answer.reasons) for answer in answers):
        parts.append(element("p", _READING.format(*words), class_="quiet"))
    return parts


def _why(answer: SmileAnswer, words: Sequence[str]) -> list[Html]:
    rows = answer.reasons
    if rows.empty:
        return []
    most = float(rows["contribution"].abs().max())
    records: list[dict[str, Any]] = rows.to_dict("records")  # type: ignore[assignment]
    sentences = [element("li", reason_sentence(row, words, most)) for row in records[:_SENTENCES]]
    cells = [(short_words(row["parameter"]),
              f"{number_text(row['parameter'], row['value'])} {row['unit']}".rstrip(),
              *(f"{number_text(row['parameter'], row[f'{w}_25'])} to "
                f"{number_text(row['parameter'], row[f'{w}_75'])}" for w in words),
              signed(row["contribution"], most)) for row in records]
    return [element("p", "It rests on:"), element("ol", *sentences), smile_figures(rows, words),
            folded(f"All {len(cells)} figures in numbers", table(
                ["Figure", "Here", *(f"Usual for {w}" for w in words), "Contribution"], cells,
                label="Figures of the smile", numbers=4),
                element("p", "Usual: between the quartiles.", class_="quiet"))]


def reason_sentence(row: dict[str, Any], words: Sequence[str], most: float) -> str:
    """Return a row of `reasons` as a sentence.

    Parameters
    ----------
    row : dict
        `words`, `direction`, `contribution`.
    words : sequence of two str
        What the classes are called.
    most : float
        The largest contribution, by which numbers are rounded.

    Returns
    -------
    str

    Examples
    --------
    >>> reason_sentence({"words": "the onset of the lips lasts 0.64 s", "contribution": -0.62,
    ...                  "direction": "shorter than in most smiles of either kind"},
    ...                 ["posed", "spontaneous"], 0.62)
    'The onset of the lips lasts 0.64 s, shorter than in most smiles of either kind: speaks for
    posed (−0.62)'
    """
    what, value = ", ".join(filter(None, (row["words"], row["direction"]))), row["contribution"]
    side = f"speaks for {words[int(value > 0)]}" if value else "speaks for neither"
    return f"{what[0].upper()}{what[1:]}: {side} ({signed(value, most)})"


def _not_measured(smile: Smile) -> Html | None:
    """What of a smile is not in the recording, or could not be followed."""
    lost = {signal: [phase for phase in IN_ORDER if all(
        np.isnan(value) for name, value in smile.figures.items()
        if name.startswith(f"{signal}_{phase}_"))] for signal in SIGNALS}
    lips, lids = (lost[signal] for signal in SIGNALS)
    missing = []
    if lips:
        missing.append(f"{' and '.join(lips)}, not whole in the recording")
    if len(lids) > len(lips):
        missing.append("the eyelids, which could not be followed")
    if not missing:
        return None
    return element("p", f"Not measured: {'; '.join(missing)}. The decision is from the rest.",
                   class_="quiet")
