"""What is wrong with a set on the disk, as its loader has found it, for people to read."""

from __future__ import annotations

import sys

from ..datasets.findings import said_by_kind
from .labelled_data import LEFT_OUT, LabelledSet


def say_wrong(data: LabelledSet) -> int:
    """Say on stderr what is missing, not to be read or inconsistent, by kind.

    Parameters
    ----------
    data : LabelledSet
        As it was loaded.

    Returns
    -------
    int
        How many there are.
    """
    if len(data.failures):
        print("\n".join([f"{data.name}: {len(data.failures)} wrong or missing:",
                         *(f"  {line}" for line in said_by_kind(data.failures))]), file=sys.stderr)
    return len(data.failures)


def count_wrong(data: LabelledSet) -> str:
    """Say how many clips were left out and what is wrong on the disk, behind a comma.

    Parameters
    ----------
    data : LabelledSet

    Returns
    -------
    str
        Empty where there is nothing.
    """
    left_out = int((data.failures["kind"] == LEFT_OUT).sum())
    wrong = len(data.failures) - left_out
    return (f", {left_out} left out" if left_out else "") + (
        f", {wrong} wrong or missing in the set" if wrong else "")
