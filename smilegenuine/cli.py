"""The command `smilegenuine`: demo, train, predict, extract."""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import joblib
import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ._version import __version__
from .au_table import AU_NAMES
from .base import ClipTransformer, transform_clips
from .clip import Clip, open_items
from .errors import ClipError
from .features.auda import signals_of
from .features.phases import detect_phases
from .persistence import load_model, save_model
from .pipelines import SYSTEMS, make_system
from .progress import progress
from .video import is_recording


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
    try:
        args = _parser().parse_args(argv)
    except SystemExit as done:  # argparse has said why
        return int(done.code or 0)
    who = f"smilegenuine {args.command}"
    # FFmpeg and OpenCV print warnings of their own beside what the errors here say.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")  # for worker processes
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    if hasattr(sys.stdout, "reconfigure"):
        # A name that the terminal cannot show must not cost the results.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with warnings.catch_warnings():
            # What a user of the command should know, without the line of code that says it.
            warnings.showwarning = lambda message, *_: print(f"{who}: {message}", file=sys.stderr)
            return int(args.run(args))
    except BrokenPipeError:
        # Whoever read the output has gone (`| head`); Python must not try to flush to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        print("\n".join([f"{who}: {error}", *getattr(error, "__notes__", [])]), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{who}: stopped", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="smilegenuine", description="Tell a genuine (spontaneous) smile from a posed one.")
    parser.add_argument("--version", action="version", version=f"smilegenuine {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        sub.add_argument("--n-jobs", type=_n_jobs, default=-1, metavar="N",
                         help="processes; -1, the default, is one a core")
        if name != "demo":
            sub.add_argument("--fps", type=float, metavar="HZ",
                             help="frame rate of what carries no timing: image folders, tables "
                                  "without timestamps")
        sub.add_argument("--quiet", action="store_true", help="no progress bars")
        return sub

    demo = command("demo", _demo, "Take drawn people through the whole line: draw, fit, score by "
                                  "subject, predict.")
    demo.add_argument("--output", type=Path, default=Path("demo-output"), metavar="FOLDER")
    demo.add_argument("--subjects", type=_whole, default=24, metavar="N", help="drawn people")
    demo.add_argument("--random-state", type=_whole, default=0, metavar="SEED")

    train = command("train", _train, "Fit a system on labelled videos, score it by subject, and "
                                     "save it.")
    train.add_argument("data", type=Path, metavar="FOLDER_OR_CSV",
                       help="a CSV with the columns path,label,subject, or a folder: with "
                            "labels.csv, or with a subfolder a class and in it one a subject")
    train.add_argument("-o", "--output", type=Path, required=True, metavar="MODEL")
    train.add_argument("--system", choices=sorted(SYSTEMS), default="auda-svm")
    train.add_argument("--folds", type=_folds, default=5, metavar="K",
                       help="folds by subject for the scores; 0: no scores")
    train.add_argument("--cache", type=Path, metavar="FOLDER", help="keep measured faces here")

    predict = command("predict", _predict, "Ask a saved model about videos.")
    predict.add_argument("model", type=Path, metavar="MODEL")
    predict.add_argument("videos", nargs="+", metavar="VIDEO",
                        help="videos, or folders of videos, image folders or OpenFace CSVs")
    form = predict.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print CSV")

    extract = command("extract", _extract, "Write action units, smile intensity and phase of every "
                                           "frame.")
    extract.add_argument("videos", nargs="+", metavar="VIDEO",
                        help="videos, or folders of videos, image folders or OpenFace CSVs")
    extract.add_argument("-o", "--output", type=_table_file, required=True, metavar="FILE",
                         help=".csv or .parquet")
    extract.add_argument("--model", type=Path, metavar="MODEL",
                         help="measure as this model does; without it, smile intensity is learnt "
                              "from the videos themselves")
    return parser


def _n_jobs(text: str) -> int:
    if _whole(text) == 0:
        raise argparse.ArgumentTypeError("must not be 0; 1 is one process, -1 one a core")
    return _whole(text)


def _folds(text: str) -> int:
    if _whole(text) < 0 or _whole(text) == 1:
        raise argparse.ArgumentTypeError(f"must be 0 or at least 2, not {text}")
    return _whole(text)


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number, not {text}") from None


def _table_file(text: str) -> Path:
    if Path(text).suffix.lower() not in (".csv", ".parquet"):
        raise argparse.ArgumentTypeError(f"{text}: give a name that ends in .csv or .parquet")
    return Path(text)


def _demo(args: argparse.Namespace) -> int:
    from .demo import run_demo

    run_demo(args.output, n_subjects=args.subjects, n_jobs=args.n_jobs,
             random_state=args.random_state, verbose=not args.quiet)
    return 0


