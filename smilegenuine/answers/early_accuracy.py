"""`early_accuracy`: how often a model is right about smiles of which only a part is seen."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.base import clone
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, column_or_1d

from ..classifiers.branches import groups_for_fit
from ..classifiers.opening import measuring_templates, open_system
from ..classifiers.subject_folds import check_groups, coded_labels
from ..clips.errors import ClipError
from ..clips.record import Clip, as_clips
from ..evaluation.comparison import score
from ..evaluation.evaluate import subject_splits
from ..features.clip_phases import phases_of
from ..running.parallel import in_parallel
from ..running.progress import progress
from .asking import ask, askable
from .beginnings import checked_moments, first_part

#: Shares of a smile at which it is asked, where nothing else is said.
TENTHS = tuple(np.arange(1, 11) / 10.0)

#: Of the table.
COLUMNS = ("fraction", "seconds", "clips", "decided", "accuracy", "lower", "upper",
           "balanced accuracy", "AUC", "chance")

# Beginnings that a model is asked about together; those of landmarks are large.
_AT_ONCE = 100
_CONFIDENCE = 0.95


def early_accuracy(model: Any, clips: Any, y: Any, groups: Any, *, fractions: Any = None,
                   seconds: Any = None, of: str = "smile", cv: Any = 5, fit_on: str = "clips",
                   honest: bool = False, n_jobs: int | None = None,
                   verbose: int | bool = False) -> pd.DataFrame:
    """Score a model on smiles of which only the first part is seen.

    Parameters
    ----------
    model : classifier of clips, or Pipeline that ends in one
        Fitted only with ``cv="prefit"``.
    clips : list of recordings
    y : array-like of shape (n_clips,)
        Two labels.
    groups : array-like of shape (n_clips,)
        Subjects.
    fractions : array-like of shape (k,), default=0.1, 0.2, …, 1
        Above 0 and at most 1.
    seconds : array-like of shape (k,), optional
        Instead: seconds since the beginning of the onset or clip. What ends before is seen whole.
    of : {"smile", "clip"}, default="smile"
        What `fractions` are shares of. "smile": of the time from the beginning of the onset (0) to
        the end of the offset (1), or of the clip where that ends in the smile. What comes before
        the onset is always seen. "clip": of the whole clip.
    cv : int, splitter, iterable of (train, test), or "prefit", default=5
        Folds by subject in which clones of the model are fitted on the whole clips of the others;
        a number is that of `GroupKFold`, or of subjects if those are fewer. "prefit": the model as
        it is; the clips must be of subjects that it was not fitted on.
    fit_on : {"clips", "beginnings"}, default="clips"
        "clips": on whole clips, as anybody fits a model. "beginnings": for each fraction the last
        steps of the model, those after faces, landmarks, smile intensity and action units, are
        fitted on clips that are cut there too. Where this does better than "clips", the beginning
        says more than the model, used to whole smiles, can read out of it.
    honest : bool, default=False
        See `early_decision`.
    n_jobs : int, optional
        Folds worked on at the same time; with "prefit", clips.
    verbose : int or bool, default=False
        Show progress.

    Returns
    -------
    DataFrame
        A row a fraction, or a number of seconds: `fraction` and `seconds` since the beginning of
        the onset or clip (of what was not asked for, the median over clips); `clips`; `decided`
        (share of them of which enough was seen for the model); of these: `accuracy`, `lower` and
        `upper` (95 % interval), `balanced accuracy`, `AUC`, and `chance` (the accuracy of always
        naming the class that they show most).

    Raises
    ------
    TypeError, ValueError
        Wrong lengths or parameters, not two classes, a fold with a subject on both sides, or no
        smile is found in any clip.
    ClipError
        A clip cannot be used even as a whole; the message names it.

    Notes
    -----
    **Fractions look ahead.** Where a fraction lies is known from the whole clip, with `of="smile"`
    from the phases that are found in it. So the model is shown longer beginnings of longer smiles,
    and where one class smiles longer, as people do spontaneously, the length of a beginning tells
    the class. `seconds` are the same for all clips and tell nothing but where the onset begins. Use
    fractions to ask in which part of a smile a model finds what it decides by, seconds to ask how
    long somebody has to wait.

    With ``of="smile"``, clips in which no smile is found are left out; `clips` says how many
    remain.

    The interval is over subjects: Wilson's, for as many independent clips as would give the
    variance that the subjects' own accuracies have (a person's clips are not independent). It does
    not count that other training sets would give other models.

    References
    ----------
    Dean & Pacifico (2015), Evaluating confidence interval methods for binomial proportions in
    clustered surveys, doi:10.1093/jssam/smv024.

    Examples
    --------
    >>> from smilegenuine import AUDASVMEnsemble
    >>> from smilegenuine.datasets import make_smile_signals
    >>> from smilegenuine.answers import early_accuracy
    >>> smiles = make_smile_signals(6, 2, random_state=0)
    >>> table = early_accuracy(AUDASVMEnsemble(levels=("au",), cv=2), smiles.data, smiles.target,
    ...                        smiles.groups, fractions=[0.3, 1.0], cv=2)
    >>> table[["fraction", "clips", "decided"]].to_numpy()
    array([[ 0.3, 12. ,  1. ],
           [ 1. , 12. ,  1. ]])
    """
    if fractions is not None and seconds is not None:
        raise ValueError("fractions and seconds both say where to cut; give one of them")
    unit = "fractions" if seconds is None else "seconds"
    at = checked_moments(unit, TENTHS if seconds is None and fractions is None
                         else fractions if seconds is None else seconds)
    for name, value, choice in (("of", of, ("smile", "clip")),
                                ("fit_on", fit_on, ("clips", "beginnings"))):
        if value not in choice:
            raise ValueError(f"{name} must be '{choice[0]}' or '{choice[1]}', not {value!r}")
    if fit_on == "beginnings" and (honest or cv == "prefit"):
        raise ValueError("fit_on='beginnings' fits models of its own on what was measured in whole "
                         "clips; leave honest and cv='prefit' out")
    opened, classes, codes, subjects = _checked_set(clips, y, groups)
    axis = _Axis(at, unit, of, fit_on, honest)
    if isinstance(cv, str) and cv == "prefit":
        model = askable(model)
        if not np.array_equal(model.classes_, classes):
            raise ValueError(f"the model was fitted on the classes "
                             f"{', '.join(map(str, model.classes_))}, and y has "
                             f"{', '.join(map(str, classes))}")
        calls = [(model, [clip], axis) for clip in opened]
        rows = _all_rows(_rows_of, calls, n_jobs, verbose, "clip")
    else:
        splits = subject_splits(cv, classes[codes], subjects)
        known = _measured_once(model, opened)
        asked = opened if honest else known
        folds = [(model, [known[i] for i in train], classes[codes[train]], subjects[train],
                  [asked[i] for i in test], axis) for train, test in splits]
        rows = _all_rows(_rows_of_fold, folds, n_jobs, verbose, "fold")
        order = np.concatenate([test for _, test in splits])
        codes, subjects = codes[order], subjects[order]
    return _table(axis, rows, codes, subjects)


class _Axis(NamedTuple):
    """What is asked of each clip."""

    at: np.ndarray
    unit: str
    of: str
    fit_on: str
    honest: bool

    def place(self, clip: Clip) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where to cut a measured clip: seconds of it, seconds from 0 of the axis, and fractions.

        NaN where there is no smile.
        """
        times = np.asarray(clip.times)
        first, last = float(times[0]), float(times[-1])
        if self.of == "smile":
            smile = phases_of(clip).get("smile", slice(0, 0))
            first, last = ((float(times[smile.start]), float(times[smile.stop - 1]))
                           if smile.stop > smile.start else (np.nan, np.nan))
        length = max(last - first, 1e-9) if np.isfinite(first) else np.nan
        since = self.at * (1.0 if self.unit == "seconds" else length) + 0.0 * length
        return first + since, since, np.minimum(since / length, 1.0)


