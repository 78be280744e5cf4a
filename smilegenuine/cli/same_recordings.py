"""Recordings that are in a labelled set twice, or in two sets: by file, content and name."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import joblib

from ..clip import Clip
from ..stored_arrays import StoredArray
from .labelled_data import LabelledSet

# What UvA-NEMO calls its videos, and what others who measured in them call theirs.
_UVA_NEMO = re.compile(r"\d+_(deliberate|spontaneous)_smile_\d+", re.IGNORECASE)
# Of what is known of a recording without pictures, the first says which one it is.
_SIGNALS = ("aus", "landmarks", "faces")


def marks(clip: Clip) -> set[Any]:
    """Give what only the same recording has.

    Parameters
    ----------
    clip : Clip

    Returns
    -------
    set
        Its file, its content (of a file the size and a hash of the beginning and end, whenever it
        was written), and its name where that is one of UvA-NEMO's.
    """
    found: set[Any] = set()
    if clip.name is not None:
        if os.path.exists(clip.name):
            found.add(os.path.realpath(clip.name))
        said = _UVA_NEMO.match(Path(clip.name).name)
        if said:
            found.add(said[0].lower())
    known = clip.known()
    if clip.frames is not None:
        with suppress(OSError):  # which is said when it is measured
            found.add(joblib.hash(_timeless(clip.frames.content())))
    else:
        signal = next((known[field] for field in _SIGNALS if known[field] is not None), None)
        if signal is not None:
            found.add(signal.digest if isinstance(signal, StoredArray) else joblib.hash(signal))
    return found


def check_twice(data: LabelledSet) -> None:
    """Raise where one recording is there under two subjects, who may be in different folds.

    Parameters
    ----------
    data : LabelledSet

    Raises
    ------
    ValueError
        The message names them.
    """
    first: dict[Any, int] = {}
    for i, clip in enumerate(data.clips):
        for mark in marks(clip):
            k = first.setdefault(mark, i)
            if data.groups[k] != data.groups[i]:
                raise ValueError(
                    f"{data.name}: {data.clips[k].label} (subject {data.groups[k]}) and "
                    f"{clip.label} (subject {data.groups[i]}) are the same recording, which would "
                    "be learnt and tested; delete one of them, or correct the subjects")


def in_both(first: Sequence[Clip], second: Sequence[Clip]) -> list[Clip]:
    """Give the recordings that two lists share.

    Parameters
    ----------
    first, second : sequence of Clip

    Returns
    -------
    list of Clip
        Those of the second.
    """
    there = set().union(*map(marks, first))
    return [clip for clip in second if marks(clip) & there]


def _timeless(content: Any) -> Any:
    """What a source says of its content, without the times at which files were written."""
    if not isinstance(content, tuple):
        return content
    if content[:1] == ("file",):
        _, size, _, part = content
        return size, part
    if content[:1] == ("images",):
        return tuple((size, part) for _, size, _, part in content[2:])
    return content