def _train(args: argparse.Namespace) -> int:
    from .datasets import load_table

    table = load_table(args.data, fps=args.fps, on_error="skip")
    _check_set(table.target, table.groups)
    _make_way(args.output)
    system = make_system(args.system, memory=args.cache, n_jobs=args.n_jobs,
                         verbose=not args.quiet)
    clips, index, failures = _measure(system, table.data)
    failures = pd.concat([table.failures, failures])
    if not clips:
        raise ValueError(_failure_text(failures) + "\nnothing is left to train on")
    y = table.target[index]
    groups = None if table.groups is None else table.groups[index]
    _check_set(y, groups)
    info = {"system": args.system, "trained on": str(args.data), "clips": len(clips),
            "subjects": None if groups is None else len(np.unique(groups)),
            "labels": {str(c): int((y == c).sum()) for c in np.unique(y)}}
    _set_run(system, n_jobs=args.n_jobs, verbose=False)  # everything is measured
    if args.folds:
        info["scores by subject"] = _scores(system, clips, y, groups, args)
    system.fit(clips, y)
    _set_run(system, n_jobs=None, verbose=False)  # that was for this run on this machine
    save_model(system, args.output, info=info)
    left_out = f"; {len(failures)} left out" if len(failures) else ""
    print(f"{args.output}: {args.system}, fitted on {len(clips)} videos{left_out}")
    return _report(failures)


def _measure(system: Any, recordings: list[Clip]) -> tuple[list[Clip], np.ndarray, pd.DataFrame]:
    """Faces and action units of the recordings that have them; their places; what went wrong."""
    faces = transform_clips(system.named_steps["faces"], recordings, on_error="skip")
    failures = [faces.failures[["clip", "error"]]]
    clips, index = faces.data, faces.index
    if clips:
        aus = transform_clips(_bare(system.named_steps["aus"]), clips, on_error="skip")
        failures.append(aus.failures[["clip", "error"]])
        clips, index = aus.data, index[aus.index]
    good = []
    for i, clip in enumerate(clips):
        try:
            signals_of(clip)
            good.append(i)
        except ClipError as error:
            failures.append(pd.DataFrame([{"clip": clip.label, "error": str(error)}]))
    return [clips[i] for i in good], index[good], pd.concat(failures)


def _check_set(y: np.ndarray, groups: np.ndarray | None) -> None:
    """Raise where nothing can be learnt, at best before hours of measuring."""
    labels = [str(label) for label in np.unique(y)]
    if len(labels) != 2:
        raise ValueError(f"recordings of two classes are needed, posed and spontaneous smiles; the "
                         f"labels are {', '.join(labels[:5])}{', …' if len(labels) > 5 else ''}")
    if groups is not None and len(np.unique(groups)) < 2:
        raise ValueError(f"all recordings are of one subject, {groups[0]}; at least two are needed")


def _scores(system: Any, clips: list[Clip], y: np.ndarray, groups: np.ndarray | None,
            args: argparse.Namespace) -> dict[str, float] | None:
    """Print scores by subject; give their means, or None where no subjects are known."""
    from .evaluation import format_scores, subject_scores

    if groups is None:
        print("No subjects are known, so there are no honest scores: a random split puts one "
              "person on both sides. Add a column `subject`.", file=sys.stderr)
        return None
    if len(np.unique(groups)) < 3:
        raise ValueError("scores by subject need at least three subjects, as what is left to train "
                         "on is split by subject once more; there are two. `--folds 0` trains "
                         "without them")
    try:
        scores = subject_scores(system, clips, y, groups, cv=args.folds, verbose=not args.quiet)
    except ValueError as error:
        raise ValueError(f"no scores by subject: {error}. `--folds 0` trains without them"
                         ) from error
    print(format_scores(scores))
    return {c: float(scores[c].mean()) for c in scores.columns[3:]}


def _predict(args: argparse.Namespace) -> int:
    system = load_model(args.model)
    if not hasattr(system, "predict_proba"):
        raise ValueError(f"{args.model}: holds {type(system).__name__}, which is no classifier")
    _set_run(system, n_jobs=None, verbose=False)
    args.videos = _files(args.videos)
    many = len(args.videos) > 1
    jobs = (joblib.delayed(_ask)(system, video, args.fps) for video in args.videos)
    answers = joblib.Parallel(n_jobs=args.n_jobs if many else 1, return_as="generator")(jobs)
    rows, failures = [], []
    for video, p in zip(args.videos, progress(answers, total=len(args.videos), name="predicting",
                                              unit="video", verbose=many and not args.quiet),
                        strict=True):
        if isinstance(p, Exception):
            failures.append({"clip": video, "error": str(p)})
            continue
        rows.append({"video": video, "decision": _plain(system.classes_[p.argmax()]),
                     **{f"P({c})": float(v) for c, v in zip(system.classes_, p, strict=True)}})
    if args.json:
        print(json.dumps({"predictions": rows, "failures": failures}, indent=2))
    elif rows:
        table = pd.DataFrame(rows)
        print(table.to_csv(index=False).rstrip() if args.csv else _readable(table))
    return _report(pd.DataFrame(failures, columns=["clip", "error"]))


def _files(names: list[str]) -> list[str]:
    """The recordings that are meant: a folder that holds videos stands for all of them."""
    files: list[str] = []
    for name in names:
        inside = sorted(filter(is_recording, Path(name).iterdir())) if Path(name).is_dir() else []
        files += map(str, inside) if inside else [name]
    return files


