"""`smilegenuine benchmark`: tables of the published systems on any labelled set."""

from __future__ import annotations

import argparse
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold

from ..classifiers.subject_folds import inner_splits
from ..comparison import SCORES, Evaluation
from ..pipelines import FUSIONS, NETWORKS, SYSTEMS
from .arguments import add_action_units, add_networks, counting, folds, systems, whole
from .benchmark_report import Protocol, write_report
from .labelled_data import DRAWN, LabelledSet, load_labelled
from .making import check_landmarker, make_systems, say_what_is_slow
from .measuring import bare, check_device, check_set, folds_at_once, measure, set_run
from .reporting import failure_text, make_folder, report

_REFERENCE = "fusion"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--data", default=DRAWN, metavar="DATA",
                        help=f"{DRAWN}, the default: drawn people; or a CSV or folder as for "
                             "`train`; or package.module:function, or "
                             "package.module:function:ARGUMENT, which gives a Bunch with data, "
                             "target and groups, or a tuple (X, y, groups)")
    parser.add_argument("--subjects", type=counting, default=24, metavar="N", help="drawn people")
    parser.add_argument("--clips-per-subject", type=counting, default=4, metavar="K",
                        help="of drawn people, half of them posed")
    parser.add_argument("--systems", type=systems, default="table", metavar="A,B,…",
                        help=f"of {', '.join(SYSTEMS)}; or groups of them: `table`, the default, "
                             "the rows of the core paper's table; `landmarks`, the systems on the "
                             "face mesh and those they are compared with (needs "
                             "smilegenuine[mediapipe], unless clips know their landmarks); `all`")
    parser.add_argument("--reference", metavar="NAME",
                        help="the system that others are compared with; without it fusion, or the "
                             "first")
    parser.add_argument("--folds", type=folds, default=10, metavar="K",
                        help="folds by subject, at most as many as there are subjects")
    parser.add_argument("--by", action="append", default=[], metavar="COLUMN",
                        help="scores also by what is known of clips, such as gender; ages and "
                             "other numbers are cut into groups; may be given several times")
    add_networks(parser)
    add_action_units(parser)
    parser.add_argument("--random-state", type=whole, default=0, metavar="SEED",
                        help="of drawn people and networks")
    parser.add_argument("--output", type=Path, default=Path("benchmark-output"), metavar="FOLDER",
                        help="for the tables, finished folds and what is measured; without it "
                             "benchmark-output")


def run(args: argparse.Namespace) -> int:
    """Compare, write, print, and give the exit status."""
    from ..evaluation import evaluate

    began = time.perf_counter()
    reference = _reference(args.systems, args.reference)
    make_folder(args.output)
    networks = bool(set(args.systems) & set(NETWORKS))
    if networks:
        check_device(args.device)
    pipelines = make_systems(args.systems, args, args.output / "cache")
    data = _load(args, pipelines)
    _check(data, args, pipelines)
    n_folds = min(args.folds, len(np.unique(data.groups)))
    say_what_is_slow(pipelines, args, n_clips=len(data.clips), n_fits=n_folds)
    data = _measure(data, pipelines)
    _check(data, args, pipelines)
    n_folds = min(args.folds, len(np.unique(data.groups)))
    results = args.output / "results"
    kept = _finished(results, args.systems)
    if kept:
        print(f"{results} holds {kept} finished folds of these systems; the run goes on from there "
              f"({len(args.systems)} systems, {n_folds} folds each)")
    n_jobs = args.n_jobs if not networks else folds_at_once(args.n_jobs, args.device)
    metadata = data.metadata.assign(**{column: _kinds(data.metadata[column]) for column in args.by})
    try:
        found = evaluate(pipelines, data.clips, data.y, data.groups, cv=n_folds, metadata=metadata,
                         results=results, n_jobs=n_jobs, verbose=not args.quiet)
    except ValueError as error:
        if "the clips (X)" in str(error):
            error.add_note("What is measured in a clip, and which frames are valid, depends on the "
                           "systems: name from the beginning all that are to stand in one table.")
        raise
    _write_tables(found, data, reference, args.output)
    protocol = Protocol(n_folds=n_folds, device=args.device, random_state=args.random_state,
                        max_epochs=args.max_epochs, points=args.points, n_jobs=n_jobs,
                        reference=reference, by=tuple(args.by), kept=kept, networks=networks,
                        measured=_measured(pipelines),
                        seconds=time.perf_counter() - began)
    print(write_report(found, data, protocol, args.output / "table.md"))
    return int(len(data.failures) > 0)


