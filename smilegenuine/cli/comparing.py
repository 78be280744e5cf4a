"""What `smilegenuine benchmark` does with a labelled set: check, measure, evaluate, write down."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..comparison import SCORES, Evaluation
from ..pipelines import FUSIONS, NETWORKS, SYSTEMS, looks_at
from .folds import USUAL, Folds
from .labelled_data import LabelledSet
from .making import check_landmarker, make_systems
from .measuring import bare, check_set, folds_at_once, measure, set_run
from .protocol import MEASURES, Protocol
from .reporting import failure_text, make_folder, report


@dataclasses.dataclass(frozen=True, eq=False)
class Compared:
    """Systems compared on a set.

    Parameters
    ----------
    found : Evaluation
    data : LabelledSet
        What was left in, measured.
    protocol : Protocol
    """

    found: Evaluation
    data: LabelledSet
    protocol: Protocol


# -- before hours of work -------------------------------------------------------------------------

def with_folds(data: LabelledSet, wanted: int | None) -> LabelledSet:
    """Give the set the folds that are asked for: published ones, where nobody asks for others.

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
    check_set(data.called(data.y), data.groups)
    if data.folds is not None and (wanted is None or data.folds.kind == "corpora"):
        return data
    n_subjects = len(np.unique(data.groups))
    if n_subjects < 3:
        raise ValueError("three subjects are needed at least, as what is left to train on is "
                         f"split by subject once more; there are {n_subjects}")
    return dataclasses.replace(data, folds=Folds.by_subject(data.groups, wanted or USUAL))


def check(data: LabelledSet, args: argparse.Namespace, pipelines: dict[str, Any]) -> None:
    """Raise unless folds have something to learn from, columns are there, faces can be measured.

    Parameters
    ----------
    data : LabelledSet
        With folds.
    args : Namespace
    pipelines : dict of str to Pipeline
    """
    check_set(data.called(data.y), data.groups)
    # A fusion keeps subjects from its branches, and these keep some from their training.
    least = 3 if FUSIONS.keys() & set(args.systems) else 2
    folds_of(data).check(data.called(data.y), data.groups, least)
    for column in args.by:
        if column not in data.metadata:
            there = ", ".join(map(str, data.metadata)) or "nothing"
            raise ValueError(f"--by {column}: no such column; besides labels and subjects, "
                             f"{data.name} has {there}")
        if column in {"system", "clips", "subjects", *SCORES}:
            raise ValueError(f"--by {column}: the table has a column of that name; rename yours")
    _check_pictures(data, args)
    check_landmarker(pipelines, data.clips,
                     "or compare systems without landmarks, such as --systems table")


def _check_pictures(data: LabelledSet, args: argparse.Namespace) -> None:
    """Raise where systems look at what no recording has, and no picture is there to measure it."""
    if any(clip.frames is not None for clip in data.clips):
        return
    there = {field for field in MEASURES
             if any(clip.known()[field] is not None for clip in data.clips)}
    if args.action_units == "blendshapes" and "landmarks" in there:
        there.add("aus")
    blind = [name for name in args.systems if not looks_at(name) <= there]
    if blind:
        others = [name for name in SYSTEMS if looks_at(name) <= there]
        remedy = f"take --systems {','.join(others)}, or some of them" if others else \
            "name a set of videos"
        raise ValueError(f"{data.name} has {' and '.join(MEASURES[f] for f in there) or 'nothing'}"
                         f", and no pictures to measure what {', '.join(blind)} look at; {remedy}")


def folds_of(data: LabelledSet) -> Folds:
    """Give the folds of a set that has some by now."""
    if data.folds is None:
        raise TypeError("the set has no folds; `with_folds` gives it some")
    return data.folds


# -- the work -------------------------------------------------------------------------------------

