"""What arguments of the commands may be: each parser returns the value, or says what is wrong."""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..benchmark.options import system_names
from ..benchmark.studies import BOUNDS
from ..clips.video import IMAGE_SUFFIXES, is_recording


def whole(text: str) -> int:
    """Return a whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number, not {text}") from None


def at_least(least: int, *, or_zero: bool = False) -> Callable[[str], int]:
    """Return a parser of whole numbers from a bound on, and of 0 where that has a meaning."""
    def parse(text: str) -> int:
        if whole(text) < least and not (or_zero and whole(text) == 0):
            raise argparse.ArgumentTypeError(
                f"must be {'0 or ' * or_zero}at least {least}, not {text}")
        return whole(text)
    return parse


def n_jobs(text: str) -> int:
    """Return a number of processes."""
    if whole(text) == 0:
        raise argparse.ArgumentTypeError("must not be 0; 1 is one process, -1 one a core")
    return whole(text)


def device(text: str) -> str:
    """Return the name of a device; whether there is one turns out when torch is loaded."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", text):
        raise argparse.ArgumentTypeError(f"must be auto, cpu, cuda or cuda:NUMBER, not {text}")
    return text


def systems(text: str) -> tuple[str, ...]:
    """Return names of systems out of a list of systems and groups with commas, each one once."""
    try:
        return system_names(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def degrees(of: str) -> Callable[[str], tuple[float, ...]]:
    """Return a parser of lists with commas: shares or rates of a study, each one once."""
    return lambda text: tuple(dict.fromkeys(_number(part, *BOUNDS[of])
                                            for part in text.split(",")))


def frame_rate(text: str) -> float:
    """Return a frame rate in Hz."""
    return _number(text, *BOUNDS["fps"])


def _number(text: str, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"must be a number from {least:g} to {most:g}, not "
                                         f"{text.strip() or 'nothing'}")
    return value


def file_name(*suffixes: str) -> Callable[[str], Path]:
    """Return a parser of names of files that end in one of these."""
    def parse(text: str) -> Path:
        if Path(text).suffix.lower() not in suffixes:
            raise argparse.ArgumentTypeError(
                f"{text}: give a name that ends in {' or '.join(suffixes)}")
        return Path(text)
    return parse


def system_options(args: argparse.Namespace) -> dict[str, Any]:
    """Return what a command was told of how systems are made and run, for `SystemOptions`."""
    names = ("action_units", "points", "max_epochs", "device", "random_state", "n_jobs")
    return {**{name: getattr(args, name) for name in names}, "verbose": not args.quiet}


# How messages of the package write what the commands have options for.
_PARAMETER = re.compile("`(action_units|by|cross_corpus|data|folds|fps|max_epochs|n_jobs|points|"
                        "reference|report|resolution|systems)=([^`]*)`")


def as_options(text: str) -> str:
    """Return a message of the package in terms of options: "`folds=5`" becomes "--folds 5"."""
    return _PARAMETER.sub(_as_option, text)


def _as_option(parameter: re.Match[str]) -> str:
    try:
        value = ast.literal_eval(parameter[2])
    except (ValueError, SyntaxError):  # nothing, or a letter that stands for a value
        value = parameter[2]
    shown = ",".join(value) if isinstance(value, tuple) else str(value)
    return f"--{parameter[1].replace('_', '-')} {shown}".rstrip()


def add_running(parser: argparse.ArgumentParser, *, fps: bool = True, dask: bool = True) -> None:
    """Add what says how a command runs, and the frame rate of what carries no timing."""
    parser.add_argument("--n-jobs", type=n_jobs, default=-1, metavar="N",
                        help="processes; -1, the default, is one a core")
    if fps:
        parser.add_argument("--fps", type=float, metavar="HZ",
                            help="frame rate of what carries no timing: image folders, tables "
                                 "without timestamps")
    if dask:
        parser.add_argument("--dask", metavar="ADDRESS",
                            help="let the workers of a Dask cluster do the work: its scheduler's "
                                 "address, or scheduler file (needs smilegenuine[cluster]); they "
                                 "must see videos and folders under the same paths")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add `--device` to a command."""
    parser.add_argument("--device", type=device, default="auto", metavar="DEVICE",
                        help="of networks: auto (CUDA where there is a device), cpu, cuda, cuda:N")


def add_networks(parser: argparse.ArgumentParser) -> None:
    """Add what says how networks are trained to a command."""
    parser.add_argument("--max-epochs", type=at_least(1), metavar="N",
                        help="of every network, in place of what is published")
    parser.add_argument("--points", choices=("all", "outlines"),
                        help="of the face mesh, for networks that look at it: all 478, the "
                             "default, or the 128 on the outlines of lips, eyes, brows and face, "
                             "in less than half the time")
    add_device(parser)


def add_action_units(parser: argparse.ArgumentParser) -> None:
    """Add `--action-units` to a command."""
    parser.add_argument("--action-units", choices=("hog", "blendshapes"),
                        help="what measures action units: hog, the default, from the aligned face; "
                             "or blendshapes, from MediaPipe's face mesh (needs "
                             "smilegenuine[mediapipe])")


def files_of(names: Sequence[str]) -> list[str]:
    """Return the recordings that are meant: a folder stands for all videos in it and below it.

    A folder that holds images is a recording itself.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    list of str
    """
    files: list[str] = []
    for name in names:
        folder = Path(name)
        inside: list[Path] = []
        if folder.is_dir() and not any(is_recording(f, IMAGE_SUFFIXES) for f in folder.iterdir()):
            inside = sorted(f for f in folder.rglob("*") if is_recording(f))
        files += map(str, inside) if inside else [name]
    return files