class _Rows(NamedTuple):
    """(n_clips, k): probabilities, seconds from 0 of the axis, and fractions."""

    probability: np.ndarray
    seconds: np.ndarray
    fractions: np.ndarray


def _checked_set(clips: Any, y: Any, groups: Any
                 ) -> tuple[list[Clip], np.ndarray, np.ndarray, np.ndarray]:
    opened = as_clips(clips)
    y = column_or_1d(y, warn=True)
    check_consistent_length(opened, y)
    check_classification_targets(y)
    classes, codes = coded_labels(y)
    subjects = check_groups(groups, len(opened), "clips")
    return [clip if clip.subject is not None else clip.replace(subject=str(subject))
            for clip, subject in zip(opened, subjects, strict=True)], classes, codes, subjects


def _measured_once(model: Any, clips: list[Clip]) -> list[Clip]:
    """The clips, with what is measured alike in every fold: steps that learn nothing, or not anew.

    Others are passed over, and so is what reads what those add.
    """
    unknown: set[str] = set()
    for part, frozen in measuring_templates(model):
        if (frozen or not part.learns) and unknown.isdisjoint(part.reads):
            clips = part.transform(clips)
        else:
            unknown |= set(part.adds)
    return clips


def _all_rows(function: Any, calls: list[Any], n_jobs: int | None, verbose: int | bool, unit: str
              ) -> _Rows:
    parts = progress(in_parallel(function, calls, n_jobs=n_jobs), total=len(calls),
                     verbose=verbose, name="early", unit=unit)
    return _Rows(*map(np.concatenate, zip(*parts, strict=True)))


