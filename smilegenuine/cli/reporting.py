"""What commands say of recordings that could not be used, and whether their output has a place."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pandas as pd

from ..clip_runs import Tally


def failure_text(failures: pd.DataFrame) -> str:
    """Write out what could not be used.

    Parameters
    ----------
    failures : DataFrame
        With the column `error`.

    Returns
    -------
    str
    """
    return "\n".join([f"{len(failures)} could not be used:",
                      *(f"  {error}" for error in failures["error"])])


def report(failures: pd.DataFrame) -> int:
    """Say on stderr what could not be used.

    Parameters
    ----------
    failures : DataFrame
        With the column `error`.

    Returns
    -------
    int
        The exit status: 1 where there is something, else 0.
    """
    if len(failures):
        print(failure_text(failures), file=sys.stderr)
    return int(len(failures) > 0)


def say_tally(name: str, tally: Tally) -> None:
    """Say on stderr what an earlier run had measured.

    Parameters
    ----------
    name : str
        What was measured.
    tally : Tally
    """
    if tally.kept:
        print(f"{name}: {tally.measured} clip{'s' * (tally.measured != 1)} measured, "
              f"{tally.kept} found in the cache",
              file=sys.stderr)


def make_way(output: Path) -> None:
    """Find out that a file cannot be written before the work is done, not after it.

    Parameters
    ----------
    output : Path
        The file.

    Raises
    ------
    OSError
        It is a folder, or its folder cannot be made.
    """
    if output.is_dir():
        raise IsADirectoryError(f"{output}: is a folder; give the name of a file")
    output.parent.mkdir(parents=True, exist_ok=True)


def make_folder(output: Path) -> None:
    """Make a folder, and find out that nothing can be written into it before the work is done.

    Parameters
    ----------
    output : Path

    Raises
    ------
    OSError
        It is a file, cannot be made, or takes no files.
    """
    if output.exists() and not output.is_dir():
        raise NotADirectoryError(f"{output}: is a file; give the name of a folder")
    output.mkdir(parents=True, exist_ok=True)
    try:
        tempfile.TemporaryFile(dir=output).close()
    except OSError as error:
        raise type(error)(f"{output}: nothing can be written there ({error.strerror}); give "
                          "another folder") from None
