"""Scores by subject: no person is ever on both sides of a fold."""

from __future__ import annotations

import numbers
import os
import pickle
import platform
import time
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_consistent_length

from ..classifiers.branches import groups_for_fit
from ..clips.record import Clip, listed
from ..running.number_text import with_spread
from ..running.parallel import in_parallel
from ..running.progress import progress
from .comparison import Evaluation, score
from .result_store import FoldResult, ResultStore, describe, fingerprint

_WRITTEN = ("accuracy", "balanced accuracy", "AUC")
_Job = tuple[str, int]  # system, fold from 1


def evaluate(systems: Any, X: Any, y: Any, groups: Any, cv: Any = 10, *, metadata: Any = None,
             results: str | os.PathLike[str] | None = None, n_jobs: int | None = None,
             verbose: int | bool = False) -> Evaluation:
    """Compare systems over the same folds, with whole subjects held out.

    Parameters
    ----------
    systems : mapping of str to classifier or Pipeline, or list of (str, classifier) pairs
        Each is cloned for each fold.
    X : list of recordings, or table of shape (n_clips, n_features)
        Clips that have no subject are given theirs from `groups`, so that folds inside a system
        are by subject too. A `fit` that takes `groups` is given them, also at the end of a
        pipeline.
    y : array-like of shape (n_clips,)
        Two labels; the larger one ("spontaneous", 1) is the one that scores and F1 are about.
    groups : array-like of shape (n_clips,)
        Subjects.
    cv : int, splitter or iterable of (train, test), default=10
        Folds by subject; as many as there are subjects, if those are fewer. A scikit-learn
        splitter is given `groups`. Test parts may overlap (repeated folds) and leave clips out.
    metadata : DataFrame or mapping of columns, optional
        What else is known of each clip, a row a clip, for `Evaluation.breakdown`.
    results : str or Path, optional
        Folder in which each finished fold of each system is kept as soon as it is there. The same
        call goes on where it stopped; a further system is added to those that are there.
    n_jobs : int, optional
        Folds and systems run at the same time.
    verbose : int or bool, default=False
        Show progress.

    Returns
    -------
    Evaluation

    Raises
    ------
    TypeError, ValueError
        Systems that are none, different lengths, not two classes, a fold with a subject on both
        sides, with an empty side or with one class to train on, or a folder with results of
        another protocol or of other systems of the same names.
    RuntimeError
        A system failed; raised from what it raised when all other folds are finished.

    Notes
    -----
    With `results`, all that determines them is compared with what is in the folder: labels,
    subjects, folds, the clips (their names and what is known of them; videos go by their path) and
    the parameters of each system (but `n_jobs`, `verbose`, `memory` and `device`). What a system
    says without a seed is not the same twice, and is kept as it was the first time.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from smilegenuine import AUDA
    >>> from smilegenuine.datasets import make_smiles
    >>> from smilegenuine.evaluation.evaluate import evaluate
    >>> smiles = make_smiles(8, 2, random_state=0)
    >>> clips = [c.replace(aus=a) for c, a in zip(smiles.data, smiles.aus)]
    >>> systems = {"onset": make_pipeline(AUDA(phases=("onset",)), LogisticRegression(C=0.1)),
    ...            "offset": make_pipeline(AUDA(phases=("offset",)), LogisticRegression(C=0.1))}
    >>> found = evaluate(systems, clips, smiles.target, smiles.groups, cv=4,
    ...                  metadata={"gender": smiles.gender})
    >>> found
    Evaluation(systems=['onset', 'offset'], folds=4, clips=16)
    >>> found.breakdown("gender")[["system", "gender", "clips"]].shape
    (4, 3)
    """
    named = _named(systems)
    X, y, groups = _checked(X, y, groups)
    table = _as_table(metadata, len(y))
    splits = subject_splits(cv, y, groups)
    store = None
    if results is not None:
        store = ResultStore(results, {
            "the clips (X)": fingerprint(X), "the labels (y)": fingerprint(y),
            "the subjects (groups)": fingerprint(groups), "the folds (cv)": fingerprint(splits),
        }, {name: describe(estimator) for name, estimator in named.items()})
    data = _Data.of(X, y, groups, splits)
    done = _run_all(named, data, store, n_jobs, verbose)
    return Evaluation(
        scores=pd.DataFrame([data.scores(job, result) for job, result in done.items()]),
        predictions=pd.concat([data.predictions(job, result) for job, result in done.items()],
                              ignore_index=True),
        classes=data.classes, train_sizes=np.array([len(train) for train, _ in splits]),
        n_clips=len(y), metadata=table)


