"""`smilegenuine predict`: ask a saved model about videos."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..clip import Clip, open_items
from ..errors import ClipError
from ..parallel import in_parallel
from ..persistence import load_model
from ..progress import progress
from .arguments import add_device
from .making import check_landmarker
from .measuring import files_of, move_networks, set_run
from .reporting import report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("model", type=Path, metavar="MODEL")
    parser.add_argument("videos", nargs="+", metavar="VIDEO",
                        help="videos, or folders of videos, image folders or OpenFace CSVs")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print CSV")
    add_device(parser)


def run(args: argparse.Namespace) -> int:
    """Print decisions, and give the exit status."""
    system = load_model(args.model)
    if not hasattr(system, "predict_proba"):
        raise ValueError(f"{args.model}: holds {type(system).__name__}, which is no classifier")
    set_run(system, n_jobs=None, verbose=False)
    move_networks(system, args.device)
    videos = files_of(args.videos)
    many = len(videos) > 1
    opened = open_items(videos, fps=args.fps)
    check_landmarker({str(args.model): system}, opened,
                     "this model looks for landmarks in videos")
    answers = in_parallel(
        _ask, ((system, clip) for clip in opened), n_jobs=args.n_jobs if many else 1,
        lost=lambda k, reason: ClipError(videos[k], reason))
    rows, failures = [], []
    for video, p in zip(videos, progress(answers, total=len(videos), name="predicting",
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
    return report(pd.DataFrame(failures, columns=["clip", "error"]))


def _ask(system: Any, clip: Clip | Exception) -> np.ndarray | Exception:
    """The probabilities of the classes, or why there are none."""
    if isinstance(clip, Exception):
        return clip
    try:
        return np.asarray(system.predict_proba([clip])[0])
    except (ValueError, OSError) as error:
        return error


def _readable(table: pd.DataFrame) -> str:
    """A table whose names stand below their titles, left as these."""
    for column in ("video", "decision"):
        text = table[column].astype(str)
        table[column] = text.str.ljust(int(text.str.len().max()))
    return table.to_string(index=False, float_format="{:.3f}".format, justify="left")


def _plain(label: Any) -> Any:
    return label.item() if isinstance(label, np.generic) else label