def _rows_of(model: Any, clips: list[Clip], axis: _Axis) -> _Rows:
    """What a fitted model says of the beginnings of clips."""
    system = open_system(model)
    measured = system.measure(clips)
    cuts, since, fractions = map(np.array, zip(*map(axis.place, measured), strict=True))
    # Honestly is all over again, from what there was at first.
    asked, uncut = (model, clips) if axis.honest else (system.decider, measured)
    parts = [first_part(clip, t) if np.isfinite(t) else None
             for clip, moments in zip(uncut, cuts, strict=True) for t in moments]
    answers: list[float] = []
    for start in range(0, len(parts), _AT_ONCE):
        answers += [answer.probability for answer in ask(
            asked, parts[start:start + _AT_ONCE], decide=False)]
    return _Rows(np.reshape(answers, cuts.shape), since, fractions)


def _rows_of_fold(model: Any, train: list[Clip], y: np.ndarray, subjects: np.ndarray,
                  test: list[Clip], axis: _Axis) -> _Rows:
    fitted = clone(model)
    fitted.fit(train, y, **groups_for_fit(fitted, subjects))
    fitted = askable(fitted)
    if axis.fit_on == "clips":
        return _rows_of(fitted, test, axis)
    system = open_system(fitted)
    tail, train, test = system.decider, system.measure(train), system.measure(test)
    cuts = np.array([axis.place(clip)[0] for clip in train])
    columns = []
    for k, at in enumerate(axis.at):
        here = axis._replace(at=np.array([at]))
        cut = [first_part(clip, t) if np.isfinite(t) else None
               for clip, t in zip(train, cuts[:, k], strict=True)]
        use = np.array([i for i, part in enumerate(cut) if part is not None], dtype=int)
        try:
            own = _fit_on(tail, cut, y, subjects, use)
        except ClipError:  # of what the model says nothing it cannot learn either
            use = np.array([i for i, answer in enumerate(ask(tail, cut, decide=False))
                            if answer.reason is None], dtype=int)
            own = _fit_on(tail, cut, y, subjects, use)
        rows = _rows_of(tail if own is None else own, test, here)
        columns.append(rows if own is not None else
                       rows._replace(probability=np.full((len(test), 1), np.nan)))
    return _Rows(*(np.hstack(part) for part in zip(*columns, strict=True)))


