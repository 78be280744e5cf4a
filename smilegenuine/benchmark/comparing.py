"""One comparison: checked before hours of work, measured, evaluated."""

from __future__ import annotations

import dataclasses
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..classifiers.opening import set_run, unwrapped
from ..evaluation.comparison import SCORES
from ..evaluation.evaluate import evaluate
from ..running.output_places import prepare_folder
from ..systems.named_systems import FUSIONS, SYSTEMS, looks_at
from . import preparation
from .folds import USUAL, Folds
from .options import MEASURES, BenchmarkOptions
from .result import BenchmarkResult
from .sets import LabelledSet

# -- before hours of work -------------------------------------------------------------------------

def with_folds(data: LabelledSet, wanted: int | None) -> LabelledSet:
    """Return the set with folds: published ones, where nobody asks for others.

    Parameters
    ----------
    data : LabelledSet
    wanted : int or None
        Folds by subject; None: the published ones, else 10.

    Returns
    -------
    LabelledSet

    Raises
    ------
    ValueError
        There are not two classes, or too few subjects.
    """
    preparation.check_set(data.name_labels(data.y), data.groups)
    if data.folds is not None and (wanted is None or data.folds.kind == "corpora"):
        return data
    n_subjects = len(np.unique(data.groups))
    if n_subjects < 3:
        raise ValueError("three subjects are needed at least, as what is left to train on is "
                         f"split by subject once more; there are {n_subjects}")
    return dataclasses.replace(data, folds=Folds.by_subject(data.groups, wanted or USUAL))


def check(data: LabelledSet, pipelines: dict[str, Any], options: BenchmarkOptions) -> None:
    """Raise unless folds have something to learn from, columns are there, faces can be measured.

    Parameters
    ----------
    data : LabelledSet
        With folds.
    pipelines : dict of str to Pipeline
        Of `SYSTEMS`, by their names.
    options : BenchmarkOptions

    Raises
    ------
    ImportError, RuntimeError, ValueError
        The message says what is missing.
    """
    preparation.check_set(data.name_labels(data.y), data.groups)
    # A fusion keeps subjects from its branches, and these keep some from their training.
    least = 3 if FUSIONS.keys() & pipelines.keys() else 2
    folds_of(data).check(data.name_labels(data.y), data.groups, least)
    for column in options.by:
        if column not in data.metadata:
            columns = ", ".join(map(str, data.metadata)) or "nothing"
            raise ValueError(f"`by={column!r}`: no such column; besides labels and subjects, "
                             f"{data.name} has {columns}")
        if column in {"system", "clips", "subjects", *SCORES}:
            raise ValueError(f"`by={column!r}`: the table has a column of that name; rename yours")
    _check_pictures(data, tuple(pipelines), options)
    preparation.check_landmarker(pipelines, data.clips,
                     "or compare systems without landmarks, such as `systems='table'`")


def _check_pictures(data: LabelledSet, names: tuple[str, ...], options: BenchmarkOptions) -> None:
    """Raise where systems look at what no recording has, and no picture is there to measure it."""
    if any(clip.frames is not None for clip in data.clips):
        return
    known = {field for field in MEASURES
             if any(clip.known()[field] is not None for clip in data.clips)}
    if options.action_units == "blendshapes" and "landmarks" in known:
        known.add("aus")
    blind = [name for name in names if not looks_at(name) <= known]
    if blind:
        others = tuple(name for name in SYSTEMS if looks_at(name) <= known)
        remedy = f"take `systems={others}`, or some of them" if others else \
            "name a set of videos"
        raise ValueError(f"{data.name} has {' and '.join(MEASURES[f] for f in known) or 'nothing'}"
                         f", and no pictures to measure what {', '.join(blind)} look at; {remedy}")


def folds_of(data: LabelledSet) -> Folds:
    """Return the folds of a set that has some by now."""
    if data.folds is None:
        raise TypeError("the set has no folds; `with_folds` gives it some")
    return data.folds


# -- the work -------------------------------------------------------------------------------------