# -- before hours of work -------------------------------------------------------------------------

def _reference(names: tuple[str, ...], wanted: str | None) -> str | None:
    """The system that others are compared with; None where there is no other."""
    if wanted is not None and wanted not in names:
        raise ValueError(f"--reference {wanted} is none of the systems; these are "
                         f"{', '.join(names)}")
    if len(names) < 2:
        return None
    return wanted or (_REFERENCE if _REFERENCE in names else names[0])


def _load(args: argparse.Namespace, pipelines: dict[str, Any]) -> LabelledSet:
    """The set; people are drawn once it is sure that they can be used."""
    if args.data != DRAWN:
        return load_labelled(args.data, args.fps)
    people = {"n_subjects": args.subjects, "clips_per_subject": args.clips_per_subject,
              "random_state": args.random_state}
    _check(load_labelled(DRAWN, **people), args, pipelines)
    return load_labelled(DRAWN, **people, folder=args.output / "videos", n_jobs=args.n_jobs,
                         verbose=not args.quiet)


def _check(data: LabelledSet, args: argparse.Namespace, pipelines: dict[str, Any]) -> None:
    """Raise unless folds have something to learn from, columns are there, faces can be measured."""
    check_set(data.called(data.y), data.groups)
    n_subjects = len(np.unique(data.groups))
    if n_subjects < 3:
        raise ValueError("three subjects are needed at least, as what is left to train on is "
                         f"split by subject once more; there are {n_subjects}")
    n_folds = min(args.folds, n_subjects)
    # A fusion keeps subjects from its branches, and these keep some from their training.
    least = 3 if FUSIONS.keys() & set(args.systems) else 2
    for train, _ in GroupKFold(n_folds).split(data.y, data.y, data.groups):
        try:
            if len(np.unique(data.groups[train])) < least:
                raise ValueError(f"{least} subjects are needed. Take more folds or more subjects")
            inner_splits(data.called(data.y)[train], data.groups[train], 2)
        except ValueError as error:
            raise ValueError(f"{n_folds} folds by subject leave too little to train on: {error}"
                             ) from None
    for column in args.by:
        if column not in data.metadata:
            there = ", ".join(map(str, data.metadata)) or "nothing"
            raise ValueError(f"--by {column}: no such column; besides labels and subjects, "
                             f"{data.name} has {there}")
        if column in {"system", "clips", "subjects", *SCORES}:
            raise ValueError(f"--by {column}: the table has a column of that name; rename yours")
    check_landmarker(pipelines, data.clips,
                     "or compare systems without landmarks, such as --systems table")


# -- the work -------------------------------------------------------------------------------------

def _measure(data: LabelledSet, pipelines: dict[str, Any]) -> LabelledSet:
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
        raise ValueError(f"{failure_text(data.failures)}\nnothing is left to compare systems on"
                         f"{fewer}")
    if report(data.failures) and len(pipelines) > 1:
        print("They are left out for all systems.", file=sys.stderr)
    return data


def _measured(pipelines: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """What is measured once for all systems, and by which step."""
    steps: dict[str, Any] = {}
    for system in pipelines.values():
        steps |= system.named_steps
    names = {"landmarks": "landmarks", "faces": "aligned faces", "aus": "action units"}
    return tuple((names[step], type(bare(steps[step])).__name__) for step in names if step in steps)


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
    for name, table in (("scores", found.scores), ("predictions", said),
                        ("summary", found.summary(reference))):
        table.to_csv(output / f"{name}.csv", index=False)