def subject_scores(estimator: Any, X: Any, y: Any, groups: Any, *, cv: int = 5,
                   n_jobs: int | None = None, verbose: int | bool = False) -> pd.DataFrame:
    """Cross-validate with whole subjects held out.

    Parameters
    ----------
    estimator : classifier or Pipeline
    X : list of recordings
    y : array-like of shape (n_clips,)
        Two labels.
    groups : array-like of shape (n_clips,)
        Subjects.
    cv : int, default=5
        Folds; as many as there are subjects, if those are fewer.
    n_jobs : int, optional
        Folds run at the same time.
    verbose : int or bool, default=False
        Show progress.

    Returns
    -------
    DataFrame
        A row a fold, with the columns `fold`, `clips`, `subjects`, `accuracy`, `balanced accuracy`
        and `AUC` (NaN where a fold's subjects show one class only).

    Raises
    ------
    ValueError
        Different lengths, fewer than two subjects, or a fold that leaves one class to train on.

    See Also
    --------
    evaluate : Several systems, more scores, and whether they differ.
    """
    X, y, groups = _checked(X, y, groups)
    data = _Data.of(X, y, groups, subject_splits(cv, y, groups))
    folds = range(1, len(data.splits) + 1)
    results = progress(
        in_parallel(_run, ((estimator, data, fold) for fold in folds), n_jobs=n_jobs),
        total=len(folds), verbose=verbose, name="scoring", unit="fold")
    rows = [data.scores(("", fold), result) for fold, result in zip(folds, results, strict=True)]
    return pd.DataFrame(rows)[["fold", "clips", "subjects", *_WRITTEN]]


# -- what is asked for --------------------------------------------------------------------------

def _named(systems: Any) -> dict[str, Any]:
    """Name -> estimator, once it is sure that each can be fitted and asked."""
    if isinstance(systems, str) or (hasattr(systems, "fit") and not isinstance(systems, Mapping)):
        what = repr(systems) if isinstance(systems, str) else type(systems).__name__
        raise TypeError(f"systems must say what each estimator is called, and is {what}; "
                        'write {"name": estimator}')
    try:
        pairs = [(name, estimator) for name, estimator in
                 (systems.items() if isinstance(systems, Mapping) else systems)]
    except (TypeError, ValueError):
        raise TypeError("systems must be a mapping of names to estimators, or a list of (name, "
                        f"estimator) pairs, not {systems!r}") from None
    if not pairs:
        raise ValueError('systems is empty; write {"name": estimator}')
    named: dict[str, Any] = {}
    for name, estimator in pairs:
        if not isinstance(name, str) or not name.strip():
            raise TypeError(f"a system's name must be a text, not {name!r}")
        if name in named:
            raise ValueError(f"two systems are called '{name}'; give each a name of its own")
        missing = [m for m in ("fit", "predict") if not hasattr(estimator, m)]
        if missing or isinstance(estimator, type):
            problem = (f"the class {estimator.__name__}; write {estimator.__name__}()"
                       if isinstance(estimator, type) else
                       f"of type {type(estimator).__name__}, which has no "
                       f"`{'` and no `'.join(missing)}`; give a classifier, or a pipeline that "
                       "ends in one")
            raise TypeError(f"system '{name}' is {problem}")
        named[name] = estimator
    return named


