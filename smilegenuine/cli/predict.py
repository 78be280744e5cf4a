"""`smilegenuine predict`: ask a model about videos, a saved one or the pretrained one."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ..answers.recordings import answer_opened
from ..benchmark.preparation import check_landmarker
from ..classifiers.opening import move_networks, set_run
from ..clips.record import Clip, open_items
from ..clips.video import IMAGE_SUFFIXES, VIDEO_SUFFIXES, VideoFrames
from ..plotting.style import load_pyplot
from ..report.model_card import info_of
from ..report.sampled_models import expected_share
from ..running.output_places import prepare_file
from ..systems.persistence import load_model
from ..systems.pretrained import PRETRAINED, load_pretrained
from .arguments import add_device, add_running, files_of
from .reporting import report_failures

# Used where no model is given, and what its classes are called.
_USUAL, _LABELS = "kinematics", ("posed", "spontaneous")
# What files of recordings end in; and what those of models do, and begin with: they are archives.
_RECORDINGS = VIDEO_SUFFIXES | IMAGE_SUFFIXES | {".csv"}
_MODEL, _ARCHIVE = ".skops", b"PK\x03\x04"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_running(parser)
    parser.add_argument("first", metavar="[MODEL] VIDEO ...",
                        help="a model that `train` saved; without one, the pretrained model is "
                             "asked (`smilegenuine info kinematics`). Videos, or folders of "
                             "videos, image folders or, where the model takes them, OpenFace CSVs")
    # The rest may stand behind options, as long as the first does not take it along; that is why it
    # is an argument by itself.
    parser.add_argument("others", nargs="+", help=argparse.SUPPRESS).required = False
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print CSV")
    parser.add_argument("--report", type=Path, metavar="FILE.html",
                        help="write a page as well: why the model says so of each video, and how "
                             "far it can be believed (needs smilegenuine[plot])")
    add_device(parser)


def run(args: argparse.Namespace) -> int:
    """Print decisions, and return the exit status."""
    if args.report is not None:
        prepare_file(args.report)
        load_pyplot()
    model, names = _model_and_videos(args.first, args.others or [])
    system = load_pretrained(model or _USUAL, labels=_LABELS) if model in (None, *PRETRAINED) \
        else load_model(str(model))
    if not hasattr(system, "predict_proba"):
        raise ValueError(f"{model}: holds {type(system).__name__}, which is no classifier")
    set_run(system, n_jobs=None, verbose=False)
    move_networks(system, args.device)
    videos = files_of(names)
    opened = open_items(videos, fps=args.fps)
    check_landmarker({model or "the pretrained model": system}, opened,
                     "this model looks for landmarks in videos")
    if model is None and any(isinstance(clip, Clip) for clip in opened):
        print("No model was given, so the pretrained one is used: "
              f"{expected_share(info_of(system))} decisions are expected to be right.\n"
              "It has learnt from smiles sampled from published figures of UvA-NEMO, not from "
              f"recordings; see `smilegenuine info {_USUAL}`.", file=sys.stderr)
    answers: Any
    how = {"n_jobs": args.n_jobs, "verbose": not args.quiet}
    if args.report is None:
        answers = answer_opened(system, opened, videos, **how)
    else:
        from ..report.clip_report import write_opened

        answers = write_opened(system, opened, videos, args.report, **how)
        print(f"{args.report}: a page about {len(videos) - len(answers.failures)} of "
              f"{len(videos)} videos", file=sys.stderr)
    # As objects, as names of files may hold what is no letter, and JSON knows no NaN.
    table = answers.decisions.rename(columns={"clip": "video"}).astype(object)
    table = table.where(table.notna(), None)
    if args.json:
        print(json.dumps({"predictions": table.to_dict("records"),
                          "failures": answers.failures.to_dict("records")},
                         indent=2, allow_nan=False))
    elif len(table):
        print(table.to_csv(index=False).rstrip() if args.csv else _readable(table))
    return report_failures(answers.failures)


# -- what is asked about what ---------------------------------------------------------------------

def _model_and_videos(first: str, others: Sequence[str]) -> tuple[str | None, list[str]]:
    """The model, where the first argument is one, and the recordings."""
    if _is_recording(first, alone=not others):
        late = [name for name in others if Path(name).is_file() and _is_archive(Path(name))]
        if late:
            raise ValueError(f"{late[0]}: is a model, or another archive, and no video; a model is "
                             f"the first argument: smilegenuine predict {late[0]} VIDEO …")
        return None, [first, *others]
    if others:
        return first, list(others)
    if first not in PRETRAINED and not Path(first).exists():
        raise FileNotFoundError(f"{first}: no such file")
    raise ValueError(f"{first}: is taken for a model, and there is no video to ask it about; name "
                     f"them behind it: smilegenuine predict {first} VIDEO …")


def _is_recording(name: str, *, alone: bool) -> bool:
    """Return whether an argument, not a model, is what is to be decided about."""
    path = Path(name)
    suffix = path.suffix.lower()
    if path.is_dir() or suffix in _RECORDINGS:
        return True
    if suffix == _MODEL or name in PRETRAINED:
        return False
    if not path.exists():
        return alone  # of a file that is not there it is said so in either case
    if _is_archive(path):
        return False
    try:
        return VideoFrames(path).fps > 0  # a video by a name that is not usual
    except (ValueError, OSError):
        return False


def _is_archive(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(len(_ARCHIVE)) == _ARCHIVE


# -- text ---------------------------------------------------------------------------------------

def _readable(table: pd.DataFrame) -> str:
    """A table whose names stand below their titles, left as these."""
    for column in ("start", "end"):
        if column in table:
            table[column] = [value if value is None else f"{value:.2f}" for value in table[column]]
    table = table.astype(object).where(table.notna(), "–")
    for column in [c for c in ("video", "decision", "why") if c in table]:
        text = table[column].astype(str)
        table[column] = text.str.ljust(int(text.str.len().max()))
    return table.to_string(index=False, float_format="{:.3f}".format, justify="left")