def _ask(system: Any, video: str, fps: float | None) -> np.ndarray | Exception:
    """The probabilities of the classes, or why there are none."""
    try:
        (clip,) = open_items([video], fps=fps)
        if isinstance(clip, Exception):
            return clip
        return np.asarray(system.predict_proba([clip])[0])
    except (ValueError, OSError) as error:
        return error


def _readable(table: pd.DataFrame) -> str:
    """A table whose names stand below their titles, left as these."""
    for column in ("video", "decision"):
        text = table[column].astype(str)
        table[column] = text.str.ljust(int(text.str.len().max()))
    return table.to_string(index=False, float_format="{:.3f}".format, justify="left")


def _extract(args: argparse.Namespace) -> int:
    if args.output.suffix.lower() == ".parquet" and find_spec("pyarrow") is None:
        raise ImportError("parquet needs pyarrow: pip install 'smilegenuine[parquet]', or write "
                          ".csv")
    _make_way(args.output)
    system = make_system("auda-svm") if args.model is None else load_model(args.model)
    named = getattr(system, "named_steps", {})
    steps = {name: _bare(named.get(name)) for name in ("faces", "smile", "aus")}
    if None in steps.values() or not isinstance(steps["aus"], ClipTransformer):
        raise ValueError(f"{args.model}: holds {type(system).__name__}, not a system that measures "
                         "faces, smile intensity and action units")
    _set_run(system, n_jobs=args.n_jobs, verbose=not args.quiet)
    args.videos = _files(args.videos)
    opened = open_items(args.videos, fps=args.fps)
    clips = [clip for clip in opened if isinstance(clip, Clip)]
    failures = [pd.DataFrame([{"clip": video, "error": str(error)} for video, error in
                              zip(args.videos, opened, strict=True)
                              if isinstance(error, Exception)], columns=["clip", "error"])]
    for name, step in steps.items():
        if clips and isinstance(step, ClipTransformer):  # and not "passthrough"
            if name == "smile" and args.model is None and not _learn_smile(step, clips):
                continue
            measured = transform_clips(step, clips, on_error="skip")
            clips = measured.data
            failures.append(measured.failures)
    if clips:
        table = pd.concat([frame_table(clip) for clip in clips], ignore_index=True)
        _write_table(table, args.output)
        print(f"{args.output}: {len(table)} frames of {len(clips)} videos")
    return _report(pd.concat(failures))


def _learn_smile(step: ClipTransformer, clips: list[Clip]) -> bool:
    """Fit smile intensity on the clips; where none smiles, say so, and go on without it."""
    try:
        step.fit(clips)
    except ValueError as error:
        print(f"no smile intensity: {error}. AU12 gives the phases", file=sys.stderr)
        return False
    return True


def frame_table(clip: Clip) -> pd.DataFrame:
    """Give what is known about each frame of a measured clip.

    Parameters
    ----------
    clip : Clip
        With `aus`, and `smile` where it is known.

    Returns
    -------
    DataFrame
        Columns `video`, `frame`, `time` (s), `valid`, `phase` ("onset", "apex", "offset" or ""),
        `smile`, and the 17 action units; NaN in frames that are not valid. Without smile
        intensity, AU12 gives the phases.
    """
    aus = np.where(clip.mask[:, None], np.asarray(clip.aus), np.nan)
    smile = np.where(clip.mask, np.nan if clip.smile is None else clip.smile, np.nan)
    level = aus[:, AU_NAMES.index("AU12")] if clip.smile is None else smile
    phase = np.full(len(clip.times), "", dtype=object)
    phases = detect_phases(level, clip.times) if np.isfinite(level).any() else {}
    for name in ("onset", "apex", "offset"):
        phase[phases.get(name, slice(0, 0))] = name
    columns = {"video": clip.label, "frame": np.arange(len(clip.times)), "time": clip.times,
               "valid": clip.mask, "phase": phase, "smile": smile}
    return pd.DataFrame(columns).join(pd.DataFrame(aus, columns=list(AU_NAMES)))


def _write_table(table: pd.DataFrame, file: Path) -> None:
    if file.suffix.lower() == ".csv":
        table.to_csv(file, index=False, float_format="%.6g")
    else:
        table.to_parquet(file, index=False)


def _make_way(output: Path) -> None:
    """Find out that a file cannot be written before the work is done, not after it."""
    if output.is_dir():
        raise IsADirectoryError(f"{output}: is a folder; give the name of a file")
    output.parent.mkdir(parents=True, exist_ok=True)


def _set_run(system: Any, **run: Any) -> None:
    """Say how the steps run (`n_jobs`, `verbose`), which is no part of what they compute."""
    for step in system.named_steps.values() if isinstance(system, Pipeline) else [system]:
        step = _bare(step)
        known = step.get_params(deep=False) if hasattr(step, "get_params") else {}
        if known:
            step.set_params(**{k: v for k, v in run.items() if k in known})


def _bare(step: Any) -> Any:
    """A step itself: trained ones are wrapped in a FrozenEstimator."""
    return getattr(step, "estimator", step)


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