def _fit_on(tail: Any, cut: list[Clip | None], y: np.ndarray, subjects: np.ndarray, use: np.ndarray
            ) -> Any:
    """A clone, fitted on some of the beginnings; None where one class is left or less."""
    if len(np.unique(y[use])) < 2:
        return None
    return clone(tail).fit([cut[i] for i in use], y[use], **groups_for_fit(tail, subjects[use]))


def _table(axis: _Axis, rows: _Rows, codes: np.ndarray, subjects: np.ndarray) -> pd.DataFrame:
    placed = np.isfinite(rows.seconds).all(axis=1)
    if not placed.any():
        raise ValueError("no smile is found in any clip (in its smile intensity, AU12 or lip "
                         "corners), so nobody knows what part of it is seen; take of='clip'")
    table = []
    for k, value in enumerate(axis.at):
        p = rows.probability[:, k]
        use = placed & np.isfinite(p)
        row = {"fraction": float(np.median(rows.fractions[placed, k])),
               "seconds": float(np.median(rows.seconds[placed, k])),
               "clips": int(placed.sum()), "decided": float(use.sum() / placed.sum())}
        row["seconds" if axis.unit == "seconds" else "fraction"] = float(value)
        if use.any():
            truth, decision = codes[use] == 1, p[use] > 0.5
            scores = score(truth, decision, p[use])
            lower, upper = subject_interval(truth == decision, subjects[use])
            row |= {"accuracy": scores["accuracy"], "lower": lower, "upper": upper,
                    "balanced accuracy": scores["balanced accuracy"], "AUC": scores["AUC"],
                    "chance": float(max(truth.mean(), 1 - truth.mean()))}
        table.append(row)
    return pd.DataFrame(table, columns=list(COLUMNS))


def subject_interval(right: np.ndarray, subjects: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of an accuracy whose clips are several a subject.

    Parameters
    ----------
    right : array of shape (n,), bool
        Whether each decision is right.
    subjects : array of shape (n,)

    Returns
    -------
    lower, upper : float
        Wilson's interval for the effective number of clips, with the t distribution of subjects
        less one. NaN for one subject.

    References
    ----------
    Dean & Pacifico (2015), doi:10.1093/jssam/smv024.

    Examples
    --------
    >>> import numpy as np
    >>> from smilegenuine.answers.early_accuracy import subject_interval
    >>> right = np.array([True, True, False, True] * 10)
    >>> [round(float(bound), 2) for bound in subject_interval(right, np.repeat(range(10), 4))]
    [0.57, 0.87]
    """
    names, who = np.unique(subjects, return_inverse=True)
    n, n_subjects = len(right), len(names)
    if n_subjects < 2:
        return np.nan, np.nan
    p = float(np.mean(right))
    # Of a ratio of sums over subjects: how far each one's hits are from what p would give.
    off = np.bincount(who, right) - p * np.bincount(who)
    variance = n_subjects / (n_subjects - 1) * float((off ** 2).sum()) / n ** 2
    # Where all are right, or all wrong, nothing varies; a subject then counts as one clip.
    effective = float(n_subjects) if p in (0.0, 1.0) else \
        min(p * (1 - p) / max(variance, 1e-12), float(n))
    t = float(stats.t.ppf(0.5 + _CONFIDENCE / 2, n_subjects - 1))
    middle = (p + t * t / (2 * effective)) / (1 + t * t / effective)
    half = t / (1 + t * t / effective) * np.sqrt(
        p * (1 - p) / effective + t * t / (4 * effective ** 2))
    return max(0.0, middle - float(half)), min(1.0, middle + float(half))