def compare(data: LabelledSet, systems: tuple[str, ...], options: BenchmarkOptions,
            output: Path | None, cache: Path | None, reference: str | None, condition: str = ""
            ) -> BenchmarkResult:
    """Measure the clips, evaluate the systems, and write tables into a folder.

    Parameters
    ----------
    data : LabelledSet
        With folds.
    systems : tuple of str
        Of `SYSTEMS`.
    options : BenchmarkOptions
    output : Path or None
        Folder of the tables and finished folds.
    cache : Path or None
        Folder of what is measured.
    reference : str or None
        The system that others are compared with.
    condition : str, default=""
        How the recordings were degraded.

    Returns
    -------
    BenchmarkResult

    Raises
    ------
    Unusable
        Nothing, or too little, is left of the set once it is measured.
    ValueError
        The folder holds results of something else.
    RuntimeError
        A system failed.
    """
    began = time.perf_counter()
    if output is not None:
        prepare_folder(output)
    pipelines = preparation.make_systems(systems, options, cache)
    given = tuple(field for field in MEASURES
                  if all(clip.known()[field] is not None for clip in data.clips))
    data = _measured(data, options, pipelines)
    folds, results = folds_of(data), None if output is None else output / "results"
    kept = 0 if results is None else sum(len(list((results / name).glob("fold-*.json")))
                                         for name in systems)
    if kept:
        options.log(f"{results} holds {kept} finished folds of these systems; the run goes on from "
                    f"there ({len(systems)} systems, {folds} each)")
    n_jobs = preparation.folds_at_once(systems, options)
    metadata = data.metadata.assign(**{column: _kinds(data.metadata[column])
                                       for column in options.by})
    try:
        evaluation = evaluate(pipelines, data.clips, data.y, data.groups, cv=folds.splits(),
                              metadata=metadata, results=results, n_jobs=n_jobs,
                              verbose=options.verbose)
    except ValueError as error:
        if "the clips (X)" in str(error):
            error.add_note("What is measured in a clip, and which frames are valid, depends on the "
                           "systems: name from the beginning all that are to stand in one table.")
        raise
    result = BenchmarkResult(
        **vars(evaluation), data=data, condition=condition, folder=output,
        options=dataclasses.replace(options, reference=reference, n_jobs=n_jobs), kept=kept,
        measured=_steps(pipelines, data, given), given=given, seconds=time.perf_counter() - began)
    if output is not None:
        result.write_tables(output)
    return result


class Unusable(ValueError):
    """Nothing, or too little, is left of a set once it is measured."""


def _measured(data: LabelledSet, options: BenchmarkOptions, pipelines: dict[str, Any]
              ) -> LabelledSet:
    """The part of the set that every system can use, with what is the same in every fold."""
    clips, places, failures = preparation.measure(list(pipelines.values()), data.clips,
                                                  options.warn)
    for system in pipelines.values():
        set_run(system, n_jobs=None, verbose=False)  # folds and systems go side by side instead
    # Nobody looks at the pictures again; without them a clip is not bound to its file either.
    clips = [clip.replace(frames=None, times=clip.times) for clip in clips]
    data = data.take(places, clips, failures)
    if not clips:
        fewer = "; what one system cannot use is left out for all, so name fewer" if \
            len(pipelines) > 1 else ""
        raise Unusable(f"{preparation.failure_text(failures)}\nnothing is left to compare systems "
                       f"on{fewer}")
    options.warn(preparation.failure_text(failures))
    if len(failures) and len(pipelines) > 1:
        options.warn("They are left out for all systems.")
    try:
        check(data, pipelines, options)
    except ValueError as error:
        raise Unusable(str(error)) from None
    return data


def _steps(pipelines: dict[str, Any], data: LabelledSet, given: tuple[str, ...]
           ) -> dict[str, str]:
    """What was measured once for all systems, and by which step."""
    steps = dict(step for system in pipelines.values() for step in system.steps)
    return {name: type(unwrapped(steps[step])).__name__ for step, name in MEASURES.items()
            if step in steps and step not in given
            and any(clip.known()[step] is not None for clip in data.clips)}


def _kinds(column: pd.Series) -> pd.Series:
    """What scores are broken down by: numbers are cut into groups, all else is as it is."""
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return column
    if str(column.name).lower() == "age":
        labels = ["<18", "18-34", "35-54", "≥55"]
        return pd.cut(column, [-np.inf, 18, 35, 55, np.inf], right=False, labels=labels)
    if column.nunique() <= 3:  # codes, or as good as groups
        return column
    edges = np.unique(column.quantile([1 / 3, 2 / 3]))
    between = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    return pd.cut(column, [-np.inf, *edges, np.inf],
                  labels=[f"≤{edges[0]:g}", *between, f">{edges[-1]:g}"])
