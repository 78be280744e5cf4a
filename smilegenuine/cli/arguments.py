"""What arguments of the commands may be: each function gives the value, or says what is wrong."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from ..pipelines import SYSTEMS


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
    """Give names of systems out of a list with commas, or all."""
    if text == "all":
        return SYSTEMS
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in SYSTEMS:
            raise argparse.ArgumentTypeError(
                f"there is no system '{name}'; there is {', '.join(SYSTEMS)}, and `all`")
        if names.count(name) > 1:
            raise argparse.ArgumentTypeError(f"'{name}' is named twice")
    return names


def table_file(text: str) -> Path:
    """Give the name of a file for a table."""
    if Path(text).suffix.lower() not in (".csv", ".parquet"):
        raise argparse.ArgumentTypeError(f"{text}: give a name that ends in .csv or .parquet")
    return Path(text)


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add `--device` to a command."""
    parser.add_argument("--device", type=device, default="auto", metavar="DEVICE",
                        help="of networks: auto (CUDA where there is a device), cpu, cuda, cuda:N")
