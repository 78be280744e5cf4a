"""`smilegenuine extract`: a table of what is measured in every frame."""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..au_table import AU_NAMES
from ..base import ClipTransformer, transform_clips
from ..clip import Clip, open_items
from ..features.phases import detect_phases
from ..persistence import load_model
from ..pipelines import make_system
from .arguments import table_file
from .measuring import bare, files_of, set_run
from .reporting import make_way, report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("videos", nargs="+", metavar="VIDEO",
                        help="videos, or folders of videos, image folders or OpenFace CSVs")
    parser.add_argument("-o", "--output", type=table_file, required=True, metavar="FILE",
                        help=".csv or .parquet")
    parser.add_argument("--model", type=Path, metavar="MODEL",
                        help="measure as this model does; without it, smile intensity is learnt "
                             "from the videos themselves")


def run(args: argparse.Namespace) -> int:
    """Write the table, and give the exit status."""
    if args.output.suffix.lower() == ".parquet" and find_spec("pyarrow") is None:
        raise ImportError("parquet needs pyarrow: pip install 'smilegenuine[parquet]', or write "
                          ".csv")
    make_way(args.output)
    steps = _measuring_steps(args.model)
    set_run(list(steps.values()), n_jobs=args.n_jobs, verbose=not args.quiet)
    videos = files_of(args.videos)
    opened = open_items(videos, fps=args.fps)
    clips = [clip for clip in opened if isinstance(clip, Clip)]
    failures = [pd.DataFrame([{"clip": video, "error": str(error)} for video, error in
                              zip(videos, opened, strict=True)
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
    return report(pd.concat(failures))


def _measuring_steps(model: Path | None) -> dict[str, Any]:
    """The steps `faces`, `smile` and `aus` of a model, or of the package."""
    system = make_system("auda-svm") if model is None else load_model(model)
    named = getattr(system, "named_steps", {})
    steps = {name: bare(named.get(name)) for name in ("faces", "smile", "aus")}
    if isinstance(steps["faces"], ClipTransformer) and "aus" not in named:
        raise ValueError(f"{model}: looks at faces and measures no action units; leave --model out "
                         "to have them measured as the package does")
    if None in steps.values() or not isinstance(steps["aus"], ClipTransformer):
        raise ValueError(f"{model}: holds {type(system).__name__}, not a system that measures "
                         "faces, smile intensity and action units")
    return steps


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