def compare(data: LabelledSet, args: argparse.Namespace, output: Path, reference: str | None
            ) -> Compared:
    """Measure the clips, evaluate the systems, and write tables into a folder.

    Parameters
    ----------
    data : LabelledSet
        With folds.
    args : Namespace
    output : Path
        Of the tables and finished folds; what is measured is kept in ``args.output / "cache"``.
    reference : str or None
        The system that others are compared with.

    Returns
    -------
    Compared

    Raises
    ------
    Unusable
        Nothing, or too little, is left of the set once it is measured.
    ValueError
        The folder holds results of something else.
    RuntimeError
        A system failed.
    """
    from ..evaluation import evaluate

    began = time.perf_counter()
    make_folder(output)
    pipelines = make_systems(args.systems, args, args.output / "cache")
    given = tuple(field for field in MEASURES
                  if all(clip.known()[field] is not None for clip in data.clips))
    data = _measured(data, args, pipelines)
    folds, results = folds_of(data), output / "results"
    kept = _finished(results, args.systems)
    if kept:
        print(f"{results} holds {kept} finished folds of these systems; the run goes on from there "
              f"({len(args.systems)} systems, {folds} each)")
    networks = bool(set(args.systems) & set(NETWORKS))
    n_jobs = args.n_jobs if not networks else folds_at_once(args.n_jobs, args.device)
    metadata = data.metadata.assign(**{column: _kinds(data.metadata[column]) for column in args.by})
    try:
        found = evaluate(pipelines, data.clips, data.y, data.groups, cv=folds.splits(),
                         metadata=metadata, results=results, n_jobs=n_jobs, verbose=not args.quiet)
    except ValueError as error:
        if "the clips (X)" in str(error):
            error.add_note("What is measured in a clip, and which frames are valid, depends on the "
                           "systems: name from the beginning all that are to stand in one table.")
        raise
    _write_tables(found, data, reference, output)
    return Compared(found, data, Protocol(
        device=args.device, random_state=args.random_state, max_epochs=args.max_epochs,
        points=args.points, n_jobs=n_jobs, reference=reference, by=tuple(args.by), kept=kept,
        networks=networks, measured=_steps(pipelines, data, given), given=given,
        seconds=time.perf_counter() - began))


class Unusable(ValueError):
    """Nothing, or too little, is left of a set once it is measured."""


def _measured(data: LabelledSet, args: argparse.Namespace, pipelines: dict[str, Any]
              ) -> LabelledSet:
    """The part of the set that every system can use, with what is the same in every fold."""
    measured = measure(list(pipelines.values()), data.clips)
    for system in pipelines.values():
        set_run(system, n_jobs=None, verbose=False)  # folds and systems go side by side instead
    # Nobody looks at the pictures again; without them a clip is not bound to its file either.
    clips = [clip.replace(frames=None, times=clip.times) for clip in measured.clips]
    data = data.take(measured.places, clips, measured.failures)
    if not clips:
        fewer = "; what one system cannot use is left out for all, so name fewer" if \
            len(pipelines) > 1 else ""
        raise Unusable(f"{failure_text(measured.failures)}\nnothing is left to compare systems on"
                       f"{fewer}")
    if report(measured.failures) and len(pipelines) > 1:
        print("They are left out for all systems.", file=sys.stderr)
    try:
        check(data, args, pipelines)
    except ValueError as error:
        raise Unusable(str(error)) from None
    return data


def _steps(pipelines: dict[str, Any], data: LabelledSet, given: tuple[str, ...]
           ) -> tuple[tuple[str, str], ...]:
    """What was measured once for all systems, and by which step."""
    steps: dict[str, Any] = {}
    for system in pipelines.values():
        steps |= system.named_steps
    return tuple((name, type(bare(steps[step])).__name__) for step, name in MEASURES.items()
                 if step in steps and step not in given
                 and any(clip.known()[step] is not None for clip in data.clips))


def _finished(results: Path, names: tuple[str, ...]) -> int:
    """How many folds of the systems an earlier run has finished."""
    return sum(len(list((results / name).glob("fold-*.json"))) for name in names)


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


def _write_tables(found: Evaluation, data: LabelledSet, reference: str | None, output: Path
                  ) -> None:
    said = found.predictions
    said = said.assign(truth=data.called(said["truth"]), decision=data.called(said["decision"]))
    # The folds have the numbers of the set, also where nothing is left of some.
    numbers = folds_of(data).numbers()
    said, scores = (table.assign(fold=numbers[table["fold"].to_numpy() - 1])
                    for table in (said, found.scores))
    for name, table in (("scores", scores), ("predictions", said),
                        ("summary", found.summary(reference)), ("left_out", data.failures)):
        table.to_csv(output / f"{name}.csv", index=False)
