"""`smilegenuine train`: fit a system on a labelled set, score it by subject, save it."""

from __future__ import annotations

import argparse
import contextlib
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..benchmark import preparation
from ..benchmark.options import SystemOptions
from ..benchmark.sets import is_drawn_folder
from ..classifiers.opening import set_run
from ..clips.record import Clip
from ..report.card_scores import SUBJECT_SCORES, scores_to_remember
from ..running.output_places import prepare_file
from ..systems.named_systems import NETWORKS, SYSTEMS, looks_at
from ..systems.persistence import save_model
from . import arguments
from .reporting import report_failures, warn


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    arguments.add_running(parser)
    parser.add_argument("data", type=Path, metavar="FOLDER_OR_CSV",
                        help="a CSV with the columns path,label,subject, or a folder: with "
                             "labels.csv, or with a subfolder a class and in it one a subject")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="MODEL")
    parser.add_argument("--system", choices=sorted(SYSTEMS), default="auda-svm")
    parser.add_argument("--folds", type=arguments.at_least(2, or_zero=True), default=5,
                        metavar="K", help="folds by subject for the scores; 0: no scores")
    parser.add_argument("--cache", type=Path, metavar="FOLDER",
                        help="keep what is measured here: faces, landmarks, action units")
    arguments.add_networks(parser)
    arguments.add_action_units(parser)
    parser.add_argument("--random-state", type=arguments.whole, default=0, metavar="SEED",
                        help="of networks; another number, another training")


def run(args: argparse.Namespace) -> int:
    """Train, and return the exit status."""
    from ..datasets import load_table

    table = load_table(args.data, fps=args.fps, on_error="skip")
    preparation.check_set(table.target, table.groups)
    prepare_file(args.output)
    options = SystemOptions(**arguments.system_options(args))
    n_jobs = None
    if args.system in NETWORKS:  # which train in one process, so folds go side by side
        n_jobs = preparation.folds_at_once([args.system], options)
    made = preparation.make_systems([args.system], options, args.cache)
    preparation.check_landmarker(
        made, table.data, "or take a system without landmarks, such as auda-svm")
    warn(arguments.as_options(preparation.slow_text(
        made, options, n_clips=len(table.data), n_fits=1 + args.folds)))
    system = made[args.system]
    clips, places, failures = preparation.measure([system], table.data, warn)
    failures = pd.concat([table.failures, failures])
    if not clips:
        raise ValueError(preparation.failure_text(failures) + "\nnothing is left to train on")
    y = table.target[places]
    groups = None if table.groups is None else table.groups[places]
    preparation.check_set(y, groups)
    info = {"system": args.system, "trained on": str(args.data), "clips": len(clips),
            "subjects": None if groups is None else len(np.unique(groups)),
            "labels": {str(c): int((y == c).sum()) for c in np.unique(y)},
            "left out": len(failures), "drawn people": is_drawn_folder(
                args.data if args.data.is_dir() else args.data.parent),
            "random state": args.random_state,
            **{name.replace("_", " "): getattr(args, name)
               for name in ("action_units", "points", "max_epochs")
               if getattr(args, name) is not None},
            "versions": _versions(system)}
    if args.action_units is None and "aus" in looks_at(args.system) and not info["drawn people"] \
            and any(clip.frames is not None for clip in table.data):
        print("Action units are measured by a model that was trained on drawn people; of real ones "
              "`--action-units blendshapes`, or tables of OpenFace in place of videos, know more.",
              file=sys.stderr)
    set_run(system, n_jobs=args.n_jobs, verbose=False)  # everything is measured
    if args.folds:
        info |= _scores(system, clips, y, groups, args, n_jobs)
    system.fit(clips, y)
    # That was for this run on this machine.
    set_run(system, n_jobs=None, verbose=False, device="auto")
    save_model(system, args.output, info=info)
    left_out = f"; {len(failures)} left out" if len(failures) else ""
    print(f"{args.output}: {args.system}, fitted on {len(clips)} videos{left_out}")
    return report_failures(failures)


def _scores(system: Any, clips: list[Clip], y: np.ndarray, groups: np.ndarray | None,
            args: argparse.Namespace, n_jobs: int | None) -> dict[str, Any]:
    """Print scores by subject; return what the model is to remember of them."""
    from ..evaluation.evaluate import evaluate, format_scores

    if groups is None:
        print("No subjects are known, so there are no honest scores: a random split puts one "
              "person on both sides. Add a column `subject`.", file=sys.stderr)
        return {"scores by subject": None}
    if len(np.unique(groups)) < 3:
        raise ValueError("scores by subject need at least three subjects, as what is left to train "
                         "on is split by subject once more; there are two. `--folds 0` trains "
                         "without them")
    try:
        evaluation = evaluate({args.system: system}, clips, y, groups, cv=args.folds,
                              n_jobs=n_jobs, verbose=not args.quiet)
    except (ValueError, RuntimeError) as error:
        cause = error.__cause__ or error  # that a fold failed, and of what
        if not isinstance(cause, ValueError):
            raise
        raise ValueError(f"no scores by subject: {cause}. `--folds 0` trains without them"
                         ) from error
    print(format_scores(evaluation.scores[["fold", "clips", "subjects", *SUBJECT_SCORES]]))
    return scores_to_remember(evaluation)


def _versions(system: Any) -> dict[str, str]:
    """Of what the numbers depend on, besides what `save_model` remembers."""
    names = ["opencv-python"]
    if "landmarks" in system.named_steps:
        names.append("mediapipe")
    if any(name.rpartition("__")[2] == "max_epochs" for name in system.get_params()):
        names.append("torch")
    versions = {"Python": platform.python_version()}
    for name in names:
        with contextlib.suppress(PackageNotFoundError):  # installed under another name
            versions[name] = version(name)
    return versions
