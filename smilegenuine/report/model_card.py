"""The card of a trained system: what it is, what it was trained on, how often it was right.

After Mitchell et al. (2019), Model cards for model reporting, doi:10.1145/3287560.3287596.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ..classifiers.opening import branches_of, inner_of, steps_of, unwrapped
from ..running.foreign_text import as_number, code
from ..signals.action_units import HOGActionUnits, load_drawn_action_units
from .card_scores import SUBJECT_SCORES, certainty_bins, interval_of, part_of
from .sampled_models import SAMPLED_KEYS, UNSEEN, adapted_to, is_sampled, learnt_lines, right_lines

#: What holds for every system of this kind.
LIMITS = (
    "A system says whether a smile moves as those did that were called spontaneous, or posed, in "
    "the recordings that it was trained on. It does not see what anybody feels, means or hides.",
    "It is for research, teaching and demonstration. It is not for screening for deception, and "
    "not for decisions about people, such as in hiring, policing, medicine or insurance.",
    "The public sets were recorded for research: one person, facing the camera, in good light. Of "
    "other cameras and situations, of cultures and ages that are not in them, and of faces that "
    "are partly covered, scores on them say nothing.",
    "It will be wrong about many clips. A single decision is no evidence of anything.",
    "Whether it is right equally often about women and men, young and old, or any other groups "
    "of people, is not known unless somebody has looked.",
)
#: What is said wherever scores are of drawn people.
DRAWN = "The people are drawn. Nothing is known about how it does on real ones."

# What a model remembers of its training, and what the card calls it.
_TRAINED = {"trained on": "Data", "description": "Description", "clips": "Clips",
            "subjects": "Subjects", "labels": "Labels", "left out": "Clips left out",
            "action units": "Action units", "points": "Points of the face mesh",
            "max epochs": "Epochs, at most", "random state": "Random state"}
# What other parts of the card are about.
_TOLD = frozenset({*_TRAINED, "system", "drawn people", "scores by subject", "tested", "held out",
                   "smilegenuine", "scikit-learn", "numpy", "versions", "saved",
                   "licence of the data"})
# How an estimator runs is no part of what it is; what it is made of is said by itself.
_UNSAID = frozenset({"n_jobs", "verbose", "memory", "device", "estimators", "estimator", "steps"})


def model_card(model: Any) -> str:
    """Write the card of a fitted system.

    Parameters
    ----------
    model : estimator
        Fitted. What `save_model` remembered about it, its `info_`, is what the card says of
        training data and scores; `smilegenuine train` remembers all of it.

    Returns
    -------
    str
        In Markdown: what the system is, step by step; what it was trained on; its scores by
        subject; versions; what it can tell and what not; licences. What is not known is said to
        be not known. What others wrote, such as paths and labels, is set as code, in which nothing
        has a meaning.

    Raises
    ------
    TypeError
        Not an estimator.
    NotFittedError
        It is not fitted.

    Examples
    --------
    >>> from smilegenuine import AUDASVMEnsemble
    >>> from smilegenuine.datasets import make_smile_signals
    >>> from smilegenuine.report.model_card import model_card
    >>> smiles = make_smile_signals(6, 2, random_state=0)
    >>> model = AUDASVMEnsemble(levels=("au",)).fit(smiles.data, smiles.target)
    >>> print(model_card(model).partition("## What it was trained on")[0])
    # Model card: AUDASVMEnsemble
    <BLANKLINE>
    ## What it is
    <BLANKLINE>
    - Decides: AUDASVMEnsemble: One SVM for each level and phase of AUDA, and an SVM over their
      decision values. Set: `levels=('au',)`.
    - Classes: `0`, `1`
    """
    if not isinstance(model, BaseEstimator):
        raise TypeError(f"a model card is of a fitted estimator, not of {type(model).__name__}")
    check_is_fitted(model)
    info = info_of(model)
    title = title_of(model) if info.get("system") is None else code(title_of(model))
    limits: tuple[str, ...] = LIMITS
    if is_sampled(info):
        title, limits = f"{title}, the pretrained model", (*UNSEEN, *LIMITS)
        title += ", adapted" * bool(adapted_to(info))
    parts = [("What it is", _what_it_is(model)), ("What it was trained on", _trained_on(info)),
             ("How often it was right", _right(info)), ("Versions", _versions(info)),
             ("What it can tell, and what not", iter(limits)), ("Licences", _licences(info)),
             ("Also remembered", _rest(info))]
    lines = [f"# Model card: {title}"]
    for heading, said in parts:
        points = "\n".join(f"- {point}" for point in said)
        if points:
            lines += [f"## {heading}", points]
    return "\n\n".join(lines) + "\n"


def title_of(model: Any) -> str:
    """Return what a model is called.

    Parameters
    ----------
    model : estimator

    Returns
    -------
    str
        The system that it was made as, where that is remembered; else the class of what decides.
    """
    system = info_of(model).get("system")
    return type(steps_of(unwrapped(model))[-1][1]).__name__ if system is None else str(system)


def info_of(model: Any) -> Mapping[str, Any]:
    """Return what was remembered about a model.

    Parameters
    ----------
    model : estimator

    Returns
    -------
    mapping
        Empty where nothing was.
    """
    info = getattr(model, "info_", None)
    return info if isinstance(info, Mapping) else {}


# -- what it is -----------------------------------------------------------------------------------

def _what_it_is(model: Any) -> Iterator[str]:
    *before, (_, last) = steps_of(unwrapped(model))
    for name, step in before:
        yield f"Step {code(name)}: {_described(step)}"
    yield f"Decides: {_described(last)}"
    yield from _within(last)
    yield from _branches(last, "")
    classes = getattr(model, "classes_", None)
    if classes is not None:
        yield f"Classes: {_listed(np.asarray(classes).tolist())}"


def _within(model: Any) -> Iterator[str]:
    """What a classifier around another one, such as one that calibrates it, is around."""
    inner = inner_of(unwrapped(model))
    if isinstance(inner, BaseEstimator):
        steps = steps_of(unwrapped(inner))
        yield f"Within it: {' → '.join(_described(step) for _, step in steps)}"
        yield from _within(steps[-1][1])
        yield from _branches(steps[-1][1], "")


def _branches(model: Any, inside: str) -> Iterator[str]:
    for name, branch in branches_of(unwrapped(model)).items():
        steps = steps_of(unwrapped(branch))
        described = [_described(step) for _, step in steps]
        yield f"Branch {code(inside + name)}: {' → '.join(described)}"
        yield from _branches(steps[-1][1], f"{inside}{name}/")


def _described(step: Any) -> str:
    """An estimator in a sentence: its class, what that is, and what is not as usual."""
    first = (inspect.getdoc(type(step)) or "").partition("\n")[0].strip()
    sentences = [f"{type(step).__name__}{': ' if first else ''}{first}"]
    changed = [f"{name}={value!r}" for name, value in _changed(step)]
    if changed:
        sentences.append(f"Set: {code(', '.join(changed))}.")
    weights = _n_weights(step)
    if weights:
        sentences.append(f"{weights:,} weights.")
    if isinstance(step, HOGActionUnits):
        sentences.append(_whose(step))
    return " ".join(sentences)


def _changed(step: Any) -> Iterator[tuple[str, Any]]:
    """Parameters that are not as usual; of those that say something by themselves."""
    if not isinstance(step, BaseEstimator):
        return
    usual = inspect.signature(type(step).__init__).parameters
    for name, value in step.get_params(deep=False).items():
        simple = isinstance(value, (str, int, float, bool, tuple))
        if name not in _UNSAID and simple and (
                name not in usual or repr(usual[name].default) != repr(value)):
            yield name, value


def _n_weights(step: Any) -> int | None:
    module = getattr(getattr(step, "net_", None), "module_", None)
    return None if module is None else sum(p.numel() for p in module.parameters())


def _whose(units: HOGActionUnits) -> str:
    """On whom an estimator of action units was trained."""
    ours = load_drawn_action_units()
    if np.array_equal(units.coef_, ours.coef_) and np.array_equal(units.intercept_,
                                                                  ours.intercept_):
        return "Trained on drawn people: the one that comes with the package."
    return f"Trained on {units.n_frames_:,} frames; whose is not known."


# -- what is remembered ---------------------------------------------------------------------------

def _trained_on(info: Mapping[str, Any]) -> Iterator[str]:
    own = SAMPLED_KEYS if is_sampled(info) else frozenset()
    known = [f"{title}: {_said(info[key])}" for key, title in _TRAINED.items()
             if info.get(key) is not None and key not in own]
    yield from known
    if not known:
        yield ("Not known: nothing was remembered with the model. `smilegenuine train` remembers "
               "it, and `save_model(model, path, info={…})`.")
    if is_sampled(info):
        yield from learnt_lines(info)
    elif info.get("drawn people"):
        yield DRAWN


def _right(info: Mapping[str, Any]) -> Iterator[str]:
    scores, tested = part_of(info, "scores by subject"), part_of(info, "tested")
    if is_sampled(info):
        yield from right_lines(info)
        return
    if not scores:
        yield "Not known: no scores by subject were remembered with the model."
        return
    for title, value in scores.items():
        share = as_number(value)
        more = _interval(tested) if title == "accuracy" else ""
        yield f"{_cased(title)}: " + ("not known" if share is None else
                                      f"{100 * share:.1f} %{more}")
    how = [f"{key} {_said(tested[key])}" for key in ("folds", "clips", "subjects")
           if key in tested]
    if how:
        yield f"Tested: {', '.join(how)}"
    bins = [f"{100 * low:.0f}–{100 * high:.0f} %: {right} of {clips}"
            for low, high, clips, right in certainty_bins(info.get("held out")) if clips]
    if bins:
        yield f"Clips that it was right about, by how sure it was: {'; '.join(bins)}"
    yield ("No person is on both sides of a fold. The model itself is trained on all subjects; the "
           "scores are of systems made like it, each without some of them.")


def _interval(tested: Mapping[str, Any]) -> str:
    bounds = interval_of(tested)
    if bounds is None:
        return ""
    low, high, confidence = bounds
    return (f" ({100 * confidence:g} % interval of the mean over folds: {100 * low:.1f} to "
            f"{100 * high:.1f})")


def _versions(info: Mapping[str, Any]) -> Iterator[str]:
    known = {key: info[key] for key in ("smilegenuine", "scikit-learn", "numpy") if key in info}
    known |= part_of(info, "versions")
    yield "Made with: " + (", ".join(f"{_word(k)} {code(v)}" for k, v in known.items())
                           if known else "not known; the model was never saved")
    if info.get("saved") is not None:
        yield f"Saved: {_said(info['saved'])}"


def _licences(info: Mapping[str, Any]) -> Iterator[str]:
    yield "The software: BSD-3-Clause"
    given = info.get("licence of the data")
    yield "The training data: " + (
        "not known. A model may be bound by the terms of the data that it was trained on"
        if given is None else _said(given))


def _rest(info: Mapping[str, Any]) -> Iterator[str]:
    """What else somebody let the model remember."""
    elsewhere = _TOLD | SAMPLED_KEYS if is_sampled(info) else _TOLD
    for key, value in info.items():
        if key not in elsewhere and value is not None:
            yield f"{code(key)}: {_said(value)}"


# -- text -----------------------------------------------------------------------------------------

def _said(value: Any) -> str:
    """A remembered value: numbers as they are, all else as code."""
    if isinstance(value, Mapping):
        return ", ".join(f"{code(k)} {_said(v)}" for k, v in value.items()) or "–"
    if isinstance(value, (list, tuple)):
        return _listed(value)
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    number = as_number(value)
    return code(value) if number is None else f"{number:.15g}"


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(code(v) for v in values) or "–"


def _word(text: Any) -> str:
    """The name of a package as it is, anything else as code."""
    return str(text) if re.fullmatch(r"[A-Za-z0-9.-]+", str(text)) else code(text)


def _cased(title: Any) -> str:
    return f"{title[0].upper()}{title[1:]}" if title in SUBJECT_SCORES else code(title)
