"""`smilegenuine extract`: tables of what is measured in videos."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from ..answers.recordings import failure_table
from ..benchmark.preparation import check_landmarker, make_action_units, tally_text
from ..classifiers.opening import set_run, unwrapped
from ..clips.errors import ClipError
from ..clips.record import Clip, open_items
from ..clips.steps import ClipTransformer, transform_clips
from ..face.landmarks import FaceLandmarks
from ..features.frame_tables import frame_table, marker_table, write_tables
from ..running.output_places import prepare_file, prepare_folder
from ..systems.named_systems import make_system
from ..systems.persistence import load_model
from .arguments import add_action_units, add_running, file_name, files_of
from .reporting import report_failures, warn

# What can be written, and the field of clips that it is taken from.
_FIELDS = {"aus": "aus", "landmarks": "landmarks", "blendshapes": "blendshapes",
           "pose": "head_pose", "dmarkers": "landmarks"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_running(parser)
    parser.add_argument("videos", nargs="+", metavar="VIDEO",
                        help="videos, or folders of videos, image folders or OpenFace CSVs")
    parser.add_argument("-o", "--output", type=file_name(".csv", ".parquet"), required=True,
                        metavar="FILE", help=".csv or .parquet, a row a frame; D-Markers go "
                                             "beside it, into FILE_dmarkers, a row a video")
    parser.add_argument("--measures", type=measures, default="aus", metavar="A,B,…",
                        help=f"of {', '.join(_FIELDS)}; `all` for all of them. aus, the default, "
                             "is action units and smile intensity; the others come from "
                             "MediaPipe's face mesh (needs smilegenuine[mediapipe])")
    add_action_units(parser)
    parser.add_argument("--cache", type=Path, metavar="FOLDER",
                        help="keeps what is measured, clip by clip, so that an interrupted run "
                             "goes on; without it FILE_cache, beside the output. It can be "
                             "deleted afterwards")
    parser.add_argument("--model", type=Path, metavar="MODEL",
                        help="measure as this model does; without it, smile intensity is learnt "
                             "from the videos themselves")


def measures(text: str) -> tuple[str, ...]:
    """Return names of what is measured out of a list with commas, or all."""
    names = _FIELDS if text == "all" else list(map(str.strip, text.split(",")))
    for name in names:
        if name not in _FIELDS:
            raise argparse.ArgumentTypeError(
                f"there is no measure '{name}'; there is {', '.join(_FIELDS)}, and `all`")
    return tuple(dict.fromkeys(names))


def run(args: argparse.Namespace) -> int:
    """Write the tables, and return the exit status."""
    markers_file = args.output.with_name(f"{args.output.stem}_dmarkers{args.output.suffix}")
    for file in (args.output, *[markers_file] * ("dmarkers" in args.measures)):
        prepare_file(file)
    cache = args.cache or args.output.with_name(f"{args.output.stem}_cache")
    prepare_folder(cache)
    steps = _measuring_steps(args)
    set_run(list(steps.values()), n_jobs=args.n_jobs, verbose=not args.quiet, memory=str(cache))
    videos = files_of(args.videos)
    opened = open_items(videos, fps=args.fps)
    who, remedy = _who_needs_landmarks(args)
    check_landmarker({who: steps.get("landmarks")}, opened, remedy)
    clips = [clip for clip in opened if isinstance(clip, Clip)]
    failures = [failure_table([{"clip": video, "error": str(error)} for video, error in
                               zip(videos, opened, strict=True) if isinstance(error, Exception)])]
    for name, step in steps.items():
        if clips and isinstance(step, ClipTransformer):  # and not "passthrough"
            if name == "smile" and args.model is None and not _learn_smile(step, clips):
                continue
            measured = transform_clips(step, clips, on_error="skip")
            clips = measured.data
            failures.append(measured.failures)
            warn(tally_text(name, measured.tally))
    clips, unknown = _know_all(clips, args.measures)
    failures.append(unknown)
    markerless = 0
    if clips:
        n = write_tables((frame_table(clip, args.measures) for clip in clips), args.output)
        print(f"{args.output}: {n} frames of {len(clips)} videos")
        if "dmarkers" in args.measures:
            markerless = _write_markers(clips, markers_file)
    return max(report_failures(pd.concat(failures)), int(markerless > 0))


# -- what is measured, and by what ----------------------------------------------------------------

def _measuring_steps(args: argparse.Namespace) -> dict[str, Any]:
    """The steps that are needed, by their names, in their order."""
    if args.model is not None:
        if args.action_units is not None:
            raise ValueError("--action-units says how to measure, and so does --model; leave one "
                             "of them out")
        return _steps_of_model(args.model, args.measures)
    if "aus" not in args.measures:
        if args.action_units is not None:
            raise ValueError(f"--action-units {args.action_units}: action units are not asked for; "
                             "add aus to --measures")
        return {"landmarks": FaceLandmarks()}
    system = make_system("auda-svm", action_units=make_action_units(args.action_units))
    own = {"landmarks": FaceLandmarks()} if _on_mesh(args.measures) else {}
    return own | {name: unwrapped(step) for name, step in system.steps[:-1]}


def _steps_of_model(model: Path, wanted: tuple[str, ...]) -> dict[str, Any]:
    system = load_model(model)
    named = getattr(system, "named_steps", {})
    steps = {name: unwrapped(named[name]) for name in ("landmarks", "faces", "smile", "aus")
             if name in named}
    if _on_mesh(wanted) and not isinstance(steps.get("landmarks"), FaceLandmarks):
        raise ValueError(f"{model}: finds no landmarks, and so no {', '.join(_on_mesh(wanted))}; "
                         "leave --model out, or ask for --measures aus")
    if "aus" not in wanted:
        return {"landmarks": steps["landmarks"]}
    seen = [name for name in ("landmarks", "faces") if isinstance(steps.get(name), ClipTransformer)]
    if seen and "aus" not in steps:
        raise ValueError(f"{model}: looks at {' and '.join(seen)} and measures no action units; "
                         "leave --model out to have them measured as the package does, or ask for "
                         "other --measures")
    if not {"faces", "smile"} <= steps.keys() or not isinstance(steps.get("aus"), ClipTransformer):
        raise ValueError(f"{model}: holds {type(system).__name__}, not a system that measures "
                         "faces, smile intensity and action units")
    return steps


def _who_needs_landmarks(args: argparse.Namespace) -> tuple[str, str]:
    """What asks for landmarks, if anything does, and what goes without."""
    if on_mesh := _on_mesh(args.measures):
        return ", ".join(on_mesh), "or ask for --measures aus alone"
    if args.model is not None:
        return str(args.model), "this model looks for landmarks in videos"
    return "--action-units blendshapes", "or take --action-units hog"


def _on_mesh(wanted: tuple[str, ...]) -> list[str]:
    """The measures that come from the face mesh."""
    return [measure for measure in wanted if measure != "aus"]


def _learn_smile(step: ClipTransformer, clips: list[Clip]) -> bool:
    """Fit smile intensity on the clips; where none smiles, print that, and go on without it."""
    try:
        step.fit(clips)
    except ValueError as error:
        print(f"no smile intensity: {error}. AU12 gives the phases", file=sys.stderr)
        return False
    return True


def _know_all(clips: list[Clip], wanted: tuple[str, ...]) -> tuple[list[Clip], pd.DataFrame]:
    """The clips that know all that is wanted, and why the others do not."""
    good, failures = [], []
    for clip in clips:
        unknown = [measure for measure in wanted if getattr(clip, _FIELDS[measure]) is None]
        if unknown:
            error = ClipError(clip.label, f"has no pictures, in which {', '.join(unknown)} could "
                              "be measured; leave it out, or ask for --measures aus")
            failures.append({"clip": clip.label, "error": str(error)})
        else:
            good.append(clip)
    return good, failure_table(failures)


def _write_markers(clips: list[Clip], file: Path) -> int:
    """Write the D-Markers; return the number of videos that have none."""
    table, failures = marker_table(clips)
    write_tables([table], file)
    print(f"{file}: D-Markers of {len(table) - len(failures)} videos")
    if len(failures):
        print("\n".join([f"{len(failures)} without D-Markers:",
                         *(f"  {error}" for error in failures["error"])]), file=sys.stderr)
    return len(failures)
