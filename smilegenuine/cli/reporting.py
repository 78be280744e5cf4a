"""What commands say of recordings that could not be used."""

from __future__ import annotations

import sys

import pandas as pd

from ..benchmark.preparation import failure_text


def report_failures(failures: pd.DataFrame) -> int:
    """Print on stderr what could not be used.

    Parameters
    ----------
    failures : DataFrame
        With the column `error`.

    Returns
    -------
    int
        The exit status: 1 where there is something, else 0.
    """
    warn(failure_text(failures))
    return int(len(failures) > 0)


def warn(text: str) -> None:
    """Print on stderr; nothing for an empty text."""
    if text:
        print(text, file=sys.stderr)
