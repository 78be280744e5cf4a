"""From a model and recordings to answers: a row a recording, or a row a smile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from ..classifiers.kinematic_decisions import NO_SMILE
from ..classifiers.opening import classes_of, open_system
from ..clips.errors import ClipError
from ..clips.record import Clip, listed, open_items
from ..running.parallel import in_parallel
from ..running.progress import progress
from .asking import ask, askable
from .smile_answers import SmileAnswer, answers_by_smile, ask_by_smile

# Decimals of seconds; smiles are found in steps of a fiftieth of one.
_DECIMALS = 3
_NAN = float("nan")


class RecordingAnswers(NamedTuple):
    """What a model says of a recording.

    Attributes
    ----------
    clip : Clip
        As the model measured it.
    answers : list of Answer, or list of SmileAnswer
        One; or one a smile, of a model that `answers_by_smile`.
    rows : list of dict
        The same for programs, see `answer_recordings`, without the recording's name.
    """

    clip: Clip
    answers: list[Any]
    rows: list[dict[str, Any]]


class Decisions(NamedTuple):
    """What a model says of recordings.

    Attributes
    ----------
    decisions : DataFrame
        A row a recording that could be used, or a row a smile.
    failures : DataFrame
        Columns `clip` and `error`: of the others, why not.
    """

    decisions: pd.DataFrame
    failures: pd.DataFrame


def answer_recording(model: Any, clip: Clip, *, reasons: bool = True) -> RecordingAnswers:
    """Measure a clip, and ask a model about it, or about each of its smiles.

    Parameters
    ----------
    model : fitted classifier of clips
        With probabilities, of two classes. One that may abstain is asked to `decide`.
    clip : Clip
    reasons : bool, default=True
        Of a model that answers for each smile: work out why, too.

    Returns
    -------
    RecordingAnswers

    Raises
    ------
    ClipError
        The model cannot use the clip.
    """
    system = open_system(model)
    (measured,) = system.measure([clip])
    if answers_by_smile(model):
        smiles = ask_by_smile(model, measured, reasons=reasons)
        return RecordingAnswers(measured, smiles, _smile_rows(model, smiles))
    (answer,) = ask(system.decider, [measured])
    if answer.reason is not None:
        raise answer.reason
    row = {"decision": answer.decision, **_probabilities(model, answer.probabilities)}
    return RecordingAnswers(measured, [answer], [row])


def answer_recordings(model: Any, recordings: Any, *, fps: float | None = None,
                      n_jobs: int | None = None, verbose: int | bool = False) -> Decisions:
    """Ask a model about recordings; one that cannot be used is named, and the others go on.

    Parameters
    ----------
    model : fitted classifier of clips
        With probabilities, of two classes, such as `load_model` or `load_pretrained` gives.
    recordings : list of recordings
        Anything that `as_clips` takes.
    fps : float, optional
        Frame rate in Hz of what carries no timing.
    n_jobs : int, optional
        Recordings asked about at the same time.
    verbose : int or bool, default=False
        Show progress.

    Returns
    -------
    Decisions
        `decisions` has the columns `clip`, `decision`, and `P(…)` of each class. Of a model that
        answers for each smile of a recording, such as `load_pretrained` gives, it has a row a
        smile: `clip`, `smile` (1, 2, …), `start`, `end` (seconds), `decision`, `P(…)`, and `why`,
        the strongest figure that speaks for it; where no smile is found, smile 0 and NaN.

    Raises
    ------
    TypeError, ValueError
        The model has no probabilities of two classes, or `recordings` is no list or empty.
    NotFittedError
        The model is not fitted.

    Examples
    --------
    >>> from smilegenuine import AUDASVMEnsemble
    >>> from smilegenuine.answers import answer_recordings
    >>> from smilegenuine.datasets import make_smile_signals
    >>> smiles = make_smile_signals(8, 2, random_state=0)
    >>> model = AUDASVMEnsemble(levels=("au",), cv=2).fit(smiles.data[2:], smiles.target[2:])
    >>> found = answer_recordings(model, [*smiles.data[:2], "nowhere.mp4"])
    >>> list(found.decisions), found.failures["error"].tolist()
    (['clip', 'decision', 'P(0)', 'P(1)'], ['nowhere.mp4: no such file'])
    """
    model = askable(model)
    items = listed(recordings)
    return answer_opened(model, open_items(items, fps=fps), names_of(items), n_jobs=n_jobs,
                         verbose=verbose)


def answer_opened(model: Any, items: Sequence[Clip | Exception], names: Sequence[str], *,
                  n_jobs: int | None = None, verbose: int | bool = False) -> Decisions:
    """Ask a model about clips of which some could not be opened.

    Parameters
    ----------
    model : fitted classifier of clips
    items : sequence of Clip or Exception
        As `open_items` gives them.
    names : sequence of str
        What to call them.
    n_jobs, verbose : as in `answer_recordings`

    Returns
    -------
    Decisions
    """
    answers = in_parallel(
        _rows_or_error, ((model, *pair) for pair in zip(items, names, strict=True)),
        n_jobs=n_jobs if len(items) > 1 else 1,
        lost=lambda k, reason: ClipError(names[k], reason))
    rows, failures = [], []
    for name, answer in zip(names, progress(
            answers, total=len(items), name="predicting", unit="video",
            verbose=len(items) > 1 and bool(verbose)), strict=True):
        if isinstance(answer, Exception):
            failures.append({"clip": name, "error": str(answer)})
        else:
            rows += [{"clip": name, **row} for row in answer]
    return Decisions(decision_table(model, rows), failure_table(failures))


def _rows_or_error(model: Any, item: Clip | Exception, name: str
                   ) -> list[dict[str, Any]] | Exception:
    if isinstance(item, Exception):
        return item
    try:
        return answer_recording(model, item if item.name else item.replace(name=name)).rows
    except (ValueError, OSError) as error:
        return error


# -- tables ---------------------------------------------------------------------------------------

def names_of(items: Sequence[Any]) -> list[str]:
    """Return what to call recordings: by their path or name, else by their place.

    Parameters
    ----------
    items : sequence of recordings

    Returns
    -------
    list of str
    """
    return [str(item) if hasattr(item, "__fspath__") or isinstance(item, str) else
            (isinstance(item, Clip) and item.name) or f"item {i}" for i, item in enumerate(items)]


def decision_table(model: Any, rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return rows of answers as a table with columns of the right kinds, also without a row.

    Parameters
    ----------
    model : fitted classifier of clips
    rows : sequence of dict
        Of `RecordingAnswers.rows`, with the recording's name as `clip`.

    Returns
    -------
    DataFrame
        See `answer_recordings`.
    """
    words = [f"P({c})" for c in classes_of(model)]
    kinds: dict[str, type] = dict.fromkeys(words, float)
    columns = ["clip", "decision", *words]
    if answers_by_smile(model):
        kinds |= {"smile": int, "start": float, "end": float}
        columns = ["clip", "smile", "start", "end", "decision", *words, "why"]
    # Names of files may hold what is no letter, which columns of strings do not take.
    return pd.DataFrame(list(rows), columns=columns, dtype=object).astype(kinds)


def failure_table(failures: Sequence[dict[str, str]]) -> pd.DataFrame:
    """Return what could not be used as a table with the columns `clip` and `error`."""
    return pd.DataFrame(list(failures), columns=["clip", "error"], dtype=object)


def _smile_rows(model: Any, answers: Sequence[SmileAnswer]) -> list[dict[str, Any]]:
    rows = [{"smile": k, "start": round(a.smile.start, _DECIMALS),
             "end": round(a.smile.end, _DECIMALS), "decision": a.decision,
             **_probabilities(model, a.probabilities), "why": a.why}
            for k, a in enumerate(answers, 1)]
    return rows or [{"smile": 0, "start": _NAN, "end": _NAN, "decision": NO_SMILE,
                     **_probabilities(model, (_NAN, _NAN)), "why": ""}]


def _probabilities(model: Any, values: Any) -> dict[str, float]:
    return {f"P({c})": float(p) for c, p in zip(classes_of(model), values, strict=True)}