def _checked(X: Any, y: Any, groups: Any) -> tuple[Any, np.ndarray, np.ndarray]:
    """Return recordings (a list, or a table as it is), labels and subjects of one length."""
    # As objects, in which a missing text is still missing.
    y, groups = np.asarray(y, dtype=object), np.asarray(groups, dtype=object)
    if groups.ndim != 1:
        raise ValueError(f"groups must name the subject of each clip, (n_clips,), not {groups!r}")
    if y.ndim != 1:
        raise ValueError(f"y must hold the label of each clip, (n_clips,), not {y!r}")
    if len(getattr(X, "shape", ())) < 2:
        X = listed(X)
    check_consistent_length(X, y, groups)
    for name, values, what in (("y", y, "label"), ("groups", groups, "subject")):
        if pd.isna(values).any():
            raise ValueError(f"{name} has no {what} for clip {int(pd.isna(values).argmax())}; "
                             "leave such clips out")
    y, groups = np.array(y.tolist()), np.array(groups.tolist())
    labels = np.unique(y)
    if len(labels) != 2:
        shown = ", ".join(f"'{label}'" for label in labels[:5])
        raise ValueError(f"y must have two classes, posed and spontaneous smiles, not "
                         f"{len(labels)}: {shown}{', …' if len(labels) > 5 else ''}")
    return X, y, groups


def _as_table(metadata: Any, n_clips: int) -> pd.DataFrame | None:
    if metadata is None:
        return None
    if isinstance(metadata, pd.DataFrame):
        table = metadata.reset_index(drop=True)
    elif isinstance(metadata, Mapping):  # by position: clips have no index to go by
        table = pd.DataFrame({name: pd.Series(column).reset_index(drop=True)
                              for name, column in metadata.items()})
    else:
        raise TypeError("metadata must be a DataFrame or a mapping of columns, not "
                        f"{type(metadata).__name__}")
    if len(table) != n_clips:
        raise ValueError(f"metadata has {len(table)} rows for {n_clips} clips")
    return table


def subject_splits(cv: Any, y: np.ndarray, groups: np.ndarray
                   ) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the (train, test) positions of each fold, or raise where a subject is on both sides.

    Parameters
    ----------
    cv : int, splitter, or iterable of (train, test)
        See `evaluate`.
    y, groups : array of shape (n_clips,)
        Labels and subjects.

    Returns
    -------
    list of (train, test)

    Raises
    ------
    TypeError, ValueError
        It is none of these, gives no folds, or leaves one class to train on.
    """
    if isinstance(cv, numbers.Integral) and not isinstance(cv, bool):
        n_subjects = len(np.unique(groups))
        if n_subjects < 2:
            raise ValueError("all clips are of one subject; folds by subject need at least two")
        cv = GroupKFold(min(int(cv), n_subjects))
    if hasattr(cv, "split") and not isinstance(cv, str):
        pairs = list(cv.split(np.zeros((len(y), 1)), y, groups))
    elif isinstance(cv, Iterable) and not isinstance(cv, (str, Mapping)):
        pairs = list(cv)
    else:
        raise TypeError("cv must be a number of folds, a splitter such as GroupKFold(5), or (train,"
                        f" test) pairs, not {cv!r}")
    if not pairs:
        raise ValueError("cv gives no folds")
    splits = []
    for fold, pair in enumerate(pairs, 1):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise ValueError(f"fold {fold} of cv is not a pair (train, test) of positions")
        splits.append((_positions(pair[0], len(y), fold, "training"),
                       _positions(pair[1], len(y), fold, "test")))
    for fold, (train, test) in enumerate(splits, 1):
        both = np.intersect1d(groups[train], groups[test])
        if len(both):
            raise ValueError(f"fold {fold}: subject '{both[0]}' is in the training and in the test "
                             "part; split by subject, as GroupKFold does")
        if len(np.unique(y[train])) < 2:
            raise ValueError(f"{len(splits)} folds by subject leave clips of class '{y[train[0]]}' "
                             f"only to train on (fold {fold}); add subjects who show the other "
                             "class")
    return splits


def _positions(part: Any, n: int, fold: int, side: str) -> np.ndarray:
    positions = np.asarray(part)
    if positions.dtype == bool and positions.shape == (n,):
        positions = np.flatnonzero(positions)
    if positions.shape == (0,):
        raise ValueError(f"fold {fold}: the {side} part is empty")
    if positions.ndim != 1 or positions.dtype.kind not in "iu" or \
            positions.min() < 0 or positions.max() >= n:
        raise ValueError(f"fold {fold}: the {side} part must hold positions of clips, 0 to {n - 1},"
                         f" not {positions!r}")
    return positions.astype(int)


def _name_of(item: Any) -> str:
    if isinstance(item, Clip):
        return item.name or ""
    return os.fspath(item) if isinstance(item, (str, os.PathLike)) else ""


# -- the work -----------------------------------------------------------------------------------

@dataclass(frozen=True, eq=False)
class _Data:
    """What all jobs share."""

    X: Any
    y: np.ndarray
    groups: np.ndarray
    splits: list[tuple[np.ndarray, np.ndarray]]

    @classmethod
    def of(cls, X: Any, y: np.ndarray, groups: np.ndarray, splits: list[Any]) -> _Data:
        if isinstance(X, list):
            X = [item.replace(subject=str(subject))
                 if isinstance(item, Clip) and item.subject is None else item
                 for item, subject in zip(X, groups, strict=True)]
        return cls(X, y, groups, splits)

    @property
    def classes(self) -> np.ndarray:
        return np.unique(self.y)

    def predictions(self, job: _Job, result: FoldResult) -> pd.DataFrame:
        """A row a clip of the fold's test part."""
        test = self.splits[job[1] - 1][1]
        items = [self.X[i] if isinstance(self.X, list) else None for i in test]
        return pd.DataFrame({
            "system": job[0], "fold": job[1], "index": test,
            "clip": [_name_of(item) for item in items],
            "subject": self.groups[test], "truth": self.y[test],
            "decision": self.classes[result.decision], "score": result.score})

    def scores(self, job: _Job, result: FoldResult) -> dict[str, Any]:
        """The row of the fold in the table of scores."""
        test = self.splits[job[1] - 1][1]
        return {"system": job[0], "fold": job[1], "clips": len(test),
                "subjects": len(np.unique(self.groups[test])),
                **score(self.y[test] == self.classes[1], result.decision == 1, result.score),
                "fit time (s)": result.fit_time, "predict time (ms)": result.predict_time}


