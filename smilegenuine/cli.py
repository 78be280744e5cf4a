"""The command `smilegenuine`: demo, train, predict, extract."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ._version import __version__
from .au_table import AU_NAMES
from .base import transform_clips
from .clip import Clip, as_clips
from .features.phases import detect_phases
from .persistence import load_model, save_model
from .pipelines import SYSTEMS, make_system
from .progress import progress


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; else those of the process.

    Returns
    -------
    int
        0 when all went well, 1 when something could not be done (it is said on stderr), 2 for a
        wrong call.
    """
    args = _parser().parse_args(argv)
    try:
        return int(args.run(args))
    except (ValueError, OSError, ImportError) as error:
        print(f"smilegenuine {args.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"smilegenuine {args.command}: stopped", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="smilegenuine", description="Tell a genuine (spontaneous) smile from a posed one.")
    parser.add_argument("--version", action="version", version=f"smilegenuine {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        sub.add_argument("--n-jobs", type=int, default=-1, metavar="N",
                         help="processes; -1, the default, is one a core")
        sub.add_argument("--quiet", action="store_true", help="no progress bars")
        return sub

    demo = command("demo", _demo, "Take drawn people through the whole line: draw, fit, score by "
                                  "subject, predict.")
    demo.add_argument("--output", type=Path, default=Path("demo-output"), metavar="FOLDER")
    demo.add_argument("--subjects", type=int, default=18, metavar="N", help="drawn people")
    demo.add_argument("--random-state", type=int, default=0, metavar="SEED")

    train = command("train", _train, "Fit a system on labelled videos, score it by subject, and "
                                     "save it.")
    train.add_argument("data", type=Path, metavar="FOLDER_OR_CSV",
                       help="a CSV with the columns path,label,subject, or a folder: with "
                            "labels.csv, or with a subfolder a class and in it one a subject")
    train.add_argument("-o", "--output", type=Path, required=True, metavar="MODEL")
    train.add_argument("--system", choices=sorted(SYSTEMS), default="auda-svm")
    train.add_argument("--folds", type=int, default=5, metavar="K",
                       help="folds by subject for the scores; 0: no scores")
    train.add_argument("--cache", type=Path, metavar="FOLDER", help="keep measured faces here")

    predict = command("predict", _predict, "Ask a saved model about videos.")
    predict.add_argument("model", type=Path, metavar="MODEL")
    predict.add_argument("videos", nargs="+", metavar="VIDEO")
    form = predict.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print CSV")

    extract = command("extract", _extract, "Write action units, smile intensity and phase of every "
                                           "frame.")
    extract.add_argument("videos", nargs="+", metavar="VIDEO")
    extract.add_argument("-o", "--output", type=Path, required=True, metavar="FILE",
                         help=".csv or .parquet")
    extract.add_argument("--model", type=Path, metavar="MODEL",
                         help="measure as this model does; without it, smile intensity is learnt "
                              "from the videos themselves")
    return parser


def _demo(args: argparse.Namespace) -> int:
    from .demo import run_demo

    run_demo(args.output, n_subjects=args.subjects, n_jobs=args.n_jobs,
             random_state=args.random_state, verbose=not args.quiet)
    return 0


def _train(args: argparse.Namespace) -> int:
    from .datasets import load_table
    from .evaluation import format_scores, subject_scores

    if args.folds < 0 or args.folds == 1:
        raise ValueError(f"--folds must be 0 or at least 2, not {args.folds}")
    table = load_table(args.data, on_error="skip")
    system = make_system(args.system, memory=args.cache, n_jobs=args.n_jobs)
    faces = transform_clips(system.named_steps["faces"].set_params(verbose=not args.quiet),
                            table.data, on_error="skip")
    failures = pd.concat([table.failures, faces.failures[["clip", "error"]]])
    if not faces.data:
        raise ValueError(_failure_text(failures) + "\nnothing is left to train on")
    clips = system.named_steps["aus"].estimator.set_params(
        verbose=not args.quiet).transform(faces.data)
    y = table.target[faces.index]
    groups = None if table.groups is None else table.groups[faces.index]
    info = {"system": args.system, "trained on": str(args.data), "clips": len(clips),
            "subjects": None if groups is None else len(np.unique(groups)),
            "labels": {str(c): int((y == c).sum()) for c in np.unique(y)}}
    if args.folds and groups is None:
        print("No subjects are known, so there are no honest scores: a random split puts one "
              "person on both sides. Add a column `subject`.", file=sys.stderr)
    elif args.folds:
        scores = subject_scores(system, clips, y, groups, cv=args.folds)
        print(format_scores(scores))
        info["scores by subject"] = {c: float(scores[c].mean()) for c in scores.columns[3:]}
    system.fit(clips, y)
    save_model(system, args.output, info=info)
    print(f"{args.output}: {args.system}, fitted on {len(clips)} videos")
    return _report(failures)


def _predict(args: argparse.Namespace) -> int:
    system = load_model(args.model)
    rows, failures = [], []
    for video in progress(args.videos, total=len(args.videos), name="predicting", unit="video",
                          verbose=not args.quiet and len(args.videos) > 1):
        try:
            p = system.predict_proba(as_clips([video]))[0]
        except (ValueError, OSError) as error:
            failures.append({"clip": video, "error": str(error)})
            continue
        rows.append({"video": video, "decision": _plain(system.classes_[p.argmax()]),
                     **{f"P({c})": float(v) for c, v in zip(system.classes_, p, strict=True)}})
    if args.json:
        print(json.dumps({"predictions": rows, "failures": failures}, indent=2))
    elif rows:
        table = pd.DataFrame(rows)
        print(table.to_csv(index=False).rstrip() if args.csv else
              table.to_string(index=False, float_format="{:.3f}".format, justify="left"))
    return _report(pd.DataFrame(failures, columns=["clip", "error"]))


def _extract(args: argparse.Namespace) -> int:
    suffix = args.output.suffix.lower()
    if suffix not in (".csv", ".parquet"):
        raise ValueError(f"{args.output}: give a name that ends in .csv or .parquet")
    system = make_system("auda-svm") if args.model is None else load_model(args.model)
    aligner = system.named_steps["faces"].set_params(n_jobs=args.n_jobs, verbose=not args.quiet)
    faces = transform_clips(aligner, args.videos, on_error="skip")
    failures = faces.failures[["clip", "error"]]
    if faces.data:
        smile = system.named_steps["smile"].set_params(n_jobs=args.n_jobs)
        if args.model is None:
            smile.fit(faces.data)
        measured = transform_clips(smile, faces.data, on_error="skip")
        units = system.named_steps["aus"].estimator.set_params(n_jobs=args.n_jobs)
        clips = transform_clips(units, measured.data, on_error="skip")
        failures = pd.concat([failures, measured.failures[["clip", "error"]],
                              clips.failures[["clip", "error"]]])
        if clips.data:
            table = pd.concat([frame_table(clip) for clip in clips.data], ignore_index=True)
            args.output.parent.mkdir(parents=True, exist_ok=True)
            _write_table(table, args.output)
            print(f"{args.output}: {len(table)} frames of {len(clips.data)} videos")
    return _report(failures)


def frame_table(clip: Clip) -> pd.DataFrame:
    """Give what is known about each frame of a measured clip.

    Parameters
    ----------
    clip : Clip
        With `aus` and `smile`.

    Returns
    -------
    DataFrame
        Columns `video`, `frame`, `time` (s), `valid`, `phase` ("onset", "apex", "offset" or ""),
        `smile`, and the 17 action units; NaN in frames that are not valid.
    """
    phase = np.full(len(clip.times), "", dtype=object)
    level = np.asarray(clip.aus)[:, AU_NAMES.index("AU12")] if clip.smile is None else clip.smile
    for name, frames in detect_phases(level, clip.times).items():
        if name in ("onset", "apex", "offset"):
            phase[frames] = name
    columns = {"video": clip.label, "frame": np.arange(len(clip.times)), "time": clip.times,
               "valid": clip.mask, "phase": phase, "smile": level}
    return pd.DataFrame(columns).join(pd.DataFrame(np.asarray(clip.aus), columns=list(AU_NAMES)))


def _write_table(table: pd.DataFrame, file: Path) -> None:
    if file.suffix.lower() == ".csv":
        table.to_csv(file, index=False, float_format="%.6g")
        return
    try:
        table.to_parquet(file, index=False)
    except ImportError:
        raise ImportError("parquet needs pyarrow: pip install 'smilegenuine[parquet]', or write "
                          ".csv") from None


def _plain(label: Any) -> Any:
    return label.item() if isinstance(label, np.generic) else label


def _failure_text(failures: pd.DataFrame) -> str:
    return "\n".join([f"{len(failures)} could not be used:",
                      *(f"  {error}" for error in failures["error"])])


def _report(failures: pd.DataFrame) -> int:
    """Say what failed; give the exit status."""
    if len(failures):
        print(_failure_text(failures), file=sys.stderr)
    return int(len(failures) > 0)
