"""What arguments of the commands may be: each function gives the value, or says what is wrong."""

from __future__ import annotations

import argparse
import math
import re
from pathlib import Path

from ..pipelines import LANDMARK_ROWS, SYSTEMS, TABLE_ROWS

#: Names of several systems together.
GROUPS = {"table": TABLE_ROWS, "landmarks": LANDMARK_ROWS, "all": SYSTEMS}

# Frames a second beyond which nothing is understood; less than this share of a picture is none.
_RATES = (4.0, 1000.0)
_LEAST_SHARE = 0.01

#: What `extract` can write.
MEASURES = ("aus", "landmarks", "blendshapes", "pose", "dmarkers")


def whole(text: str) -> int:
    """Give a whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number, not {text}") from None


def counting(text: str) -> int:
    """Give a whole number of at least 1."""
    if whole(text) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {text}")
    return whole(text)


def n_jobs(text: str) -> int:
    """Give a number of processes."""
    if whole(text) == 0:
        raise argparse.ArgumentTypeError("must not be 0; 1 is one process, -1 one a core")
    return whole(text)


def folds(text: str) -> int:
    """Give a number of folds."""
    if whole(text) < 2:
        raise argparse.ArgumentTypeError(f"must be at least 2, not {text}")
    return whole(text)


def folds_or_none(text: str) -> int:
    """Give a number of folds, or 0."""
    if whole(text) < 0 or whole(text) == 1:
        raise argparse.ArgumentTypeError(f"must be 0 or at least 2, not {text}")
    return whole(text)


def device(text: str) -> str:
    """Give the name of a device; whether there is one turns out when torch is loaded."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", text):
        raise argparse.ArgumentTypeError(f"must be auto, cpu, cuda or cuda:NUMBER, not {text}")
    return text


def systems(text: str) -> tuple[str, ...]:
    """Give names of systems out of a list of systems and groups with commas, each one once."""
    names: list[str] = []
    for name in map(str.strip, text.split(",")):
        if name not in SYSTEMS and name not in GROUPS:
            raise argparse.ArgumentTypeError(
                f"there is no system '{name}'; there is {', '.join(SYSTEMS)}, and the groups "
                f"{', '.join(GROUPS)}")
        names += GROUPS.get(name, (name,))
    return tuple(dict.fromkeys(names))


def resolutions(text: str) -> tuple[float, ...]:
    """Give shares of width and height out of a list with commas, each one once."""
    return _numbers(text, _LEAST_SHARE, 1.0)


def frame_rates(text: str) -> tuple[float, ...]:
    """Give frame rates in Hz out of a list with commas, each one once."""
    return _numbers(text, *_RATES)


def frame_rate(text: str) -> float:
    """Give a frame rate in Hz."""
    return _number(text, *_RATES)


def _numbers(text: str, least: float, most: float) -> tuple[float, ...]:
    return tuple(dict.fromkeys(_number(part, least, most) for part in text.split(",")))


def _number(text: str, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"must be a number from {least:g} to {most:g}, not "
                                         f"{text.strip() or 'nothing'}")
    return value


def measures(text: str) -> tuple[str, ...]:
    """Give names of what is measured out of a list with commas, or all."""
    names = MEASURES if text == "all" else tuple(map(str.strip, text.split(",")))
    for name in names:
        if name not in MEASURES:
            raise argparse.ArgumentTypeError(
                f"there is no measure '{name}'; there is {', '.join(MEASURES)}, and `all`")
    return tuple(dict.fromkeys(names))


def table_file(text: str) -> Path:
    """Give the name of a file for a table."""
    if Path(text).suffix.lower() not in (".csv", ".parquet"):
        raise argparse.ArgumentTypeError(f"{text}: give a name that ends in .csv or .parquet")
    return Path(text)


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