def _run_all(named: dict[str, Any], data: _Data, store: ResultStore | None, n_jobs: int | None,
             verbose: int | bool) -> dict[_Job, FoldResult]:
    """Run what is not stored yet; (system, fold) -> result, in that order."""
    order = _jobs(named, data)
    done = {} if store is None else _stored(store, order, data)
    rows = {job: data.scores(job, result) for job, result in done.items()}
    others = {} if store is None else _rows_of_others(store, named, data)
    pending = [job for job in order if job not in done]
    calls = ((named[job[0]], data, job, store, _here()) for job in pending)
    failures: dict[_Job, Exception] = {}
    outcomes = in_parallel(_attempt, calls, n_jobs=n_jobs, ordered=False,
                           lost=lambda k, reason: (pending[k], RuntimeError(reason)))
    for job, outcome in progress(outcomes, total=len(pending), verbose=verbose,
                                 name="evaluating", unit="fold"):
        if isinstance(outcome, Exception):
            failures[job] = outcome
            continue
        done[job], rows[job] = outcome, data.scores(job, outcome)
        if store is not None:
            store.write_scores(_in_order(rows, order, others))
    if store is not None:  # another process may have added systems meanwhile
        store.write_scores(_in_order(rows, order, _rows_of_others(store, named, data)))
    if failures:
        _raise(failures, order, len(data.splits), store)
    return {job: done[job] for job in order}


def _jobs(names: Iterable[str], data: _Data) -> list[_Job]:
    return [(name, fold) for name in names for fold in range(1, len(data.splits) + 1)]


def _stored(store: ResultStore, jobs: list[_Job], data: _Data) -> dict[_Job, FoldResult]:
    results = ((job, store.read(*job, len(data.splits[job[1] - 1][1]))) for job in jobs)
    return {job: result for job, result in results if result is not None}


def _rows_of_others(store: ResultStore, named: dict[str, Any], data: _Data
                    ) -> dict[_Job, dict[str, Any]]:
    others = _jobs([name for name in store.systems() if name not in named], data)
    return {job: data.scores(job, result) for job, result in _stored(store, others, data).items()}


