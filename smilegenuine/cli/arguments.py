"""What arguments of the commands may be: each function gives the value, or says what is wrong."""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..benchmark.options import system_names
from ..benchmark.studies import BOUNDS
from ..clips.video import IMAGE_SUFFIXES, is_recording

#: What `extract` can write.
MEASURES = ("aus", "landmarks", "blendshapes", "pose", "dmarkers")


def whole(text: str) -> int:
    """Return a whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number, not {text}") from None


def counting(text: str) -> int:
    """Return a whole number of at least 1."""
    if whole(text) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {text}")
    return whole(text)


def n_jobs(text: str) -> int:
    """Return a number of processes."""
    if whole(text) == 0:
        raise argparse.ArgumentTypeError("must not be 0; 1 is one process, -1 one a core")
    return whole(text)


def folds(text: str) -> int:
    """Return a number of folds."""
    if whole(text) < 2:
        raise argparse.ArgumentTypeError(f"must be at least 2, not {text}")
    return whole(text)


def folds_or_none(text: str) -> int:
    """Return a number of folds, or 0."""
    if whole(text) < 0 or whole(text) == 1:
        raise argparse.ArgumentTypeError(f"must be 0 or at least 2, not {text}")
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


def resolutions(text: str) -> tuple[float, ...]:
    """Return shares of width and height out of a list with commas, each one once."""
    return _numbers(text, *BOUNDS["resolution"])


def frame_rates(text: str) -> tuple[float, ...]:
    """Return frame rates in Hz out of a list with commas, each one once."""
    return _numbers(text, *BOUNDS["fps"])


def frame_rate(text: str) -> float:
    """Return a frame rate in Hz."""
    return _number(text, *BOUNDS["fps"])


def _numbers(text: str, least: float, most: float) -> tuple[float, ...]:
    return tuple(dict.fromkeys(_number(part, least, most) for part in text.split(",")))


def _number(text: str, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"must be a number from {least:g} to {most:g}, not "
                                         f"{text.strip() or 'nothing'}")
    return value


def measures(text: str) -> tuple[str, ...]:
    """Return names of what is measured out of a list with commas, or all."""
    names = MEASURES if text == "all" else tuple(map(str.strip, text.split(",")))
    for name in names:
        if name not in MEASURES:
            raise argparse.ArgumentTypeError(
                f"there is no measure '{name}'; there is {', '.join(MEASURES)}, and `all`")
    return tuple(dict.fromkeys(names))


def table_file(text: str) -> Path:
    """Return the name of a file for a table."""
    if Path(text).suffix.lower() not in (".csv", ".parquet"):
        raise argparse.ArgumentTypeError(f"{text}: give a name that ends in .csv or .parquet")
    return Path(text)


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


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add `--device` to a command."""
    parser.add_argument("--device", type=device, default="auto", metavar="DEVICE",
                        help="of networks: auto (CUDA where there is a device), cpu, cuda, cuda:N")


def add_networks(parser: argparse.ArgumentParser) -> None:
    """Add what says how networks are trained to a command."""
    parser.add_argument("--max-epochs", type=counting, metavar="N",
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
