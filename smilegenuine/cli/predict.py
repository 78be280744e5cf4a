"""`smilegenuine predict`: ask a saved model about videos."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..clip import Clip, open_items
from ..errors import ClipError
from ..parallel import in_parallel
from ..persistence import load_model
from ..plotting.style import load_pyplot
from ..progress import progress
from .arguments import add_device
from .making import check_landmarker
from .measuring import files_of, move_networks, set_run
from .reporting import make_way, report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("model", type=Path, metavar="MODEL")
    parser.add_argument("videos", nargs="+", metavar="VIDEO",
                        help="videos, or folders of videos, image folders or OpenFace CSVs")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print CSV")
    parser.add_argument("--report", type=Path, metavar="FILE.html",
                        help="write a page as well: why the model says so of each video, and how "
                             "far it can be believed (needs smilegenuine[plot])")
    add_device(parser)


def run(args: argparse.Namespace) -> int:
    """Print decisions, and give the exit status."""
    if args.report is not None:
        make_way(args.report)
        load_pyplot()
    system = load_model(args.model)
    if not hasattr(system, "predict_proba"):
        raise ValueError(f"{args.model}: holds {type(system).__name__}, which is no classifier")
    set_run(system, n_jobs=None, verbose=False)
    move_networks(system, args.device)
    videos = files_of(args.videos)
    opened = open_items(videos, fps=args.fps)
    check_landmarker({str(args.model): system}, opened,
                     "this model looks for landmarks in videos")
    rows, failures = (_decided if args.report is None else _reported)(system, videos, opened, args)
    if args.json:
        print(json.dumps({"predictions": rows, "failures": failures}, indent=2))
    elif rows:
        # Names of files may hold what is no letter, which columns of strings do not take.
        table = pd.DataFrame(rows, dtype=object)
        print(table.to_csv(index=False).rstrip() if args.csv else _readable(table))
    return report(pd.DataFrame(failures, columns=["clip", "error"], dtype=object))


def _decided(system: Any, videos: list[str], opened: list[Clip | Exception],
             args: argparse.Namespace) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """A row a video that could be used, and a row one that could not."""
    many = len(videos) > 1
    answers = in_parallel(
        _ask, ((system, clip) for clip in opened), n_jobs=args.n_jobs if many else 1,
        lost=lambda k, reason: ClipError(videos[k], reason))
    rows, failures = [], []
    for video, answer in zip(videos, progress(answers, total=len(videos), name="predicting",
                                         unit="video", verbose=many and not args.quiet),
                        strict=True):
        if isinstance(answer, Exception):
            failures.append({"clip": video, "error": str(answer)})
            continue
        label, probabilities = answer
        rows.append({"video": video, "decision": label, **{
            f"P({c})": float(p) for c, p in zip(system.classes_, probabilities, strict=True)}})
    return rows, failures


def _reported(system: Any, videos: list[str], opened: list[Clip | Exception],
              args: argparse.Namespace) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """The same, with the page written."""
    from ..report.decision import write_opened

    found = write_opened(system, opened, videos, args.report, n_jobs=args.n_jobs,
                         verbose=not args.quiet)
    rows: list[Any] = found.decisions.rename(columns={"clip": "video"}).to_dict("records")
    failures: list[Any] = found.failures.to_dict("records")
    print(f"{args.report}: a page about {len(rows)} of {len(videos)} videos", file=sys.stderr)
    return rows, failures


def _ask(system: Any, clip: Clip | Exception) -> tuple[Any, np.ndarray] | Exception:
    """What the system says, and the probabilities of the classes; or why there is nothing."""
    from ..report.decision import answer_of

    if isinstance(clip, Exception):
        return clip
    try:
        return answer_of(system, clip)
    except (ValueError, OSError) as error:
        return error


def _readable(table: pd.DataFrame) -> str:
    """A table whose names stand below their titles, left as these."""
    for column in ("video", "decision"):
        text = table[column].astype(str)
        table[column] = text.str.ljust(int(text.str.len().max()))
    return table.to_string(index=False, float_format="{:.3f}".format, justify="left")