def _in_order(rows: dict[_Job, dict[str, Any]], order: list[_Job],
              others: dict[_Job, dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame([rows[job] for job in order if job in rows] + list(others.values()))


def _raise(failures: dict[_Job, Exception], order: list[_Job], n_folds: int,
           store: ResultStore | None) -> None:
    name, fold = first = min(failures, key=order.index)
    error = failures[first]
    more = f"; {len(failures) - 1} more of {len(order)} failed" if len(failures) > 1 else ""
    kept = "" if store is None else (
        f". What is finished is kept in {store.folder}, and the same call goes on from there")
    raise RuntimeError(f"system '{name}' failed in fold {fold} of {n_folds}: "
                       f"{type(error).__name__}: {error}{more}{kept}") from error


def _here() -> tuple[str, int]:
    """This process, among those of all machines."""
    return platform.node(), os.getpid()


def _attempt(estimator: Any, data: _Data, job: _Job, store: ResultStore | None,
             home: tuple[str, int]) -> tuple[_Job, FoldResult | Exception]:
    """Run a job, and store it here and now: whoever waits for it may not live to see it."""
    try:
        result = _run(estimator, data, job[1])
    except Exception as error:  # the other jobs go on
        return job, error if _here() == home else _portable(error)
    if store is not None:
        store.write(*job, result)
    return job, result


def _portable(error: Exception) -> Exception:
    """The error in a form that crosses process borders, with the trace that would be lost."""
    trace = "".join(traceback.format_exception(error))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever its constructor raises
        error = RuntimeError(f"{type(error).__name__}: {error}")
    error.add_note(f"In a worker process:\n{trace}")
    return error


def _run(estimator: Any, data: _Data, fold: int) -> FoldResult:
    """Train a clone on one side of a fold and ask it about the other."""
    train, test = data.splits[fold - 1]
    model, known = clone(estimator), _safe_indexing(data.X, train)
    began = time.perf_counter()
    model.fit(known, data.y[train], **groups_for_fit(model, data.groups[train]))
    fit_time = time.perf_counter() - began
    asked, last = _safe_indexing(data.X, test), model
    began = time.perf_counter()
    if type(model) is Pipeline:  # others may skip steps
        # Clips are measured once for both the decision and the score; videos take their time.
        for _, step in model.steps[:-1]:
            asked = asked if step in (None, "passthrough") else step.transform(asked)
        last = model.steps[-1][1]
    decided = np.asarray(last.predict(asked))
    predict_time = 1000.0 * (time.perf_counter() - began) / len(test)
    if decided.shape != (len(test),):
        raise ValueError(f"predict gave {decided.shape} for {len(test)} clips")
    same = decided[:, None] == data.classes
    if not same.any(axis=1).all():
        strange = decided[~same.any(axis=1)][0]
        raise ValueError(f"predict gave '{strange}', and the labels are "
                         f"'{data.classes[0]}' and '{data.classes[1]}'; give a classifier")
    scores = _score_of(last, asked, len(test))
    return FoldResult(same.argmax(axis=1), scores, fit_time, predict_time)


def _score_of(model: Any, X: Any, n: int) -> np.ndarray:
    for method in ("decision_function", "predict_proba"):
        if hasattr(model, method):
            scores = np.asarray(getattr(model, method)(X), dtype=float)
            return scores[:, -1] if scores.ndim == 2 else scores
    return np.full(n, np.nan)


# -- text ---------------------------------------------------------------------------------------

def format_scores(table: pd.DataFrame) -> str:
    """Write a table of `subject_scores` out, with mean ± standard deviation over folds.

    Parameters
    ----------
    table : DataFrame

    Returns
    -------
    str
    """
    rows = [("fold  clips  subjects", list(_WRITTEN))]
    for row in table.to_dict("records"):
        rows.append((f"{row['fold']:>4}  {row['clips']:>5}  {row['subjects']:>8}",
                     [with_spread(row[title], unknown="-") for title in _WRITTEN]))
    means = [with_spread(table[title].mean(), table[title].std(), unknown="-")
             for title in _WRITTEN]
    return "\n".join("  ".join([name, *(f"{cell:>17}" for cell in cells)])
                     for name, cells in [*rows, (f"{'mean ± sd':<21}", means)])
